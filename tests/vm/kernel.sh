#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kernel.sh VERSION: print the directory of an unpacked Debian kernel, such as 6.1:
#
#     boot/vmlinuz-RELEASE  lib/modules/RELEASE/  bin/busybox (static)
#
# The first call downloads the newest package that apt knows, and unpacks it into the cache
# (nothing is installed); later calls reuse it. Remove the directory to get a newer kernel.

set -euo pipefail

cache=$(realpath -m "${XDG_CACHE_HOME:-/var/cache}/hairpin-vm")
apt_options=()
unpacking=

say() {
	echo "kernel.sh: $*" >&2
}

die() {
	say "$*"
	exit 1
}

# The plain kernel only: no -cloud, -rt, -unsigned, -dbg.
newest_package() {
	apt-cache pkgnames "linux-image-$1." |
		grep -E "^linux-image-${1/./\\.}\.[0-9]+[^-]*(-[0-9]+)?-amd64$" | sort -V | tail -n 1
}

find_package() {
	local package
	package=$(newest_package "$1") || true
	if [[ -z $package && $EUID == 0 ]]; then
		say "updating the package lists of apt"
		apt-get -qq update >&2 || true
		package=$(newest_package "$1") || true
	fi
	[[ -n $package ]] || die "kernel $1 is not available:" \
		"apt knows no linux-image-$1.*-amd64 (see /etc/apt/sources.list.d)"
	echo "$package"
}

download() {
	apt-get -qq "${apt_options[@]}" download "$@" >&2
}

unpack() {
	local package deb release
	package=$(find_package "$1")
	say "downloading $package and busybox-static to $cache/$1"
	unpacking=$(mktemp -d "$cache/unpacking.XXXXXX")
	cd "$unpacking"
	download "$package" busybox-static ||
		die "kernel $1 is not available: $package cannot be downloaded (try apt-get update)"
	for deb in *.deb; do
		dpkg-deb -x "$deb" .
	done
	rm ./*.deb
	release=$(basename lib/modules/*)
	/sbin/depmod -b . "$release"
	chmod 755 .
	mv -T "$unpacking" "$cache/$1"
	unpacking=
}

main() {
	local version=${1-}
	[[ $version =~ ^[0-9]+\.[0-9]+$ ]] || die "usage: kernel.sh VERSION (such as 6.1)"
	[[ $EUID != 0 ]] || apt_options=(-o APT::Sandbox::User=root)

	mkdir -p "$cache" || die "cannot write to $cache (set XDG_CACHE_HOME)"
	if [[ ! -d $cache/$version ]]; then
		exec 9>"$cache/lock"
		flock 9
		trap '[[ -z $unpacking ]] || rm -rf "$unpacking"' EXIT
		[[ -d $cache/$version ]] || unpack "$version"
	fi
	echo "$cache/$version"
}

main "$@"
