#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A VIP in front of three real web servers, in network namespaces of this machine.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=examples/lab.sh
source "$here/lab.sh"
# shellcheck source=examples/packages.sh
source "$here/packages.sh"

usage="usage: examples/quickstart.sh [--keep] [--no-install]
       examples/quickstart.sh --clean

Installs Debian's packages, builds, puts an IPv4 and an IPv6 VIP in front of three nginx servers in
network namespaces, sends requests, changes backends under way, and removes what it made.

  --keep        leaves the network up, and says how to look around
  --no-install  takes the packages as they are
  --clean       removes what --keep, or a killed run, has left"

vip4=203.0.113.10
vip6=2001:db8::10
requests=300 # of each VIP, each time
name=${HAIRPIN_LAB:-quick} # tests use another, so as not to remove what --keep left
keep=
install=yes

step() { # WORDS
	printf '\n== %s\n' "$*"
}

build() {
	step "building into build/"
	[[ -f $lab_build/build.ninja ]] || meson setup "$lab_build" "$lab_source" >"$lab_dir/build.log" ||
		lab_fail "$(tail -n 20 "$lab_dir/build.log")"
	ninja -C "$lab_build" >"$lab_dir/build.log" || lab_fail "$(tail -n 30 "$lab_dir/build.log")"
	"$lab_build/lb/hairpind" --version
}

start_nginx() { # NODE: answers with the node's name, and closes each connection
	local dir=$lab_dir/nginx-$1
	mkdir "$dir"
	cat >"$dir/nginx.conf" <<-END
		daemon off;
		user root;
		worker_processes 1;
		pid $dir/pid;
		error_log stderr;
		events { }
		http {
		  access_log off;
		  keepalive_timeout 0;
		  client_body_temp_path $dir/body;
		  proxy_temp_path $dir/proxy;
		  fastcgi_temp_path $dir/fastcgi;
		  uwsgi_temp_path $dir/uwsgi;
		  scgi_temp_path $dir/scgi;
		  server {
		    listen 80;
		    listen [::]:80;
		    location / { return 200 "$1\n"; }
		  }
		}
	END
	spawn "nginx-$1" "$1" nginx -p "$dir" -e stderr -c "$dir/nginx.conf"
	wait_until 10 in_node "$1" curl -sf "http://$vip4/" || lab_fail "$(cat "$lab_dir/nginx-$1.log")"
}

make_web_server() { # NODE NUMBER
	make_backend "$1" "$2" "$vip4" "$vip6"
	start_nginx "$1"
}

make_network() {
	step "making a network: client - router - balancer, and three backends that run nginx"
	make_router
	make_client
	make_balancer
	make_web_server b1 11
	make_web_server b2 12
	make_web_server b3 13
	ip netns list | awk '{ print $1 }' | grep "^hp-$lab-" | sort | xargs
}

start_balancing() {
	step "starting hairpind: $vip4 and $vip6, port 80, in front of them (b2 is reached over IPv6)"
	write_catalog <<-END
		{
		  "version": 1,
		  "pools": {
		    "web": {
		      "backends": {
		        "b1": { "address": "10.2.0.11" },
		        "b2": { "address": "fd02::12" },
		        "b3": { "address": "10.2.0.13" }
		      }
		    }
		  },
		  "services": {
		    "www": { "address": "$vip4", "protocol": "tcp", "port": 80, "pool": "web" },
		    "www6": { "address": "$vip6", "protocol": "tcp", "port": 80, "pool": "web" }
		  }
		}
	END
	start_hairpind
	wait_until 10 all_resolved
	cat "$lab_dir/hairpind.log"
}

# A new connection for each request (nginx closes them), and -g for [IPv6].
ask=(curl -sgf --max-time 3 --connect-timeout 1)

