#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# suite.sh [--kernel VERSION]... [--build DIR]: what needs a kernel with all of XDP and tunnels, on
# Debian's 6.1 and 6.12 (default: both), each in one virtual machine; prints TAP.

set -euo pipefail

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
build=${HAIRPIN_BUILD:-$here/../../build}
kernels=()
points=0
failed=0
work= # temporary

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

is_complete() { # the plan is there, and as many points
	local plan
	plan=$(grep -E '^1\.\.[0-9]+$' "$work/out") || return 1
	[[ $(grep -cE '^(not )?ok ' "$work/out") == "${plan#1..}" ]]
}

run_kernel() { # KERNEL
	local status=0
	"$here/run.sh" --kernel "$1" --timeout 400 "$here/inside.sh" "$build" \
		>"$work/out" 2>"$work/err" || status=$?
	renumber "$1" <"$work/out"
	if is_complete && [[ $status == 0 ]]; then
		point ok "$1: the machine ran to its end"
	else
		point "not ok" "$1: the machine ran to its end"
		echo "# exit status $status"
		tail -n 40 "$work/err" | sed 's/^/# /'
	fi
}

install_packages() { # for xdp-filter and xdp-loader
	[[ -z $(type -P xdp-loader) ]] || return 0
	apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends xdp-tools >&2 || true
}

main() {
	local kernel start
	parse_options "$@"
	if ((EUID)); then
		echo "1..0 # SKIP needs root"
		exit
	fi
	build=$(realpath "$build")
	work=$(mktemp -d -t hairpin-suite.XXXXXX)
	trap 'rm -rf "$work"' EXIT
	install_packages
	for kernel in "${kernels[@]}"; do
		if "$here/kernel.sh" "$kernel" >/dev/null 2>"$work/err"; then
			start=$SECONDS
			run_kernel "$kernel"
			echo "# $kernel: $((SECONDS - start)) s"
		else
			point ok "kernel $kernel # SKIP $(tail -n 1 "$work/err")"
		fi
	done
	echo "1..$points"
	((failed == 0))
}

main "$@"
