#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A backend is taken out of service: what status, flows and drain --wait tell, and that they are right.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

port=7000
program=$lab_build/tests/net/connections

make_router
make_client
make_balancer
for number in 1 2 3; do
	make_backend "b$number" "1$number" "$vip4"
	spawn "server-b$number" "b$number" "$program" serve "$port" "$number"
done
write_catalog <<END
{ "version": 1, "seed": "drain",
  "pools": { "web": { "idle_timeout_s": 3, "udp_hold_s": 1, "backends": {
    "b1": { "address": "10.2.0.11" }, "b2": { "address": "10.2.0.12" } } } },
  "services": {
    "www": { "address": "$vip4", "protocol": "tcp", "port": $port, "pool": "web" } } }
END
start_hairpind
for number in 1 2 3; do
	wait_until 10 grep -q ready "$lab_dir/server-b$number.log"
done
wait_until 5 all_resolved

hold() { # NAME COUNT
	spawn "$1" client "$program" hold "$vip4" "$port" "$2" 500
	wait_until 20 grep -q open "$lab_dir/$1.log"
}

none_broke() { # NAME
	stop "$1" || true
	tail -n 1 "$lab_dir/$1.log" | tee /dev/stderr | jq -e '.broken == 0'
}

moves() { # FILTER: of jq, on what moves
	status ".motion | $1"
}

trace() {
	hairpinctl trace tcp 10.1.0.2:4711 "$vip4:$port" "$@"
}

it "nothing moves at first" is "0 0" moves '"\(.pools | length) \(.leaving | length)"'
it "and a slot that has not moved says so" is false eval "hairpinctl trace tcp 10.1.0.2:4711 \
	$vip4:$port --json | jq .moved"
hold old 200
it "a backend is drained, and old flows still go there" \
	says "slots lead old flows to it; it can be taken away in" hairpinctl backend drain web b1
it "status tells so" says "pool web is in motion: " hairpinctl status
it "half of the slots, more or less, lead old flows there" test "$(backend b1 .old_slots)" -gt 25000
it "it is not left" is false backend b1 .left
it "waiting for it ends without it" refuses 1 "old flows still go there" \
	hairpinctl backend drain web b1 --wait --timeout 2
asked() { # packets that looked for their flow
	hairpinctl stats --json | jq .flows.asked
}
it "no packet of the old flows looks for a stored one" is 0 asked
hold new 200
it "packets of new ones do" test "$(asked)" -gt 0
it "no new flow went to it" eval "trace --syn | grep -q 'backend b2'"
it "the new ones are stored" test "$(hairpinctl flows list --json | jq .established)" -ge 90
it "on the other backend" is '["b2"]' eval "hairpinctl flows list --pool web --json |
	jq -c '[.flows[].backend] | unique'"
it "the first thousand at most are listed" says "established, " hairpinctl flows list
it "none of the old connections broke" none_broke old
it "when they are gone, waiting ends" \
	says "it can be taken away" hairpinctl backend drain web b1 --wait --timeout 20
it "and it is left" is true backend b1 .left
it "it is removed" hairpinctl backend remove web b1
it "and gone at once" is 0 moves '.leaving | length'
wait_until 15 is 0 moves '.pools | length'
it "nothing moves any more" is 0 moves '.pools | length'
it "and no flow is remembered" is 0 eval "hairpinctl flows list --json | jq '.established + .half_open'"
it "none of the new connections broke" none_broke new

# --- removed without a drain: it drains all the same ---
hairpinctl backend add web b3 10.2.0.13 >/dev/null
wait_until 5 all_resolved
hold removed 200
it "a backend with connections is removed" hairpinctl backend remove web b2
it "status tells that old flows still go there" \
	says "backend web/b2 (10.2.0.12) was removed; old flows still go there" hairpinctl status
sleep 2
it "hairpind is killed" eval "stop_hairpind KILL || true; start_hairpind"
it "the next one knows" is '["b2"]' moves '[.leaving[].name] | tostring'
sleep 3
it "and flushing stored flows is counted" says "flows forgotten" hairpinctl flows flush
it "none of the connections broke" none_broke removed
wait_until 15 is 0 moves '.leaving | length'
it "then it is gone" is 0 moves '.leaving | length'

# --- down: at once ---
hairpinctl backend add web b1 10.2.0.11 >/dev/null
wait_until 5 all_resolved
hold down 100
it "a backend that is down is left at once" eval "hairpinctl backend down web b1 && [[ \
	\$(backend b1 .left) == true ]]"
it "its connections break" eval "sleep 1; stop down || true; tail -n 1 $lab_dir/down.log |
	jq -e '.broken > 0'"
net_done
