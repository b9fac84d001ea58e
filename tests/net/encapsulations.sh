#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every encapsulation, IPv4 and IPv6 in IPv4 and IPv6: what is on the wire is what the catalog says, and
# backends unwrap it: with hairpinctl decap, the kernel's vxlan device, or, of none, not at all.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

make_router
make_client
make_balancer
make_gateway
make_backend b1 11 "$vip4" "$vip6"
make_backend b2 12 "$vip4" "$vip6"
make_far_backend f1 11 "$vip4" "$vip6"
give_route lb 10.3.0.0/24 via 10.2.0.2
give_route lb fd03::/64 via fd02::2
for number in 3 4; do # without hairpinctl decap
	join_servers "k$number" "1$number"
	carry_vips "k$number" "$vip4" "$vip6"
done
# template.c has the MAC: the same for all backends
ip -n hp-net-k3 link add vx address 02:68:70:00:00:02 type vxlan id 77 dstport 4789 \
	local 10.2.0.13 dev eth0 nolearning
ip -n hp-net-k4 link add vx address 02:68:70:00:00:02 type vxlan id 77 dstport 4789 \
	local fd02::14 dev eth0 nolearning udp6zerocsumrx
for node in k3 k4; do
	ip -n "hp-net-$node" link set vx up
	in_node "$node" sysctl -qw net.ipv4.conf.vx.rp_filter=0
done
for node in b1 b2 f1 k3 k4; do serve_on "$node"; done

catalog() { # POOL, BACKENDS: of JSON
	cat <<-END
		{ "version": 1,
		  "pools": { "web": { $1 "udp_hold_s": 0, "backends": { $2 } } },
		  "services": {
		    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "web" },
		    "www6": { "address": "$vip6", "protocol": "tcp", "port": 80, "pool": "web" },
		    "dns": { "address": "$vip4", "protocol": "udp", "port": 53, "pool": "web" },
		    "dns6": { "address": "$vip6", "protocol": "udp", "port": 53, "pool": "web" } } }
	END
}
three='"b1": { "address": "10.2.0.11" }, "b2": { "address": "fd02::12" },
	"f1": { "address": "10.3.0.11" }'
catalog "" "$three" | write_catalog
start_hairpind
wait_for_servers b1 b2 f1 k3 k4
wait_until 5 all_resolved

serve_by() { # POOL, BACKENDS: of JSON; until they are resolved
	catalog "$1" "$2" >"$lab_dir/next.json"
	hairpinctl catalog apply "$lab_dir/next.json" && wait_until 5 all_resolved
}

wire() { # NODE FILTER: begins to look at what the balancer sends to a node
	rm -f "$lab_dir/wire.log"
	spawn wire router tcpdump -lnni "to-$1" -Q out --immediate-mode "$2"
	wait_until 5 grep -q listening "$lab_dir/wire.log"
}

seen() { # LEAST: so many packets, and of UDP as many source ports
	local ports
	sleep 0.3 # what tcpdump has not read it does not count
	stop wire || true
	grep -c '^[0-9][0-9]:' "$lab_dir/wire.log"
	(($(grep -c '^[0-9][0-9]:' "$lab_dir/wire.log") >= $1)) || return 1
	ports=$(sed -nE 's/^.* ([0-9a-f.:]+)\.([0-9]+) > .*\.(6080|4789): .*/\2/p' \
		"$lab_dir/wire.log" | sort -u | wc -l)
	echo "$ports source ports"
	[[ ${2:-} != entropy ]] || ((ports >= 15))
}

all_is_served() { # BACKENDS
	all_answered "$1" ask "$vip4" 80 --count 60 && all_answered "$1" ask "$vip6" 80 --count 60 &&
		all_answered "$1" udp "$vip4" 53 --count 60 --size 1300 &&
		all_answered "$1" udp "$vip6" 53 --count 60 --size 1300
}

unwrapped() { # by any
	echo $(($(unwrapped_by b1) + $(unwrapped_by b2) + $(unwrapped_by f1)))
}

all_were_unwrapped() { # the balancer's packets, since before: SENT UNWRAPPED
	echo "sent $1, then $(reason sent); unwrapped $2, then $(unwrapped)"
	(($(reason sent) - $1 == $(unwrapped) - $2 && $(reason sent) > $1))
}

kind_works() { # NAME POOL FILTER_IPV4 FILTER_IPV6 [entropy]
	local sent unwrapped
	it "$1 comes into force" serve_by "$2" "$three"
	sent=$(reason sent) unwrapped=$(unwrapped)
	it "$1 reaches near and far backends of both families" all_is_served "b1 b2 f1"
	sleep 0.3
	it "and each packet was unwrapped" all_were_unwrapped "$sent" "$unwrapped"
	wire b1 "$3"
	client udp "$vip4" 53 --count 90 >"$lab_dir/result"
	client udp "$vip6" 53 --count 90 >"$lab_dir/result"
	it "it is what is on the wire in IPv4" seen 30 "${5:-}"
	wire b2 "$4"
	client udp "$vip4" 53 --count 90 >"$lab_dir/result"
	client udp "$vip6" 53 --count 90 >"$lab_dir/result"
	it "and in IPv6" seen 30 "${5:-}"
}
kind_works ipip '"encapsulation": "ipip",' 'ip proto 4 or ip proto 41' \
	'ip6 proto 4 or ip6 proto 41'
kind_works gre '"encapsulation": "gre",' 'ip proto 47' 'ip6 proto 47'
kind_works gue '"encapsulation": "gue",' 'ip and udp dst port 6080' \
	'ip6 and udp dst port 6080' entropy
kind_works vxlan '"encapsulation": "vxlan", "vni": 77,' 'ip and udp dst port 4789' \
	'ip6 and udp dst port 4789' entropy

# --- vxlan without hairpinctl decap ---
it "two backends with a vxlan device" serve_by '"encapsulation": "vxlan", "vni": 77,' \
	'"k3": { "address": "10.2.0.13" }, "k4": { "address": "fd02::14" }'
it "the kernel unwraps vxlan" all_is_served "k3 k4"
it "another VNI" serve_by '"encapsulation": "vxlan", "vni": 78,' \
	'"k3": { "address": "10.2.0.13" }'
it "is another network" nothing_answered udp "$vip4" 53 --count 5

# --- none ---
it "backends on the same layer 2" serve_by '"encapsulation": "none",' \
	'"k3": { "address": "10.2.0.13" }, "k4": { "address": "fd02::14" }'
it "get packets as they are" all_is_served "k3 k4"
wire k3 "dst net 203.0.113.0/24 or dst net 2001:db8::/64"
client udp "$vip4" 53 --count 60 >"$lab_dir/result"
it "without a tunnel header" seen 15
catalog '"encapsulation": "none",' '"f1": { "address": "10.3.0.11" }' >"$lab_dir/next.json"
hairpinctl catalog apply "$lab_dir/next.json" >"$lab_dir/result"
it "one behind a gateway cannot be reached, and status says why" \
	wait_until 5 says "f1 cannot be reached: it is behind the gateway 10.2.0.2" status '.problems[]'
it "no packet goes there" nothing_answered udp "$vip4" 53 --count 5
net_done
