#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Pings to a VIP, traceroutes through it, and errors about its flows, in both families.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

vips=("$vip4" "$vip6")
make_router
make_client
make_balancer
make_gateway
make_backend b1 11 "${vips[@]}"
make_backend b2 12 "${vips[@]}"
make_far_backend f1 11 "${vips[@]}"
for node in b1 b2 f1; do
	serve_on "$node"
	spawn "late-$node" "$node" "$net_here/server.py" "$node" --late "$vip4" 54 --late "$vip6" 54
done
give_route lb 10.3.0.0/24 via 10.2.0.2
give_route lb fd03::/64 via fd02::2
# Linux sends few errors to one host: here all of them count
for node in client router b1 b2 f1; do
	in_node "$node" sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
done

catalog() { # ECHO
	cat <<-END
		{ "version": 1, "echo": $1,
		  "pools": { "web": { "backends": { "b1": { "address": "10.2.0.11" },
		    "b2": { "address": "fd02::12" }, "f1": { "address": "10.3.0.11" } } } },
		  "services": {
		    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "web" },
		    "www6": { "address": "$vip6", "protocol": "tcp", "port": 80, "pool": "web" },
		    "any": { "address": "$vip4", "protocol": "udp", "port": "any", "pool": "web" },
		    "any6": { "address": "$vip6", "protocol": "udp", "port": "any", "pool": "web" } } }
	END
}
catalog true | write_catalog
start_hairpind
wait_for_servers b1 b2 f1
for node in b1 b2 f1; do wait_until 5 grep -q ready "$lab_dir/late-$node.log"; done
wait_until 5 all_resolved

ping() { # ADDRESS SIZE...
	local -a sizes=()
	local size
	for size in "${@:2}"; do sizes+=(--size "$size"); done
	in_node client "$net_here/icmp.py" ping "$1" "${sizes[@]}" --timeout 0.5
}

pings() { # FILTER ADDRESS SIZE...: of jq, on the result
	ping "${@:2}" | tee /dev/stderr | jq -e "$1"
}

trace() { # ADDRESS PORT PROTOCOL TTL
	in_node client "$net_here/icmp.py" trace "$1" "$2" --protocol "$3" --ttl "$4"
}

# --- pings ---
sizes=(0 1 2 7 8 56 255 1000 1400 1401 1471 1472)
sizes6=(0 1 2 7 8 56 255 1000 1400 1401 1451 1452)
before=$(reason echo_answered)
it "pings of any size to an IPv4 VIP are answered, with a TTL of 64 less the router's 1" \
	pings '.answered == 12 and .ttl == [63]' "$vip4" "${sizes[@]}"
it "so are those to an IPv6 VIP" pings '.answered == 12 and .ttl == [63]' "$vip6" "${sizes6[@]}"
it "by the program" is 24 eval "echo \$((\$(reason echo_answered) - $before))"
mapfile -t many < <(seq 300)
it "and 300 more, each with other bytes: no checksum is wrong" \
	pings '.answered == 300' "$vip4" "${many[@]}"
before=$(reason echo_answered)
it "an address that is no VIP does not answer" pings '.silent == 2' 203.0.113.99 56 1000
it "in IPv6 neither" pings '.silent == 2' 2001:db8::99 56 1000
it "the balancer's own address does" pings '.answered == 2' 10.2.0.10 56 1400
it "its IPv6 one too" pings '.answered == 2' fd02::10 56 1400
it "but not by the program" is "$before" reason echo_answered
before=$(reason icmp)
it "a ping in fragments is left to the host, who has no such address" \
	pings '.silent == 1' "$vip4" 4000
it "and counted so" test "$(reason icmp)" -gt "$before"

# --- traceroute ---
for vip in "$vip4" "$vip6"; do
	router=10.1.0.1
	[[ $vip == *:* ]] && router=fd01::1
	for protocol in udp tcp icmp; do
		it "$protocol to $vip, TTL 1: the router answers" \
			is "$router time exceeded" trace "$vip" 80 "$protocol" 1
	done
	it "UDP with TTL 2, to a port without a server: the backend says so, as the VIP" \
		is "$vip unreachable" trace "$vip" 33434 udp 2
	it "TCP with TTL 2 connects" is "$vip connected" trace "$vip" 80 tcp 2
	it "ICMP with TTL 2 is answered" is "$vip echo reply" trace "$vip" 80 icmp 2
done

# --- errors about flows: from clients whose port is closed when the answer comes ---
# shellcheck disable=SC2016 # what awk expands
icmp_errors() { # NODE FAMILY: that the node got about its packets
	if [[ $2 == 4 ]]; then
		in_node "$1" awk '/^Icmp:/ && n++ { print $5 }' /proc/net/snmp
	else
		in_node "$1" awk '$1 == "Icmp6InDestUnreachs" { print $2 }' /proc/net/snmp6
	fi
}

# shellcheck disable=SC2016
datagrams() { # NODE FAMILY: that it got
	if [[ $2 == 4 ]]; then
		in_node "$1" awk '/^Udp:/ && n++ { print $2 }' /proc/net/snmp
	else
		in_node "$1" awk '$1 == "Udp6InDatagrams" { print $2 }' /proc/net/snmp6
	fi
}

errors_reach_their_backends() { # VIP FAMILY: each backend gets one for each datagram
	local node
	local -A datagrams errors
	for node in b1 b2 f1; do
		datagrams[$node]=$(datagrams "$node" "$2")
		errors[$node]=$(icmp_errors "$node" "$2")
	done
	client send "$1" 54 --count 60 --size 10
	sleep 0.5
	for node in b1 b2 f1; do
		datagrams[$node]=$(($(datagrams "$node" "$2") - datagrams[$node]))
		errors[$node]=$(($(icmp_errors "$node" "$2") - errors[$node]))
		echo "$node: ${datagrams[$node]} datagrams, ${errors[$node]} errors"
		((datagrams[$node] > 5 && datagrams[$node] == errors[$node])) || return 1
	done
	((datagrams[b1] + datagrams[b2] + datagrams[f1] == 60))
}
it "port unreachable from a client goes to the backend of its flow" \
	errors_reach_their_backends "$vip4" 4
it "in IPv6 too" errors_reach_their_backends "$vip6" 6

# --- switched off ---
catalog false >"$lab_dir/quiet.json"
it "echo is switched off" hairpinctl catalog apply "$lab_dir/quiet.json"
before=$(reason echo_answered)
it "then pings are not answered" pings '.silent == 2' "$vip4" 56 1401
it "in IPv6 neither" pings '.silent == 2' "$vip6" 56 1401
it "by nobody" is "$before" reason echo_answered
it "services work" all_answered "b1 b2 f1" ask "$vip4" 80 --count 50
it "and errors still reach their backends" errors_reach_their_backends "$vip4" 4
catalog true >"$lab_dir/loud.json"
it "echo is switched on" hairpinctl catalog apply "$lab_dir/loud.json"
it "and pings are answered" pings '.answered == 2' "$vip6" 56 1401
net_done
