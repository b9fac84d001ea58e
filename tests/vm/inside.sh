#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# inside.sh BUILD: the points of suite.sh, in TAP; runs in the virtual machine.

[[ ${HP_VM-} ]] || {
	echo "inside.sh runs in the virtual machine: see suite.sh" >&2
	exit 2
}
export HAIRPIN_BUILD=$1 lab_patience=90
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=tests/net/net.sh
source "$here/../net/net.sh"
net_begin

skip() { # SENTENCE REASON
	net_points=$((net_points + 1))
	echo "ok $net_points - $1 # SKIP $2"
}

# --- the network: the lab's, but backends unwrap with the kernel's own tunnels ---

make_network() {
	make_router
	make_client
	make_balancer
	make_link lb eth1 router to-lb-eth1 "$lab_mtu" # not on the lan: it would answer ARP too
	make_tunnel_backend b4 11
	make_tunnel_backend b6 12
	catalog 10.2.0.11 | write_catalog
	for node in b4 b6; do serve_on "$node"; done
	wait_for_servers_patiently b4 b6
}

# As in examples/bare-metal.md.
make_tunnel_backend() { # NODE NUMBER
	join_servers "$1" "$2"
	carry_vips "$1" "$vip4" "$vip6"
	in_node "$1" modprobe -a ipip sit ip6_tunnel
	ip -n "hp-$lab-$1" link set tunl0 up
	ip -n "hp-$lab-$1" link set sit0 up
	ip -n "hp-$lab-$1" link set ip6tnl0 up
	in_node "$1" ip -6 tunnel change ip6tnl0 mode any
	in_node "$1" sysctl -qw net.ipv4.conf.tunl0.rp_filter=0 net.ipv4.conf.all.rp_filter=0
}

wait_for_servers_patiently() { # NODE...
	local node
	for node in "$@"; do
		wait_until 60 grep -q ready "$lab_dir/server-$node.log"
	done
}

catalog() { # BACKEND_ADDRESS
	cat <<-END
		{ "version": 1,
		  "pools": { "web": { "backends": { "b": { "address": "$1" } } } },
		  "services": {
		    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "web" },
		    "www6": { "address": "$vip6", "protocol": "tcp", "port": 80, "pool": "web" } } }
	END
}

use_backend() { # ADDRESS
	catalog "$1" >"$lab_dir/new.json"
	hairpinctl catalog apply "$lab_dir/new.json" && wait_until 20 backend_is "$1"
}

backend_is() { # ADDRESS
	status '.backends[] | select(.resolved).address' | grep -qxF "$1"
}

served() { # SERVER VIP
	all_answered "$1" ask "$2" 80 --count 20 --parallel 4 --timeout 5
}

# --- what runs on an interface ---

ours_on() { # INTERFACE: how many programs of ours run there, alone or in the dispatcher
	in_node lb xdp-loader status | awk -v interface="$1" '
		$1 == interface { on = 1 } $1 != interface && $1 != "=>" { on = 0 }
		on && /hairpin_lb/ { n++ } END { print n + 0 }'
}

mode_of() { # INTERFACE
	status ".interfaces[] | select(.name == \"$1\").mode"
}

how= # it attaches when nothing else runs on eth0, as how_on tells
how_on() { # INTERFACE: dispatcher or direct
	status ".interfaces[] | select(.name == \"$1\").attach"
}

detach() { # [INTERFACES]
	stop_hairpind
	hairpind -i "${1:-eth0}" -c "$lab_catalog" --detach
}

restart_after_kill() { # hairpind's options
	stop_hairpind KILL || true
	start_hairpind "$@"
}

start_on_both() { # [OPTION...]: eth0, and eth1
	start_hairpind -i eth1 --mode native "$@"
}

# --- xdp-filter, with an empty policy: it counts what it sees, and passes it ---

filter_object=/usr/lib/$(uname -m)-linux-gnu/bpf/xdpfilt_alw_all.o

filter_load() { # PRIORITY: ours has 50, and the smaller one runs first
	in_node lb xdp-loader load -m native -P "$1" -n xdpfilt_alw_all eth0 "$filter_object"
}

filter_unload() {
	local id
	id=$(in_node lb xdp-loader status eth0 | awk '/xdpfilt_alw_all/ { print $4 }')
	in_node lb xdp-loader unload eth0 --id "$id"
}

filter_bytes() {
	bpftool -j map dump name xdp_stats_map | jq '[.. | objects | .rx_bytes // empty] | add // 0'
}

send_to_balancer() { # what is for no service
	client send 10.2.0.10 9 --count 30
}

filter_saw() { # COMMAND...: prints how many bytes the filter saw while that ran
	local before
	before=$(filter_bytes)
	"$@" >&2 || return 1
	echo $(($(filter_bytes) - before))
}

filter_sees() { # COMMAND...
	local bytes
	bytes=$(filter_saw "$@") || return 1
	echo "xdp-filter saw $bytes bytes"
	((bytes > 900))
}

