#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Links with smaller MTUs on the way: senders learn of them through the balancer, and transfers of 10 MB
# complete, both ways, in both families.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

#   client -- edge --1400-- router -- lan -- lb --1480-- m1
#   near ---------------------'        `---- b1
size=10000000
vips=("$vip4" "$vip6" "$other_vip4" "$other_vip6")
make_router
make_node edge
make_forwarding edge
make_link edge wan router to-client 1400
make_node client
make_link client eth0 edge to-client
give_address client eth0 10.1.0.2/24 fd01::2/64
give_address edge to-client 10.1.0.1/24 fd01::1/64
give_address edge wan 10.9.0.2/24 fd09::2/64
give_address router to-client 10.9.0.1/24 fd09::1/64
give_route client default via 10.1.0.1
give_route client default via fd01::1
give_route edge default via 10.9.0.1
give_route edge default via fd09::1
give_route router 10.1.0.0/24 via 10.9.0.2
give_route router fd01::/64 via fd09::2
make_node near
make_link near eth0 router to-near
give_address near eth0 10.8.0.2/24 fd08::2/64
give_address router to-near 10.8.0.1/24 fd08::1/64
give_route near default via 10.8.0.1
give_route near default via fd08::1
make_balancer
make_backend b1 11 "${vips[@]}"
make_backend m1 13 "${vips[@]}"
make_link lb eth1 m1 eth1 1480
give_address lb eth1 10.4.0.1/24 fd04::1/64
give_address m1 eth1 10.4.0.13/24 fd04::13/64
in_node m1 "$lab_build/ctl/hairpinctl" decap attach eth1 --pin "$lab_pins/m1" >/dev/null
# Packets that GRO has made larger than the MTU are no test of it.
for device in "router to-lb" "router to-b1" "router to-m1" "router to-client" "router to-near" \
	"lb eth0" "b1 eth0" "m1 eth0" "m1 eth1" "edge wan" "edge to-client"; do
	read -r node device <<<"$device"
	in_node "$node" ethtool -K "$device" gro off gso off tso off
done
# Senders must not find out by themselves that large packets vanish.
for node in client near b1 m1; do in_node "$node" sysctl -qw net.ipv4.tcp_mtu_probing=0; done
for node in b1 m1; do
	spawn "server-$node" "$node" "$net_here/transfer.py" serve "$vip4" 80 "$vip6" 80 \
		"$other_vip4" 80 "$other_vip6" 80
done

write_catalog <<END
{ "version": 1,
  "pools": {
    "wide": { "backends": { "b1": { "address": "10.2.0.11" } } },
    "wide6": { "backends": { "b1": { "address": "fd02::11" } } },
    "narrow": { "backends": { "m1": { "address": "10.4.0.13" } } },
    "narrow6": { "backends": { "m1": { "address": "fd04::13" } } } },
  "services": {
    "dns": { "address": "$vip4", "protocol": "udp", "port": 53, "pool": "wide" },
    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "wide" },
    "www6": { "address": "$vip6", "protocol": "tcp", "port": 80, "pool": "wide6" },
    "slim": { "address": "$other_vip4", "protocol": "tcp", "port": 80, "pool": "narrow" },
    "slim6": { "address": "$other_vip6", "protocol": "tcp", "port": 80, "pool": "narrow6" } } }
END
start_hairpind -i eth1
wait_for_servers b1 m1
wait_until 5 all_resolved

transfer() { # NODE up|down VIP
	in_node "$1" "$net_here/transfer.py" "$2" "$3" 80 "$size"
}

path_mtu() { # NODE ADDRESS: that it has learned
	local family=-4
	[[ $2 == *:* ]] && family=-6
	ip -n "hp-net-$1" -j $family route get "$2" | jq '.[0].metrics[0].mtu'
}

forget_mtus() { # those that were learned
	local node
	for node in client near b1 m1; do
		ip -n "hp-net-$node" route flush cache
		ip -n "hp-net-$node" -6 route flush cache
	done
}

# --- 1400 between client and balancer: the router's errors go to the backend ---
it "10 MB from a backend, by a link of 1400" transfer client down "$vip4"
it "the backend has learned it from the router, through the VIP" is 1400 path_mtu b1 10.1.0.2
it "10 MB in IPv6" transfer client down "$vip6"
it "the backend has learned it" is 1400 path_mtu b1 fd01::2
it "10 MB to a backend" transfer client up "$vip4"
it "in IPv6" transfer client up "$vip6"
it "until here nobody has been told by the program" is 0 reason too_big_answered

# --- 1480 between balancer and backend: the program's errors go to the client ---
it "10 MB to a backend behind a link of 1480" transfer near up "$other_vip4"
it "the client has learned from the VIP what is left without the tunnel header" \
	is 1460 path_mtu near "$other_vip4"
it "the program answered" test "$(reason too_big_answered)" -gt 0
before=$(reason too_big_answered)
it "10 MB to it in IPv6" transfer near up "$other_vip6"
it "the client has learned it" is 1440 path_mtu near "$other_vip6"
it "the program answered" test "$(reason too_big_answered)" -gt "$before"
it "10 MB from it" transfer near down "$other_vip4"
it "in IPv6" transfer near down "$other_vip6"
it "by the other interface" test "$(reason redirected)" -gt 10000

# --- a route's MTU is smaller than its link's ---
ip -n hp-net-lb route add 10.2.0.11/32 dev eth0 mtu 1450
ip -n hp-net-lb -6 route add fd02::11/128 dev eth0 mtu 1450
it "a route says 1450, and that is followed" wait_until 5 is "1450 1450" status '
	[.backends[] | select(.name == "b1").mtu | tostring] | join(" ")'
forget_mtus
it "10 MB to a backend behind that route" transfer near up "$vip4"
it "the client has learned it" is 1430 path_mtu near "$vip4"
it "10 MB in IPv6" transfer near up "$vip6"
it "the client has learned it" is 1410 path_mtu near "$vip6"

# --- what may be fragmented ---
before=$(reason too_big_no_df)
in_node near python3 -c "import socket
s = socket.socket(type=socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 10, 4) # IP_MTU_DISCOVER: the interface's, and no DF
s.sendto(bytes(1472), ('$vip4', 53))"
it "a large packet without DF has its own reason" is $((before + 1)) reason too_big_no_df
net_done