request_all() { # NAME: the answers, a line each, go to $lab_dir/NAME
	local url i
	for url in "http://$vip4/" "http://[$vip6]/"; do
		for ((i = 0; i < requests; i++)); do
			echo "url = \"$url\""
		done
	done >"$lab_dir/urls"
	in_node client "${ask[@]}" -K "$lab_dir/urls" >"$lab_dir/$1" || true
}

# A connection that a change cuts may be asked for once more.
request_slowly() { # URL FILE
	local answer i
	for ((i = 0; i < requests; i++)); do
		answer=$(in_node client "${ask[@]}" "$1") || {
			echo >>"$lab_dir/again"
			answer=$(in_node client "${ask[@]}" "$1") || continue
		}
		echo "$answer" >>"$2"
	done
}

change_under_way() {
	step "the same again, and meanwhile b4 is added and b1 removed"
	: >"$lab_dir/again"
	make_web_server b4 14
	request_slowly "http://$vip4/" "$lab_dir/during-v4" &
	local v4=$!
	request_slowly "http://[$vip6]/" "$lab_dir/during-v6" &
	local v6=$!
	sleep 0.8
	hairpinctl backend add web b4 10.2.0.14
	sleep 0.8
	hairpinctl backend remove web b1
	wait "$v4" "$v6"
	cat "$lab_dir/during-v4" "$lab_dir/during-v6" >"$lab_dir/during"
}

answers() { # FILE [BACKEND]
	grep -cx "${2:-b[0-9]}" "$lab_dir/$1" || true
}

print_table() { # FILE...
	local backend file
	printf '%-8s' backend "$@"
	echo
	for backend in b1 b2 b3 b4; do
		printf '%-8s' "$backend"
		for file in "$@"; do
			printf '%-8s' "$(answers "$file" "$backend")"
		done
		echo
	done
}

look() {
	step "hairpinctl status"
	hairpinctl status
	step "hairpinctl trace tcp 10.1.0.2:4711 $vip4:80 --syn"
	hairpinctl trace tcp 10.1.0.2:4711 "$vip4:80" --syn
}

tell_how_to_look_around() {
	local tool
	tool="$(realpath --relative-to=. "$lab_build")/ctl/hairpinctl --socket $lab_socket"
	step "it stays up; look around:"
	cat <<-END
		nsenter --net=/run/netns/hp-$lab-client curl http://$vip4/    a request
		$tool stats --watch
		$tool backend drain web b2
		$tool trace tcp 10.1.0.2:4711 $vip4:80
		cat $lab_catalog    edit it: hairpind follows
		nsenter --net=/run/netns/hp-$lab-router tcpdump -ni to-lb    packets in and out of the balancer
		examples/quickstart.sh --clean    removes all of it
	END
}

finish() { # the result, in one line
	local all=$((6 * requests)) good again
	good=$(($(answers before) + $(answers during) + $(answers after)))
	again=$(wc -l <"$lab_dir/again")
	if [[ $keep ]]; then
		tell_how_to_look_around
		lab_keep
	fi
	echo
	if ((good == all)); then
		echo "quickstart: all of $all requests were answered, $again of them after a second try"
		exit 0
	fi
	echo "quickstart: FAILED: $good of $all requests were answered; $again were tried twice"
	exit 1
}

while (($#)); do
	case $1 in
	--keep) keep=yes ;;
	--no-install) install= ;;
	--clean) clean=yes ;;
	--help)
		echo "$usage"
		exit 0
		;;
	*)
		echo "$usage" >&2
		exit 2
		;;
	esac
	shift
done
((EUID == 0)) || lab_fail "quickstart: network namespaces and XDP need root: sudo $0"
if [[ ${clean:-} ]]; then
	lab_begin "$name"
	exit 0
fi
if [[ $install ]]; then
	step "installing what is missing of Debian's packages (examples/packages.txt)"
	packages_install build lab
fi
lab_begin "$name"
build
make_network
start_balancing
step "sending $requests requests to each VIP; who answered how many:"
request_all before
print_table before
change_under_way
request_all after
print_table before during after
look
finish
