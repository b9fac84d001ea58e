#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The network around the balancer changes: MACs, gateways, links, backends that come late.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

make_router
make_client
make_balancer
make_gateway
make_gateway gw2 3
make_backend b1 11 "$vip4" "$vip6"
make_far_backend f1 11 "$vip4" "$vip6"
for node in b1 f1; do serve_on "$node"; done
give_route lb 10.3.0.0/24 via 10.2.0.2
give_route lb fd03::/64 via fd02::2

write_catalog <<END
{
  "version": 1,
  "pools": {
    "near": { "backends": { "b1": { "address": "10.2.0.11" } } },
    "far": { "backends": { "f1": { "address": "10.3.0.11" } } },
    "far6": { "backends": { "f1-6": { "address": "fd03::11" } } },
    "late": { "backends": { "b2": { "address": "10.2.0.12" } } },
    "lost": { "backends": { "nowhere": { "address": "192.0.2.1" } } }
  },
  "services": {
    "near": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "near" },
    "far": { "address": "$vip4", "protocol": "tcp", "port": 81, "pool": "far" },
    "far6": { "address": "$vip6", "protocol": "tcp", "port": 81, "pool": "far6" },
    "late": { "address": "$other_vip4", "protocol": "tcp", "port": 80, "pool": "late" }
  }
}
END
# without a default route, so that there is a backend without any
ip -n hp-net-lb route delete default
start_hairpind
wait_for_servers b1 f1
all_are_served() {
	all_answered b1 ask "$vip4" 80 --count 10 && all_answered f1 ask "$vip4" 81 --count 10 &&
		all_answered f1 ask "$vip6" 81 --count 10
}
wait_until 5 backend_resolved near/b1
wait_until 5 backend_resolved far6/f1-6

# --- at the start ---
it "near and far backends are served" all_are_served
it "a backend without a neighbour is unresolved" wait_until 5 is false backend b2 .resolved
it "status says that nobody answers for its address" wait_until 10 says \
	"pool late: backend b2 cannot be reached: 10.2.0.12 does not answer ARP on eth0" \
	status '.problems[]'
it "a backend without a route: status says so" \
	says "pool lost: backend nowhere cannot be reached: no route" status '.problems[]'
it "requests for the unreachable one are not answered" \
	nothing_answered ask "$other_vip4" 80 --count 2
it "and are counted as unresolved" test "$(reason unresolved)" -gt 0

# --- a backend that comes late ---
make_backend b2 12 "$other_vip4"
serve_on b2
wait_for_servers b2
it "a backend that appears later is resolved" wait_until 15 backend_resolved late/b2
it "and served" all_answered b2 ask "$other_vip4" 80 --count 10
it "and its reason is gone from status" is "" backend b2 .reason

# --- a MAC changes, and the backend tells ---
in_node b1 sysctl -qw net.ipv4.conf.eth0.arp_notify=1
ip -n hp-net-b1 link set eth0 address 02:00:00:00:be:ef
it "the new MAC of a backend is in status" wait_until 10 is 02:00:00:00:be:ef backend b1 .mac
it "and it is served" all_answered b1 ask "$vip4" 80 --count 10

# --- a MAC changes, and nobody tells ---
in_node b1 sysctl -qw net.ipv4.conf.eth0.arp_notify=0
ip -n hp-net-b1 link set eth0 address 02:00:00:00:be:f0
it "a MAC that changes in silence is found by probing" \
	wait_until 60 is 02:00:00:00:be:f0 backend b1 .mac
it "and it is served" all_answered b1 ask "$vip4" 80 --count 10

# --- another gateway ---
in_node gw sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
it "a gateway that no longer forwards loses its backends" \
	nothing_answered ask "$vip4" 81 --count 2
give_route f1 default via 10.3.0.3
give_route f1 default via fd03::3
give_route lb 10.3.0.0/24 via 10.2.0.3
give_route lb fd03::/64 via fd02::3
it "another gateway is in status" wait_until 5 is 10.2.0.3 backend f1 .via
it "for IPv6 too" wait_until 5 is fd02::3 backend f1-6 .via
wait_until 5 backend_resolved far/f1
wait_until 5 backend_resolved far6/f1-6
it "and it is used" all_are_served

# --- the link goes down and up ---
ip -n hp-net-lb link set eth0 down
it "status says that the interface is down" \
	wait_until 5 says "interface eth0 is down" status '.problems[]'
it "and that backends cannot be reached" wait_until 5 is false backend b1 .resolved
ip -n hp-net-lb link set eth0 up
# what the kernel forgets with the link, the administrator gives back
give_address lb eth0 fd02::10/64 2>/dev/null || true
give_route lb 10.3.0.0/24 via 10.2.0.3
give_route lb fd03::/64 via fd02::3
it "when it is up again all are resolved" wait_until 15 \
	is 0 status '[.backends[] | select(.resolved | not) | select(.name != "nowhere")] | length'
it "and served" all_are_served
give_route lb 192.0.2.0/24 via 10.2.0.99
it "a backend that gets a route, but to a gateway that is not there, has another reason" \
	wait_until 10 says "10.2.0.99 does not answer ARP on eth0" backend nowhere .reason
net_done
