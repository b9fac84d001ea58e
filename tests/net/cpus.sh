#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# --cpus: flows are spread over CPUs by cpumap; each keeps its order, and nothing is lost.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
# shellcheck source=tests/net/streams.sh
source "$(dirname "$0")/streams.sh"
if (($(nproc) < 2)); then
	echo "1..0 # SKIP needs two CPUs"
	exit 0
fi
net_begin

make_router
make_client
make_balancer
for number in 1 2; do
	make_backend "b$number" "1$number" "$vip4" "$vip6"
	serve_on "b$number"
done
spawn server-lb lb "$net_here/server.py" lb --tcp 10.2.0.10 80 --tcp fd02::10 80 \
	--udp 10.2.0.10 53
write_catalog <<END
{ "version": 1,
  "pools": { "web": { "backends": { "b1": { "address": "10.2.0.11" },
    "b2": { "address": "fd02::12" } } } },
  "services": {
    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "web" },
    "www6": { "address": "$vip6", "protocol": "tcp", "port": 80, "pool": "web" },
    "dns": { "address": "$vip4", "protocol": "udp", "port": 53, "pool": "web" },
    "stream": { "address": "$vip4", "protocol": "udp", "port": 7000, "pool": "web" },
    "stream6": { "address": "$vip6", "protocol": "udp", "port": 7000, "pool": "web" } } }
END
start_hairpind --cpus 0,1
wait_for_servers b1 b2 lb
wait_until 5 all_resolved

work_of() { # CPU: how often its threads were woken for packets
	local status
	for status in /proc/[0-9]*/status; do
		grep -qs "^Name:	cpumap/$1/" "$status" || continue
		awk '/^voluntary/ { print $2 }' "$status" 2>/dev/null || true
	done | awk '{ sum += $1 } END { print sum + 0 }'
}

seed() { # by which flows are spread
	local id map
	id=$(in_node lb ip -j link show eth0 | jq '.[0].xdp.prog.id')
	for map in $(bpftool -j prog show id "$id" | jq '.map_ids[]'); do
		bpftool -j map dump id "$map" 2>/dev/null | jq '.. | .spread_seed? // empty' 2>/dev/null || true
	done
}

own_stack_works() { # TCP and UDP to the balancer's own addresses
	all_answered lb ask 10.2.0.10 80 --count 30 --size 1000 &&
		all_answered lb ask fd02::10 80 --count 30 --size 1000 &&
		all_answered lb udp 10.2.0.10 53 --count 30
}

all_is_served() {
	all_answered "b1 b2" ask "$vip4" 80 --count 60 && all_answered "b1 b2" ask "$vip6" 80 --count 60 &&
		all_answered "b1 b2" udp "$vip4" 53 --count 60 --size 4000
}

all_was_done() { # that was handed over
	sleep 0.2
	hairpinctl stats --json | jq -e '.reasons | .no_cpu == 0 and .cpu_overrun == 0 and
		.spread == .redirected + .echo_answered'
}

# --- the work is spread ---
first=$(work_of 0) second=$(work_of 1)
it "connections and fragments work" all_is_served
it "packets were handed over" test "$(reason spread)" -gt 500
it "the program on the other CPUs sent them all" all_was_done
it "nothing was sent by the receiving CPU" is 0 reason sent
it "both CPUs worked" test "$(work_of 0)" -gt "$first" -a "$(work_of 1)" -gt "$second"
it "pings are answered" says '"answered": 3' in_node client "$net_here/icmp.py" ping "$vip4" \
	--size 56 --size 1000 --size 1401
it "what is for the host's own stack stays" own_stack_works
before=$(reason spread)
own_stack_works >"$lab_dir/result"
it "and is not handed over" is "$before" reason spread

# --- order ---
start_receivers "$vip4" 7000 "$vip6" 7000
start_stream v4 "$vip4" 7000 --flows 32 --rate 12000
start_stream v6 "$vip6" 7000 --flows 32 --rate 4000
sleep 3
# A busy machine may lose some in a veth's queue of 256, before or behind the balancer.
it "each flow's datagrams arrive in order" \
	streams_show ".disordered == 0 and .received * 2 > .sent" v4 v6
it "all that were handed over were sent" all_was_done

# --- restarts ---
restart() { # OPTION...
	stop_hairpind && start_hairpind "$@" && sleep 0.4
}
start_receivers "$vip4" 7000 "$vip6" 7000
start_stream v4 "$vip4" 7000 --rate 3000
start_stream v6 "$vip6" 7000 --rate 1000
start_talking steady "$vip4" 80
it "hairpind starts without --cpus" restart
it "flows are spread by no seed then" is 0 seed
before=$(reason spread)
sleep 0.3
it "and hands nothing over any more" is "$before" reason spread
it "it starts with one CPU" restart --cpus 1
first=$(seed)
it "flows are spread by a seed" grep '^[1-9]' <<<"$first"
it "which gets all packets" test "$(reason spread)" -gt "$before"
it "it starts with both" restart --cpus 0-1
it "which stays until the machine restarts" is "$first" seed
it "and with --spread-local" restart --cpus 0-1 --spread-local
it "and without any again" restart
it "no connection notices" nobody_noticed steady
# Those on their way through a CPU's queue may be overtaken when another CPU takes over.
it "of all this not a datagram is lost" streams_show ".sent == .received" v4 v6

# --- the host's own traffic ---
restart --cpus 0,1 --spread-local
before=$(reason spread)
it "with --spread-local the host's own traffic works" own_stack_works
it "and is handed over" test "$(reason spread)" -gt $((before + 200))
it "it counts as for no service" test "$(reason no_service)" -gt 200
start_talking own 10.2.0.10 80
sleep 1
it "connections to the host last" nobody_noticed own
it "services work beside it" all_is_served
it "a CPU that is not there is refused" refuses 2 "there is no CPU 4000" \
	hairpind -i eth0 -c "$lab_catalog" --cpus 0,4000
net_done
