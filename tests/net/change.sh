#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hairpinctl changes what is served: the file follows, traffic follows, and nothing ever goes to a
# server that the catalog does not name.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

vips=("$vip4" "$vip6" "$other_vip4")
make_router
make_client
make_balancer
for number in 1 2 3 4; do
	make_backend "b$number" "1$number" "${vips[@]}"
	serve_on "b$number"
done

write_catalog <<END
{ "version": 1, "seed": "changes",
  "pools": { "web": { "backends": {
    "b1": { "address": "10.2.0.11" }, "b2": { "address": "10.2.0.12" },
    "b3": { "address": "fd02::13" } } } },
  "services": {
    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "web" },
    "www6": { "address": "$vip6", "protocol": "tcp", "port": 80, "pool": "web" } } }
END
start_hairpind
wait_for_servers b1 b2 b3 b4
wait_until 5 all_resolved

in_file() { # FILTER: of jq, on the catalog's file
	jq -c "$1" "$lab_catalog"
}

change() { # SENTENCE HAIRPINCTL_ARGUMENT...: that must be done, and leave nothing unresolved
	it "$1" hairpinctl "${@:2}"
	wait_until 5 all_resolved
}

diff_of() { # FILTER: of jq, on the catalog's file
	jq "$1" "$lab_catalog" >"$lab_dir/edited.json"
	hairpinctl catalog diff "$lab_dir/edited.json"
}

# on the wire, before the XDP program of a backend unwraps them
for_vips='ip proto 4 or ip proto 41 or ip6 proto 4 or ip6 proto 41 or
	net 203.0.113.0/24 or net 2001:db8::/64'

quiet() { # NODE...: these get nothing, while clients ask for everything that ever was
	local node
	for node in "$@"; do
		spawn "tcpdump-$node" router tcpdump -lnpi "to-$node" -Q out "$for_vips"
		wait_until 5 grep -q listening "$lab_dir/tcpdump-$node.log"
	done
	client ask "$vip4" 80 --count 40 --timeout 0.3
	client ask "$vip4" 81 --count 5 --timeout 0.3
	client ask "$vip6" 80 --count 40 --timeout 0.3
	client ask "$other_vip4" 80 --count 5 --timeout 0.3
	sleep 0.2
	for node in "$@"; do
		stop "tcpdump-$node" || true
		cat "$lab_dir/tcpdump-$node.log"
		grep -q '^0 packets captured' "$lab_dir/tcpdump-$node.log" || return 1
		rm "$lab_dir/tcpdump-$node.log"
	done
}

served_by() { # BACKENDS
	all_answered "$1" ask "$vip4" 80 --count 100 && all_answered "$1" ask "$vip6" 80 --count 100
}

# --- backends ---
it "three backends serve" served_by "b1 b2 b3"
it "the fourth gets nothing, and this would show if others did" quiet b4
it "those who serve do not pass for quiet" not quiet b1
change "a backend is added" backend add web b4 10.2.0.14 --weight 50
it "the file has it" is '{"address":"10.2.0.14","weight":50}' in_file .pools.web.backends.b4
it "and it serves" served_by "b1 b2 b3 b4"
change "a weight is changed" backend weight web b4 1000
it "the file has it" is 1000 in_file .pools.web.backends.b4.weight
it "and it serves most" eval \
	"client ask $vip4 80 --count 200 | tee /dev/stderr | jq -e '.failed == 0 and .from.b4 > 120'"
change "a backend is drained" backend drain web b1
it "the file has it" is '"drain"' in_file .pools.web.backends.b1.state
it "and new flows go elsewhere" served_by "b2 b3 b4"
change "it is up again" backend up web b1
it "and serves" served_by "b1 b2 b3 b4"
change "a backend is down" backend down web b2
it "the file has it" is '"down"' in_file .pools.web.backends.b2.state
it "and nothing goes to it" quiet b2
it "the others serve" served_by "b1 b3 b4"
change "a weight of 0" backend weight web b1 0
it "takes it out too" served_by "b3 b4"
change "and one of 100 brings it back" backend weight web b1 100
change "a backend is removed" backend remove web b2
it "the file no longer has it" is null in_file .pools.web.backends.b2
change "another is removed" backend remove web b3
it "the others serve" served_by "b1 b4"
it "the removed ones get nothing" quiet b2 b3

# --- refusals ---
before=$(sha256sum "$lab_catalog")
it "a backend that exists is not added again" \
	refuses 1 "b1" hairpinctl backend add web b1 10.2.0.99
