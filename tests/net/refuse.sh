#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Things that hairpind and hairpinctl refuse, with which words, and that nothing is left by them.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

make_router
make_client
make_balancer
make_backend b1 11 "$vip4" "$vip6"
serve_on b1
make_link lb eth1 router to-lb-1

catalog_for() { # POOL
	cat <<-END
		{ "version": 1,
		  "pools": { "$1": { "backends": { "b1": { "address": "10.2.0.11" } } } },
		  "services": {
		    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "$1" },
		    "www6": { "address": "$vip6", "protocol": "tcp", "port": 80, "pool": "$1" } } }
	END
}
catalog_for web | write_catalog
catalog_for other >"$lab_dir/other.json"

second_hairpind() { # OPTION...: with a catalog, pins and a socket of its own, unless given
	in_node lb timeout 10 "$lab_build/lb/hairpind" -c "$lab_dir/other.json" \
		--pin "$lab_pins/second" --socket "$lab_dir/second.sock" "$@"
}

xdp_on() { # NODE DEVICE: the program's id, or null
	in_node "$1" ip -j link show dev "$2" | jq '.[].xdp.prog.id'
}

without_capabilities() { # COMMAND...: root of files, of nothing else
	in_node lb setpriv --bounding-set=-all --inh-caps=-all "$@"
}

# --- before anything runs ---
it "hairpinctl without a daemon exits with 3" refuses 3 "$lab_socket" hairpinctl status
it "so does a change" refuses 3 "hairpind" hairpinctl backend add web b2 10.2.0.12
it "an interface that is missing" refuses 1 "eth9: no such interface" hairpind -i eth9 -c "$lab_catalog"
it "a missing interface after one that is there" \
	refuses 1 "eth9: no such interface" hairpind -i eth0,eth9 -c "$lab_catalog"
it "leaves none on that one" is null xdp_on lb eth0
it "no catalog file" refuses 1 "nothing.json" hairpind -i eth0 -c "$lab_dir/nothing.json"
mkfifo "$lab_dir/fifo"
it "a catalog that is no file" refuses 1 "fifo: cannot be read: not a file" \
	hairpinctl catalog check "$lab_dir/fifo"
it "the directory of all pins" refuses 1 "has the pins of other programs too" \
	hairpind --detach --pin /sys/fs/bpf
it "no interface named" refuses 2 "-i is missing" hairpind -c "$lab_catalog"
it "no catalog named" refuses 2 "-c is missing" hairpind -i eth0
it "an unknown mode" refuses 2 "--mode fast" hairpind -i eth0 -c "$lab_catalog" --mode fast
it "a source that is no address" \
	refuses 2 "not an IPv4 or IPv6 address" hairpind -i eth0 -c "$lab_catalog" --source here
it "a source range with host bits" refuses 2 "has bits set after its prefix" \
	hairpind -i eth0 -c "$lab_catalog" --source 10.9.0.1/24
it "an argument too many" refuses 2 "unexpected argument" hairpind -i eth0 -c "$lab_catalog" more
it "pins outside of a bpf file system" refuses 1 "not in a bpf file system" \
	second_hairpind -i eth0 --pin "$lab_dir/pins"
it "hairpind without capabilities names what it lacks" refuses 1 "run as root, or with CAP_BPF" \
	without_capabilities "$lab_build/lb/hairpind" -i eth0 -c "$lab_catalog" \
	--pin "$lab_pins/lb" --socket "$lab_socket"
it "so does one that could not find its program again" refuses 1 "CAP_SYS_ADMIN" \
	in_node lb setpriv --bounding-set=-all,+bpf,+net_admin,+perfmon --inh-caps=-all \
	"$lab_build/lb/hairpind" -i eth0 -c "$lab_catalog" --pin "$lab_pins/lb" --socket "$lab_socket"
it "decap without capabilities says so" refuses 1 "root" \
	without_capabilities "$lab_build/ctl/hairpinctl" decap attach eth1 --pin "$lab_pins/decap-lb"
