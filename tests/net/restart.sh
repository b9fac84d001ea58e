#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hairpind dies and starts, and reads its catalog again, while clients talk. None may notice.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

make_router
make_client
make_balancer
make_backend b1 11 "$vip4" "$vip6" "$other_vip4"
make_backend b2 12 "$vip4" "$vip6" "$other_vip4"
make_backend b3 13 "$vip4" "$vip6" "$other_vip4"
for node in b1 b2 b3; do serve_on "$node"; done

catalog_of() { # BACKENDS [SERVICES], as JSON
	cat <<-END
		{ "version": 1,
		  "pools": { "web": { "backends": { $1 } } },
		  "services": {
		    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "web" },
		    "www6": { "address": "$vip6", "protocol": "tcp", "port": 80, "pool": "web" }
		    ${2:-} } }
	END
}
two='"b1": { "address": "10.2.0.11" }, "b2": { "address": "fd02::12" }'
three=$two', "b3": { "address": "10.2.0.13" }'
other_service=', "other": { "address": "'$other_vip4'", "protocol": "tcp", "port": 80, "pool": "web" }'

refused_at() { # PLACE: status tells that the file was refused, and where it is wrong
	says "$lab_catalog:$1" hairpinctl status && is false status .well
}

digest() {
	status '.pools[0].digest'
}

restart_soon() { # SIGNAL
	stop_hairpind "$1" || true
	sleep 0.5 # clients talk meanwhile, to a data plane without a daemon
	start_hairpind
	sleep 0.5
}

catalog_of "$two" | write_catalog
start_hairpind
wait_for_servers b1 b2 b3
wait_until 5 all_resolved

# --- the daemon dies ---
digest=$(digest)
start_talking v4 "$vip4" 80
start_talking v6 "$vip6" 80
sleep 0.5
before=$(counted services www)
restart_soon KILL
restart_soon KILL
it "hairpind is killed and started, twice: no client notices" nobody_noticed v4 v6
it "the counters went on" test "$(counted services www)" -gt "$before"
it "and the table is the same" is "$digest" digest

start_talking v4 "$vip4" 80
restart_soon TERM
it "it is stopped and started: no client notices" nobody_noticed v4
it "SIGTERM ends it with status 0" stop_hairpind TERM
it "without it, hairpinctl exits with 3" refuses 3 "" hairpinctl status
it "and its socket is gone" test ! -e "$lab_socket"
it "without it, clients are served" all_answered "b1 b2" ask "$vip4" 80 --count 50

start_hairpind
start_talking v4 "$vip4" 80
stop_hairpind KILL || true
catalog_of "$two" "$other_service" | write_catalog
start_hairpind
sleep 0.3
it "it starts with another catalog: no client of the old services notices" nobody_noticed v4
it "the new service is served" all_answered "b1 b2" ask "$other_vip4" 80 --count 50

# --- the file changes ---
start_talking v4 "$vip4" 80
catalog_of "$two" | write_catalog
it "an edit in place is read" wait_until 3 is 2 status '.catalog.services'
catalog_of "$two" "$other_service" >"$lab_dir/new.json"
mv "$lab_dir/new.json" "$lab_catalog"
it "a file that is moved over it is read" wait_until 3 is 3 status '.catalog.services'
catalog_of "$two" | write_catalog
it "an edit after that is read too" wait_until 3 is 2 status '.catalog.services'
sed -i 's/"port": 80/"port": 80000/' "$lab_catalog"
it "an edit that is wrong is refused, with its place" wait_until 3 refused_at 4:
it "the path and what is wrong is told" \
	says "services.www.port: 80000 is not a port" hairpinctl status
it "all errors are told" says "services.www6.port: 80000 is not a port" hairpinctl status
it "the old catalog is in force" is 2 status '.catalog.services'
it "and served" all_answered "b1 b2" ask "$vip4" 80 --count 50
it "a change with hairpinctl does not overwrite the file" \
	refuses 1 "is not what is in force" hairpinctl backend weight web b1 7
rm "$lab_catalog"
it "that the file is gone is told" wait_until 3 says "No such file" hairpinctl status
kill -HUP "${lab_pid[hairpind]}"
it "SIGHUP without a file is refused" wait_until 3 says "No such file" hairpinctl status
it "and the old catalog is in force" is 2 status '.catalog.services'
catalog_of "$two" | write_catalog
it "when the file is right again all is well" wait_until 3 is true status .well
it "no client noticed anything of this" nobody_noticed v4

# --- SIGHUP, where nothing tells of the change: the file is a link to another directory ---
mkdir "$lab_dir/elsewhere"
mv "$lab_catalog" "$lab_dir/elsewhere/catalog.json"
ln -s elsewhere/catalog.json "$lab_catalog"
catalog_of "$two" "$other_service" | write_catalog
kill -HUP "${lab_pid[hairpind]}"
it "SIGHUP reads the catalog" wait_until 3 is 3 status '.catalog.services'
it "a change is written to where the link leads" \
	hairpinctl backend weight web "$(status '.backends[0].name')" 101
it "and the link stays" test -L "$lab_catalog"
it "and the change is there" grep -q 101 "$lab_dir/elsewhere/catalog.json"

# --- a start with less: what the catalog does not name gets nothing ---
stop_hairpind KILL || true
catalog_of '"b3": { "address": "10.2.0.13" }' | write_catalog
start_hairpind
wait_until 5 all_resolved
it "started with other backends, only these serve" all_answered b3 ask "$vip4" 80 --count 50
it "and a service that is gone is not forwarded" nothing_answered ask "$other_vip4" 80 --count 3
stop_hairpind KILL || true
write_catalog <<<'{ broken'
it "it does not start with a broken catalog" \
	refuses 1 "catalog.json:1:3" hairpind -i eth0 -c "$lab_catalog"
it "and that disturbs nothing" all_answered b3 ask "$vip4" 80 --count 50
catalog_of "$three" | write_catalog
start_hairpind
wait_until 5 all_resolved
it "started with all three, all serve" all_answered "b1 b2 b3" ask "$vip4" 80 --count 100

# --- upgrades: the maps of an older version, and of a newer one ---
catalog_of '"b1": { "address": "10.2.0.11" }, "b3": { "address": "10.2.0.13" }' | write_catalog
wait_until 5 all_resolved
start_talking v4 "$vip4" 80
start_talking v6 "$vip6" 80
before=$(counted services www)
stop_hairpind KILL || true
"$lab_build/tests/net/old_layout" "$lab_pins/lb"
sleep 0.3
start_hairpind
it "it takes over the maps of layout 2" grep "took over the maps of layout 2" "$lab_dir/hairpind.log"
it "no client notices" nobody_noticed v4 v6
it "the counters go on" test "$(counted services www)" -gt "$before"
stop_hairpind KILL || true
start_hairpind
it "they are of its own layout from then on" is 1 grep -c "took over" "$lab_dir/hairpind.log"
stop_hairpind TERM
"$lab_build/tests/net/old_layout" "$lab_pins/lb" 3
start_hairpind
it "it takes over the maps of layout 3, too" grep "took over the maps of layout 3" "$lab_dir/hairpind.log"
stop_hairpind TERM
"$lab_build/tests/net/old_layout" "$lab_pins/lb" 99
it "maps of a newer layout are refused, with the way out" \
	refuses 1 "maps of layout 99 are pinned there, this hairpind knows layouts 2 to 4; run the hairpind that made them" \
	hairpind -i eth0 -c "$lab_catalog"
it "and the service goes on" all_answered "b1 b3" ask "$vip4" 80 --count 20
net_done
