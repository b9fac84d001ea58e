#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# selftest.sh [KERNEL...]: tests run.sh with these kernels (default: 6.1 6.12); prints TAP.

set -uo pipefail

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
modules="ipip ip6_tunnel fou fou6 ip_gre vxlan ip_vs ip_vs_mh pktgen veth nf_tables 8021q bonding
	dummy"
count=0
failed=0
work= # temporary, the current directory
cache=
kernel=
busybox=

# check NAME COMMAND...: COMMAND succeeds.
check() {
	local name=$1 result=ok output
	shift
	count=$((count + 1))
	if ! output=$("$@" 2>&1); then
		result="not ok"
		failed=$((failed + 1))
	fi
	echo "$result $count - $name"
	[[ $result == ok || -z $output ]] || echo "# ${output//$'\n'/$'\n# '}"
}

vm() {
	"$here/run.sh" --kernel "$kernel" "$@"
}

# expect STATUS COMMAND...: its output is left in $work/out and $work/err.
expect() {
	local wanted=$1 status=0
	shift
	"$@" >"$work/out" 2>"$work/err" || status=$?
	[[ $status == "$wanted" ]] && return
	echo "exit status $status, expected $wanted"
	cat "$work/out" "$work/err"
	return 1
}

# --- inside: one "ok" or "not ok" line for each check, numbered by the host

peer_can_ping() {
	ip netns exec peer "$busybox" ping -q -c 1 -W 2 10.9.9.1
}

connect_peer() {
	ip netns add peer &&
		ip link add left type veth peer name right netns peer &&
		ip address add 10.9.9.1/24 dev left &&
		ip link set left up &&
		ip -n peer address add 10.9.9.2/24 dev right &&
		ip -n peer link set right up &&
		peer_can_ping
}

drop_with_xdp() {
	connect_peer || return 1
	ip link set dev left xdpdrv obj drop.o sec xdp || return 1
	ip link show left | grep prog/xdp || return 1
	! peer_can_ping || return 1
	ip link set dev left xdpdrv off && peer_can_ping
}

change_files() {
	echo changed >file && [[ $(cat file) == changed ]] && touch /tmp/written-by-selftest
}

# Even after a remount this must be refused by qemu.
change_modules() {
	local directory
	directory=/lib/modules/$(uname -r)
	mount -o remount,rw "$directory"
	! touch "$directory/written-by-selftest"
}

# inside KERNEL DIRECTORY BUSYBOX
inside() {
	local module mount
	busybox=$3
	check "the kernel is $1" grep -q "^$1[.]" /proc/sys/kernel/osrelease
	check "the current directory is the same" test "$PWD" = "$2"
	check "HP_VM is 1" test "$HP_VM" = 1
	check "it runs as root" test "$(id -u)" = 0
	check "stdin is empty" test -z "$(cat)"
	check "/dev/stderr can be written" bash -c 'echo >/dev/stderr'
	check "lo is up" "$busybox" ping -q -c 1 127.0.0.1
	check "the kernel has BTF" test -s /sys/kernel/btf/vmlinux
	for mount in /proc /sys /sys/fs/bpf /sys/fs/cgroup /sys/kernel/debug /sys/kernel/tracing \
		/dev /dev/pts /dev/shm /run; do
		check "$mount is mounted" mountpoint "$mount"
	done
	for module in $modules; do
		check "module $module loads" modprobe "$module"
	done
	check "a native XDP program on veth drops" drop_with_xdp
	check "files seem to change" change_files
	check "the host's modules cannot be changed" change_modules
	echo complete
}

# --- outside

run_inside() {
	local line
	expect 0 vm "$here/selftest.sh" --inside "$kernel" "$PWD" "$cache/$kernel/bin/busybox" ||
		sed 's/^/# /' "$work/err"
	while read -r line; do
		case $line in
		ok*)
			count=$((count + 1))
			echo "ok $count - $kernel: ${line#* - }" ;;
		not*)
			count=$((count + 1))
			failed=$((failed + 1))
			echo "not ok $count - $kernel: ${line#* - }" ;;
		"#"*)
			echo "$line" ;;
		esac
	done <"$work/out"
	check "$kernel: all checks inside were done" grep -qx complete "$work/out"
}

unchanged() {
	[[ $(cat file) == original ]] && [[ ! -e /tmp/written-by-selftest ]] &&
		[[ -z $(find "$cache" -name written-by-selftest) ]]
}

outputs_arrive() {
	expect 3 vm sh -c 'echo "to  stdout"; echo "to stderr" >&2; exit 3' &&
		[[ $(cat "$work/out") == "to  stdout" ]] && [[ $(cat "$work/err") == "to stderr" ]]
}

