#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# examples/quickstart.sh: its result, its table, --keep and --clean; and it can fail.
# shellcheck source=tests/net/net.sh
source "$(dirname "$0")/net.sh"
net_begin

export HAIRPIN_LAB=quicktest
quickstart=$net_here/../../examples/quickstart.sh

last_line() {
	tail -n 1 "$lab_dir/quickstart.log"
}

run_quickstart() { # OPTION...
	"$quickstart" --no-install "$@" {lab_lock}>&- | tee "$lab_dir/quickstart.log"
}

backends_of_table() { # COLUMN: those that answered
	sed -n '/^backend *before *during *after/,/^$/p' "$lab_dir/quickstart.log" |
		awk -v column="$1" '/^b/ && $column > 0 && NR > 1 { print $1 }' | xargs
}

what_is_there() {
	ip netns list | grep -c hp-quicktest- || true
}

with_a_curl_that_fails() { # the last answer is lost, and its exit status is not seen
	mkdir -p "$lab_dir/bin"
	# shellcheck disable=SC2016 # its own $@
	printf '#!/bin/bash\n%s "$@" | sed "\\$d"\n' "$(command -v curl)" >"$lab_dir/bin/curl"
	chmod 755 "$lab_dir/bin/curl"
	PATH=$lab_dir/bin:$PATH run_quickstart
}

it "the quickstart succeeds" run_quickstart
it "its last line is the result" says "all of 1800 requests were answered" last_line
it "first three backends answered" is "b1 b2 b3" backends_of_table 2
it "then all four" is "b1 b2 b3 b4" backends_of_table 3
it "at the end those that were not removed" is "b2 b3 b4" backends_of_table 4
it "it leaves nothing" is 0 what_is_there
it "it keeps its network with --keep" run_quickstart --keep
it "which serves" nsenter --net=/run/netns/hp-quicktest-client curl -sf --max-time 3 "http://$vip4/"
it "and --clean" "$quickstart" --clean
it "removes it" is 0 what_is_there
it "it fails when answers are missing" refuses 1 FAILED with_a_curl_that_fails
it "an unknown option is refused" refuses 2 "usage" "$quickstart" --what
net_done
