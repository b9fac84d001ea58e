#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# bench/run.sh --quick runs through, and its files fit their schema. No figure is judged.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

((EUID == 0)) || {
	echo "1..0 # SKIP needs root"
	exit 0
}
echo 1..2
if bench/run.sh --quick --out "$out" >"$out/log" 2>&1; then
	echo "ok 1 - bench/run.sh --quick"
else
	echo "not ok 1 - bench/run.sh --quick"
	tail -n 40 "$out/log" | sed 's/^/# /'
fi
for name in forward scaling table control; do
	[[ -s $out/$name.json ]] || missing="${missing:-} $name"
done
if [[ -z ${missing:-} && -s $out/report.md ]]; then
	echo "ok 2 - every benchmark has left its results, and there is a report"
else
	echo "not ok 2 - every benchmark has left its results, and there is a report # without:${missing:-}"
fi
