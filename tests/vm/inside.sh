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

encapsulations=(ipip gre gue vxlan)

make_network() {
	make_router
	make_client
	make_balancer
	make_link lb eth1 router to-lb-eth1 "$lab_mtu" # not on the lan: it would answer ARP too
	modprobe -a ipip sit ip6_tunnel ip_gre ip6_gre fou vxlan
	make_tunnel_backend b4 11 tunl0 sit0 gre0
	make_tunnel_backend b6 12 ip6tnl0 ip6gre0
	ip -n "hp-$lab-b6" -6 tunnel change ip6tnl0 mode any
	listen_for_gue
	listen_for_vxlan b4 4 local 10.2.0.11
	listen_for_vxlan b6 6 local fd02::12 udp6zerocsumrx
	catalog | write_catalog
	for node in b4 b6; do serve_on "$node"; done
	wait_for_servers_patiently b4 b6
}

# As in examples/bare-metal.md.
make_tunnel_backend() { # NODE NUMBER DEVICE...
	local encapsulation device
	local -a settings=()
	join_servers "$1" "$2"
	{
		for encapsulation in "${encapsulations[@]}"; do
			echo "address add $(vip_of "$encapsulation" "${1#b}" 4)/32 dev lo"
			echo "address add $(vip_of "$encapsulation" "${1#b}" 6)/128 dev lo nodad"
		done
		for device in "${@:3}"; do echo "link set $device up"; done
	} | ip -n "hp-$lab-$1" -batch -
	for device in "${@:3}"; do settings+=("net.ipv4.conf.$device.rp_filter=0"); done
	in_node "$1" sysctl -qw "${settings[@]}"
}

listen_for_gue() { # what is in it goes to tunl0 and sit0, or ip6tnl0
	ip -n "hp-$lab-b4" fou add port 6080 gue
	ip -n "hp-$lab-b6" -6 fou add port 6080 gue
}

listen_for_vxlan() { # NODE VNI OPTION...
	ip -n "hp-$lab-$1" link add vxlan0 address 02:68:70:00:00:02 type vxlan id "$2" dstport 4789 \
		"${@:3}"
	ip -n "hp-$lab-$1" link set vxlan0 up
}

wait_for_servers_patiently() { # NODE...
	local node
	for node in "$@"; do
		wait_until 60 grep -q ready "$lab_dir/server-$node.log"
	done
}

# Each pair of an encapsulation and a family of the outer header has a pool, and a VIP of each family.
vip_of() { # ENCAPSULATION OUTER INNER
	local number
	case $1 in
	ipip) number=1 ;;
	gre) number=2 ;;
	gue) number=3 ;;
	vxlan) number=4 ;;
	esac
	if [[ $3 == 4 ]]; then
		echo "203.0.113.$2$number"
	else
		echo "2001:db8::$2$number"
	fi
}
vip4=$(vip_of ipip 4 4)

catalog() {
	local encapsulation outer
	for encapsulation in "${encapsulations[@]}"; do
		for outer in 4 6; do
			pool "$encapsulation" "$outer"
		done
	done | jq -s 'reduce .[] as $part ({ version: 1 }; . * $part)'
}

pool() { # ENCAPSULATION OUTER
	local address=10.2.0.11
	[[ $2 == 4 ]] || address=fd02::12
	jq -n --arg name "$1-$2" --arg encapsulation "$1" --arg address "$address" --argjson vni "$2" \
		--arg vip4 "$(vip_of "$1" "$2" 4)" --arg vip6 "$(vip_of "$1" "$2" 6)" '
		def service: { address: ., protocol: "tcp", port: 80, pool: $name };
		{ pools: { ($name): { $encapsulation, table_size: 251,
			backends: { b: { $address } } } },
		  services: { ($name + "-v4"): $vip4 | service, ($name + "-v6"): $vip6 | service } }
		| if $encapsulation == "vxlan" then .pools[].vni = $vni else . end'
}

# With several packets in both directions. In bash: where a machine is emulated, python starts slowly.
served() { # SERVER VIP
	# shellcheck disable=SC2016 # of the inner bash
	in_node client timeout 40 bash -c '
		printf -v question %4000s
		for number in 1 2 3; do
			exec 3<>"/dev/tcp/$2/80" && echo "$question" >&3 && IFS= read -r -t 15 answer <&3 || exit
			[[ $answer == "$1 $question" ]] || exit
		done' served "$@"
}

unwraps() { # NODE DEVICE VIP: the device has seen the packets
	local before after
	before=$(received "$1" "$2")
	served "$1" "$3" || return 1
	after=$(received "$1" "$2")
	echo "$((after - before)) packets through $2"
	((after >= before + 15)) # 3 connections: SYN, ACK, 3 segments, ACKs, FIN
}

