#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# 10,000 open connections, each of which sends a byte and gets an answer every few seconds, while
# backends are added, weighted, drained, removed and moved back and forth, tables and pools change, and
# hairpind is killed. None may break; with tracking "none" some do, so that the test can fail.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

count=${HAIRPIN_CONNECTIONS:-10000}
period_ms=3000
port=7000
program=$lab_build/tests/net/connections

make_router
make_client
# A reset must not leave so many ports behind that the next ones find none.
in_node client sysctl -qw net.ipv4.ip_local_port_range="10000 65000"
make_balancer
for number in 1 2 3 4 5 6; do
	make_backend "b$number" "1$number" "$vip4" "$vip6"
	in_node "b$number" sysctl -qw net.core.somaxconn=8192 net.ipv4.tcp_syncookies=0 \
		net.ipv4.tcp_max_syn_backlog=8192
	spawn "server-b$number" "b$number" "$program" serve "$port" "$number"
done

catalog_with() { # TRACKING
	write_catalog <<-END
		{ "version": 1, "seed": "connections",
		  "pools": { "web": { "tracking": "$1", "idle_timeout_s": 60, "backends": {
		      "b1": { "address": "10.2.0.11" }, "b2": { "address": "10.2.0.12" },
		      "b3": { "address": "fd02::13" }, "b4": { "address": "10.2.0.14" } } } },
		  "services": {
		    "www": { "address": "$vip4", "protocol": "tcp", "port": $port, "pool": "web" },
		    "www6": { "address": "$vip6", "protocol": "tcp", "port": $port, "pool": "web" } } }
	END
}

hold() { # NAME ADDRESS COUNT: opens them
	spawn "$1" client "$program" hold "$2" "$port" "$3" "$period_ms"
	wait_until 60 grep -q open "$lab_dir/$1.log"
}

held() { # NAME FILTER: ends it; FILTER, of jq, is true of what it tells
	local line
	stop "$1" || true
	line=$(tail -n 1 "$lab_dir/$1.log")
	rm "$lab_dir/$1.log"
	echo "$line"
	jq -e "$2" <<<"$line"
}

change() { # HAIRPINCTL_ARGUMENT...
	hairpinctl "$@" >/dev/null
}

edit() { # FILTER: of jq, on the catalog
	jq "$1" "$lab_catalog" >"$lab_dir/edited.json"
	change catalog apply "$lab_dir/edited.json"
}

# 50 changes in a row, a few of each kind; none takes a server down that has connections.
many_changes() {
	local round
	for round in 1 2 3 4 5; do
		change backend add web b5 10.2.0.15 --weight $((50 + 50 * round))
		sleep 0.2
		change backend weight web b1 $((30 * round))
		change backend drain web b2
		sleep 0.2
		change backend weight web b3 $((200 - 30 * round))
		change backend up web b2
		change backend drain web b5
		sleep 0.2
		change backend add web b6 fd02::16
		change backend remove web b5
		change backend drain web b4
		sleep 0.2
		change backend remove web b6
		change backend up web b4
	done
}

# What moves all slots at once.
large_changes() {
	edit '.pools.web.table_size = 16381'
	sleep 1
	edit '.seed = "another"'
	sleep 0.5
	edit '.pools.web.table = "maglev"'
	sleep 0.5
	edit '.pools.other = (.pools.web | .backends |= with_entries(.key |= "o" + .))'
	edit '.services.www.pool = "other" | .services.www6.affinity = "client"'
	sleep 1
	change backend drain other ob1
	edit '.services.www.pool = "web" | .services.www6.affinity = "flow"'
	edit 'del(.pools.other)'
	sleep 0.5
}

tracking_changes() {
	local tracking
	for tracking in all moved none moved; do
		edit ".pools.web.tracking = \"$tracking\""
		sleep 0.3
	done
}

kill_often() { # 20 times, at random points of changes
	local changes
	for _ in {1..20}; do
		change backend weight web b1 $((RANDOM % 200 + 1)) 2>/dev/null &
		changes=$!
		sleep "0.0$((RANDOM % 10))"
		stop_hairpind KILL || true
		wait "$changes" || true
		start_hairpind
	done
	wait_until 5 all_resolved
}

upgrade() { # in the middle of a change, from a hairpind of layout 2
	change backend weight web b1 77
	stop_hairpind KILL || true
	"$lab_build/tests/net/old_layout" "$lab_pins/lb"
	start_hairpind
	grep -q "took over the maps of layout 2" "$lab_dir/hairpind.log"
	wait_until 5 all_resolved
}

flooded() { # COMMAND: while SYNs of random sources come as fast as this machine can send them
	local mac sent
	mac=$(ip -n "hp-$lab-router" -j link show to-client | jq -r '.[].address')
	spawn flood client "$program" flood eth0 "$mac" "$vip4" "$port"
	"$1"
	stop flood || true
	tail -n 1 "$lab_dir/flood.log"
	sent=$(tail -n 1 "$lab_dir/flood.log" | jq .sent)
	hairpinctl stats --json | jq -c .flows
	((sent > 100000))
}

none_broke() { # NAME COUNT
	held "$1" ".broken == 0 and .open == $2 and .answers > $2"
}

catalog_with moved
start_hairpind
for number in 1 2 3 4 5 6; do
	wait_until 10 grep -q ready "$lab_dir/server-b$number.log"
done
wait_until 5 all_resolved

hold v4 "$vip4" "$count"
hold v6 "$vip6" $((count / 10))
it "$count connections are open, and $((count / 10)) of IPv6" is true status .well
before=$(hairpinctl stats --json | jq '[.flows[]] | add')
sleep 1
it "while nothing has moved no packet looks for its flow" \
	is "$before" eval "hairpinctl stats --json | jq '[.flows[]] | add'"
it "55 changes of backends are made" many_changes
it "all slots move, several times" large_changes
hold late "$vip4" $((count / 10))
it "connections that begin while slots move are stored" \
	test "$(hairpinctl stats --json | jq .flows.promoted)" -gt $((count / 20))
it "a flood of SYNs comes while backends change" flooded many_changes
it "the pool tracks flows in other ways" tracking_changes
it "hairpind is killed 20 times while it changes slots" kill_often
it "hairpind is upgraded from another layout of its maps" upgrade
sleep $((period_ms * 2 / 1000))
it "none of the connections broke" none_broke v4 "$count"
it "none of IPv6 broke" none_broke v6 $((count / 10))
it "none broke of those that began while slots moved" none_broke late $((count / 10))

# --- others that may break, and do ---
edit '.pools.web.tracking = "all"'
hold all "$vip4" $((count / 5))
it "tracking all: backends change" many_changes
sleep $((period_ms * 2 / 1000))
it "tracking all: no connection broke" none_broke all $((count / 5))

# Anew: what is stored, and moved slots, would go on to count.
stop_hairpind || true
hairpind --detach
catalog_with none
start_hairpind
wait_until 5 all_resolved
hold none "$vip4" $((count / 5))
it "tracking none: backends change" many_changes
sleep $((period_ms * 2 / 1000))
it "tracking none: connections broke" held none ".broken > 0"
net_done
