#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hairpind is killed after each single change of a map, and each fails, while a plan is applied. After
# each, every flow is where it was or where it is to be, and the next hairpind, or try, gets there.
# HAIRPIN_FAULTS_ALL=1: after really each, of more plans, and those of the timer (8 minutes; by default
# after every third, and after each of the plans that add a backend and give services another pool, and
# of a start with another catalog).
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

control=$lab_dir/faults
make_router
make_balancer
for number in 11 12 14 15 21 22; do
	ip -n "hp-$lab-lb" neigh replace "10.2.0.$number" lladdr "02:00:00:00:02:$number" \
		dev eth0 nud permanent
done
ip -n "hp-$lab-lb" neigh replace fd02::13 lladdr 02:00:00:00:02:13 dev eth0 nud permanent

first='{ "version": 1, "seed": "faults",
  "pools": {
    "web": { "table_size": 1021, "idle_timeout_s": 60, "backends": {
      "b1": { "address": "10.2.0.11" }, "b2": { "address": "10.2.0.12" },
      "b3": { "address": "fd02::13" }, "b4": { "address": "10.2.0.14" } } },
    "other": { "table_size": 251, "idle_timeout_s": 60, "backends": {
      "o1": { "address": "10.2.0.21" }, "o2": { "address": "10.2.0.22" } } } },
  "services": {
    "www": { "address": "203.0.113.10", "protocol": "tcp", "port": 80, "pool": "web" },
    "dns": { "address": "203.0.113.10", "protocol": "udp", "port": 53, "pool": "web" },
    "www6": { "address": "2001:db8::10", "protocol": "tcp", "port": 443, "pool": "web" },
    "ssh": { "address": "203.0.113.20", "protocol": "tcp", "port": 22, "pool": "other" } } }'

# --- catalogs, hairpind, flows ---

flows() {
	in_node lb "$lab_build/tests/net/faults_flows" eth0 "$@"
}

arm() { # AT [ERROR [LASTS]]: the operation at which something happens; 0: none
	"$lab_build/tests/net/faults_flows" arm "$control" "$@"
}

counted() { # operations since the last arm
	"$lab_build/tests/net/faults_flows" counted "$control"
}

spawn_faulty() { # with what is in the catalog's file
	spawn hairpind lb env HAIRPIN_FAULTS="$control" "$lab_build/tests/net/hairpind-faulty" \
		-i eth0 -c "$lab_catalog" --flows 20000 --pin "$lab_pins/lb" --socket "$lab_socket"
}

start_faulty() {
	spawn_faulty
	wait_until "$lab_patience" hairpind_answers || { cat "$lab_dir/hairpind.log" >&2; return 1; }
}

start_anew() { # CATALOG: nothing of before is left
	if [[ ${lab_pid[hairpind]:-} ]]; then
		stop_hairpind KILL || true
	fi
	hairpind --detach 2>/dev/null
	cp "$1" "$lab_catalog"
	arm 0
	start_faulty
}

variant() { # NAME FILTER [OLD]: a catalog, and where flows begin with it
	jq "$2" "${3:-$lab_dir/base.json}" >"$lab_dir/$1.json"
	start_anew "$lab_dir/$1.json"
	flows know "$lab_dir/$1.places"
}

is_in_force() { # CATALOG
	diff <(hairpinctl catalog show | jq -S .) <(jq -S . "$1")
}

# --- a plan, from one catalog to another ---

apply() { # the catalog that comes next
	hairpinctl catalog apply "$lab_dir/$new.json"
}

count_plan() { # sets count to its operations
	start_anew "$lab_dir/$old.json"
	arm 0
	apply >/dev/null
	count=$(counted)
	echo "$count operations"
	((count > 3))
}

flows_are_right() { # SET: those of before are kept, new ones are on one side or the other
	flows established 0 "$lab_dir/$old.places" "$lab_dir/$new.places" "$dead" &&
		flows begin "$1" "$lab_dir/$old.places" "$lab_dir/$new.places" "$lab_dir/now"
}

flows_went_on() { # SET: of flows_are_right
	flows established 0 "$lab_dir/$old.places" "$lab_dir/$new.places" "$dead" &&
		flows talk "$1" "$lab_dir/now" "$lab_dir/$new.places" "$dead"
}

