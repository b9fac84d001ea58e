#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Traffic through a pool: both families, TCP and UDP, on-link and behind a gateway.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

vips=("$vip4" "$vip6" "$other_vip4" "$other_vip6")
make_router
make_client
make_balancer
make_gateway
make_backend b1 11 "${vips[@]}"
make_backend b2 12 "${vips[@]}"
make_far_backend f1 11 "${vips[@]}"
for node in b1 b2 f1; do serve_on "$node"; done
spawn server-lb lb "$net_here/server.py" lb --tcp 10.2.0.10 80 --tcp fd02::10 80 --udp 10.2.0.10 53
give_route lb 10.3.0.0/24 via 10.2.0.2
give_route lb fd03::/64 via fd02::2

write_catalog <<END
{
  "version": 1, "seed": "net",
  "pools": {
    "web": { "backends": {
      "b1": { "address": "10.2.0.11", "weight": 100 },
      "b2": { "address": "fd02::12", "weight": 200 },
      "f1": { "address": "10.3.0.11", "weight": 100 } } },
    "one": { "backends": { "b1": { "address": "10.2.0.11" }, "f1": { "address": "fd03::11" } } }
  },
  "services": {
    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "web" },
    "www6": { "address": "$vip6", "protocol": "tcp", "port": 80, "pool": "web" },
    "alt": { "address": "$vip4", "protocol": "tcp", "port": 81, "pool": "web" },
    "dns": { "address": "$vip4", "protocol": "udp", "port": 53, "pool": "web" },
    "dns6": { "address": "$vip6", "protocol": "udp", "port": 53, "pool": "web" },
    "any": { "address": "$other_vip4", "protocol": "udp", "port": "any", "pool": "one" },
    "sticky": { "address": "$other_vip4", "protocol": "tcp", "port": 80, "pool": "web",
                "affinity": "client" },
    "sticky2": { "address": "$other_vip4", "protocol": "tcp", "port": 81, "pool": "web",
                 "affinity": "client" }
  }
}
END
start_hairpind --mode native
wait_for_servers b1 b2 f1 lb

shares_are_as_weights() { # 100, 200, 100 of 1,200: 300, 600, 300; six sigma is 90 or 104
	client ask "$vip4" 80 --count 1200 | tee /dev/stderr | jq -e '.failed == 0 and
		(.from.b1 - 300 | fabs) < 90 and (.from.b2 - 600 | fabs) < 104 and
		(.from.f1 - 300 | fabs) < 90'
}

stays_on_one() { # SOURCE: every connection of this client, to two services
	local first second
	first=$(client ask "$other_vip4" 80 --count 20 --source "$1" | jq -c '.from | keys')
	second=$(client ask "$other_vip4" 81 --count 20 --source "$1" | jq -c '.from | keys')
	echo "$first $second"
	[[ $first == "$second" && $(jq length <<<"$first") == 1 ]]
}

clients_spread() { # of 30 clients, each with its backend, all backends have some
	local i
	for i in {1..30}; do
		client ask "$other_vip4" 80 --source "10.1.0.$((100 + i))"
	done | tee /dev/stderr | jq -es '[.[].from | keys[]] | unique == ["b1", "b2", "f1"]'
}

it "all backends are resolved, the far one by the gateway" wait_until 5 all_resolved
it "status is well" is true status .well
it "an IPv4 VIP is served by IPv4 and IPv6 backends, near and far" \
	all_answered "b1 b2 f1" ask "$vip4" 80 --count 100
it "so is an IPv6 VIP" all_answered "b1 b2 f1" ask "$vip6" 80 --count 100
it "a second service on the same pool works" all_answered "b1 b2 f1" ask "$vip4" 81 --count 50
it "backends get shares as their weights" shares_are_as_weights
it "1,000 connections at the same time are all answered" \
	all_answered "b1 b2 f1" crowd "$vip4" 80 --count 1000 --timeout 20
it "1,000 over IPv6 too" all_answered "b1 b2 f1" crowd "$vip6" 80 --count 1000 --timeout 20
it "60,000 bytes up and down over IPv4, in full frames" \
	all_answered "b1 b2 f1" ask "$vip4" 80 --count 30 --size 60000
it "and over IPv6" all_answered "b1 b2 f1" ask "$vip6" 80 --count 30 --size 60000
it "UDP to an IPv4 VIP comes back" all_answered "b1 b2 f1" udp "$vip4" 53 --count 100
it "UDP to an IPv6 VIP comes back" all_answered "b1 b2 f1" udp "$vip6" 53 --count 100
it "datagrams that fill a frame come back" \
	all_answered "b1 b2 f1" udp "$vip4" 53 --count 30 --size 1460
it "a service of any port has port 53" all_answered "b1 f1" udp "$other_vip4" 53 --count 50
it "and port 5353" all_answered "b1 f1" udp "$other_vip4" 5353 --count 50
it "a port without a service is not forwarded" nothing_answered udp "$vip4" 5353 --count 3
it "the TCP of the balancer itself passes" all_answered lb ask 10.2.0.10 80 --count 50
it "over IPv6 too" all_answered lb ask fd02::10 80 --count 50
it "and its UDP" all_answered lb udp 10.2.0.10 53 --count 50

give_address client eth0 10.1.0.{101..130}/24
it "with client affinity a client stays on its backend, across services" stays_on_one 10.1.0.101
it "another client too" stays_on_one 10.1.0.102
it "clients with affinity spread over all backends" clients_spread

net_done
