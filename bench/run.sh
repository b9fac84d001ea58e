#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the benchmarks that this machine can run, and writes a file of results for each, plots, and
# one report. Each prints its results as JSON on stdout and its progress on stderr.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=examples/packages.sh
source "$here/../examples/packages.sh"

usage="usage: bench/run.sh [--quick] [--only NAME,...] [--out DIR]

  --quick          fewer and shorter rounds, fewer mixes; below 3 minutes
  --only NAME,...  of: forward scaling table control pktgen ipvs
                   (pktgen and ipvs take a virtual machine, and are left out by --quick)
  --out DIR        default bench/out"

build=$(dirname "$here")/build-bench
out=$here/out
quick=''
only=''
failed=''
written=()

misused() {
	printf '%s\n' "run.sh: $1" "$usage" >&2
	exit 2
}

parse_options() {
	while (($#)); do
		case $1 in
		--quick)
			quick=1
			;;
		--only | --out)
			(($# > 1)) || misused "$1 needs a value"
			if [[ $1 == --only ]]; then only=$2; else out=$2; fi
			shift
			;;
		--help)
			echo "$usage"
			exit 0
			;;
		*)
			misused "not an option: $1"
			;;
		esac
		shift
	done
}

build_release() {
	packages_install build bench >&2
	[[ -e $build/build.ninja ]] ||
		meson setup --buildtype=release -Dtests=false "$build" "$here/.." >/dev/null
	ninja -C "$build" >/dev/null || {
		ninja -C "$build" >&2
		exit 1
	}
}

measure() { # NAME COMMAND...: writes its file; one that fails does not stop the others
	local name=$1 status=0 command
	shift
	if [[ ! -x $1 ]]; then
		echo "== $name: left out, there is no $1" >&2
		[[ ! $only ]] || failed+=" $name"
		return
	fi
	command="$*"
	command=${command//"$build"/build-bench}
	command=${command//"$here"/bench}
	echo "== $name: $command" >&2
	"$@" >"$out/$name.results" || status=$?
	if [[ ! -s $out/$name.results ]]; then
		((status)) || status=1
	elif /usr/bin/python3 "$here/result.py" wrap "$name" "$command" <"$out/$name.results" \
		>"$out/$name.json" && /usr/bin/python3 "$here/result.py" check "$out/$name.json"; then
		written+=("$out/$name.json")
	else
		status=1
	fi
	rm -f "$out/$name.results"
	((status == 0)) || failed+=" $name"
}

measure_by_name() { # NAME
	local forward=("$build/bench/forward" --hairpind "$build/lb/hairpind")
	local short=(--rounds 3 --cycles 4 --verify 200000 --only)
	case $1 in
	forward)
		measure forward "${forward[@]}" ${quick:+"${short[@]}"} \
			${quick:+tcp4-1,tcp4-1m,tcp6-1m,udp4-1m,syn4-flood,services-500,pass-through,encap-gue,redirect,cpumap-2}
		;;
	scaling)
		measure scaling "${forward[@]}" --scaling ${quick:+"${short[@]}"} \
			${quick:+flows-1,flows-1000000,services-1,services-4000,backends-1,backends-1000,pools-1,pools-100}
		;;
	table)
		measure table "$build/bench/table" ${quick:+--quick}
		;;
	control)
		measure control "$build/bench/control" "$build/lb/hairpind" ${quick:+--quick}
		;;
	pktgen | ipvs)
		measure "$1" "$here/$1.sh" --vm --json --build "$build"
		;;
	*)
		misused "no such benchmark: $1"
		;;
	esac
}

parse_options "$@"
((EUID == 0)) || misused "it makes network namespaces and loads XDP programs: run it as root"
build_release
mkdir -p "$out"
out=$(cd "$out" && pwd)
names=(forward scaling table control)
[[ $quick ]] || names+=(pktgen ipvs)
[[ ! $only ]] || IFS=, read -ra names <<<"$only"
for name in "${names[@]}"; do
	measure_by_name "$name"
done
((${#written[@]})) || exit 1
/usr/bin/python3 "$here/report.py" "$out" "${written[@]}"
for kind in png svg; do
	(cd "$out" && gnuplot -e "kind = '$kind'" "$here/plots.gp")
done
rm -rf "$out/data"
echo "report: $out/report.md" >&2
if [[ $failed ]]; then
	echo "run.sh: failed:$failed" >&2
	exit 1
fi