killed_at() { # OPERATION
	start_anew "$lab_dir/$old.json"
	arm "$1"
	apply >/dev/null 2>&1 || true
	wait "${lab_pid[hairpind]}" && return 1
	flows_are_right 1 || return 1
	cp "$lab_dir/$new.json" "$lab_catalog"
	arm 0
	start_faulty || return 1
	flows_went_on 1 && flows settled 2 "$lab_dir/$new.places" || return 1
	is true status .well && is_in_force "$lab_dir/$new.json"
}

# The catalog's file is edited while no hairpind runs.

edit_while_down() {
	start_anew "$lab_dir/$old.json"
	stop_hairpind KILL || true
	cp "$lab_dir/$new.json" "$lab_catalog"
}

count_start() { # sets count to the operations of a start, and the plan that comes with it
	edit_while_down
	arm 0
	start_faulty
	count=$(counted)
	echo "$count operations"
	((count > 3))
}

killed_at_start() { # OPERATION
	edit_while_down
	arm "$1"
	spawn_faulty
	wait "${lab_pid[hairpind]}" && return 1
	flows_are_right 1 || return 1
	arm 0
	start_faulty || return 1
	flows_went_on 1 && flows settled 2 "$lab_dir/$new.places"
}

# Of the same plan: one failure, which ends where the plan began; then the plan.
failed_at() { # OPERATION
	local error=${errors[$1 % 3]}
	start_anew "$lab_dir/$old.json"
	arm "$1" "$error"
	refuses 1 "${error_words[$error]}" apply || return 1
	flows_are_right 1 || return 1
	cmp "$lab_dir/$old.json" "$lab_catalog" && is_in_force "$lab_dir/$old.json" || return 1
	is true status .well && flows settled 2 "$lab_dir/$old.places" || return 1
	apply >/dev/null || return 1
	flows_went_on 1 && flows settled 3 "$lab_dir/$new.places" && is true status .well
}

# Everything fails from there on, so that the way back is barred too, until things are better again.
failing_from() { # OPERATION
	local error=${errors[($1 + 1) % 3]}
	start_anew "$lab_dir/$old.json"
	arm "$1" "$error" 1
	refuses 1 "${error_words[$error]}" apply || return 1
	flows_are_right 1 || return 1
	tells_of_failure || return 1
	arm 0
	wait_until 5 is true status .well || return 1
	flows_went_on 1 && flows settled 2 "$lab_dir/$old.places"
}

tells_of_failure() { # if it could not go back
	if tail -n 1 "$lab_dir/hairpind.log" | grep -q 'could not go back'; then
		is false status .well && says 'the log tells why' hairpinctl status
	fi
}

at_each() { # FUNCTION [COUNT [STEP]]
	local at count
	"${2:-count_plan}" || return 1
	for ((at = 1; at <= count; at += ${3:-1})); do
		"$1" "$at" >"$lab_dir/one" 2>&1 && continue
		echo "at operation $at:"
		cat "$lab_dir/one"
		return 1
	done
}

plan() { # NAME OLD NEW [DEAD]: of a backend that is down afterwards
	old=$2 new=$3 dead=${4:-none}
	it "killed after ${each}operations: $1" at_each killed_at count_plan "$step"
	echo "# $(head -n 1 "$lab_dir/said")"
}

start() { # as plan
	old=$2 new=$3 dead=${4:-none}
	it "killed after each operation of a start: $1" at_each killed_at_start count_start
	echo "# $(head -n 1 "$lab_dir/said")"
}

failures() { # as plan
	old=$2 new=$3 dead=${4:-none}
	it "each operation fails: $1" at_each failed_at
	echo "# $(head -n 1 "$lab_dir/said")"
	it "each operation fails, and all that come after: $1" at_each failing_from
	echo "# $(head -n 1 "$lab_dir/said")"
}

# What is kept for old flows goes when there are none any more: in the plans of a timer.

is_settled() {
	is "0 0" status '.motion | "\(.pools | length) \(.leaving | length)"'
}

identities() { # of services, pools and backends that have an index
	bpftool -j map dump pinned "$lab_pins/lb/identities" | jq length
}

count_settling() { # sets count
	start_anew "$lab_dir/$old.json"
	kept=$(identities)
	apply >/dev/null
	arm 0
	wait_until 10 is_settled || return 1
	count=$(counted)
	echo "$count operations"
	((count > 8))
}

settles() {
	wait_until 10 is_settled && wait_until 5 is "$((kept - 1))" identities
}

