# shellcheck shell=bash disable=SC2154 # what net.sh sets
# SPDX-License-Identifier: GPL-2.0-only
#
# Streams of numbered datagrams through the balancer, counted at both ends. Sourced after net.sh.

stream_backends=(b1 b2)

start_receivers() { # ADDRESS PORT...
	local node
	for node in "${stream_backends[@]}"; do
		rm -f "$lab_dir/receiver-$node.log"
		spawn "receiver-$node" "$node" "$net_here/stream.py" receive "$@"
	done
	for node in "${stream_backends[@]}"; do
		wait_until 5 grep -q started "$lab_dir/receiver-$node.log"
	done
}

# One CPU sends all the time: packets of a sender who moves can overtake each other before they arrive.
start_stream() { # NAME ADDRESS PORT [OPTION...]
	rm -f "$lab_dir/$1.log"
	spawn "$1" client taskset -c 0 "$net_here/stream.py" send "${@:2}"
	wait_until 5 grep -q started "$lab_dir/$1.log"
}

streams_show() { # FILTER SENDER...: of jq, on the sums of both ends, which this ends
	local filter=$1 name result
	shift
	for name in "$@"; do stop "$name" || return 1; done
	sleep 0.5
	for name in "${stream_backends[@]}"; do stop "receiver-$name" || return 1; done
	for name in "$@" "${stream_backends[@]/#/receiver-}"; do
		tail -n 1 "$lab_dir/$name.log"
	done | jq -s '{ sent: map(.sent // 0) | add, received: map(.received // 0) | add,
		disordered: map(.disordered // 0) | add, twice: map(.twice // 0) | add,
		least: map(.received // empty) | min }' >"$lab_dir/result"
	result=$(tee /dev/stderr <"$lab_dir/result")
	jq -e "$filter and .sent > 1000 and .twice == 0 and .least > 0" <<<"$result"
}