filter_sees_not() { # COMMAND...: but for a few bytes of ARP and NDP
	local bytes
	bytes=$(filter_saw "$@") || return 1
	echo "xdp-filter saw $bytes bytes"
	((bytes <= 900))
}

# --- the points ---

test_packet_rows() {
	local program name
	for program in "$lab_build"/tests/packet/packet-*; do
		[[ -f $program && -x $program ]] || continue
		name=${program##*/packet-}
		it "the packet rows of $name" timeout 200 env -C "$here/../.." "$program"
	done
}

# Other kernels than these may have neither.
test_next_hops() {
	it "next hops behind VLANs and bonds" timeout 200 "$lab_build/tests/net/net-nexthop" stacked
}

test_modes() {
	start_hairpind --mode generic
	it "generic mode: it attaches" is generic mode_of eth0
	it "a client is served" served b4 "$vip4"
	it "it detaches" detach
	it "and nothing of ours is left" is 0 ours_on eth0
	start_hairpind --mode native
	it "native mode: it attaches" is native mode_of eth0
	how=$(how_on eth0)
	it "a client is served, natively" served b4 "$vip4"
	test_tunnels
	it "exactly one program of ours runs" is 1 ours_on eth0
	restart_after_kill --mode native
	it "after SIGKILL and a new start too" is 1 ours_on eth0
	it "and a client is served" served b4 "$vip4"
	it "it detaches too" detach
}

test_tunnels() {
	it "IPv4 in IPv4, unwrapped by tunl0" served b4 "$vip4"
	it "IPv6 in IPv4, unwrapped by sit0" served b4 "$vip6"
	it "a backend over IPv6" use_backend fd02::12
	it "IPv4 in IPv6, unwrapped by ip6tnl0" served b6 "$vip4"
	it "IPv6 in IPv6, unwrapped by ip6tnl0" served b6 "$vip6"
	it "the one over IPv4 again" use_backend 10.2.0.11
}

test_two_interfaces() {
	start_on_both
	it "two interfaces: a client is served" served b4 "$vip4"
	it "one program of ours runs on the first" is 1 ours_on eth0
	it "and one on the second" is 1 ours_on eth1
	restart_after_kill -i eth1 --mode native
	it "after SIGKILL and a new start still one on the first" is 1 ours_on eth0
	it "and one on the second" is 1 ours_on eth1
	it "both are detached" detach eth0,eth1
	it "none of ours is left on the first" is 0 ours_on eth0
	it "nor on the second" is 0 ours_on eth1
}

# In libxdp's dispatcher, where this kernel and this libxdp allow it.
test_dispatcher() {
	if [[ -z $(type -P xdp-loader) || ! -e $filter_object ]]; then
		skip "hairpin beside xdp-filter" "the package xdp-tools is missing"
	elif [[ $how == dispatcher ]]; then
		test_beside first 10
		test_beside last 90
		test_filter_leaves
	else
		echo "# this kernel refuses hairpin in this libxdp's dispatcher"
		test_refused_beside
	fi
}

test_beside() { # first|last PRIORITY: xdp-filter comes before us, and stays after us
	it "xdp-filter, to run $1, is loaded" filter_load "$2"
	start_hairpind --mode native
	it "hairpin attaches by the dispatcher" is dispatcher how_on eth0
	it "a client is served beside it" served b4 "$vip4"
	it "and it sees the host's own packets" filter_sees send_to_balancer
	if [[ $1 == first ]]; then
		it "and those to the VIP" filter_sees served b4 "$vip4"
	else
		it "but not those to the VIP" filter_sees_not served b4 "$vip4"
	fi
	restart_after_kill --mode native
	it "after SIGKILL and a new start one program of ours runs" is 1 ours_on eth0
	it "a client is served" served b4 "$vip4"
	it "hairpin detaches" detach
	it "none of ours is left" is 0 ours_on eth0
	it "xdp-filter goes on" filter_sees send_to_balancer
	it "and is unloaded" filter_unload
}

test_filter_leaves() { # it comes after us, and leaves before us
	start_hairpind --mode native
	it "xdp-filter is loaded while hairpin runs" filter_load 10
	it "one program of ours runs" is 1 ours_on eth0
	it "a client is served, through xdp-filter" filter_sees served b4 "$vip4"
	it "xdp-filter is unloaded" filter_unload
	it "a client is served" served b4 "$vip4"
	it "one program of ours still runs" is 1 ours_on eth0
	it "hairpin detaches, and is gone" detach
}

test_refused_beside() {
	it "alone on the interface, hairpin does without the dispatcher" is direct echo "$how"
	it "xdp-filter is loaded" filter_load 10
	it "hairpin beside it is refused, with what to do" refuses 1 "install a newer libxdp" \
		hairpind -i eth0 -c "$lab_catalog" --mode native
	it "xdp-filter goes on" filter_sees send_to_balancer
	it "and is unloaded" filter_unload
}

test_packet_rows # first: they want interfaces of certain numbers, which the kernel's tunnels take
test_next_hops
make_network
test_modes
test_two_interfaces
test_dispatcher
net_done
