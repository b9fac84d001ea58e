#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A balancer with two arms: clients behind one interface, backends behind the other.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

#   client -- router -- lan -- eth0 lb eth1 -- back -- r1, r2
#               `------------------- rear ------'
make_router
make_client
make_balancer
make_node rear
make_forwarding rear
make_lan rear back 10.4.0.1/24 fd04::1/64
make_link rear eth0 router to-rear
give_address rear eth0 10.5.0.2/24 fd05::2/64
give_address router to-rear 10.5.0.1/24 fd05::1/64
give_route rear default via 10.5.0.1
give_route rear default via fd05::1
join_lan lb eth1 rear back
give_address lb eth1 10.4.0.10/24 fd04::10/64
# one arm is no way around the other
ip -n hp-net-lb route delete default
ip -n hp-net-lb -6 route delete default
run_pass_program rear to-lb
for number in 1 2; do
	make_node "r$number"
	join_lan "r$number" eth0 rear back
	give_address "r$number" eth0 "10.4.0.1$number/24" "fd04::1$number/64"
	give_route "r$number" default via 10.4.0.1
	give_route "r$number" default via fd04::1
	carry_vips "r$number" "$vip4" "$vip6" "$other_vip4"
	unwrap_on "r$number"
done
make_backend b1 11 "$other_vip4"
for node in r1 r2 b1; do serve_on "$node"; done

write_catalog <<END
{ "version": 1,
  "pools": {
    "web": { "backends": { "r1": { "address": "10.4.0.11" }, "r2": { "address": "fd04::12" } } },
    "both": { "backends": { "r1": { "address": "10.4.0.11" }, "b1": { "address": "10.2.0.11" } } } },
  "services": {
    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "web" },
    "www6": { "address": "$vip6", "protocol": "tcp", "port": 80, "pool": "web" },
    "dns": { "address": "$vip4", "protocol": "udp", "port": 53, "pool": "web" },
    "dns6": { "address": "$vip6", "protocol": "udp", "port": 53, "pool": "web" },
    "both": { "address": "$other_vip4", "protocol": "udp", "port": 53, "pool": "both" } } }
END
start_hairpind -i eth1
wait_for_servers r1 r2 b1
wait_until 5 all_resolved

all_are_served() {
	all_answered "r1 r2" ask "$vip4" 80 --count 60 && all_answered "r1 r2" ask "$vip6" 80 --count 60 &&
		all_answered "r1 r2" udp "$vip4" 53 --count 60 --size 1300 &&
		all_answered "r1 r2" udp "$vip6" 53 --count 60 --size 1300
}

up_again() { # DEVICE ADDRESS/LENGTH: with what the kernel forgot
	ip -n hp-net-lb link set "$1" up
	give_address lb "$1" "$2" 2>/dev/null || true
}

it "clients before one interface reach backends behind the other" all_are_served
it "all of their packets were redirected" is 0 reason sent
it "and counted so" test "$(reason redirected)" -gt 500
it "as packets of the backends" is "$(reason redirected)" eval \
	"hairpinctl stats --json | jq '[.backends[].packets] | add'"
before=$(reason redirected)
it "a pool with backends on both sides" all_answered "b1 r1" udp "$other_vip4" 53 --count 100
it "is sent or redirected, as it is" is 100 eval "echo \$((\$(reason sent) + \$(reason redirected) - $before))"
it "both happen" test "$(reason sent)" -gt 20 -a "$(reason redirected)" -gt $((before + 20))
it "trace says where it leaves" is eth1 eval \
	"hairpinctl trace tcp 10.1.0.2:4711 $vip4:80 --syn --json | jq -r .interface"
it "pings are answered where they come from" \
	says '"answered": 2' in_node client "$net_here/icmp.py" ping "$vip4" --size 56 --size 1401

# --- clients come by the other arm ---
give_route router 203.0.113.0/24 via 10.5.0.2
give_route rear 203.0.113.0/24 via 10.4.0.10
before=$(reason redirected)
it "clients that come by the backends' interface are served" \
	all_answered "r1 r2" udp "$vip4" 53 --count 60
it "without a redirect" is "$before" reason redirected
it "and the backend on the other side" all_answered "b1 r1" udp "$other_vip4" 53 --count 60
it "with one" test "$(reason redirected)" -gt "$before"
give_route router 203.0.113.0/24 via 10.2.0.10
ip -n hp-net-rear route delete 203.0.113.0/24

# --- an arm goes down and up ---
ip -n hp-net-lb link set eth1 down
it "status says that the backends' interface is down" \
	wait_until 5 says "interface eth1 is down" status '.problems[]'
it "and that its backends cannot be reached" wait_until 5 is false backend r2 .resolved
it "their packets are not sent" nothing_answered udp "$vip4" 53 --count 5
it "but counted" test "$(reason unresolved)" -ge 5
up_again eth1 fd04::10/64
it "when it is up again they are resolved" wait_until 15 all_resolved
it "and served" all_are_served
ip -n hp-net-lb link set eth0 down
wait_until 5 says "interface eth0 is down" status '.problems[]' >/dev/null
up_again eth0 fd02::10/64
it "so when the clients' interface was down" wait_until 15 all_resolved
it "all are served" all_are_served

# --- restarted with one interface, and with two ---
start_talking steady "$vip4" 80
stop_hairpind KILL || true
start_hairpind -i eth1
wait_until 5 all_resolved
it "a restart disturbs nobody" nobody_noticed steady
stop_hairpind
start_hairpind
it "without the second interface its backends cannot be reached" \
	wait_until 5 is false backend r2 .resolved
it "and status is not well" is false status .well
stop_hairpind
start_hairpind -i eth1
wait_until 5 all_resolved
it "with it they are served" all_are_served
net_done
