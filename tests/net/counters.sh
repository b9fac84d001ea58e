#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What hairpinctl counts is what was sent, to the packet and to the byte.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

make_router
make_client
make_balancer
make_backend b1 11 "$vip4" "$vip6"
make_backend b2 12 "$vip4" "$vip6"

write_catalog <<END
{ "version": 1,
  "pools": {
    "web": { "backends": { "b1": { "address": "10.2.0.11" }, "b2": { "address": "fd02::12" } } },
    "empty": { "backends": { "b1": { "address": "10.2.0.11", "state": "down" } } },
    "lost": { "backends": { "b9": { "address": "10.2.0.99" } } } },
  "services": {
    "dns": { "address": "$vip4", "protocol": "udp", "port": 53, "pool": "web" },
    "dns6": { "address": "$vip6", "protocol": "udp", "port": 53, "pool": "web" },
    "alt": { "address": "$vip4", "protocol": "udp", "port": 54, "pool": "web" },
    "empty": { "address": "$vip4", "protocol": "udp", "port": 55, "pool": "empty" },
    "lost": { "address": "$vip4", "protocol": "udp", "port": 56, "pool": "lost" } } }
END
start_hairpind
wait_until 5 backend_resolved web/b1
wait_until 5 backend_resolved web/b2

bytes_of() { # SERVICE
	hairpinctl stats --json | jq ".services.$1.bytes"
}

sum_of_backends() {
	hairpinctl stats --json | jq '[.backends[].packets] | add'
}

sum_unwrapped() {
	echo $(($(unwrapped_by b1) + $(unwrapped_by b2)))
}

rises_by() { # PACKETS REASON CLIENT_ARGUMENT...: or a few more, where neighbours count too
	local before after
	before=$(reason "$2")
	client "${@:3}"
	after=$(reason "$2")
	echo "$2: $before, then $after"
	if [[ $2 == no_service ]]; then
		((after - before >= $1 && after - before < $1 + 10))
	else
		((after - before == $1))
	fi
}

it "nothing was sent yet" is 0 reason sent
client send "$vip4" 53 --count 300 --size 100 >"$lab_dir/sent"
client send "$vip6" 53 --count 200 --size 100 >"$lab_dir/sent"
client send "$vip4" 54 --count 100 --size 1000 >"$lab_dir/sent"
it "a service has the packets that were sent to it" is 300 counted services dns
it "so has one of IPv6" is 200 counted services dns6
it "and a second one on the same pool" is 100 counted services alt
# Ethernet 14, IPv4 20 or IPv6 40, UDP 8: what arrived, before the tunnel header
it "and their bytes" is $((300 * (14 + 20 + 8 + 100))) bytes_of dns
it "of IPv6" is $((200 * (14 + 40 + 8 + 100))) bytes_of dns6
it "and of large ones" is $((100 * (14 + 20 + 8 + 1000))) bytes_of alt
it "the backends together have all of them" is 600 sum_of_backends
it "each has some" test "$(counted backends web/b1)" -gt 100 -a "$(counted backends web/b2)" -gt 100
it "as many were sent" is 600 reason sent
it "and unwrapped" is 600 sum_unwrapped
it "b1 unwrapped as many as were sent to it" is "$(counted backends web/b1)" unwrapped_by b1

it "packets for a pool without a backend are counted so" \
	rises_by 50 no_backend send "$vip4" 55 --count 50
it "and for one that is not resolved" rises_by 50 unresolved send "$vip4" 56 --count 50
it "and for no service" rises_by 50 no_service send "$vip4" 57 --count 50
it "none of them was sent" is 600 reason sent
it "the service counts what came for it, also if it could not be sent" \
	is 50 counted services empty
it "stats in words names the reasons" says "no_backend" hairpinctl stats
it "trace tells where a packet would go" \
	says "b" hairpinctl trace udp 10.1.0.2:1234 "$vip4:53"
it "and a trace is not counted" is 600 reason sent

backend_of_trace() { # SOURCE_PORT
	hairpinctl trace udp "10.1.0.2:$1" "$vip4:53" --json | jq -r .backend
}

trace_is_true() { # the packet with this source port goes where trace says
	local port expected before
	for port in 2001 2002 2003 2004 2005 2006; do
		expected=$(backend_of_trace "$port")
		before=$(counted backends "web/$expected")
		in_node client bash -c "exec 3<>/dev/udp/$vip4/53" # warms up neighbours
		in_node client python3 -c "import socket; s = socket.socket(type=socket.SOCK_DGRAM)
s.bind(('10.1.0.2', $port)); s.sendto(b'x', ('$vip4', 53))"
		echo "$port: $expected"
		(($(counted backends "web/$expected") == before + 1)) || return 1
	done
}
it "the real packet goes where trace says" trace_is_true
net_done
