# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A network on one machine, of network namespaces. quickstart.sh and tests/net source this file.
#
#   client ---- router ---- lan (a bridge in the router)
#                            |-- lb          hairpind runs here
#                            |-- b1, b2 ...  backends
#                            `-- gw ---- far (a bridge in the gateway) -- f1, f2 ... backends
#
# A node NAME of the lab L is the namespace hp-L-NAME; L's files are in /run/hp-L, its pins in
# /sys/fs/bpf/hp-L. So the next run of L can remove what a killed one has left, and nothing else.

lab_source=$(dirname "${BASH_SOURCE[0]}")/..
lab_build=${HAIRPIN_BUILD:-$lab_source/build}
lab=
lab_lock=
lab_patience=${lab_patience:-10} # seconds for hairpind to start: more where a machine is emulated
declare -A lab_pid=()

# --- the lab itself ---

lab_begin() { # NAME: from here on the lab is ours, and is removed when the script ends
	lab=$1
	lab_dir=/run/hp-$lab
	lab_pins=/sys/fs/bpf/hp-$lab
	lab_socket=$lab_dir/hairpind.sock
	lab_catalog=$lab_dir/catalog.json
	mkdir -p /run/lock
	exec {lab_lock}>"/run/lock/hp-$lab"
	flock -w 60 "$lab_lock" || lab_fail "another script uses the lab $lab"
	trap lab_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	lab_sweep
	mkdir -p "$lab_dir"
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
}

lab_end() { # removes everything, whatever happened; the exit status stays
	local status=$?
	trap '' INT TERM HUP
	trap - EXIT
	lab_sweep
	exit "$status"
}

lab_keep() { # the lab stays when the script ends
	trap - EXIT INT TERM HUP
	disown -a
}

lab_fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

lab_namespaces() {
	ip netns list | awk -v prefix="hp-$lab-" 'index($1, prefix) == 1 { print $1 }'
}

lab_sweep() { # every process of the lab is in one of its namespaces
	local namespace
	disown -a # bash need not tell that they were killed
	for namespace in $(lab_namespaces); do
		ip netns pids "$namespace" | xargs -r kill -KILL 2>/dev/null || true
		ip netns delete "$namespace" || true
	done
	rm -rf "${lab_pins:?}" "${lab_dir:?}"
}

# --- processes ---

in_node() { # NODE COMMAND...: nsenter keeps /sys/fs/bpf, which ip netns exec would hide
	nsenter --net="/run/netns/hp-$lab-$1" "${@:2}" {lab_lock}>&-
}

spawn() { # NAME NODE COMMAND...: in the background; what it says is in $lab_dir/NAME.log
	nsenter --net="/run/netns/hp-$lab-$2" "${@:3}" \
		>>"$lab_dir/$1.log" 2>&1 </dev/null {lab_lock}>&- &
	lab_pid[$1]=$!
}

stop() { # NAME [SIGNAL]: a spawned process; returns its exit status
	local pid=${lab_pid[$1]}
	unset "lab_pid[$1]"
	kill -s "${2:-TERM}" "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null
}

wait_until() { # SECONDS COMMAND...
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	until "${@:2}" >/dev/null 2>&1; do
		if ((${EPOCHREALTIME/./} > end)); then
			echo "not within $1 s: ${*:2}" >&2
			return 1
		fi
		sleep 0.05
	done
}

# --- nodes and wires ---

make_node() { # NAME
	ip netns add "hp-$lab-$1"
	ip -n "hp-$lab-$1" link set lo up
	in_node "$1" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
		net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0 \
		net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0
}

