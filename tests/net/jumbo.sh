#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An MTU above what fits into a page needs another program: at the start, and when it changes.
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
catalog "$www, $www6" | write_catalog

frags() { # DEVICE: of the program on it, as status tells
	status ".interfaces[] | select(.name == \"$1\").frags"
}

set_mtu() { # DEVICE OTHER_END MTU
	ip -n hp-net-lb link set dev "$1" mtu "$3"
	ip -n hp-net-router link set dev "$2" mtu "$3"
}

# --- the driver asks for it ---
ip -n hp-net-router link set dev to-lb-1 mtu 9000
it "to a program for frames of one page the driver says no" refuses 1 "Peer MTU is too large" \
	hairpind -i eth1 -c "$lab_catalog" --mode native
set_mtu eth1 to-lb-1 9000
start_hairpind -i eth1 --mode native
wait_for_servers b1
wait_until 5 all_resolved
it "with an MTU of 9000 hairpind attaches natively" \
	is native status '.interfaces[] | select(.name == "eth1").mode'
it "for frames of several pages" is true frags eth1
it "which the log tells" says "eth1: attached in native mode for frames of several pages" \
	cat "$lab_dir/hairpind.log"
it "the other interface needs none of it" is false frags eth0
it "all is well" is true status .well

# --- the MTU changes (up to 3500: more the pass program at the other end does not allow) ---
start_talking steady "$vip4" 80
set_mtu eth0 to-lb 3400
it "a larger MTU is noticed" wait_until 5 is true frags eth0
it "the new program serves" all_answered b1 ask "$vip4" 80 --count 20
it "IPv6 too" all_answered b1 ask "$vip6" 80 --count 20
set_mtu eth0 to-lb 3000
it "so is one that fits again" wait_until 5 is false frags eth0
it "the new program serves" all_answered b1 ask "$vip4" 80 --count 20
set_mtu eth0 to-lb 3001
it "and one that just does not" wait_until 5 is true frags eth0
it "nobody noticed" nobody_noticed steady
it "the other interface has kept its program" is true frags eth1
it "all is well" is true status .well

# --- the MTU changes while no hairpind runs ---
stop_hairpind
set_mtu eth0 to-lb 1600
start_hairpind -i eth1 --mode native
wait_until 5 all_resolved
it "a new hairpind finds the smaller MTU" is false frags eth0
it "and serves" all_answered b1 ask "$vip4" 80 --count 20

# --- the driver refuses the change ---
ip -n hp-net-lb link set dev eth1 mtu 1600
it "a program that the driver does not take back is a problem" wait_until 5 says \
	"interface eth1 has a program that does not fit its MTU: eth1: the driver refuses native XDP" \
	status '.problems[]'
it "the old one stays" is true frags eth1
catalog "$www" >"$lab_dir/one.json"
it "changes that need another program are made all the same" \
	hairpinctl catalog apply "$lab_dir/one.json"
it "and serve" all_answered b1 ask "$vip4" 80 --count 20
it "with the old kind of program there" is true frags eth1
ip -n hp-net-router link set dev to-lb-1 mtu 1600
it "until the reason is gone" wait_until 70 is true status .well
it "then the new one is there" is false frags eth1
net_done
