#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Clients' packets arrive with one or two VLAN tags: backends get them without, and answers to the
# clients have them. (Next hops behind VLANs need a kernel with VLAN devices: tests/vm.)
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

make_router
make_client
make_balancer
make_backend b1 11 "$vip4" "$vip6"
make_backend b2 12 "$vip4" "$vip6"
join_servers k3 13 # of encapsulation none
carry_vips k3 "$other_vip4" "$other_vip6"
for node in b1 b2 k3; do serve_on "$node"; done
write_catalog <<END
{ "version": 1,
  "pools": {
    "web": { "backends": { "b1": { "address": "10.2.0.11" }, "b2": { "address": "fd02::12" } } },
    "plain": { "encapsulation": "none", "backends": { "k3": { "address": "10.2.0.13" } } } },
  "services": {
    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "web" },
    "www6": { "address": "$vip6", "protocol": "tcp", "port": 80, "pool": "web" },
    "dns": { "address": "$vip4", "protocol": "udp", "port": 53, "pool": "web" },
    "dns6": { "address": "$vip6", "protocol": "udp", "port": 53, "pool": "web" },
    "plain": { "address": "$other_vip4", "protocol": "tcp", "port": 80, "pool": "plain" },
    "plain6": { "address": "$other_vip6", "protocol": "tcp", "port": 80, "pool": "plain" } } }
END
start_hairpind
wait_for_servers b1 b2 k3
wait_until 5 all_resolved

in_node router tc qdisc add dev to-lb clsact
# in the frame, where an XDP program sees them, not beside it
in_node router ethtool -K to-lb tx-vlan-offload off tx-vlan-stag-hw-insert off >/dev/null
in_node lb ethtool -K eth0 rxvlan off >/dev/null 2>&1 || true

filter() { # DIRECTION SECTION
	in_node router tc filter replace dev to-lb "$1" prio 1 handle 1 bpf direct-action \
		object-file "$lab_build/tests/net/tag.bpf.o" section "tc/$2"
}

ping() { # ADDRESS
	in_node client "$net_here/icmp.py" ping "$1" --size 56 --size 1001 --timeout 0.5
}

look() { # NAME DEVICE DIRECTION FILTER: begins to count frames, in the router
	rm -f "$lab_dir/$1.log"
	spawn "$1" router tcpdump -lnnepi "$2" -Q "$3" --immediate-mode "$4"
	wait_until 5 grep -q listening "$lab_dir/$1.log"
}

looked() { # NAME: the frames
	sleep 0.3 # what tcpdump has not read it does not count
	stop "$1" || true
	grep -c '^[0-9][0-9]:' "$lab_dir/$1.log" || true
}

all_is_served() {
	all_answered "b1 b2" ask "$vip4" 80 --count 40 && all_answered "b1 b2" ask "$vip6" 80 --count 40 &&
		all_answered "b1 b2" udp "$vip4" 53 --count 40 --size 4000 &&
		all_answered "b1 b2" udp "$vip6" 53 --count 40 --size 1000 &&
		all_answered k3 ask "$other_vip4" 80 --count 20 &&
		all_answered k3 ask "$other_vip6" 80 --count 20
}

for tags in tag tag_twice; do
	case $tags in
	tag) name="one tag" on_wire="vlan 100" ;;
	tag_twice) name="two tags" on_wire="vlan 200 and vlan 100" ;;
	esac
	filter egress "$tags"
	look tagged to-lb out "$on_wire"
	look to-b1 to-b1 out "vlan"
	look to-k3 to-k3 out "vlan"
	look bare to-lb out "dst net 203.0.113.0/24 or dst net 2001:db8::/64"
	it "$name: all is served" all_is_served
	it "$name: packets came with it" test "$(looked tagged)" -gt 100
	it "$name: and none without" is 0 looked bare
	it "$name: the backends' had none" is 0 looked to-b1
	it "$name: those of encapsulation none neither" is 0 looked to-k3
	look answers to-lb in "$on_wire"
	before=$(reason echo_answered)
	filter ingress untag
	it "$name: pings are answered" says '"answered": 2' ping "$vip4"
	it "$name: in IPv6 too" says '"answered": 2' ping "$vip6"
	it "$name: by the program" is $((before + 4)) reason echo_answered
	it "$name: the answers had it" test "$(looked answers)" -ge 4
	in_node router tc filter delete dev to-lb ingress
done
in_node router tc filter delete dev to-lb egress
it "without tags all is served" all_is_served
net_done
