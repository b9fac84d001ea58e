#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tidy.sh BUILD_DIRECTORY: clang-tidy on daemon and tool, as .clang-tidy says, in TAP.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v clang-tidy >/dev/null; then
	echo "1..0 # SKIP clang-tidy is not installed"
	exit 0
fi
if output=$(printf '%s\n' lb/*.c ctl/*.c |
	xargs -P "$(nproc)" -n 4 clang-tidy -p "$1" --quiet 2>/dev/null); then
	echo "ok 1 - clang-tidy has no complaint"
else
	echo "not ok 1 - clang-tidy has no complaint"
	head -n 60 <<<"$output" | sed 's/^/# /'
fi
echo "1..1"
