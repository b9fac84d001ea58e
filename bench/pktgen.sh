#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only

set -euo pipefail

usage() {
	cat <<-'END'
	usage: pktgen.sh --tx IFACE --mac MAC --vip ADDRESS --port N [OPTION]...
	       pktgen.sh --vm [--kernel VERSION] [--build DIR] [OPTION]...

	Sends UDP with the kernel's pktgen to a balancer across a real wire, and prints how many
	packets per second were offered, forwarded, and lost for which reason. With --vm both ends
	of the wire are in a virtual machine (software emulation: its figures say nothing about
	speed), for IPv4 and IPv6.

	  --tx IFACE      send here; thread N runs on CPU N and sends from queue N
	  --mac MAC       the balancer's interface, or the router before it
	  --vip ADDRESS   IPv4 or IPv6
	  --port N        UDP port of the service
	  --flows N       default 1000; IPv4: source addresses from 198.18.0.0/15 and source ports,
	                  IPv6: source ports and one source address for each thread
	  --threads N     default 1
	  --seconds N     default 10
	  --size BYTES    a frame without its checksum; default 60 for IPv4, 78 for IPv6: the least
	  --rate PPS      of all threads together; default: as fast as possible
	  --socket PATH   hairpind's socket, for its counters. From another machine:
	                  ssh -N -L /tmp/lb.sock:/run/hairpin/hairpind.sock root@BALANCER
	  --build DIR     where hairpinctl is, when it is not installed; default: build
	  --json          an array with one object for each measurement

	Exit status 0: all is measured. 1: it could not be, or no packet arrived. 2: usage.
	END
}

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
build=${HAIRPIN_BUILD:-$here/../build}
proc=/proc/net/pktgen
tx='' mac='' vip='' port='' flows=1000 threads=1 seconds=10 size='' rate='' socket='' json=''
vm='' inside='' kernel=6.1
work= # temporary directory
sending=

die() {
	echo "pktgen.sh: $*" >&2
	exit 1
}

misused() {
	echo "pktgen.sh: $* (see --help)" >&2
	exit 2
}

# --- options ---

