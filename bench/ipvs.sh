#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only

set -euo pipefail

usage() {
	cat <<-'END'
	usage: ipvs.sh --vm [--json] [--seconds N] [--rounds N] [--flows N] [--kernel VERSION]
	               [--build DIR]

	Sends the same UDP load with the kernel's pktgen through IPVS (scheduler mh, tunnel mode),
	hairpin in native and hairpin in generic mode, one after the other in each round, in one
	virtual machine; prints how many packets per second came out in a tunnel, how much time of
	its CPU the balancer took for each, and how many times as much IPVS takes (the ratio).

	The ratio is of the time and not of the packets per second: where pktgen, on the other CPU,
	is the slower one, each balancer sends all that there is.

	  --json          JSON on stdout: an array with one object for each of the three
	  --seconds N     of each measurement; default 2
	  --rounds N      at most; default 9. On a slow machine there are fewer, but one: no
	                  round begins later than 150 s after the start
	  --flows N       default 10000
	  --kernel V      6.12 (default), or 6.1: without generic mode, which pktgen's packets crash
	  --build DIR     default: build
	END
}

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
build=${HAIRPIN_BUILD:-$here/../build}
seconds=2 rounds=9 flows=10000 kernel=6.12 json='' vm='' inside=''
latest_round=150 # seconds
balancers=(ipvs-mh-tunnel hairpin-native hairpin-generic)

misused() {
	echo "ipvs.sh: $* (see --help)" >&2
	exit 2
}

parse_options() {
	while (($#)); do
		case $1 in
		--seconds | --rounds | --flows)
			[[ ${2-} =~ ^[1-9][0-9]{0,5}$ ]] || misused "$1 takes a number"
			printf -v "${1#--}" %s "$2"
			shift ;;
		--kernel | --build)
			(($# > 1)) || misused "$1 takes a value"
			printf -v "${1#--}" %s "$2"
			shift ;;
		--json | --vm | --inside)
			printf -v "${1#--}" 1 ;;
		--help)
			usage
			exit 0 ;;
		*)
			misused "unknown option $1" ;;
		esac
		shift
	done
}

install_packages() {
	local package=ipvsadm
	[[ -z $(type -P $package) ]] || return 0
	[[ $EUID == 0 ]] || { echo "ipvs.sh: please install $package" >&2; exit 1; }
	apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends $package >&2
}

# --- inside: a wire for each balancer, only one at a time under load ---

# IPVS makes a connection for each flow; its table gets room for all of them.
start_ipvs() { # NAME
	local i
	modprobe ip_vs conn_tab_bits=18
	modprobe ip_vs_mh
	modprobe ipip
	give_address "lb-$1" lo "$wire_vip4/32"
	in_node "lb-$1" ipvsadm -A -u "$wire_vip4:53" -s mh -b mh-port
	for ((i = 0; i < wire_backends; i++)); do
		in_node "lb-$1" ipvsadm -a -u "$wire_vip4:53" -r "$(backend_address "$i")" -i -w 1
	done
}

start_all() {
	wires_begin
	for balancer in "${balancers[@]}"; do
		make_wire "$balancer"
	done
	start_ipvs ipvs-mh-tunnel
	for balancer in "${balancers[@]:1}"; do
		start_balancer "$balancer" "${balancer#hairpin-}"
	done
	for balancer in "${balancers[@]:1}"; do
		wait_for_balancer "$balancer"
	done
	say "every flow once"
	for balancer in "${balancers[@]}"; do
		load "$balancer" 1 >/dev/null
	done
}

# The time that the threads which poll the balancers' interfaces have run. Only one wire is loaded.
polled_ns() {
	local thread ns sum=0
	for thread in $(pgrep '^napi/eth0-'); do
		read -r ns _ <"/proc/$thread/schedstat"
		sum=$((sum + ns))
	done
	echo "$sum"
}

load() { # BALANCER SECONDS: prints what pktgen, the sink and the scheduler have counted, as JSON
	local packets ns
	packets=$(sink_counted) ns=$(polled_ns)
	with_sysfs "gen-$1" "$here/pktgen.sh" --tx wire --mac "$(mac_of "lb-$1" eth0)" \
		--vip "$wire_vip4" --port 53 --flows "$flows" --seconds "$2" --json >"$lab_dir/offered"
	packets=$(($(sink_counted) - packets)) ns=$(($(polled_ns) - ns))
	jq -c --arg name "$1" --argjson packets $packets --argjson ns $ns '.[] |
		{ name: $name, offered: .offered_pps, pps: ($packets / .seconds | round),
		  ns: ($ns / $packets | round) }' "$lab_dir/offered"
}

summarize() {
	jq -s --argjson names "$(jq -cn '$ARGS.positional' --args "${balancers[@]}")" '
		def spread: sort | { min: .[0], median: .[length / 2 | floor], max: .[-1] };
		. as $rounds
		| ($rounds | map(select(.name == $names[0]).ns)) as $ipvs
		| [$names[] as $name
		   | ($rounds | map(select(.name == $name))) as $mine
		   | { name: $name, rounds: ($mine | length), pps: ($mine | map(.pps) | spread),
		       offered_pps: ($mine | map(.offered) | spread), ns: ($mine | map(.ns) | spread),
		       ratio_of_ipvs: ([range($ipvs | length) | $ipvs[.] / $mine[.].ns
		         | . * 100 | round / 100] | spread) }]' "$lab_dir/rounds"
}

print_summary() {
	jq -r '
		.[] | "\(.name): \(.pps.median) packets/s (\(.pps.min) to \(.pps.max)) of
			\(.offered_pps.median); \(.ns.median) ns of its CPU for each (\(.ns.min) to \(.ns.max));
			IPVS takes \(.ratio_of_ipvs.median) times as long (\(.ratio_of_ipvs.min) to
			\(.ratio_of_ipvs.max))" | gsub("\\s+"; " ")'
}

uptime_s() { # of the virtual machine
	cut -d. -f1 /proc/uptime
}

run_inside() {
	local round balancer
	export HAIRPIN_BUILD=$build
	# shellcheck source=bench/vm.sh
	source "$here/vm.sh"
	start_all
	for ((round = 1; round <= rounds && (round == 1 || $(uptime_s) < latest_round); round++)); do
		say "round $round of $rounds"
		for balancer in "${balancers[@]}"; do
			load "$balancer" "$seconds" | tee -a "$lab_dir/rounds" >&2
		done
	done
	say "The machine is emulated in software, on shared CPUs: only the ratios say something."
	say "For native XDP, veth copies each packet of pktgen into a page first, which no card does."
	if [[ $json ]]; then
		summarize
	else
		summarize | print_summary
	fi
}

run_vm() {
	install_packages
	exec "$here/../tests/vm/run.sh" --kernel "$kernel" \
		--timeout $((3 * rounds * (seconds + 10) + 90)) \
		"$here/ipvs.sh" --inside --kernel "$kernel" --build "$(realpath "$build")" \
		--seconds "$seconds" --rounds "$rounds" --flows "$flows" ${json:+--json}
}

parse_options "$@"
# Before 6.7, pktgen keeps a reference to its packets: see pktgen.sh.
[[ $kernel != 6.1 ]] || balancers=(ipvs-mh-tunnel hairpin-native)
if [[ $inside ]]; then
	run_inside
elif [[ $vm ]]; then
	run_vm
else
	misused "it runs in a virtual machine only: --vm"
fi
