#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hairpinctl against the real API over a balancer without a data plane: ctl.sh HAIRPINCTL FAKE_HAIRPIND
# Every row is a command, its exit status and all that it prints. The digits of times are replaced.
set -u

ctl=$1
fake=$2
completion=$(dirname "$0")/../../ctl/hairpinctl.bash
dir=$(mktemp -d /tmp/hairpin-ctl-XXXXXX)
socket=$dir/run/api.sock
daemon=
count=0
failed=0

cleanup()
{
	[ -n "$daemon" ] && kill "$daemon" 2>/dev/null && wait "$daemon" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

start()
{
	rm -f "$dir/ready"
	mkfifo "$dir/ready"
	"$fake" "$socket" "$@" >"$dir/ready" &
	daemon=$!
	read -r _ <"$dir/ready"
}

stop()
{
	kill "$daemon"
	wait "$daemon"
	local code=$?
	daemon=
	return $code
}

report()
{
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		failed=$((failed + 1))
		echo "not ok $count - $2"
	fi
}

# check STATUS ARGS... with stdout and then, after a line "!", stderr on standard input.
check()
{
	local status=$1 got
	shift
	"$ctl" --socket "$socket" "$@" >"$dir/out" 2>"$dir/err"
	got=$?
	sed -E -e "s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/YYYY-MM-DDTHH:MM:SSZ/g" -e "s#$dir#DIR#g" "$dir/out" \
		>"$dir/got"
	if [ -s "$dir/err" ]; then
		echo '!' >>"$dir/got"
		sed -e "s#$dir#DIR#g" "$dir/err" >>"$dir/got"
	fi
	cat >"$dir/expected"
	if [ $got = "$status" ] && cmp -s "$dir/expected" "$dir/got"; then
		report 0 "$*"
	else
		report 1 "$*"
		echo "# exit status $got, expected $status"
		diff "$dir/expected" "$dir/got" | sed 's/^/# /'
	fi
}

# complete WORDS... (the last one is to be completed) prints the candidates on one line.
complete_line()
{
	PATH=$dir:$PATH bash -c '
		source "$1"; shift
		compopt() { :; }
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		_hairpinctl
		echo "${COMPREPLY[@]}"' bash "$completion" hairpinctl "$@"
}

check_completion()
{
	local expected=$1 got
	shift
	got=$(complete_line "$@" 2>&1)
	[ "$got" = "$expected" ]
	report $? "completion of $*"
	[ "$got" = "$expected" ] || echo "# got: $got"
}

ln -s "$(realpath "$ctl")" "$dir/hairpinctl"

# Without a daemon.

for command in status 'service list' 'pool show web' 'backend up web web-1' 'catalog show' stats \
	'stats --watch' 'trace tcp 1.2.3.4:5 6.7.8.9:10'; do
	# shellcheck disable=SC2086 # a command of several words
	check 3 $command <<-'E'
	!
	hairpinctl: cannot reach hairpind on DIR/run/api.sock: no such file or directory; is it running? (systemctl status hairpind)
	E
done
start
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
daemon=
check 3 status <<'E'
!
hairpinctl: cannot reach hairpind on DIR/run/api.sock: connection refused; is it running? (systemctl status hairpind)
E
long=$(printf '/tmp/%0110d' 0)
check 3 --socket "$long" status <<E
!
hairpinctl: $long: too long for a socket: at most 107 bytes
E
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$dir"
	cp "$ctl" "$dir/copy"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$dir/copy" --socket "$socket" status \
		>"$dir/out" 2>"$dir/err"
	[ $? = 3 ] && [ "$(cat "$dir/err")" = "hairpinctl: cannot reach hairpind on $socket: \
permission denied; members of group hairpin may" ]
	report $? "permission denied"
else
	count=$((count + 1))
	echo "ok $count - permission denied # SKIP needs root and setpriv"
fi

cat >"$dir/good.json" <<'E'
{
  "version": 1,
  "pools": { "web": { "backends": { "web-1": { "address": "10.0.1.11" } } } },
  "services": {}
}
E
cat >"$dir/bad.json" <<'E'
{
  "version": 1,
  "pools": {
    "web": { "backends": { "web-1": { "address": "10.0.1.11", "weight": 70000 } } }
  },
  "services": {
    "www": { "address": "203.0.113.10", "protocol": "tcp", "port": 70000, "pool": "web" }
  }
}
E
printf '{\n  "version": 1,,\n}\n' >"$dir/broken.json"
check 0 catalog check "$dir/good.json" <<'E'
DIR/good.json: valid: 0 services, 1 pool, 1 backend
E
check 0 catalog check --json "$dir/good.json" <<'E'
{
  "valid": true,
  "services": 0,
  "pools": 1,
  "backends": 1
}
E
check 1 catalog check "$dir/bad.json" <<'E'
!
DIR/bad.json:4:73: pools.web.backends.web-1.weight: 70000 is not a weight (0-65535)
DIR/bad.json:7:68: services.www.port: 70000 is not a port (1-65535)
E
"$ctl" catalog check --json "$dir/bad.json" >"$dir/out" 2>&1
[ $? = 1 ] && grep -q '"valid": false' "$dir/out" && [ "$(grep -c '"line": 7' "$dir/out")" = 1 ]
report $? "catalog check --json of an invalid one"

# The command line.

check 0 --version <<'E'
hairpinctl 0.1.0
E
check 2 <<'E'
!
usage: hairpinctl [--json] [--socket PATH] COMMAND ...

  status   one screen: is all well, and if not, what and since when
  service  list, add, remove: what clients talk to
  pool     list, show, add, remove: sets of backends
  backend  list, add, remove, drain, up, down, weight: servers
  catalog  show, check, diff, apply: all of these as one file
  stats    packets and bytes of services and backends, and what became of them
  flows    list, flush: flows that are remembered while slots move
  trace    where a packet would go, and why, step by step
  decap    attach, detach, status: the backend's side
  help     [COMMAND [VERB]]: as --help after it

  --json         print JSON
  --socket PATH  the daemon's socket (default /run/hairpin/hairpind.sock)
  --help, --version

Exit status: 0 done, 1 refused or failed, 2 usage, 3 daemon not reachable.
E
check 2 bakend list <<'E'
!
hairpinctl: unknown command bakend; did you mean backend?
E
check 2 frobnicate <<'E'
!
hairpinctl: unknown command frobnicate (see hairpinctl --help)
E
check 2 backend drian web web-1 <<'E'
!
hairpinctl: backend: unknown command drian; did you mean drain?
E
check 2 pool frobnicate <<'E'
!
hairpinctl: pool: unknown command frobnicate (see hairpinctl pool --help)
E
check 2 pool <<'E'
!
usage: hairpinctl pool list [--names]
       hairpinctl pool show POOL
       hairpinctl pool add NAME [--encapsulation E] [--vni N] [--table T] [--table-size N] [--tracking T] [--idle-timeout S] [--udp-hold S] [--dry-run]
       hairpinctl pool remove NAME [--dry-run]
E
check 2 pool show <<'E'
!
hairpinctl: pool show: too few arguments
usage: hairpinctl pool show POOL
E
check 2 status now <<'E'
!
hairpinctl: status: too many arguments
usage: hairpinctl status
E
check 2 backend add web w 10.0.0.1 --wait 3 <<'E'
!
hairpinctl: unknown option --wait (see --help)
E
check 2 backend add web w 10.0.0.1 --weight <<'E'
!
hairpinctl: --weight takes a value (see --help)
E
check 2 backend add web w 10.0.0.1 --weight heavy <<'E'
!
hairpinctl: heavy is not a weight (0-65535)
E
check 2 backend weight web web-1 '' <<'E'
!
hairpinctl:  is not a weight (0-65535)
E
check 2 service add x 203.0.113.1 tcp http web <<'E'
!
hairpinctl: http is not a port (1-65535, any)
E
check 2 pool add x --table-size big <<'E'
!
hairpinctl: big is not a number of slots
E
check 2 service add x $'\xff' tcp 80 web <<'E'
!
hairpinctl: an argument is not UTF-8
E
check 2 trace icmp 198.51.100.7:1 203.0.113.10:443 <<'E'
!
hairpinctl: icmp is not a protocol (tcp, udp)
E
for end in 198.51.100.7 198.51.100.7: 198.51.100.7:0 198.51.100.7:65536 198.51.100.7:80x \
	2001:db8::1:80 '[198.51.100.7]:80' '[2001:db8::1]' '[2001:db8::1:80' ':80' '[]:80' \
	198.51.100.7:-80 "198.51.100.7: 80"; do
	check 2 trace tcp "$end" 203.0.113.10:443 <<-E
	!
	hairpinctl: $end is not ADDRESS:PORT or [IPV6]:PORT
	E
done
check 0 help backend weight <<'E'
usage: hairpinctl backend weight POOL NAME N [--dry-run]

Changes its part of the traffic: 0 to 65535.

  --dry-run            only say what would change
  --json               print JSON
  --socket PATH        the daemon's socket (default /run/hairpin/hairpind.sock)
  --help               this text
E
for command in status 'service list' 'service add' 'service remove' 'pool list' 'pool show' \
	'pool add' 'pool remove' 'backend list' 'backend add' 'backend remove' 'backend drain' \
	'backend up' 'backend down' 'backend weight' 'catalog show' 'catalog check' 'catalog diff' \
	'catalog apply' stats 'flows list' 'flows flush' trace; do
	# shellcheck disable=SC2086 # a command of several words
	"$ctl" $command --help >"$dir/out" 2>"$dir/err" && [ ! -s "$dir/err" ] &&
		[[ $(head -n 1 "$dir/out") == "usage: hairpinctl $command"* ]]
	report $? "$command --help"
done

# What there is.

start
check 0 status <<'E'
all well

hairpind 0.1.0, pid 4711, started 5d ago (YYYY-MM-DDTHH:MM:SSZ)
catalog lb.json, loaded 4d ago (YYYY-MM-DDTHH:MM:SSZ): 2 services, 2 pools, 2 backends

INTERFACE  LINK  MODE    ATTACH      PROGRAM
eth0       up    native  dispatcher       42

SERVICE  ADDRESS       PROTOCOL  PORT  POOL  AFFINITY
www      203.0.113.10  tcp        443  web   flow
www6     2001:db8::10  udp        any  web   flow

POOL   SERVING  ENCAPSULATION  TABLE   TABLE SIZE  DIGEST            SERVICES
spare  0 of 0   ipip           maglev       65537  00112233aabbccdd
web    2 of 2   ipip           maglev       65537  00112233aabbccdd  www, www6

BACKEND    ADDRESS    WEIGHT  STATE  SHARE  NEXT HOP           SINCE
web/web-1  10.0.1.11     100  up     50.0%  eth0               3m ago (YYYY-MM-DDTHH:MM:SSZ)
web/web-2  10.0.1.12      50  up     50.0%  eth0 via 10.0.0.1  3m ago (YYYY-MM-DDTHH:MM:SSZ)
E
check 0 service list <<'E'
SERVICE  ADDRESS       PROTOCOL  PORT  POOL  AFFINITY
www      203.0.113.10  tcp        443  web   flow
www6     2001:db8::10  udp        any  web   flow
E
check 0 service list --names <<'E'
www
www6
E
check 0 --json service list <<'E'
[
  {
    "name": "www",
    "address": "203.0.113.10",
    "protocol": "tcp",
    "port": 443,
    "pool": "web",
    "affinity": "flow"
  },
  {
    "name": "www6",
    "address": "2001:db8::10",
    "protocol": "udp",
    "port": "any",
    "pool": "web",
    "affinity": "flow"
  }
]
E
check 0 pool list --names <<'E'
spare
web
E
check 0 backend list --names <<'E'
web/web-1
web/web-2
E
check 0 backend list web --names <<'E'
web-1
web-2
E
check 0 backend list spare </dev/null
check 0 backend list spare --json <<'E'
[]
E
check 1 backend list none <<'E'
!
hairpinctl: pools.none: does not exist
E
check 1 pool show none <<'E'
!
hairpinctl: pools.none: does not exist
E
check 0 pool show web <<'E'
POOL  SERVING  ENCAPSULATION  TABLE   TABLE SIZE  DIGEST            SERVICES
web   2 of 2   ipip           maglev       65537  00112233aabbccdd  www, www6

SERVICE  ADDRESS       PROTOCOL  PORT  POOL  AFFINITY
www      203.0.113.10  tcp        443  web   flow
www6     2001:db8::10  udp        any  web   flow

BACKEND    ADDRESS    WEIGHT  STATE  SHARE  NEXT HOP           SINCE
web/web-1  10.0.1.11     100  up     50.0%  eth0               3m ago (YYYY-MM-DDTHH:MM:SSZ)
web/web-2  10.0.1.12      50  up     50.0%  eth0 via 10.0.0.1  3m ago (YYYY-MM-DDTHH:MM:SSZ)
E
check 0 stats <<'E'
SERVICE    PACKETS    BYTES
www      1,234,567  98.8 MB

BACKEND      PACKETS    BYTES
web/web-1  1,234,567  98.8 MB

REASON      ACTION    PACKETS  MEANING
sent        tx      1,234,567  sent to a backend
no_backend  drop            7  the pool has no backend
E
check 0 flows list <<'E'
PROTOCOL  CLIENT                 ADDRESS             BACKEND    STATE      AGE    SEEN
tcp       198.51.100.7:40001     203.0.113.10:443    web/web-1  open       12s  1s ago
tcp       [2001:db8:c::7]:40002  [2001:db8::10]:443  web/web-2  half-open   3s  3s ago
... 1199 more
1,200 established, 1 half open
E
check 0 flows flush --pool web <<'E'
1,200 flows forgotten
E
check 1 flows list --pool nopool <<'E'
!
hairpinctl: pools.nopool: does not exist
E
"$ctl" --socket "$socket" stats --all | tail -n 1 >"$dir/out"
[ "$(cat "$dir/out")" = "too_big     drop            0  larger than the MTU" ]
report $? "stats --all has reasons without packets"
check 0 trace tcp 198.51.100.7:40000 203.0.113.10:443 --syn <<'E'
 1. protocol 6, 198.51.100.7 port 40000 to 203.0.113.10 port 443, SYN
 2. slot 4711 holds web-1
outer header: 10.0.0.5 -> 10.0.1.11, protocol 4, TTL 64, TOS 0, 60 bytes, 02:00:00:00:00:02 -> 02:00:00:00:00:01
verdict: sent to a backend (tx), reason sent, backend web/web-1, out of eth0
E
check 0 trace udp '[2001:db8::7]:1' '[2001:db8::10]:65535' <<'E'
 1. protocol 17, 2001:db8::7 port 1 to 2001:db8::10 port 65535
verdict: for no service (pass), reason no_service
E
check 1 trace tcp 198.51.100.7:1 '[2001:db8::10]:443' <<'E'
!
hairpinctl: destination: is not of the source's family
E
check 0 trace --json udp 198.51.100.7:1 203.0.113.10:53 <<'E'
{
  "service": null,
  "pool": null,
  "slot": null,
  "table_size": null,
  "backend": null,
  "moved": false,
  "reason": "no_service",
  "words": "for no service",
  "action": "pass",
  "interface": null,
  "outer": null,
  "steps": [
    "protocol 17, 198.51.100.7 port 1 to 203.0.113.10 port 53"
  ]
}
E

# Changes.

check 0 backend add web web-3 10.0.1.99 --weight 7 --dry-run <<'E'
backend web/web-3 would be added
pool web: 6,554 of 65,537 slots would move (10.0%)
E
check 0 backend add web web-3 10.0.1.99 --weight 7 <<'E'
backend web/web-3 added
pool web: 6,554 of 65,537 slots move (10.0%)
E
check 1 backend add web web-3 10.0.1.99 <<'E'
!
hairpinctl: pools.web.backends.web-3: exists already
E
check 0 backend drain web web-2 <<'E'
backend web/web-2 changed
pools.web.backends.web-2.state: "up" -> "drain"
pool web: 6,554 of 65,537 slots move (10.0%)
6,554 slots lead old flows to it; it can be taken away in 890s if none of them talks any more
E
check 1 backend drain web web-2 --wait --timeout 1 <<'E'
no service, backend or slot changes
6,554 slots lead old flows to it; it can be taken away in 890s if none of them talks any more
!
hairpinctl: pools.web.backends.web-2: old flows still go there after 1 s, for 890 s more if none of them talks; it stays drained
E
check 2 backend drain web web-2 --timeout soon <<'E'
!
hairpinctl: soon is not a number of seconds
E
check 0 status <<'E'
pool web: backend web-3: no route

hairpind 0.1.0, pid 4711, started 5d ago (YYYY-MM-DDTHH:MM:SSZ)
catalog lb.json, loaded 4d ago (YYYY-MM-DDTHH:MM:SSZ): 2 services, 2 pools, 3 backends

INTERFACE  LINK  MODE    ATTACH      PROGRAM
eth0       up    native  dispatcher       42

SERVICE  ADDRESS       PROTOCOL  PORT  POOL  AFFINITY
www      203.0.113.10  tcp        443  web   flow
www6     2001:db8::10  udp        any  web   flow

POOL   SERVING  ENCAPSULATION  TABLE   TABLE SIZE  DIGEST            SERVICES
web    1 of 3   ipip           maglev       65537  00112233aabbccdd  www, www6
spare  0 of 0   ipip           maglev       65537  00112233aabbccdd

BACKEND    ADDRESS    WEIGHT  STATE   SHARE  NEXT HOP           SINCE                          REASON
web/web-3  10.0.1.99       7  up       0.0%  none               3m ago (YYYY-MM-DDTHH:MM:SSZ)  no route
web/web-2  10.0.1.12      50  drain    0.0%  eth0 via 10.0.0.1  3m ago (YYYY-MM-DDTHH:MM:SSZ)
web/web-1  10.0.1.11     100  up     100.0%  eth0               3m ago (YYYY-MM-DDTHH:MM:SSZ)
E
check 0 backend up web web-2 <<'E'
backend web/web-2 changed
pools.web.backends.web-2.state: "drain" -> "up"
pool web: 6,554 of 65,537 slots move (10.0%)
E
check 0 backend up web web-2 <<'E'
no service, backend or slot changes
E
check 0 backend down web web-3 <<'E'
backend web/web-3 changed
pools.web.backends.web-3.state: "up" -> "down"
pool web: 6,554 of 65,537 slots move (10.0%)
E
check 0 backend weight web web-1 0 <<'E'
backend web/web-1 changed
pools.web.backends.web-1.weight: 100 -> 0
pool web: 6,554 of 65,537 slots move (10.0%)
E
check 1 backend weight web web-1 65536 <<'E'
!
hairpinctl: pools.web.backends.web-1.weight: 65536 is not a weight (0-65535)
E
check 1 backend up web web-9 <<'E'
!
hairpinctl: pools.web.backends.web-9: does not exist
E
check 1 backend up web 'a b' <<'E'
!
hairpinctl: a name is 1 to 63 of a-z, A-Z, 0-9, ".", "_", "-"
E
check 1 backend up .. .. <<'E'
!
hairpinctl: pools...: does not exist
E
check 1 pool remove '' <<'E'
!
hairpinctl: a name is 1 to 63 of a-z, A-Z, 0-9, ".", "_", "-"
E
check 0 backend remove web web-3 <<'E'
backend web/web-3 removed
pool web: 6,554 of 65,537 slots move (10.0%)
E
check 0 catalog show <<'E'
{
  "version": 1,
  "seed": "site-a",
  "pools": {
    "web": {
      "backends": {
        "web-1": {
          "address": "10.0.1.11",
          "weight": 0
        },
        "web-2": {
          "address": "10.0.1.12",
          "weight": 50,
          "state": "up"
        }
      }
    },
    "spare": {
      "backends": {}
    }
  },
  "services": {
    "www": {
      "address": "203.0.113.10",
      "protocol": "tcp",
      "port": 443,
      "pool": "web"
    },
    "www6": {
      "address": "2001:db8::10",
      "protocol": "udp",
      "port": "any",
      "pool": "web"
    }
  }
}
E
check 0 pool add new --encapsulation ipip --table maglev --table-size 251 <<'E'
pool new added
E
check 2 pool add vx --encapsulation vxlan --vni seven <<'E'
!
hairpinctl: seven is not a network identifier
E
check 1 pool add vx --encapsulation gre --vni 7 <<'E'
!
hairpinctl: pools.vx.vni: is only for encapsulation "vxlan", not "gre"
E
check 0 pool add vx --encapsulation vxlan --vni 7 --dry-run <<'E'
pool vx would be added
E
check 1 backend add new n 10.0.5.1 --server-id 0a0 <<'E'
!
hairpinctl: pools.new.backends.n.server_id: "0a0" is not a server id (2 to 30 hex digits, two a byte)
E
check 0 backend add new n 10.0.5.1 --server-id 0a0b --weight 3 --dry-run <<'E'
backend new/n would be added
pool new: 6,554 of 65,537 slots would move (10.0%)
E
check 1 pool add new <<'E'
!
hairpinctl: pools.new: exists already
E
check 0 pool remove new --dry-run <<'E'
pool new would be removed
E
check 0 pool remove new <<'E'
pool new removed
E
check 1 pool remove web <<'E'
!
hairpinctl: pools.web: is used by services www, www6
E
check 0 service add dns 203.0.113.53 udp any web --affinity client <<'E'
service dns added
E
check 1 service add dns 203.0.113.53 udp any web <<'E'
!
hairpinctl: services.dns: exists already
E
check 0 service remove dns --json <<'E'
{
  "pools": {},
  "services": {
    "added": [],
    "removed": [
      "dns"
    ],
    "changed": []
  },
  "backends": {
    "added": [],
    "removed": [],
    "changed": []
  },
  "keys": []
}
E
check 1 service remove dns <<'E'
!
hairpinctl: services.dns: does not exist
E

# Whole catalogs.

check 0 catalog diff "$dir/good.json" <<'E'
service www would be removed
service www6 would be removed
backend web/web-1 would be changed
backend web/web-2 would be removed
seed: "site-a" -> ""
pools.web.backends.web-1.weight: 0 -> 100
pool web: 6,554 of 65,537 slots would move (10.0%)
E
check 0 catalog apply "$dir/good.json" --dry-run <<'E'
service www would be removed
service www6 would be removed
backend web/web-1 would be changed
backend web/web-2 would be removed
seed: "site-a" -> ""
pools.web.backends.web-1.weight: 0 -> 100
pool web: 6,554 of 65,537 slots would move (10.0%)
E
check 0 service list --names <<'E'
www
www6
E
for verb in diff apply; do
	check 1 catalog $verb "$dir/bad.json" <<-'E'
	!
	DIR/bad.json:4:73: pools.web.backends.web-1.weight: 70000 is not a weight (0-65535)
	DIR/bad.json:7:68: services.www.port: 70000 is not a port (1-65535)
	E
	"$ctl" --socket "$socket" catalog $verb "$dir/broken.json" >"$dir/out" 2>"$dir/err"
	[ $? = 1 ] && [ ! -s "$dir/out" ] && grep -q "^$dir/broken.json:2:[0-9]*: " "$dir/err"
	report $? "catalog $verb of what is not JSON"
	check 1 catalog $verb "$dir/none.json" <<-'E'
	!
	hairpinctl: DIR/none.json: No such file or directory
	E
done
head -c 4194305 /dev/zero >"$dir/large.json"
check 1 catalog apply "$dir/large.json" <<'E'
!
hairpinctl: DIR/large.json: larger than 4 MiB, which is the most
E
{ cat "$dir/good.json"; head -c 2000000 /dev/zero | tr '\0' ' '; } >"$dir/padded.json"
check 0 catalog diff "$dir/padded.json" <<'E'
service www would be removed
service www6 would be removed
backend web/web-1 would be changed
backend web/web-2 would be removed
seed: "site-a" -> ""
pools.web.backends.web-1.weight: 0 -> 100
pool web: 6,554 of 65,537 slots would move (10.0%)
E
check 0 catalog apply "$dir/good.json" <<'E'
service www removed
service www6 removed
backend web/web-1 changed
backend web/web-2 removed
seed: "site-a" -> ""
pools.web.backends.web-1.weight: 0 -> 100
pool web: 6,554 of 65,537 slots move (10.0%)
E
check 0 catalog diff "$dir/good.json" <<'E'
nothing would change
E

# Keys, one by one.

catalog() { # TOP WEB H3 [ID]: members of the catalog, of pool web, of service h3; a server id
	cat <<-E
	{ "version": 1, $1 "pools": { "web": { $2 "backends": {
	    "web-1": { "address": "10.0.1.11", "server_id": "${4:-0a}" } } } },
	  "services": { "h3": { "address": "203.0.113.10", "protocol": "udp", "port": 443, $3 "pool": "web" } } }
	E
}
catalog '' '' '' >"$dir/plain.json"
check 0 catalog apply "$dir/plain.json" <<'E'
service h3 added
backend web/web-1 changed
pools.web.backends.web-1.server_id: none -> "0a"
pool web: 6,554 of 65,537 slots move (10.0%)
E
catalog '"seed": "\u001b[31m\u00e9", "echo": false,' \
	'"encapsulation": "vxlan", "vni": 7, "tracking": "all", "idle_timeout_s": 60, "udp_hold_s": 0,' \
	'"quic": { "server_id_length": 1, "nonce_length": 18, "config": 6 },' 0b >"$dir/keys.json"
check 0 catalog diff "$dir/keys.json" <<'E'
service h3 would be changed
backend web/web-1 would be changed
seed: "" -> "\u001B[31m\u00E9"
echo: true -> false
pools.web.encapsulation: "ipip" -> "vxlan"
pools.web.vni: none -> 7
pools.web.tracking: "moved" -> "all"
pools.web.idle_timeout_s: 900 -> 60
pools.web.udp_hold_s: 30 -> 0
pools.web.backends.web-1.server_id: "0a" -> "0b"
services.h3.quic: none -> {"server_id_length": 1, "nonce_length": 18, "config": 6}
pool web: 6,554 of 65,537 slots would move (10.0%)
E
catalog '"echo": false,' '' '' >"$dir/echo.json"
check 0 catalog apply "$dir/echo.json" <<'E'
echo: true -> false
E
many() { # WEIGHT
	echo '{ "version": 1, "pools": { "web": { "backends": {'
	for i in {1..22}; do
		echo "\"b$i\": { \"address\": \"10.0.2.$i\", \"weight\": $1 },"
	done
	echo '"c": { "address": "10.0.1.11" } } } }, "services": {} }'
}
many 1 >"$dir/many.json"
"$ctl" --socket "$socket" catalog apply "$dir/many.json" >/dev/null
report $? "catalog apply of many backends"
many 2 >"$dir/many.json"
"$ctl" --socket "$socket" catalog diff "$dir/many.json" >"$dir/out"
[ "$(grep -c '^pools\.web\.backends\.b[0-9]*\.weight: 1 -> 2$' "$dir/out")" = 20 ] &&
	grep -q '^\.\.\. and 2 more keys$' "$dir/out"
report $? "of many keys only some are listed"
"$ctl" --socket "$socket" catalog apply "$dir/good.json" >/dev/null
report $? "catalog apply of a few again"

# A proxy of the environment is not for a Unix socket.
http_proxy=http://127.0.0.1:1 check 0 pool list --names <<'E'
web
E

# Output that cannot be written.
"$ctl" --socket "$socket" status 2>"$dir/err" >/dev/full
[ $? = 1 ] && [ "$(cat "$dir/err")" = "hairpinctl: cannot write the output: No space left on device" ]
report $? "a full device"

# Completion.

check_completion "pool" po
check_completion "list show add remove" pool ""
check_completion "web" --socket "$socket" backend drain ""
check_completion "" --socket "$socket" backend drain nopool ""
check_completion "web-1" --socket "$socket" backend weight web ""
check_completion "--dry-run" backend drain --d
check_completion "tcp" trace t
check_completion "gue gre" pool add --encapsulation g
check_completion "--vni" pool add --vn
check_completion "--server-id" backend add --se
check_completion "web" --socket "$socket" backend add --server-id 0a ""
check_completion "drain" help backend dr
stop
report $? "the daemon ends cleanly"

# Rates, until the daemon goes away.

start
"$ctl" --socket "$socket" stats --watch >"$dir/out" 2>"$dir/err" &
watch=$!
sleep 2.5
stop
wait $watch
[ $? = 3 ] && [ "$(wc -l <"$dir/err")" = 1 ] &&
	grep -q "^hairpinctl: cannot reach hairpind on $socket: .*; is it running?" "$dir/err"
report $? "stats --watch ends with 3 when the daemon goes away"
row='^web/web-1 +1,239,567 +103\.8 MB +(5,000|4,9[0-9]{2}) +(40\.0|39\.[0-9]) Mbit/s$'
[ "$(grep -cE "$row" "$dir/out")" = 1 ]
report $? "stats --watch prints rates"

# Very many backends, and a catalog file that was refused.

{
	echo '{"version": 1, "seed": "fail-file", "pools": {"big": {"backends": {'
	for ((i = 0; i < 1000; i++)); do
		echo "\"b$i\": {\"address\": \"10.1.$((i / 50)).$((i % 50))\"},"
	done
	echo '"out": {"address": "10.9.9.9", "state": "down"},'
	echo '"broken": {"address": "10.9.9.99"}}}}, "services": {}}'
} >"$dir/big.json"
start "$dir/big.json"
"$ctl" --socket "$socket" status >"$dir/out"
lines=$(wc -l <"$dir/out")
sed -E -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/YYYY-MM-DDTHH:MM:SSZ/g' -e 's/ +/ /g' "$dir/out" >"$dir/got"
expected='pool big: backend broken: no route
the catalog file was refused

hairpind 0.1.0, pid 4711, started 5d ago (YYYY-MM-DDTHH:MM:SSZ)
catalog lb.json, loaded 4d ago (YYYY-MM-DDTHH:MM:SSZ): 0 services, 1 pool, 1,002 backends
its file was refused 2h ago (YYYY-MM-DDTHH:MM:SSZ), and the catalog of before is in force:
 lb.json:5:15: services.www.port: 70000 is not a port (1-65535)

INTERFACE LINK MODE ATTACH PROGRAM
eth0 up native dispatcher 42

POOL SERVING ENCAPSULATION TABLE TABLE SIZE DIGEST
big 1000 of 1002 ipip maglev 65537 00112233aabbccdd

BACKEND ADDRESS WEIGHT STATE SHARE NEXT HOP SINCE REASON
big/broken 10.9.9.99 100 up 0.0% none 3m ago (YYYY-MM-DDTHH:MM:SSZ) no route
big/out 10.9.9.9 100 down 0.0% eth0 3m ago (YYYY-MM-DDTHH:MM:SSZ)
big/b0 10.1.0.0 100 up 0.1% eth0 3m ago (YYYY-MM-DDTHH:MM:SSZ)'
[ "$(head -n 18 "$dir/got")" = "$expected" ]
report $? "status shows problems first"
[ "$(tail -n 1 "$dir/got")" = "... 982 more up (hairpinctl backend list shows all)" ] &&
	[ "$lines" = 36 ]
report $? "status is one screen"
[ "$("$ctl" --socket "$socket" backend list | wc -l)" = 1003 ]
report $? "backend list shows all"
stop
report $? "the daemon ends cleanly with many backends"

echo "1..$count"
[ $failed = 0 ]
