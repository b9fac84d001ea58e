#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs, builds, runs the tests. The last line is: N passed, N failed, N skipped
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=examples/packages.sh
source examples/packages.sh

usage="usage: tests/run.sh [--quick] [--no-vm] [SUITE...]

  style    clang-format, shellcheck, licences
  tidy     clang-tidy
  unit     modules, under ASan and UBSan
  fuzz     parsers with random input, under ASan and UBSan
  packet   the BPF program, whole frames (root)
  net      daemon and tool, built with ASan and UBSan, between real clients and servers (root)
  bench    that the benchmarks run, fit their schema, and find planted faults (root)
  vm       under two Debian kernels in qemu, which it downloads; no KVM is needed (root)
  vm-self  tests/vm/run.sh, which starts them; runs only if named

  --quick  only style, unit and fuzz
  --no-vm  not the vm suite, even if named; the end of the output says so

Without root the suites that need it are skipped, and nothing is installed. With CI=true in the
environment a skipped test is a failure."

suites=()
vm=yes
vm_pid= # of the suite that runs beside another one
vm_start=0
passed=0 failed=0 skipped=0

parse_arguments() {
	while (($#)); do
		case $1 in
		--quick) suites+=(style unit fuzz) ;;
		--no-vm) vm= ;;
		--help)
			echo "$usage"
			exit 0
			;;
		style | tidy | unit | fuzz | packet | net | bench | vm | vm-self) suites+=("$1") ;;
		*)
			echo "$usage" >&2
			exit 2
			;;
		esac
		shift
	done
	((${#suites[@]})) || suites=(style tidy unit fuzz packet net vm bench)
	[[ $vm ]] || leave_vm_out
}

leave_vm_out() {
	local suite
	local -a others=()
	for suite in "${suites[@]}"; do
		[[ $suite == vm* ]] || others+=("$suite")
	done
	suites=("${others[@]}")
}

install() {
	if ((EUID)); then
		echo "not root: packages are taken as they are, and tests that need root are skipped"
	else
		packages_install build lab test bench
		[[ " ${suites[*]} " != *" vm"* ]] || packages_install vm
	fi
}

build() { # DIRECTORY MESON_OPTION...
	local log do=setup
	log=$(mktemp)
	[[ ! -f $1/build.ninja ]] || do=configure
	if meson "$do" "$@" >"$log" && ninja -C "$1" >>"$log"; then
		echo "built $1/"
	else
		tail -n 60 "$log" >&2
		echo "the build in $1/ failed" >&2
		failed=1
	fi
	rm "$log"
	((failed == 0))
}

directory_of() { # SUITE: the BPF program is the same in both, and packet is faster without ASan
	case $1 in
	packet | tidy | bench) echo build ;;
	*) echo build-asan ;;
	esac
}

run_suite() { # SUITE
	local directory log
	directory=$(directory_of "$1")
	log=$directory/meson-logs/$1.json
	rm -f "$log"
	printf '\n%s\n' "$1"
	meson test -C "$directory" --no-rebuild --suite "$1" --logbase "$1" >/dev/null 2>&1 || true
	if [[ -s $log ]]; then
		count "$log"
	else
		echo "  no test has run"
		failed=$((failed + 1))
	fi
}

count() { # LOG
	local output
	output=$(tests/count.py "$1" "$passed" "$failed" "$skipped")
	sed '$d' <<<"$output"
	read -r passed failed skipped <<<"${output##*$'\n'}"
}

# The virtual machines need the CPUs, and most of the net suite waits: they run beside it, and step back
# whenever it wants a CPU.
start_vm() {
	vm_start=$SECONDS
	nice -n 19 tests/vm/suite.sh --build build >build/meson-logs/vm.out 2>&1 &
	vm_pid=$!
}

stop_vm() {
	[[ -z $vm_pid ]] || kill "$vm_pid" 2>/dev/null || true
}

finish_vm() {
	local status=0
	[[ $vm_pid ]] || start_vm
	printf '\nvm\n'
	wait "$vm_pid" || status=$?
	vm_pid=
	count_vm vm suite "$status" "$((SECONDS - vm_start))"
}

count_vm() { # SUITE NAME STATUS SECONDS
	jq -n --arg name "$2" --rawfile out "build/meson-logs/$1.out" --argjson status "$3" \
		--argjson duration "$4" -c '{ name: $name, stdout: $out, duration: $duration,
		returncode: $status, result: (if $status == 0 then "OK" else "FAIL" end) }' \
		>"build/meson-logs/$1.json"
	count "build/meson-logs/$1.json"
}

run_vm_self() {
	local start=$SECONDS status=0
	printf '\nvm-self\n'
	tests/vm/selftest.sh >build/meson-logs/vm-self.out 2>&1 || status=$?
	count_vm vm-self selftest "$status" "$((SECONDS - start))"
}

parse_arguments "$@"
install
build build -Dwerror=true
build build-asan -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false
trap stop_vm EXIT
for suite in "${suites[@]}"; do
	case $suite in
	net)
		[[ " ${suites[*]} " != *" vm "* ]] || start_vm
		run_suite net
		;;
	vm) finish_vm ;;
	vm-self) run_vm_self ;;
	*) run_suite "$suite" ;;
	esac
done
echo
if [[ ${CI:-} == true ]] && ((skipped)); then
	echo "CI has all rights, so that nothing may be skipped"
	failed=$((failed + skipped)) skipped=0
fi
[[ $vm ]] || echo "--no-vm: nothing was tested under other kernels than this one"
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