it "nor one with an address in use" refuses 1 "also the address" hairpinctl backend add web b9 10.2.0.11
it "nor one to a pool that does not exist" \
	refuses 1 "nopool" hairpinctl backend add nopool b9 10.2.0.19
it "a backend that does not exist is not removed" refuses 1 "b9" hairpinctl backend remove web b9
it "a pool that is in use is not removed" refuses 1 "www" hairpinctl pool remove web
it "all of these left the file as it was" is "$before" sha256sum "$lab_catalog"

# --- the last backend, the service, the pool go, and others come in their places ---
change "the last but one goes" backend remove web b4
it "the last serves" served_by b1
change "the last backend goes" backend remove web b1
no_backend=$(reason no_backend)
it "no packet goes anywhere" quiet b1 b2 b3 b4
it "they are counted as without a backend" test "$(reason no_backend)" -gt "$no_backend"
it "status says that the pool cannot serve" \
	says "pool web has no backend that can take traffic" status '.problems[]'
change "a pool comes" pool add other
change "with a backend" backend add other b2 10.2.0.12
it "and takes no traffic without a service" quiet b1 b2 b3 b4
change "a service goes" service remove www
change "and another comes to the new pool" service add alt "$other_vip4" tcp 80 other
it "which is served" all_answered b2 ask "$other_vip4" 80 --count 20
it "only the new backend gets packets" quiet b1 b3 b4
change "the other service goes" service remove www6
change "the old pool goes" pool remove web
change "and comes again" pool add web
change "with another backend" backend add web b3 10.2.0.13
change "and the service comes again" service add www "$vip4" tcp 80 web
it "it is served by the new backend" all_answered b3 ask "$vip4" 80 --count 20
it "the new backend of the other pool serves its own" \
	all_answered b2 ask "$other_vip4" 80 --count 20
it "no others get packets" quiet b1 b4
change "a service moves to another pool" service remove alt
change "when it is added there" service add alt "$other_vip4" tcp 80 web
it "it is served there" all_answered b3 ask "$other_vip4" 80 --count 20
it "and nowhere else" quiet b1 b2 b4

# --- whole catalogs ---
hairpinctl catalog show >"$lab_dir/shown.json"
it "catalog show prints what is in the file" eval \
	"diff <(jq -S . $lab_dir/shown.json) <(jq -S . $lab_catalog)"
jq '.pools.web.backends = { "b1": { "address": "10.2.0.11" } }' "$lab_dir/shown.json" \
	>"$lab_dir/next.json"
it "catalog diff tells what would move" says "web" hairpinctl catalog diff "$lab_dir/next.json"
it "and where all slots do" says "65,537 of 65,537 slots would move" \
	diff_of '.pools.web += { "encapsulation": "vxlan", "vni": 7 }'
it "and which keys change, when no slot does" is \
	$'echo: true -> false\npools.web.tracking: "moved" -> "all"' \
	diff_of '.echo = false | .pools.web.tracking = "all"'
it "but changes nothing" all_answered b3 ask "$vip4" 80 --count 20
change "catalog apply" catalog apply "$lab_dir/next.json"
it "changes what is served" all_answered b1 ask "$vip4" 80 --count 20
it "and the file" is '"10.2.0.11"' in_file .pools.web.backends.b1.address
it "what it removed gets nothing" quiet b3 b4
it "all is well at the end" is true status .well

# --- two balancers of one catalog: one went through all of the above, the other just starts ---
digests() {
	status '[.pools | sort_by(.name)[] | .name + " " + .digest] | join(", ")'
}
jq '.pools.web.backends = { "b3": { "address": "fd02::13" }, "b1": { "address": "10.2.0.11" },
	"b4": { "address": "10.2.0.14", "weight": 50 } } | .pools.twin = (.pools.web |
	.table = "maglev")' "$lab_catalog" >"$lab_dir/next.json"
change "a catalog of two kinds of tables" catalog apply "$lab_dir/next.json"
digests=$(digests)
jq '.pools |= (map_values(.backends |= (to_entries | reverse | from_entries)) | to_entries |
	reverse | from_entries) | .services |= (to_entries | reverse | from_entries)' \
	"$lab_catalog" >"$lab_dir/reversed.json"
it "the same in another order is another text" not cmp "$lab_catalog" "$lab_dir/reversed.json"
stop_hairpind
hairpind --detach
write_catalog <"$lab_dir/reversed.json"
start_hairpind
it "a balancer that starts anew with that has the same digests" is "$digests" digests
it "another weight gives another digest" eval \
	"hairpinctl backend weight web b4 60 && not is '$digests' digests"
it "and going back gives the first again" eval \
	"hairpinctl backend weight web b4 50 && is '$digests' digests"
net_done
