# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the net tests share: points in TAP, servers and clients. Sourced by each of them.
# shellcheck disable=SC2034 # variables that only they use

set -euo pipefail
net_here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=examples/lab.sh
source "$net_here/../../examples/lab.sh"

vip4=203.0.113.10
vip6=2001:db8::10
other_vip4=203.0.113.20
other_vip6=2001:db8::20
net_points=0

# --- points ---

net_begin() { # removes what an earlier run left
	if ((EUID)); then
		echo "1..0 # SKIP network namespaces and XDP need root"
		exit 0
	fi
	lab_begin net
}

it() { # SENTENCE COMMAND...: one point; what the command says is shown if it fails
	local said=$lab_dir/said status=0
	net_points=$((net_points + 1))
	"${@:2}" >"$said" 2>&1 || status=$?
	if ((status == 0)); then
		echo "ok $net_points - $1"
		return
	fi
	echo "not ok $net_points - $1"
	echo "# exit status $status of: ${*:2}"
	sed 's/^/# /' "$said"
	tail -n 15 "$lab_dir/hairpind.log" 2>/dev/null | sed 's/^/# hairpind: /' || true
}

net_done() { # the plan
	if [[ ${lab_pid[hairpind]:-} ]]; then
		it "hairpind stops cleanly" stop_hairpind
	fi
	it "no sanitizer complains" not grep -hE 'Sanitizer|runtime error' "$lab_dir"/*.log
	echo "1..$net_points"
}

not() { # COMMAND...
	! "$@"
}

says() { # WORDS COMMAND...: whatever its exit status
	local output
	output=$("${@:2}" 2>&1) || true
	printf '%s\n' "$output"
	[[ $output == *"$1"* ]]
}

refuses() { # STATUS WORDS COMMAND...
	local output status=0
	output=$("${@:3}" 2>&1) || status=$?
	printf '%s\nexit status %s\n' "$output" "$status"
	[[ $status == "$1" && $output == *"$2"* ]]
}

# --- servers and clients ---

serve_on() { # NODE: lines over TCP on 80 and 81, datagrams on 53 and 5353, on each VIP it carries
	local -a options=()
	local vip
	for vip in $(ip -n "hp-$lab-$1" -o address show dev lo scope global |
		awk '{ sub("/.*", "", $4); print $4 }'); do
		options+=(--tcp "$vip" 80 --tcp "$vip" 81 --udp "$vip" 53 --udp "$vip" 5353)
	done
	spawn "server-$1" "$1" "$net_here/server.py" "$1" "${options[@]}"
}

wait_for_servers() { # NODE...
	local node
	for node in "$@"; do
		wait_until 10 grep -q ready "$lab_dir/server-$node.log"
	done
}

client() { # see client.py
	in_node client "$net_here/client.py" "$@"
}

all_answered() { # BACKENDS CLIENT_ARGUMENT...: none failed, and exactly these answered: "b1 b2"
	local result
	result=$(client "${@:2}")
	echo "$result"
	jq -e --arg names "$1" '.failed == 0 and (.from | keys) == ($names | split(" "))' \
		<<<"$result"
}

nothing_answered() { # CLIENT_ARGUMENT...
	local result
	result=$(client "$@" --timeout 0.5)
	echo "$result"
	jq -e '.ok == 0' <<<"$result"
}

start_talking() { # NAME ADDRESS PORT: connections that last, and new ones, until stop_talking
	spawn "$1" client "$net_here/client.py" talk "$2" "$3" --count 10
	wait_until 5 grep -q started "$lab_dir/$1.log"
}

nobody_noticed() { # NAME...: of start_talking; ends it
	local name
	for name in "$@"; do
		stop "$name" || return 1
		tail -n 1 "$lab_dir/$name.log"
		tail -n 1 "$lab_dir/$name.log" | jq -e '.failed == 0 and .ok > 50' || return 1
	done
}

# --- numbers ---

status() { # FILTER: of jq, on status
	hairpinctl status --json | jq -r "$1"
}

backend() { # NAME FILTER: of jq, on the backend's part of status
	status ".backends[] | select(.name == \"$1\") | $2"
}

reason() { # NAME: how many packets left by it
	hairpinctl stats --json | jq ".reasons.$1"
}

counted() { # KIND NAME: packets, as services www
	hairpinctl stats --json | jq --arg name "$2" ".$1[\$name].packets"
}

unwrapped_by() { # NODE: packets
	in_node "$1" "$lab_build/ctl/hairpinctl" decap status --pin "$lab_pins/$1" --json |
		jq '[.. | .unwrapped? // empty] | add'
}

is() { # EXPECTED COMMAND...
	local found
	found=$("${@:2}")
	echo "expected $1, found $found: ${*:2}"
	[[ $found == "$1" ]]
}