received() { # NODE DEVICE
	ip -n "hp-$lab-$1" -json -stats link show dev "$2" | jq '.[0].stats64.rx.packets'
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

filter_load() { # PRIORITY: ours has 20, and the smaller one runs first
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
	in_node client bash -c 'for number in {1..30}; do printf %100s >/dev/udp/10.2.0.10/9; done'
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

# But checksum, which computes a million headers and takes long.
test_packet_rows() {
	local name
	for name in decap lb; do
		it "the packet rows of $name" timeout 200 env -C "$here/../.." \
			"$lab_build/tests/packet/packet-$name"
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
	test_tunnels
	it "exactly one program of ours runs" is 1 ours_on eth0
	restart_after_kill --mode native
	it "after SIGKILL and a new start too" is 1 ours_on eth0
	it "and a client is served" served b4 "$vip4"
	it "it detaches too" detach
}

test_tunnels() {
	test_tunnel ipip 4 tunl0 sit0
	test_tunnel ipip 6 ip6tnl0 ip6tnl0
	test_tunnel gre 4 gre0 gre0
	test_tunnel gre 6 ip6gre0 ip6gre0
	test_tunnel gue 4 tunl0 sit0
	test_tunnel gue 6 ip6tnl0 ip6tnl0
	test_tunnel vxlan 4 vxlan0 vxlan0
	test_tunnel vxlan 6 vxlan0 vxlan0
	ip -n "hp-$lab-b4" fou del port 6080 gue
	it "nobody is served by GUE without who unwraps it" nothing_answered \
		ask "$(vip_of gue 4 4)" 80
}

test_tunnel() { # ENCAPSULATION OUTER DEVICE_OF_IPV4 DEVICE_OF_IPV6
	it "IPv4 by $1 in IPv$2, unwrapped by $3" unwraps "b$2" "$3" "$(vip_of "$1" "$2" 4)"
	it "IPv6 by $1 in IPv$2, unwrapped by $4" unwraps "b$2" "$4" "$(vip_of "$1" "$2" 6)"
}

test_cpus() {
	start_hairpind --mode native --cpus 1 --spread-local
	it "on another CPU: a client is served" served b4 "$vip4"
	it "packets were handed to it" test "$(reason spread)" -ge 15
	it "as many left from there" test "$(reason redirected)" -ge 15
	it "what is for the host comes through too, and it answers" says "Connection refused" \
		in_node client timeout 20 bash -c ': >/dev/tcp/10.2.0.10/9'
	it "it detaches from there" detach
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
		test_filter_first
		test_filter_last
		test_cpus_beside
	else
		echo "# this kernel refuses hairpin in this libxdp's dispatcher"
		test_refused_beside
	fi
}

test_xdpdump() { # as in examples/bare-metal.md
	if [[ -z $(type -P xdpdump) ]]; then
		skip "xdpdump beside hairpin" "the package xdp-tools is missing"
		return
	fi
	spawn xdpdump lb xdpdump -i eth0 -p hairpin_lb --rx-capture entry,exit
	it "xdpdump listens" wait_until 20 dumped "listening on eth0"
	it "a client is served while it does" served b4 "$vip4"
	it "it shows packets that arrive" wait_until 10 dumped "hairpin_lb()@entry: packet size 74 "
	it "and those that leave, 20 bytes longer" wait_until 10 \
		dumped "hairpin_lb()@exit[TX]: packet size 94 "
	it "it ends" stop xdpdump
	spawn xdpdump-file lb xdpdump -i eth0 -p hairpin_lb --rx-capture exit -w "$lab_dir/file.pcap"
	it "it listens again" wait_until 20 grep -q "listening on eth0" "$lab_dir/xdpdump-file.log"
	it "a client is served while it writes a file" served b4 "$vip4"
	it "which is complete" stop xdpdump-file
	it "tcpdump reads it, and sees the tunnel" says "IP 10.2.0.10 > 10.2.0.11: IP 10.1.0.2." \
		tcpdump -nr "$lab_dir/file.pcap"
}

dumped() { # WORDS
	grep -qF "$1" "$lab_dir/xdpdump.log"
}

test_filter_first() {
	it "xdp-filter, to run first, is loaded" filter_load 10
	start_hairpind --mode native
	it "hairpin attaches by the dispatcher" is dispatcher how_on eth0
	it "a client is served, through xdp-filter" filter_sees served b4 "$vip4"
	test_xdpdump
	it "hairpin detaches" detach
	it "none of ours is left" is 0 ours_on eth0
	it "xdp-filter goes on" filter_sees send_to_balancer
	start_hairpind --mode native
	it "xdp-filter is unloaded while hairpin runs" filter_unload
	it "a client is served" served b4 "$vip4"
	it "one program of ours still runs" is 1 ours_on eth0
}

test_filter_last() { # hairpin runs already
	it "xdp-filter, to run last, is loaded" filter_load 90
	it "one program of ours runs" is 1 ours_on eth0
	it "a client is served, and xdp-filter sees nothing of it" filter_sees_not served b4 "$vip4"
	it "it sees the host's own packets" filter_sees send_to_balancer
	restart_after_kill --mode native
	it "after SIGKILL and a new start one program of ours runs" is 1 ours_on eth0
	it "a client is served" served b4 "$vip4"
	it "xdp-filter is unloaded" filter_unload
	it "a client is still served" served b4 "$vip4"
	it "xdp-filter is loaded again" filter_load 90
	it "hairpin detaches" detach
	start_hairpind --mode native --priority 95
	it "with --priority 95 it comes after xdp-filter" filter_sees served b4 "$vip4"
	it "it detaches" detach
	it "none of ours is left" is 0 ours_on eth0
	it "xdp-filter goes on" filter_sees send_to_balancer
	it "and is unloaded" filter_unload
}

test_cpus_beside() { # the kernel wants all programs that name a map of CPUs to be of one type
	it "xdp-filter is loaded before --cpus" filter_load 10
	it "hairpin with --cpus beside it is refused, with what to do" refuses 1 "do without --cpus" \
		hairpind -i eth0 -c "$lab_catalog" --mode native --cpus 1
	it "xdp-filter is unloaded after that" filter_unload
}

test_refused_beside() {
	start_hairpind --mode native
	test_xdpdump
	detach
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
test_cpus
test_two_interfaces
test_dispatcher
net_done
