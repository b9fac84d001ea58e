#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# However a script that uses the lab ends, nothing of the lab is left; what kill -9 leaves is
# removed by the next run, and nothing else is.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"

run_inner() { # HOW: a script with a lab of its own, as full as they get
	lab_begin leftover
	make_router
	make_client
	make_balancer
	make_backend b1 11 "$vip4"
	serve_on b1
	write_catalog <<-END
		{ "version": 1,
		  "pools": { "web": { "backends": { "b1": { "address": "10.2.0.11" } } } },
		  "services": {
		    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "web" } } }
	END
	start_hairpind
	echo "${lab_pid[hairpind]} ${lab_pid[server-b1]}" >/run/hp-net/pids
	case $1 in
	fail) false ;;
	detach)
		stop_hairpind
		hairpind --detach
		;;
	wait) while true; do sleep 0.1; done ;;
	esac
}

if [[ ${1:-} == inner ]]; then
	run_inner "$2"
	exit 0
fi
net_begin

start_inner() { # HOW: as from a terminal, in a process group of its own, with SIGINT not ignored
	rm -f "$lab_dir/pids"
	setsid env --default-signal=INT,TERM "$0" inner "$1" >"$lab_dir/inner.log" 2>&1 {lab_lock}>&- &
	inner=$!
}

end_inner() { # returns its exit status
	wait "$inner" 2>/dev/null
}

processes_are_gone() {
	local pid
	for pid in $(<"$lab_dir/pids"); do
		[[ ! -e /proc/$pid ]] || return 1
	done
}

nothing_is_left() {
	ls -d /run/hp-leftover /sys/fs/bpf/hp-leftover /run/netns/hp-leftover-* && return 1
	wait_until 5 processes_are_gone
}

everything_is_there() {
	ls -d /run/hp-leftover /sys/fs/bpf/hp-leftover/lb /run/netns/hp-leftover-lb && not processes_are_gone
}

make_node bystander # of another lab: it must stay

start_inner well
it "a script that uses the lab ends well" end_inner
it "and leaves nothing" nothing_is_left
start_inner detach
it "one that detaches hairpind ends well" end_inner
it "and leaves nothing" nothing_is_left
start_inner fail
it "one that fails tells so" not end_inner
it "and leaves nothing" nothing_is_left

for signal in INT TERM; do
	start_inner wait
	wait_until 10 test -s "$lab_dir/pids"
	it "before SIG$signal everything is there" everything_is_there
	kill -s "$signal" -- "-$inner"
	it "SIG$signal ends it with a failure" not end_inner
	it "and it leaves nothing" nothing_is_left
done

start_inner wait
wait_until 10 test -s "$lab_dir/pids"
kill -s KILL "$inner"
end_inner || true
it "SIGKILL leaves everything" everything_is_there
cp "$lab_dir/pids" "$lab_dir/killed"
start_inner well
it "the next run ends well" end_inner
cat "$lab_dir/killed" >>"$lab_dir/pids"
it "and nothing of both is left" nothing_is_left
it "another lab's node is still there" in_node bystander true
net_done