killed_while_settling() { # OPERATION
	start_anew "$lab_dir/$old.json"
	apply >/dev/null || return 1
	arm "$1"
	wait "${lab_pid[hairpind]}" && return 1
	flows begin 1 "$lab_dir/$new.places" "$lab_dir/$new.places" "$lab_dir/now" || return 1
	arm 0
	start_faulty || return 1
	flows talk 1 "$lab_dir/now" "$lab_dir/$new.places" || return 1
	flows settled 2 "$lab_dir/$new.places" && settles && flows settled 3 "$lab_dir/$new.places"
}

failing_while_settling() { # OPERATION
	start_anew "$lab_dir/$old.json"
	apply >/dev/null || return 1
	arm "$1" "${errors[$1 % 3]}" 1
	wait_until 10 says 'the log tells why' hairpinctl status || return 1
	flows begin 1 "$lab_dir/$new.places" "$lab_dir/$new.places" "$lab_dir/now" || return 1
	arm 0
	wait_until 5 is true status .well || return 1
	flows talk 1 "$lab_dir/now" "$lab_dir/$new.places" && settles
}

old_table_goes() {
	start_anew "$lab_dir/short_first.json"
	kept=$(identities)
	jq '.pools.other.table_size = 509' "$lab_dir/short_first.json" >"$lab_dir/short_table.json"
	hairpinctl catalog apply "$lab_dir/short_table.json"
	is "$((kept + 1))" identities && wait_until 10 is "$kept" identities
}

settling() {
	old=short_first new=short_changed dead=none
	it "killed after each operation while what moved settles" \
		at_each killed_while_settling count_settling
	echo "# $(head -n 1 "$lab_dir/said")"
	it "each second operation fails while what moved settles" \
		at_each failing_while_settling count_settling 2
	echo "# $(head -n 1 "$lab_dir/said")"
}

errors=(12 7 1) # ENOMEM, E2BIG, EPERM
declare -A error_words=([12]="Cannot allocate memory" [7]="Argument list too long" [1]="ermi")

printf '%s' "$first" >"$lab_dir/base.json"
variant first .
variant added '.pools.web.backends.b5 = { "address": "10.2.0.15" }'
variant removed 'del(.pools.web.backends.b2)'
variant drained '.pools.web.backends.b3.state = "drain"'
variant weighted '.pools.web.backends.b1.weight = 300'
variant repooled '.services.www.pool = "other" | .services.www6.affinity = "client"'
variant short_first '.pools[] |= . + { "idle_timeout_s": 1, "udp_hold_s": 0 }'

each="all " step=1
plan "a backend is added" first added
plan "services get another pool" first repooled
failures "a backend is added" first added
start "services get another pool" repooled first
it "a table that was replaced goes when no flow is on it any more" old_table_goes
[[ ${HAIRPIN_FAULTS_ALL:-} ]] || each="some " step=3
plan "a backend is removed" first removed
plan "a backend is drained" first drained
plan "a weight changes" first weighted
if [[ ! ${HAIRPIN_FAULTS_ALL:-} ]]; then
	net_done
	exit
fi

variant down '.pools.web.backends.b1.state = "down"'
variant resized '.pools.web.table_size = 4093 | .pools.other.table = "maglev"'
variant served '.services.telnet = { "address": "203.0.113.20", "protocol": "tcp", "port": 23,
	"pool": "new" } | .pools.new = { "backends": { "n": { "address": "10.2.0.15" } } } |
	del(.services.ssh)'
variant any_port '.services.any = { "address": "203.0.113.20", "protocol": "tcp", "port": "any",
	"pool": "web" }'
variant other_ports 'del(.services.ssh) | .services.telnet = { "address": "203.0.113.20",
	"protocol": "tcp", "port": 23, "pool": "other" }' "$lab_dir/any_port.json"
variant all '.pools[].tracking = "all"'
variant none_first '.pools[].tracking = "none"'
variant none_changed 'del(.pools.web.backends.b2) | .pools.web.backends.b1.weight = 300 |
	.services.ssh.pool = "web" | .services.ssh.affinity = "client"' "$lab_dir/none_first.json"
variant short_changed 'del(.pools.web.backends.b2) | .services.www.pool = "other" |
	.pools.other.table_size = 509' \
	"$lab_dir/short_first.json"

plan "a backend is down" first down 11
plan "a pool gets another table" first resized
plan "a pool and a service come, a service goes" first served
plan "ports come from any port, and go there" any_port other_ports
plan "all flows are tracked" first all
plan "all flows are not tracked any more" all first
plan "nothing is tracked" none_first none_changed any
failures "services get another pool" first repooled
failures "a pool gets another table" first resized
settling
net_done
