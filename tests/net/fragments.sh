#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Datagrams larger than the client's MTU: their fragments go where the first one goes.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

make_router
make_client
make_balancer
make_backend b1 11 "$vip4" "$vip6"
make_backend b2 12 "$vip4" "$vip6"
make_backend b3 13 "$vip4" "$vip6"
for node in b1 b2 b3; do serve_on "$node"; done
write_catalog <<END
{ "version": 1,
  "pools": { "web": { "backends": { "b1": { "address": "10.2.0.11" },
    "b2": { "address": "fd02::12" }, "b3": { "address": "10.2.0.13" } } } },
  "services": {
    "dns": { "address": "$vip4", "protocol": "udp", "port": 53, "pool": "web" },
    "dns6": { "address": "$vip6", "protocol": "udp", "port": 53, "pool": "web" } } }
END
start_hairpind
wait_for_servers b1 b2 b3
wait_until 5 all_resolved

fragments() { # ADDRESS OPTION...: who answers
	in_node client "$net_here/fragments.py" "$1" 53 "${@:2}"
}

whole_and_pieces_agree() { # ADDRESS: a flow's small and large datagrams have one backend
	local port small large
	for port in 4001 4002 4003 4004 4005 4006 4007 4008; do
		small=$(fragments "$1" --source-port "$port" --size 100)
		large=$(fragments "$1" --source-port "$port" --size 4000)
		echo "$port: $small, $large"
		[[ $small == b? && $small == "$large" ]] || return 1
	done
}

lost() { # FRAGMENTS ADDRESS OPTION...: that many come before the first, and nobody answers
	local before answer
	before=$(reason fragment_unknown)
	answer=$(fragments "${@:2}")
	echo "$answer; unknown: $before, then $(reason fragment_unknown)"
	[[ $answer == silence && $(reason fragment_unknown) == $((before + $1)) ]]
}

made_up_for() { # FRAGMENTS ADDRESS OPTION...: that many come too early, and then again
	local before answer
	before=$(reason fragment_unknown)
	answer=$(fragments "${@:2}")
	echo "$answer; unknown: $before, then $(reason fragment_unknown)"
	[[ $answer == b? && $(reason fragment_unknown) == $((before + $1)) ]]
}

# The first large answer of each backend is too big for the router, who fragments only IPv4.
client udp "$vip6" 53 --count 100 --size 4000 >"$lab_dir/warm"
for vip in "$vip4" "$vip6"; do
	before=$(reason sent)
	it "200 datagrams of 4 KB to $vip are answered, whole, by all backends" \
		all_answered "b1 b2 b3" udp "$vip" 53 --count 200 --size 4000
	it "in three fragments each" is 600 eval "echo \$((\$(reason sent) - $before))"
	it "a flow's fragments go to the backend of its other packets" whole_and_pieces_agree "$vip"
	it "so do those of the largest datagram that there is" \
		all_answered "b1 b2 b3" udp "$vip" 53 --count 40 --size 60000 --parallel 1
	it "the last before the second is no harm" made_up_for 0 "$vip" --order 0,2,1
	it "a second one before the first is lost" lost 1 "$vip" --order 1,0,2
	it "so are all that come before it" lost 2 "$vip" --order 2,1,0
	it "when they come again, the datagram is whole" \
		made_up_for 2 "$vip" --order 1,2,0 --order 1,2
	it "without the first they are lost" lost 4 "$vip" --order 1,2 --order 1,2
done
it "no other fragment was unknown" is 18 reason fragment_unknown
it "none was tiny" is 0 reason fragment_tiny
net_done
