#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The outward form of all files, in TAP.
set -euo pipefail
cd "$(dirname "$0")/.."

point=0
mapfile -t c_files < <(find bpf bench ctl examples lb tests -name '*.[ch]' | sort)
mapfile -t shell_files < <(grep -rlE '^(#!/bin/(ba)?sh|# shellcheck shell=)' bench examples tests .ci | sort)
mapfile -t sources < <(find bpf bench ctl examples lb tests \
	\( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name meson.build \) | sort)

it() { # SENTENCE TOOL COMMAND...
	point=$((point + 1))
	if ! command -v "$2" >/dev/null; then
		echo "ok $point - $1 # SKIP $2 is not installed"
	elif output=$("${@:3}" 2>&1); then
		echo "ok $point - $1"
	else
		echo "not ok $point - $1"
		head -n 40 <<<"$output" | sed 's/^/# /'
	fi
}

licensed() {
	! grep -L SPDX-License-Identifier "${sources[@]}" | grep .
}

it "C files are as clang-format writes them" clang-format \
	clang-format --dry-run -Werror "${c_files[@]}"
it "shellcheck has no complaint" shellcheck shellcheck -x "${shell_files[@]}"
it "every source file names its licence" grep licensed
echo "1..$point"