make_forwarding() { # NODE
	in_node "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# veth leaves checksums to the receiver, who must not trust what arrives from XDP_TX: off with it.
make_link() { # NODE DEVICE OTHER_NODE OTHER_DEVICE [MTU]
	ip link add "$2" mtu "${5:-1500}" netns "hp-$lab-$1" type veth \
		peer name "$4" mtu "${5:-1500}" netns "hp-$lab-$3"
	in_node "$1" ethtool -K "$2" tx off >/dev/null
	in_node "$3" ethtool -K "$4" tx off >/dev/null
	ip -n "hp-$lab-$1" link set "$2" up
	ip -n "hp-$lab-$3" link set "$4" up
}

give_address() { # NODE DEVICE ADDRESS/LENGTH...
	local address
	for address in "${@:3}"; do
		if [[ $address == *:* ]]; then
			ip -n "hp-$lab-$1" address add "$address" dev "$2" nodad
		else
			ip -n "hp-$lab-$1" address add "$address" dev "$2"
		fi
	done
}

give_route() { # NODE DESTINATION via GATEWAY: also changes one
	local family=-4
	[[ $4 == *:* ]] && family=-6
	ip -n "hp-$lab-$1" $family route replace "${@:2}"
}

# A tunnelled packet is 20 or 40 bytes longer: the network behind the router allows for that.
lab_mtu=1600

# A bridge takes the lowest MAC of its ports: without one of its own it changes with a new port.
make_lan() { # NODE BRIDGE ADDRESS/LENGTH...: a bridge in NODE
	ip -n "hp-$lab-$1" link add "$2" mtu "$lab_mtu" address 02:00:00:00:00:01 type bridge
	ip -n "hp-$lab-$1" link set "$2" up
	give_address "$@"
}

join_lan() { # NODE DEVICE LAN_NODE BRIDGE
	make_link "$1" "$2" "$3" "to-$1" "$lab_mtu"
	ip -n "hp-$lab-$3" link set "to-$1" master "$4"
}

# --- who takes part ---

make_client() {
	make_node client
	make_link client eth0 router to-client
	give_address client eth0 10.1.0.2/24 fd01::2/64
	give_address router to-client 10.1.0.1/24 fd01::1/64
	give_route client default via 10.1.0.1
	give_route client default via fd01::1
}

make_router() { # it sends the VIPs of 203.0.113.0/24 and 2001:db8::/64 to the balancer
	make_node router
	make_forwarding router
	make_lan router lan 10.2.0.1/24 fd02::1/64
	give_route router 203.0.113.0/24 via 10.2.0.10
	give_route router 2001:db8::/64 via fd02::10
}

join_servers() { # NODE NUMBER: on the router's lan, with addresses that end in NUMBER
	make_node "$1"
	join_lan "$1" eth0 router lan
	give_address "$1" eth0 "10.2.0.$2/24" "fd02::$2/64"
	give_route "$1" default via 10.2.0.1
	give_route "$1" default via fd02::1
}

make_balancer() {
	join_servers lb 10
	run_pass_program router to-lb
}

make_gateway() { # [NODE NUMBER]: the first has the far lan, others join it
	local node=${1:-gw} number=${2:-2}
	join_servers "$node" "$number"
	make_forwarding "$node"
	if [[ $node == gw ]]; then
		make_lan gw far 10.3.0.1/24 fd03::1/64
	else
		join_lan "$node" far gw far
		give_address "$node" far "10.3.0.$number/24" "fd03::$number/64"
	fi
}

make_far_backend() { # NODE NUMBER VIP...: behind the gateway
	make_node "$1"
	join_lan "$1" eth0 gw far
	give_address "$1" eth0 "10.3.0.$2/24" "fd03::$2/64"
	give_route "$1" default via 10.3.0.1
	give_route "$1" default via fd03::1
	carry_vips "$1" "${@:3}"
	unwrap_on "$1"
}

make_backend() { # NODE NUMBER VIP...
	join_servers "$1" "$2"
	carry_vips "$1" "${@:3}"
	unwrap_on "$1"
}

carry_vips() { # NODE VIP...: a backend answers as the VIP
	local vip
	for vip in "${@:2}"; do
		if [[ $vip == *:* ]]; then
			give_address "$1" lo "$vip/128"
		else
			give_address "$1" lo "$vip/32"
		fi
	done
}

unwrap_on() { # NODE
	in_node "$1" "$lab_build/ctl/hairpinctl" decap attach eth0 --pin "$lab_pins/$1" >/dev/null
}

run_pass_program() { # NODE DEVICE: see pass.bpf.c
	in_node "$1" ip link set dev "$2" xdpdrv object "$lab_build/examples/pass.bpf.o" section xdp
}

# --- hairpin ---

write_catalog() { # of standard input, as an editor would that writes in place
	cat >"$lab_catalog"
}

hairpinctl() {
	"$lab_build/ctl/hairpinctl" --socket "$lab_socket" "$@"
}

hairpind() { # OPTION...: in the foreground
	in_node lb "$lab_build/lb/hairpind" --pin "$lab_pins/lb" --socket "$lab_socket" "$@"
}

start_hairpind() { # [OPTION...]: and waits until it answers
	spawn hairpind lb "$lab_build/lb/hairpind" -i eth0 -c "$lab_catalog" \
		--pin "$lab_pins/lb" --socket "$lab_socket" "$@"
	wait_until "$lab_patience" hairpind_answers || {
		cat "$lab_dir/hairpind.log" >&2
		return 1
	}
}

hairpind_answers() { # the one that was started last, not one before it
	[[ $(hairpinctl status --json | jq .pid) == "${lab_pid[hairpind]}" ]]
}

stop_hairpind() { # [SIGNAL]
	stop hairpind "$@"
}

backend_resolved() { # POOL/NAME
	hairpinctl status --json |
		jq -e --arg name "$1" '.backends[] | select(.pool + "/" + .name == $name).resolved'
}

all_resolved() {
	hairpinctl status --json | jq -e '[.backends[].resolved] | all'
}
