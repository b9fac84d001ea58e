# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Wires in a virtual machine, for pktgen.sh --vm and ipvs.sh --vm, which source this inside of it.
#
#   gen-NAME: pktgen ---wire========eth0--- lb-NAME: a balancer
#             sink   <----------------/          all its backends are the sink
#
# pktgen and the sink are on CPU 0, the balancer is on CPU 1. As with a card, what arrives is
# polled (NAPI), here by a kernel thread at each end, which is pinned to its CPU.

# shellcheck source=examples/lab.sh
source "$(dirname "${BASH_SOURCE[0]}")/../examples/lab.sh"

wire_vip4=203.0.113.10
wire_vip6=2001:db8::10
wire_backends=16

say() {
	echo "$*" >&2
}

wires_begin() {
	[[ ${HP_VM-} ]] || lab_fail "this is for inside of a virtual machine"
	lab_begin wires
	modprobe pktgen
	mkdir -p "$lab_pins"
	bpftool prog load "$lab_build/bench/sink.bpf.o" "$lab_pins/sink"
	balancer_catalog | write_catalog
}

make_wire() { # NAME
	make_node "gen-$1"
	make_node "lb-$1"
	make_link "gen-$1" wire "lb-$1" eth0
	give_address "gen-$1" wire 10.2.0.1/24 fd02::1/64
	give_address "lb-$1" eth0 10.2.0.10/24 fd02::10/64
	make_backends "$1"
	poll "gen-$1" wire 0
	poll "lb-$1" eth0 1
	in_node "gen-$1" ip link set dev wire xdpdrv pinned "$lab_pins/sink"
}

make_backends() { # NAME: addresses
	local mac i
	mac=$(mac_of "gen-$1" wire)
	for ((i = 0; i < wire_backends; i++)); do
		ip -n "hp-$lab-lb-$1" neighbour add "$(backend_address $i)" lladdr "$mac" \
			dev eth0 nud permanent
	done
}

backend_address() { # NUMBER
	echo "10.2.0.$((100 + $1))"
}

poll() { # NODE DEVICE CPU
	local thread
	in_node "$1" ethtool -K "$2" gro on >/dev/null # without it, or native XDP, veth does not
	with_sysfs "$1" sh -c "echo 1 >/sys/class/net/$2/threaded"
	for thread in $(pgrep "^napi/$2-"); do
		taskset -cp "$3" "$thread" >/dev/null
	done
}

with_sysfs() { # NODE COMMAND...: with the node's interfaces in /sys, but without its bpf file system
	ip netns exec "hp-$lab-$1" "${@:2}"
}

mac_of() { # NODE DEVICE
	ip -n "hp-$lab-$1" -json link show "$2" | jq -r '.[].address'
}

sink_counted() { # packets in a tunnel, from all wires
	bpftool -j map dump name sink_counters |
		jq '[.[].formatted | select(.key == 0).values[].value] | add'
}

# --- hairpin on a wire ---

balancer_catalog() {
	local i separator=''
	# as large a table as IPVS's scheduler mh has
	echo '{ "version": 1, "pools": { "web": { "table_size": 4093, "backends": {'
	for ((i = 0; i < wire_backends; i++)); do
		echo "$separator \"b$i\": { \"address\": \"$(backend_address $i)\" }"
		separator=,
	done
	cat <<-END
		} } },
		"services": {
		  "dns": { "address": "$wire_vip4", "protocol": "udp", "port": 53, "pool": "web" },
		  "dns6": { "address": "$wire_vip6", "protocol": "udp", "port": 53, "pool": "web" } } }
	END
}

balancer_socket() { # NAME
	echo "$lab_dir/$1.sock"
}

start_balancer() { # NAME MODE
	say "starting hairpind, mode $2"
	spawn "$1" "lb-$1" "$lab_build/lb/hairpind" -i eth0 -c "$lab_catalog" --mode "$2" \
		--pin "$lab_pins/$1" --socket "$(balancer_socket "$1")"
}

wait_for_balancer() { # NAME
	wait_until 90 balancer_is_well "$1" || {
		cat "$lab_dir/$1.log" >&2
		return 1
	}
}

balancer_is_well() { # NAME
	"$lab_build/ctl/hairpinctl" --socket "$(balancer_socket "$1")" status --json |
		jq -e '.well and ([.backends[].resolved] | all)'
}
