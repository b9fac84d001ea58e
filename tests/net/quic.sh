#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# QUIC connections stay on the backend that their connection id names, wherever the client goes.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

make_router
make_client
give_address client eth0 10.1.0.3/24 fd01::3/64
make_balancer
for number in 1 2 3; do
	make_backend "b$number" "1$number" "$vip4" "$vip6"
	serve_on "b$number"
done
catalog() { # KEYS_OF_B2: of JSON
	cat <<-END
		{ "version": 1,
		  "pools": { "web": { "backends": {
		    "b1": { "address": "10.2.0.11", "server_id": "0a0b0c01" },
		    "b2": { "address": "fd02::12", "server_id": "0a0b0c02" $1 },
		    "b3": { "address": "10.2.0.13", "server_id": "0a0b0c03" } } } },
		  "services": {
		    "quic": { "address": "$vip4", "protocol": "udp", "port": 53, "pool": "web",
		      "quic": { "server_id_length": 4, "nonce_length": 6, "config": 2 } },
		    "quic6": { "address": "$vip6", "protocol": "udp", "port": 53, "pool": "web",
		      "quic": { "server_id_length": 4, "nonce_length": 6, "config": 0 } },
		    "plain": { "address": "$vip4", "protocol": "udp", "port": 5353, "pool": "web" } } }
	END
}
catalog "" | write_catalog
start_hairpind
wait_for_servers b1 b2 b3
wait_until 5 all_resolved

quic() { # OPTION...: to the IPv4 service, with its configuration
	in_node client "$net_here/quic.py" "$vip4" 53 --config 2 "$@"
}

quic6() { # OPTION...
	in_node client "$net_here/quic.py" "$vip6" 53 "$@"
}

spread() { # COMMAND...: to all three
	"$@" | tee /dev/stderr | jq -e 'keys == ["b1", "b2", "b3"]'
}

one_of() { # COMMAND...: all to the same backend, whichever it is
	"$@" | tee /dev/stderr | jq -e '(keys | length) == 1 and (has("silence") | not)'
}

apply() { # KEYS_OF_B2
	catalog "$1" >"$lab_dir/next.json"
	hairpinctl catalog apply "$lab_dir/next.json" >"$lab_dir/applied"
	wait_until 5 all_resolved
}

for number in 1 2 3; do
	it "from any port, short headers go to the backend b$number that they name" \
		is "{\"b$number\": 40}" quic --server-id "0a0b0c0$number" --count 40
	it "from another address too" \
		is "{\"b$number\": 40}" quic --server-id "0a0b0c0$number" --count 40 --source 10.1.0.3
	it "in IPv6" is "{\"b$number\": 40}" quic6 --server-id "0a0b0c0$number" --count 40
	it "from another address too" \
		is "{\"b$number\": 40}" quic6 --server-id "0a0b0c0$number" --count 40 --source fd01::3
done
for header in initial zerortt handshake retry; do
	it "a long header's id ($header) counts too" \
		is '{"b2": 20}' quic --header "$header" --server-id 0a0b0c02
done

# --- ids that name nobody go by the hash of the flow ---
it "ids that no backend has are spread, by their ports" spread quic --server-id 0a0b0c99 --count 60
it "those of one flow go to one backend" one_of quic --server-id 0a0b0c99 --source-port 4001
it "whatever the id is" one_of quic --source-port 4001
it "a client's first packets too" spread quic --header initial --count 60
it "ids of another configuration name nobody" \
	spread quic --config 3 --server-id 0a0b0c01 --count 60
it "nor those of another pool's length, in a long header" \
	spread quic --header initial --server-id 0a0b0c01 --nonce 3 --count 60
it "a service without quic does not look at ids" spread in_node client "$net_here/quic.py" \
	"$vip4" 5353 --config 2 --server-id 0a0b0c01 --count 60
it "pings of another kind: an empty datagram is no QUIC, and goes by the hash" \
	all_answered "b1 b2 b3" udp "$vip4" 53 --count 60 --size 0
it "a large one in fragments follows its id" eval "in_node client python3 -c \"
import os, socket
s = socket.socket(type=socket.SOCK_DGRAM)
s.settimeout(1)
s.connect(('$vip4', 53))
for i in range(8):
    s.send(bytes([0x40, 0x4a]) + bytes.fromhex('0a0b0c03') + os.urandom(4000))
    assert s.recv(65536).startswith(b'b3 ')\""

# --- backends that leave ---
apply ', "state": "drain"'
it "a drained backend keeps its connections" is '{"b2": 20}' quic --server-id 0a0b0c02
apply ', "state": "down"'
it "connections of one that is down go to the others" eval \
	"quic --server-id 0a0b0c02 --count 60 | tee /dev/stderr | jq -e 'keys == [\"b1\", \"b3\"]'"
it "and the others keep theirs" is '{"b1": 20}' quic --server-id 0a0b0c01
apply ""
it "when it is up again it has its own" is '{"b2": 20}' quic --server-id 0a0b0c02
stop_hairpind KILL || true
it "without hairpind" is '{"b2": 20}' quic --server-id 0a0b0c02
start_hairpind
it "and after a start of it" is '{"b2": 20}' quic --server-id 0a0b0c02
jq '.pools.web.backends.b2.server_id = "0a0b0c77"' "$lab_dir/next.json" >"$lab_dir/other.json"
hairpinctl catalog apply "$lab_dir/other.json" >"$lab_dir/result"
it "another server id is its name at once" is '{"b2": 20}' quic --server-id 0a0b0c77
it "and the old one names nobody" spread quic --server-id 0a0b0c02 --count 60
net_done