parse_options() {
	while (($#)); do
		case $1 in
		--tx | --mac | --vip | --port | --flows | --threads | --seconds | --size | \
			--rate | --socket | --build | --kernel)
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

is_v6() {
	[[ $vip == *:* ]]
}

check_number() { # OPTION VALUE MIN MAX
	[[ $2 =~ ^[1-9][0-9]{0,8}$ ]] && (($2 >= $3 && $2 <= $4)) && return
	misused "--$1: $2 is not a number from $3 to $4"
}

check_loads() { # options that --vm has too
	check_number flows "$flows" 1 100000000
	check_number threads "$threads" 1 1024
	check_number seconds "$seconds" 1 86400
	[[ -z $rate ]] || check_number rate "$rate" 1 999999999
}

check_options() {
	[[ $tx ]] || misused "--tx is missing"
	[[ $mac ]] || misused "--mac is missing"
	[[ $vip ]] || misused "--vip is missing"
	[[ $port ]] || misused "--port is missing"
	[[ $mac =~ ^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$ ]] || misused "--mac: $mac is not a MAC address"
	[[ $mac =~ ^.[02468aceACE] && $mac != 00:00:00:00:00:00 ]] ||
		misused "--mac: $mac is not the address of one interface"
	! ip route get "$vip" 2>&1 | grep -q 'prefix is expected' ||
		misused "--vip: $vip is not an IP address"
	check_number port "$port" 1 65535
	check_loads
	if is_v6; then
		check_number size "${size:=78}" 78 9000
		((flows <= threads * v6_ports)) || misused \
			"--flows: over IPv6 pktgen makes at most $v6_ports flows for each thread"
	else
		check_number size "${size:=60}" 60 9000
	fi
}

# --- what must be there ---

check_machine() {
	[[ $EUID == 0 ]] || die "pktgen needs root"
	[[ -e $proc/pgctrl ]] || modprobe pktgen 2>/dev/null || true
	[[ -e $proc/pgctrl ]] ||
		die "this kernel ($(uname -r)) has no module pktgen (modprobe pktgen)"
	type -P jq >/dev/null || die "jq is missing (apt-get install jq)"
	((threads <= $(nproc))) || die "--threads: this machine has $(nproc) CPUs"
	if grep -qE '^(Running|Stopped): +[^ ]' "$proc"/kpktgend_*; then
		die "pktgen is in use (if not: echo reset > $proc/pgctrl)"
	fi
}

check_interface() {
	[[ -d /sys/class/net/$tx ]] || die "there is no interface $tx"
	[[ $(cat "/sys/class/net/$tx/carrier" 2>/dev/null) == 1 ]] || die "$tx is down"
	[[ $(<"/sys/class/net/$tx/address") != "${mac,,}" ]] ||
		die "--mac: $mac is the address of $tx itself: it must be the balancer's"
}

check_socket() {
	[[ $socket ]] || return 0
	hairpin_stats >"$work/before" || die "--socket: no answer from hairpind at $socket"
}

# --- pktgen ---

pg() { # FILE COMMAND: writes it there
	echo "$2" >"$proc/$1" 2>/dev/null ||
		die "pktgen refuses \"$2\": $(grep -h Result: "$proc/$1" 2>/dev/null)"
}

device() { # THREAD
	echo "$tx@$1"
}

# With the flags *_RND pktgen picks from minimum <= x < maximum.
v4_first=$((0xc6120001)) # 198.18.0.1
v4_ports=1024            # for each source address, at most
v6_ports=64000
low_port=1024

v4_address() { # NUMBER
	echo "$(($1 >> 24 & 255)).$(($1 >> 16 & 255)).$(($1 >> 8 & 255)).$(($1 & 255))"
}

v4_flows() { # THREAD FLOWS: its sources; sets made_flows
	local addresses=$((($2 + v4_ports - 1) / v4_ports))
	local ports=$((($2 + addresses - 1) / addresses)) first=$((v4_first + $1 * addresses))
	made_flows=$((made_flows + addresses * ports))
	pg "$(device "$1")" "src_min $(v4_address $first)"
	pg "$(device "$1")" "src_max $(v4_address $((first + addresses)))"
	pg "$(device "$1")" "flag IPSRC_RND"
	source_ports "$1" "$ports"
}

v6_flows() { # THREAD FLOWS
	made_flows=$((made_flows + $2))
	pg "$(device "$1")" "src6 2001:2::$(printf %x $(($1 + 1)))"
	pg "$(device "$1")" "flag UDPCSUM"
	source_ports "$1" "$2"
}

source_ports() { # THREAD PORTS
	pg "$(device "$1")" "udp_src_min $low_port"
	pg "$(device "$1")" "udp_src_max $((low_port + $2))"
	pg "$(device "$1")" "flag UDPSRC_RND"
}

configure_thread() { # THREAD
	local device queue
	local queues=("/sys/class/net/$tx/queues"/tx-*)
	device=$(device "$1")
	queue=$(($1 % ${#queues[@]}))
	pg "kpktgend_$1" "add_device $device"
	pg "$device" "count 0"
	# Kernels that know this flag: packets are the receiver's alone. Others keep a reference,
	# with which generic XDP on the other end of a veth crashes the kernel.
	echo "flag !SHARED" >"$proc/$device" 2>/dev/null || true
	pg "$device" "queue_map_min $queue"
	pg "$device" "queue_map_max $queue"
	pg "$device" "pkt_size $size"
	pg "$device" "dst_mac $mac"
	pg "$device" "udp_dst_min $port"
	pg "$device" "udp_dst_max $port"
	[[ -z $rate ]] || pg "$device" "ratep $(((rate + threads - 1) / threads))"
	if is_v6; then
		pg "$device" "dst6 $vip"
		v6_flows "$1" $(((flows + threads - 1) / threads))
	else
		pg "$device" "dst_min $vip"
		pg "$device" "dst_max $vip"
		v4_flows "$1" $(((flows + threads - 1) / threads))
	fi
}

send() { # for so many seconds
	local writer
	sending=1
	echo start >"$proc/pgctrl" & # returns when all threads have stopped
	writer=$!
	sleep "$seconds"
	pg pgctrl stop
	sending=
	wait "$writer" || die "pktgen did not start"
}

# shellcheck disable=SC2317 # called by the trap
clean_up() {
	trap '' INT TERM HUP
	if [[ -w $proc/pgctrl ]]; then
		[[ -z $sending ]] || echo stop >"$proc/pgctrl" || true
		echo reset >"$proc/pgctrl" || true
	fi
	rm -rf "$work"
}

# --- results ---

hairpin_stats() {
	local tool=$build/ctl/hairpinctl
	[[ -x $tool ]] || tool=hairpinctl
	"$tool" --socket "$socket" stats --json
}

thread_result() { # THREAD: of "Result: OK: 2000031(c1999+d32) usec, 211056 (60byte,0frags)"
	awk '/^ *Current:/ { getline; packets = $2; errors = $4 }
	     / pkts-sofar:/ { packets = $2; errors = $4 }
	     /^Result: OK:/ { split($3, time, "("); }
	     END {
	       if (!time[1]) exit 1
	       printf "{\"packets\": %d, \"errors\": %d, \"us\": %d}\n", packets, errors, time[1]
	     }' "$proc/$(device "$1")" || die "pktgen: $(grep Result: "$proc/$(device "$1")")"
}

measure() {
	local thread
	[[ -z $socket ]] || hairpin_stats >"$work/before"
	send
	sleep 0.3 # the last packets are on their way
	[[ -z $socket ]] || hairpin_stats >"$work/after"
	for ((thread = 0; thread < threads; thread++)); do
		thread_result "$thread"
	done >"$work/threads"
	result
}

result() { # JSON; errors are packets too: the driver threw them away
	local family=4
	! is_v6 || family=6
	[[ $socket ]] || echo null | tee "$work/before" >"$work/after"
	jq -n --slurpfile threads "$work/threads" --slurpfile before "$work/before" \
		--slurpfile after "$work/after" --argjson flows "$made_flows" --argjson size "$size" \
		--arg name "pktgen-udp$family-$made_flows" '
		def pps($seconds): . / $seconds | round;
		([$threads[].us] | max / 1e6) as $seconds
		| ([$threads[].errors] | add) as $errors
		| ([$threads[].packets] | add + $errors) as $offered
		| (if $after[0] then
		     $after[0].reasons | with_entries(.value -= $before[0].reasons[.key])
		   else null end) as $reasons
		| ($reasons | if . then .sent else null end) as $sent
		| (($reasons // {}) | to_entries | map(select(.key != "sent" and .value > 0))) as $lost
		| { name: $name, flows: $flows, threads: ($threads | length), size: $size,
		    seconds: ($seconds * 1000 | round / 1000),
		    packets: {offered: $offered, forwarded: $sent},
		    offered_pps: ($offered | pps($seconds)),
		    forwarded_pps: ($sent | if . then pps($seconds) else null end),
		    lost_pps: ({not_sent: $errors}
		      + (if $reasons then
		           {not_arrived: ([$offered - $errors - ([$reasons[]] | add), 0] | max)}
		         else {} end)
		      + ($lost | from_entries) | map_values(pps($seconds))),
		    threads_pps: [$threads[] | (.packets + .errors) / .us * 1e6 | round] }'
}

print_result() {
	jq -r '
		def column($n): tostring | (" " * ([$n - length, 0] | max)) + .;
		def words: {
		  not_sent: "the driver threw them away (errors of pktgen)",
		  not_arrived: "hairpin has not seen them: the wire, or its card" };
		"\(.name): \(.flows) flows, \(.threads) threads, \(.size) bytes, \(.seconds) s",
		"offered     \(.offered_pps | column(10)) packets/s  by thread: \(.threads_pps | join(" "))",
		if .forwarded_pps == null then "forwarded   unknown without --socket"
		else "forwarded   \(.forwarded_pps | column(10)) packets/s  \(
		  if .offered_pps > 0 then .forwarded_pps * 1000 / .offered_pps | round / 10 else 0 end)%"
		end,
		(.lost_pps | to_entries[] | select(.value > 0)
		 | "lost        \(.value | column(10)) packets/s  \(.key)\(words[.key] | if . then ": " + . else "" end)")
		' "$work/result"
}

judge() {
	[[ $socket ]] || return 0
	jq -e '.packets.offered == 0 or .packets.forwarded > 0
	       or ([.lost_pps | del(.not_sent, .not_arrived)[]] | add // 0) > 0' \
		"$work/result" >/dev/null ||
		die "no packet arrived at hairpin: is $mac the balancer's MAC, and $tx its wire?"
	jq -e '.packets.forwarded > 0' "$work/result" >/dev/null ||
		die "hairpin forwarded nothing: is there a UDP service on $vip port $port?"
}

run_here() {
	local thread made_flows=0
	check_options
	check_machine
	check_interface
	work=$(mktemp -d -t hairpin-pktgen.XXXXXX)
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	check_socket
	for ((thread = 0; thread < threads; thread++)); do
		configure_thread "$thread"
	done
	measure >"$work/result"
	if [[ $json ]]; then
		jq -s . "$work/result"
	else
		print_result
	fi
	judge
}

# --- in a virtual machine ---

run_vm() {
	check_loads
	exec "$here/../tests/vm/run.sh" --kernel "$kernel" --timeout $((2 * seconds + 150)) \
		"$here/pktgen.sh" --inside --build "$(realpath "$build")" --flows "$flows" \
		--threads "$threads" --seconds "$seconds" ${rate:+--rate "$rate"} ${json:+--json}
}

run_inside() {
	local address load
	export HAIRPIN_BUILD=$build
	# shellcheck source=bench/vm.sh
	source "$here/vm.sh"
	wires_begin
	make_wire hairpin
	start_balancer hairpin native
	wait_for_balancer hairpin
	load=(--tx wire --port 53 --flows "$flows" --threads "$threads" --seconds "$seconds"
		--socket "$(balancer_socket hairpin)" ${rate:+--rate "$rate"} ${json:+--json})
	for address in "$wire_vip4" "$wire_vip6"; do
		say "pktgen to $address for $seconds s"
		with_sysfs gen-hairpin "$here/pktgen.sh" --mac "$(mac_of lb-hairpin eth0)" \
			--vip "$address" "${load[@]}"
	done >"$lab_dir/results"
	if [[ $json ]]; then
		jq -s add "$lab_dir/results"
	else
		cat "$lab_dir/results"
		echo "The machine is emulated in software: the figures say nothing about speed."
	fi
}

parse_options "$@"
if [[ $inside ]]; then
	run_inside
elif [[ $vm ]]; then
	run_vm
else
	run_here
fi
