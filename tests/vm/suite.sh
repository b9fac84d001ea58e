#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# suite.sh [--kernel VERSION]... [--build DIR]: what needs a kernel with all of XDP and tunnels, on
# Debian's 6.1 and 6.12 (default: both), each in one virtual machine, at the same time; prints TAP.

set -euo pipefail

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
build=${HAIRPIN_BUILD:-$here/../../build}
kernels=()
points=0
failed=0
work= # temporary
declare -A machines=() # the process of each kernel's

parse_options() {
	while (($#)); do
		case $1 in
		--kernel) kernels+=("${2:?}") ;;
		--build) build=${2:?} ;;
		*)
			echo "usage: suite.sh [--kernel VERSION]... [--build DIR]" >&2
			exit 2 ;;
		esac
		shift 2
	done
	((${#kernels[@]})) || kernels=(6.1 6.12)
}

point() { # RESULT TEXT
	points=$((points + 1))
	[[ $1 == ok ]] || failed=$((failed + 1))
	echo "$1 $points - $2"
}

# The points inside have numbers of their own; what is not TAP is shown as a comment.
renumber() { # KERNEL
	local line
	while IFS= read -r line; do
		case $line in
		"ok "*) point ok "$1: ${line#* - }" ;;
		"not ok "*) point "not ok" "$1: ${line#* - }" ;;
		1..*) ;;
		"# "*) echo "$line" ;;
		*) echo "# $line" ;;
		esac
	done
}

is_complete() { # OUTPUT: the plan is there, and as many points
	local plan
	plan=$(grep -E '^1\.\.[0-9]+$' "$1") || return 1
	[[ $(grep -cE '^(not )?ok ' "$1") == "${plan#1..}" ]]
}

start_kernel() { # KERNEL
	mkdir "$work/$1"
	"$here/kernel.sh" "$1" >/dev/null 2>"$work/$1/missing" || return 0
	"$here/run.sh" --kernel "$1" --timeout 900 "$here/inside.sh" "$build" \
		>"$work/$1/out" 2>"$work/$1/err" &
	machines[$1]=$!
}

wait_for_kernel() { # KERNEL: the exit status of its machine
	local status=0
	wait "${machines[$1]}" || status=$?
	unset "machines[$1]"
	return "$status"
}

# QEMU, emulating two CPUs on two threads, can lose track when the guest's kernel patches its own code: seen
# was int3, which is there for a moment when a static key changes, as a panic in inet6_ehashfn() of 6.12,
# once in some ten runs. Once more, then; what panics for another reason does so again.
again_after_panic() { # KERNEL
	grep -q 'the kernel panicked' "$work/$1/err" || return 1
	echo "# $1: the kernel panicked; once more. It said:"
	tail -n 60 "$work/$1/err" | sed 's/^/# /'
	rm -r "${work:?}/$1"
	start_kernel "$1"
}

finish_kernel() { # KERNEL: shows its points
	local directory=$work/$1 status=0
	if [[ ! ${machines[$1]-} ]]; then
		point ok "kernel $1 # SKIP $(tail -n 1 "$directory/missing")"
		return
	fi
	wait_for_kernel "$1" || status=$?
	if ((status)) && again_after_panic "$1"; then
		status=0
		wait_for_kernel "$1" || status=$?
	fi
	renumber "$1" <"$directory/out"
	if is_complete "$directory/out" && ((status == 0)); then
		point ok "$1: the machine ran to its end"
	else
		point "not ok" "$1: the machine ran to its end"
		echo "# exit status $status"
		tail -n 40 "$directory/err" | sed 's/^/# /'
	fi
	echo "# $1: done after $SECONDS s"
}

# shellcheck disable=SC2317 # called by the trap
clean_up() {
	((!${#machines[@]})) || kill "${machines[@]}" 2>/dev/null || true
	wait
	rm -rf "$work"
}

main() {
	local kernel
	parse_options "$@"
	if ((EUID)); then
		echo "1..0 # SKIP needs root"
		exit
	fi
	build=$(realpath "$build")
	work=$(mktemp -d -t hairpin-suite.XXXXXX)
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	for kernel in "${kernels[@]}"; do
		start_kernel "$kernel"
	done
	for kernel in "${kernels[@]}"; do
		finish_kernel "$kernel"
	done
	echo "1..$points"
	((failed == 0))
}

main "$@"
