#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Interfaces of -i that are deleted and made again, and programs that somebody takes off.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

make_router
make_client
make_balancer
make_backend b1 11 "$vip4" "$vip6"
serve_on b1
make_link lb eth1 router to-lb-1 "$lab_mtu"

catalog() { # SERVICES: of JSON
	cat <<-END
		{ "version": 1,
		  "pools": { "web": { "backends": { "b1": { "address": "10.2.0.11" } } } },
		  "services": { $1 } }
	END
}
www="\"www\": { \"address\": \"$vip4\", \"protocol\": \"tcp\", \"port\": 80, \"pool\": \"web\" }"
www6="\"www6\": { \"address\": \"$vip6\", \"protocol\": \"tcp\", \"port\": 80, \"pool\": \"web\" }"
catalog "$www" | write_catalog
catalog "$www, $www6" >"$lab_dir/both.json"
catalog "$www" >"$lab_dir/one.json"

interface() { # NAME FILTER: of jq, on the interface's part of status
	status ".interfaces[] | select(.name == \"$1\") | $2"
}

program_on() { # DEVICE: the program's id, or null
	in_node lb ip -j link show dev "$1" | jq '.[].xdp.prog.id'
}

log_lines() { # WORDS: how many lines of hairpind's log have them
	grep -cF "$1" "$lab_dir/hairpind.log" || true
}

start_hairpind -i eth1
wait_for_servers b1
wait_until 5 all_resolved
it "two interfaces are served" is true status .well
first=$(program_on eth0)

# --- the second one goes and comes ---
start_talking steady "$vip4" 80
index=$(interface eth1 .index)
ip -n hp-net-lb link delete eth1
it "an interface that is deleted is gone, and status says since when" \
	wait_until 5 says "interface eth1 is gone since 20" status '.problems[]'
it "in JSON too" is true eval "interface eth1 .lost_since | grep -q ^20 && echo true"
it "it is not attached there" is false interface eth1 .attached
it "the log says so" says "eth1: the interface is gone" cat "$lab_dir/hairpind.log"
it "the other one keeps its program" is "$first" program_on eth0
it "a change that needs another program is made without it" \
	hairpinctl catalog apply "$lab_dir/both.json"
it "which the other one gets" not is "$first" program_on eth0
it "and serves" all_answered b1 ask "$vip6" 80 --count 10

before=$(program_on eth0)
make_link lb eth1 router to-lb-1 "$lab_mtu"
it "one that is made again is served again" wait_until 5 is true status .well
it "it is another one" not is "$index" interface eth1 .index
it "a program runs on it" not is null program_on eth1
it "nothing is left of the loss" is null interface eth1 .lost_since
it "and the other one has kept its program" is "$before" program_on eth0
it "nobody noticed" nobody_noticed steady

# --- the only way to clients and backends goes and comes ---
ip -n hp-net-lb link delete eth0
it "without its interface the backend is unresolved" \
	wait_until 5 is false backend b1 .resolved
join_lan lb eth0 router lan
run_pass_program router to-lb
give_address lb eth0 10.2.0.10/24 fd02::10/64
give_route lb default via 10.2.0.1
give_route lb default via fd02::1
it "when it is made again all is well" wait_until 15 is true status .well
it "and clients are served" all_answered b1 ask "$vip4" 80 --count 20
it "IPv6 too" all_answered b1 ask "$vip6" 80 --count 20

# --- renamed ---
ip -n hp-net-lb link set eth1 down
ip -n hp-net-lb link set eth1 name eth7
it "an interface that gets another name is gone" \
	wait_until 5 says "interface eth1 is gone" status '.problems[]'
ip -n hp-net-lb link set eth7 name eth1
ip -n hp-net-lb link set eth1 up
it "with its name it is back" wait_until 5 is true status .well

# --- somebody takes the program off ---
stop_hairpind
start_hairpind -i eth1
wait_until 5 all_resolved
start_talking steady "$vip4" 80
second=$(program_on eth1)
ip -n hp-net-lb link set dev eth1 xdp off
it "a program that is taken off is put back" wait_until 5 not is null program_on eth1
it "and all is well" is true status .well
it "it is a new one" not is "$second" program_on eth1
it "the log warns" says "warning: eth1: the program is not attached any more" \
	cat "$lab_dir/hairpind.log"
sleep 0.5
it "nobody noticed at the other interface" nobody_noticed steady

takes_off_often() { # someone who does not give up, as long as a put-back could take
	local end=$((SECONDS + 3))
	while ((SECONDS < end)); do
		ip -n hp-net-lb link set dev eth1 xdp off
		sleep 0.01
	done
}
lines=$(log_lines "eth1: attached")
takes_off_often
it "against someone who takes it off 100 times a second it does not race" \
	test $(($(log_lines "eth1: attached") - lines)) -le 3
it "and it comes back" wait_until 20 is true status .well

# --- another program in the way ---
put_other_program() { # before hairpind does, if need be at the next try
	ip -n hp-net-lb link set dev eth1 xdp off
	run_pass_program lb eth1
}
errors=$(log_lines "another XDP program")
wait_until 10 put_other_program
foreign=$(program_on eth1)
it "with another program in the way status says so" wait_until 20 says \
	"interface eth1 is not served since" status '.problems[]'
it "and names it" says "another XDP program is attached" status '.problems[]'
it "a change of the catalog is made all the same" hairpinctl catalog apply "$lab_dir/one.json"
it "the other program stays" is "$foreign" program_on eth1
it "the log tells of it once" test "$(log_lines "another XDP program")" -le $((errors + 1))
ip -n hp-net-lb link set dev eth1 xdp off
it "when it leaves, ours is put back" wait_until 60 is true status .well
net_done
