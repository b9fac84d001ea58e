#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Features come into use and go out of it, each time with another program, while clients talk and count
# what arrives: nothing is lost.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
# shellcheck source=tests/net/streams.sh
source "$(dirname "$0")/streams.sh"
net_begin

make_router
make_client
make_balancer
for number in 1 2; do
	make_backend "b$number" "1$number" "$vip4" "$vip6" "$other_vip4" "$other_vip6"
	serve_on "b$number"
done
cat >"$lab_dir/base.json" <<END
{ "version": 1,
  "pools": { "web": { "backends": { "b1": { "address": "10.2.0.11" },
    "b2": { "address": "10.2.0.12" } } } },
  "services": {
    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "web" },
    "stream": { "address": "$vip4", "protocol": "udp", "port": 7000, "pool": "web" } } }
END
write_catalog <"$lab_dir/base.json"
start_hairpind
wait_for_servers b1 b2
wait_until 5 all_resolved

program() { # its number in the kernel
	ip -n hp-net-lb -j link show dev eth0 | jq '.[0].xdp.prog.id'
}

replaces() { # COMMAND...: the program runs no more, another one does
	local before
	before=$(program)
	"$@" || return 1
	echo "program $before, then $(program)"
	[[ $(program) != "$before" ]]
}

apply() { # FILTER: of jq, on the catalog of the beginning
	jq "$1" "$lab_dir/base.json" >"$lab_dir/next.json"
	hairpinctl catalog apply "$lab_dir/next.json" && wait_until 5 all_resolved && sleep 0.1
}

goes() { # no pool may move its flows any more
	apply . && wait_until 10 is 0 status '.motion.leaving | length' && sleep 0.5
}

ping() { # ADDRESS
	in_node client "$net_here/icmp.py" ping "$1" --size 56 --timeout 0.3
}

pool_of() { # KEYS: of JSON
	local backends='"backends": { "x1": { "address": "10.2.0.11" }, "x2": { "address": "fd02::12" } }'
	echo ".pools.extra = { $1 \"idle_timeout_s\": 1, \"udp_hold_s\": 0, $backends } | .services.extra = { \"address\": \"$other_vip4\",
		\"protocol\": \"tcp\", \"port\": 80, \"pool\": \"extra\" }"
}
service_of() { # NAME ADDRESS PROTOCOL PORT [KEYS]
	echo ".services.$1 = { \"address\": \"$2\", \"protocol\": \"$3\", \"port\": $4,
		\"pool\": \"web\" ${5:-} }"
}
server_ids='.pools.web.backends.b1.server_id = "01" | .pools.web.backends.b2.server_id = "02"'

start_receivers "$vip4" 7000
start_stream stream "$vip4" 7000 --flows 32 --rate 4000
start_talking steady "$vip4" 80
toggle() { # WHAT FILTER COMMAND...: on, used, and off again
	it "$1 comes into use" replaces apply "$2"
	it "and is there" "${@:3}"
	it "and goes" replaces goes
}
it "pings are answered at first" says '"answered": 1' ping "$vip4"
toggle "a catalog without echo" '.echo = false' says '"answered": 0' ping "$vip4"
toggle "an IPv6 service" "$(service_of v6 "$vip6" tcp 80)" \
	all_answered "b1 b2" ask "$vip6" 80 --count 30
toggle "a service on any port" "$(service_of any "$other_vip4" udp '"any"')" \
	all_answered "b1 b2" udp "$other_vip4" 5353 --count 30
toggle "affinity of clients" "$(service_of sticky "$other_vip4" tcp 80 ', "affinity": "client"')" \
	eval "client ask $other_vip4 80 --count 30 | jq -e '.failed == 0 and (.from | length) == 1'"
toggle "tracking of all flows" '.pools.web.tracking = "all"' \
	all_answered "b1 b2" ask "$vip4" 80 --count 30
for kind in gre gue vxlan none; do
	vni=
	[[ $kind != vxlan ]] || vni='"vni": 7,'
	it "a pool with encapsulation $kind comes into use" \
		replaces apply "$(pool_of "\"encapsulation\": \"$kind\", $vni")"
	it "and is there" all_answered "b1 b2" ask "$other_vip4" 80 --count 30
	it "and goes" goes
done
toggle "QUIC" "$server_ids | $(service_of quic "$other_vip4" udp 53 \
	', "quic": { "server_id_length": 1, "nonce_length": 4, "config": 0 }')" \
	is '{"b2": 20}' in_node client "$net_here/quic.py" "$other_vip4" 53 --server-id 02 --nonce 4
it "of all these programs, no connection noticed" nobody_noticed steady
it "not a datagram was lost, or overtook another" \
	streams_show ".sent == .received and .disordered == 0" stream
it "the balancer counts as many as were sent" is "$(jq .sent "$lab_dir/result")" \
	counted services stream
net_done