large_output() {
	expect 0 vm seq 200000 && seq 200000 | cmp - "$work/out"
}

stdin_is_left() {
	local line
	printf 'one\ntwo\n' | {
		expect 0 vm true
		read -r line && [[ $line == one ]]
	}
}

without_stdin() {
	expect 0 vm true <&-
}

leftovers() {
	expect 0 vm --timeout 60 sh -c 'sleep 600 & setsid sleep 600 & echo started' &&
		grep -qx started "$work/out"
}

times_out() {
	local start=$SECONDS
	expect 124 vm --timeout 4 sleep 600 && grep -q 'timeout: stopped after 4 s' "$work/err" &&
		((SECONDS - start < 12))
}

panics() {
	expect 125 vm --timeout 60 sh -c 'echo c >/proc/sysrq-trigger' &&
		grep -q 'the kernel panicked' "$work/err"
}

descendants() {
	local child
	for child in $(pgrep -P "$1"); do
		echo "$child"
		descendants "$child"
	done
}

# ends_by SIGNAL STATUS: run.sh, killed by SIGNAL, leaves nothing behind.
ends_by() {
	local signal=$1 status=0 vm processes process tries
	"$here/run.sh" --kernel "$kernel" --timeout 60 sh -c 'echo ready; sleep 600' \
		>"$work/out" 2>"$work/err" &
	vm=$!
	for ((tries = 0; tries < 300; tries++)); do
		! grep -q ready "$work/out" || break
		sleep 0.1
	done
	processes=$(descendants "$vm")
	grep -q qemu <<<"$(ps -o comm= -p "${processes//$'\n'/,}")" || return 1
	kill "-$signal" "$vm"
	wait "$vm" || status=$?
	for ((tries = 0; tries < 50; tries++)); do
		[[ -n $(ps -o pid= -p "${processes//$'\n'/,}") ]] || break
		sleep 0.1
	done
	for process in $processes; do
		! kill -0 "$process" 2>/dev/null || return 1
	done
	[[ $status == "$2" ]]
}

two_at_once() {
	local other status=0
	vm sh -c 'exit 4' &
	other=$!
	expect 5 vm sh -c 'exit 5' || return 1
	wait "$other" || status=$?
	[[ $status == 4 ]]
}

not_available() {
	expect 125 "$here/run.sh" --kernel 1.0 true &&
		grep -q 'kernel 1.0 is not available' "$work/err"
}

test_kernel() {
	kernel=$1
	echo original >file
	if ! "$here/kernel.sh" "$kernel" >/dev/null 2>"$work/err"; then
		count=$((count + 1))
		echo "ok $count - $kernel # SKIP $(tail -n 1 "$work/err")"
		return
	fi
	check "$kernel: output and exit status arrive" outputs_arrive
	run_inside
	check "$kernel: the host's files are not changed" unchanged
}

# What does not depend on the kernel.
test_script() {
	kernel=$1
	check "a missing command gives 127" expect 127 vm no-such-command
	check "a command killed by a signal gives 128 + signal" expect 137 vm sh -c 'kill -9 $$'
	check "large output arrives complete" large_output
	check "run.sh does not read stdin" stdin_is_left
	check "run.sh needs no stdin" without_stdin
	check "what a command leaves running does not hold up the end" leftovers
	check "a timeout gives 124" times_out
	check "a kernel panic gives 125" panics
	check "SIGTERM ends qemu too" ends_by TERM 143
	check "SIGKILL ends qemu too" ends_by KILL 137
	check "two runs at the same time" two_at_once
	check "an unknown kernel is reported" not_available
	check "a missing command line is reported" expect 125 "$here/run.sh"
}

main() {
	if [[ ${1-} == --inside ]]; then
		inside "${@:2}"
		exit
	fi
	if [[ $EUID != 0 ]]; then
		echo "1..0 # SKIP needs root"
		exit
	fi
	[[ $# -gt 0 ]] || set -- 6.1 6.12

	cache=$(realpath -m "${XDG_CACHE_HOME:-/var/cache}/hairpin-vm")
	work=$(mktemp -d /tmp/hairpin-selftest.XXXXXX)
	trap 'rm -rf "$work"' EXIT
	export TMPDIR=$work
	cd "$work" || exit 1
	echo '__attribute__((section("xdp"), used)) int drop(void *ctx) { return 1; }' |
		clang -O2 -g -target bpf -x c -c -o drop.o - || exit 1

	for kernel in "$@"; do
		test_kernel "$kernel"
	done
	test_script "$1"
	check "no temporary directory is left (but one, of SIGKILL)" \
		test "$(find "$work" -name 'hairpin-vm.*' | wc -l)" = 1
	echo "1..$count"
	[[ $failed == 0 ]]
}

main "$@"
