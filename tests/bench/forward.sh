#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench/forward finds what is wrong: faults are planted into frames that hairpind made right. Says
# nothing about speed.

set -euo pipefail
build=${HAIRPIN_BUILD:?}
points=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

if ((EUID)); then
	echo "1..0 # SKIP network namespaces and XDP need root"
	exit 0
fi

forward() { # STATUS OPTION...: its results in $dir/out
	local status=0
	"$build/bench/forward" --hairpind "$build/lb/hairpind" --rounds 1 --cycles 1 --verify 40000 "${@:2}" \
		>"$dir/out" 2>"$dir/err" || status=$?
	((status == $1)) && return
	echo "# exit status $status of forward ${*:2}"
	sed 's/^/# /' "$dir/err"
	return 1
}

results() { # JQ-EXPRESSION: holds for each of them
	jq -e "length > 0 and all(.[]; $1)" "$dir/out" >/dev/null && return
	sed 's/^/# /' "$dir/out"
	return 1
}

it() { # SENTENCE COMMAND...
	points=$((points + 1))
	if "${@:2}"; then
		echo "ok $points - $1"
	else
		echo "not ok $points - $1"
	fi
}

# 40,000 frames are looked at twice, and each 997th of them has the fault.
finds() { # FAULT KIND MIX...
	local IFS=,
	forward 1 --plant "$1" --only "${*:3}" &&
		results ".verified == 79920 and .faults_by_kind.$2 == 80 and .faults == 80"
}

finds_backend() { # MIX LEAST: a flow that was first seen with the fault is also wrong without it
	forward 1 --plant backend --only "$1" &&
		results ".faults_by_kind.backend >= $2 and .faults == .faults_by_kind.backend"
}

right() {
	forward 0 --only tcp4-1k,tcp6-1m,udp4-1m,udp6-1m,syn4-flood,services-500 &&
		results ".verified == 80000 and .faults == 0 and .lost == 0"
}

features_right() {
	local mixes=encap-gue,encap-gre,encap-vxlan,encap-none,encap-gue6,encap-gre6,encap-vxlan6
	forward 0 --only "$mixes,vlan-in,redirect,fragments,quic,icmp-echo" &&
		results ".verified == 80000 and .faults == 0 and .lost == 0"
}

spread_right() {
	(($(nproc) > 1)) || return 0
	forward 0 --only cpumap-1,cpumap-2 &&
		results ".verified == 80000 and .faults == 0 and .lost == 0"
}

passes() {
	forward 0 --only pass-through,spread-local && results ".verified == 10000 and .faults == 0"
}

says_why() {
	local status=0
	"$build/bench/forward" --hairpind /bin/false --only tcp4-1 >"$dir/out" 2>"$dir/err" ||
		status=$?
	((status == 1)) && grep -q 'hairpind exited' "$dir/err"
}

leaves_nothing() {
	[[ ! -e /run/netns/hp-bench && ! -e /run/hp-bench && ! -e /sys/fs/bpf/hp-bench ]]
}

it "frames that hairpin made are right" right
it "frames of every encapsulation and every other feature are right" features_right
it "frames that other CPUs worked on are right" spread_right
it "frames for no service are passed as they are, or handed to another CPU" passes
it "a wrong checksum of the outer header is found" finds checksum outer tcp4-1k syn4-flood encap-vxlan
it "a wrong length of the outer packet is found" finds length outer tcp4-1k tcp6-1m encap-gue6 redirect
it "a changed inner packet is found" finds inner inner \
	tcp4-1k udp4-1m tcp6-1m udp6-1m encap-vxlan encap-none fragments icmp-echo
it "a flow that changes its backend is found" finds_backend tcp4-1k 80
it "a new flow whose second packet goes elsewhere is found" finds_backend syn4-flood 80
it "a QUIC packet that its connection id does not lead is found" finds_backend quic 80
it "a flow whose MAC address is another backend's is found" finds_backend encap-none 1
it "an IPv6 flow that changes its backend is found" finds_backend tcp6-1m 1
it "a hairpind that does not start is told" says_why
it "nothing is left behind" leaves_nothing
echo "1..$points"
