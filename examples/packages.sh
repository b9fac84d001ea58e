# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs what packages.txt lists. Sourced by quickstart.sh and tests/run.sh.

packages_file=$(dirname "${BASH_SOURCE[0]}")/packages.txt

packages_missing() { # GROUP...
	local group package _
	while read -r group package _; do
		[[ " $* " == *" $group "* ]] || continue
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
			echo "$package"
	done <"$packages_file"
}

packages_install() { # GROUP...: does nothing, and needs no network, if all are there
	local -a missing
	mapfile -t missing < <(packages_missing "$@")
	((${#missing[@]})) || return 0
	echo "installing ${missing[*]}"
	(
		[[ " ${missing[*]} " != *" nginx-light "* ]] || packages_without_service nginx
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q update
		apt-get -q install -y --no-install-recommends "${missing[@]}"
	) >"/tmp/hairpin-apt.$$" 2>&1 || {
		tail -n 20 "/tmp/hairpin-apt.$$" >&2
		echo "apt-get failed; all it said is in /tmp/hairpin-apt.$$" >&2
		return 1
	}
	rm -f "/tmp/hairpin-apt.$$"
}

# The package would start a web server of its own on this host. For a subshell: undone at its end.
packages_without_service() { # NAME
	local policy=/usr/sbin/policy-rc.d
	[[ ! -e $policy ]] || return 0
	# shellcheck disable=SC2016 # its own $1
	printf '#!/bin/sh\n[ "$1" != %s ] || exit 101\n' "$1" >"$policy"
	chmod 755 "$policy"
	# shellcheck disable=SC2064 # now, not later
	trap "rm -f $policy; systemctl --quiet disable $1 || true" EXIT
}