rm -rf "$lab_pins/decap-lb"
it "none of these left a program" is null xdp_on lb eth0
it "nor pins" not ls "$lab_pins/lb" "$lab_pins/second"

# --- a foreign program ---
run_pass_program lb eth0
foreign=$(xdp_on lb eth0)
it "an interface with another XDP program" refuses 1 "another XDP program is attached" \
	hairpind -i eth0 -c "$lab_catalog"
it "which stays" is "$foreign" xdp_on lb eth0
it "detach does not touch it" says "nothing was attached" hairpind --detach
it "it stays" is "$foreign" xdp_on lb eth0
ip -n hp-net-lb link set dev eth0 xdp off

# --- a driver that refuses ---
it "offload, which no card can do" refuses 1 "eth0: the driver refuses offload XDP" \
	hairpind -i eth0 -c "$lab_catalog" --mode offload
it "with the way out" refuses 1 "use --mode native" \
	hairpind -i eth0 -c "$lab_catalog" --mode offload
ip -n hp-net-router link set dev to-lb-1 mtu 9000
it "native mode where the other end's MTU is too large" \
	refuses 1 "eth1: the driver refuses native XDP (veth: Peer MTU is too large to set XDP)" \
	hairpind -i eth1 -c "$lab_catalog" --mode native
it "with the way out" refuses 1 "lower it to 3000" \
	hairpind -i eth1 -c "$lab_catalog" --mode native
it "and none of both is left on it" is null xdp_on lb eth1
ip -n hp-net-router link set dev to-lb-1 mtu 1500
ip -n hp-net-lb link add eth2 numrxqueues 1 numtxqueues 1 type veth \
	peer name to-lb-2 numrxqueues 2 numtxqueues 2 netns hp-net-router
it "native mode with too few queues" \
	refuses 1 "(veth: XDP expects number of rx queues not less than peer tx queues)" \
	hairpind -i eth2 -c "$lab_catalog" --mode native
it "with the way out" refuses 1 "ethtool -L eth2 rx N" \
	hairpind -i eth2 -c "$lab_catalog" --mode native
ip -n hp-net-lb link set eth2 up
ip -n hp-net-router link set to-lb-2 up
start_hairpind -i eth2
it "auto goes on in generic mode" is generic status '.interfaces[] | select(.name == "eth2").mode'
it "and says why" says "eth2: falling back to generic mode, which is several times slower: the driver \
refuses native XDP (veth: XDP expects" cat "$lab_dir/hairpind.log"
stop_hairpind
hairpind --detach 2>/dev/null
ip -n hp-net-lb link delete eth2

# --- a second daemon ---
start_hairpind
wait_for_servers b1
wait_until 5 all_resolved
program=$(xdp_on lb eth0)
it "a second hairpind on the same interface" \
	refuses 1 "another hairpind serves this interface" second_hairpind -i eth0
it "one with the same pins" refuses 1 "another hairpind has its maps there" \
	second_hairpind -i eth1 --pin "$lab_pins/lb"
it "one with the same socket" refuses 1 "another hairpind answers there" \
	second_hairpind -i eth1 --socket "$lab_socket"
it "none of them left a program on the other interface" is null xdp_on lb eth1
it "the first still has its program" is "$program" xdp_on lb eth0
it "is well" is true status .well
it "and serves" all_answered b1 ask "$vip4" 80 --count 20
stop_hairpind KILL || true
it "after a kill, one with other pins does not take over the interface" \
	refuses 1 "another XDP program is attached" second_hairpind -i eth0
it "and clients are served" all_answered b1 ask "$vip4" 80 --count 20
start_hairpind
it "the right one does" is true status .well

# --- detach ---
it "detach while hairpind runs" refuses 1 "stop that one" hairpind --detach
it "and clients are still served" all_answered b1 ask "$vip4" 80 --count 20
stop_hairpind || true
it "detach in another network namespace" refuses 1 "in the one where it is" \
	"$lab_build/lb/hairpind" --detach --pin "$lab_pins/lb"
it "changes nothing" all_answered b1 ask "$vip4" 80 --count 20
it "detach" hairpind --detach
it "leaves no program" is null xdp_on lb eth0
it "and no pins" not ls "$lab_pins/lb"
it "and nothing is forwarded" nothing_answered ask "$vip4" 80 --count 3
it "a second detach says that there was nothing, and where" \
	says "nothing was attached, and nothing pinned in $lab_pins" hairpind --detach

# --- two interfaces ---
start_hairpind -i eth1
wait_until 5 all_resolved
it "trace finds the interface from which a packet is sent" is sent eval \
	"hairpinctl trace tcp 10.1.0.2:4711 $vip4:80 --json | jq -r .reason"
stop_hairpind
hairpind --detach 2>/dev/null

# --- modes and sources ---
in_node lb ethtool -K eth0 gro off >/dev/null
ip -n hp-net-router link set dev to-lb xdpdrv off
start_hairpind --mode generic
wait_until 5 all_resolved
it "generic mode is in status" is generic status '.interfaces[0].mode'
it "and serves" all_answered b1 ask "$vip4" 80 --count 50
it "IPv6 too" all_answered b1 ask "$vip6" 80 --count 50
stop_hairpind
it "another mode on top of it is refused, with the way out" \
	refuses 1 "hairpind --detach" hairpind -i eth0 -c "$lab_catalog" --mode native
hairpind --detach 2>/dev/null
run_pass_program router to-lb

outer_sources() { # of 60 requests: the different sources of tunnel headers at b1
	spawn tcpdump router tcpdump -lnpi to-b1 -Q out "ip proto 4"
	wait_until 5 grep -q listening "$lab_dir/tcpdump.log"
	client ask "$vip4" 80 --count 60 >"$lab_dir/asked"
	sleep 0.2
	stop tcpdump || true
	grep -oE 'IP 10\.9\.[0-9.]+ > 10.2.0.11' "$lab_dir/tcpdump.log" | sort -u | tee /dev/stderr | wc -l
	rm "$lab_dir/tcpdump.log"
}
start_hairpind --source 10.9.0.1
wait_until 5 all_resolved
it "a source address is in every tunnel header" is 1 outer_sources
stop_hairpind
start_hairpind --source 10.9.8.0/24
wait_until 5 all_resolved
it "of a range many are used, and flows served" test "$(outer_sources 2>/dev/null)" -gt 20
stop_hairpind
hairpind --detach 2>/dev/null

# --- the backend's side ---
decap() { # COMMAND...
	in_node b1 "$lab_build/ctl/hairpinctl" decap "$@" --pin "$lab_pins/b1"
}
it "decap status names its interface" says eth0 decap status
it "decap attach again is no error" decap attach eth0
it "decap unwraps all kinds" says "unwraps    ipip, gre, gue, vxlan" decap status
it "or those that it is told to" says "eth0: unwraps ipip, gue in" decap attach eth0 \
	--encapsulation gue,ipip
it "and decap status says so" says "unwraps    ipip, gue" decap status
it "decap refuses a kind that it does not know" refuses 2 '"gra" is none of' decap attach eth0 \
	--encapsulation ipip,gra
it "or an empty one" refuses 2 '"" is none of' decap attach eth0 --encapsulation ipip,
it "decap on a missing interface" refuses 1 "eth9: no such interface" decap attach eth9
it "decap detach" decap detach eth0
it "leaves no program" is null xdp_on b1 eth0
it "nor pins" not ls "$lab_pins/b1"
it "decap status says that it does not run" refuses 1 "" decap status
run_pass_program b1 eth0
foreign=$(xdp_on b1 eth0)
it "decap beside a foreign program is refused" refuses 1 "another XDP program" decap attach eth0
it "which stays" is "$foreign" xdp_on b1 eth0
net_done
