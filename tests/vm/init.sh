#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# First stage in the VM, /init of the initramfs, under busybox: makes the root file system out of
# the host's (over 9p, read-only) and a tmpfs, and hands over to guest.sh. If anything fails here,
# process 1 ends: the kernel panics, and run.sh shows why.

set -eu
busybox=/bin/busybox
root=/root

load_modules() {
	for module in /modules/*; do
		$busybox insmod "$module"
	done
}

mount_root() {
	$busybox mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose \
		host /host
	$busybox mount -t tmpfs -o mode=755,size=90% tmpfs /changes
	$busybox mkdir /changes/upper /changes/work
	$busybox chmod 755 /changes/upper
	$busybox mount -t overlay -o lowerdir=/host,upperdir=/changes/upper,workdir=/changes/work \
		overlay $root
}

mount_modules() {
	release=$($busybox uname -r)
	$busybox mkdir -p "$root/lib/modules/$release"
	$busybox mount --bind "/host$HP_KERNEL/lib/modules/$release" "$root/lib/modules/$release"
}

mount_run() {
	$busybox mount -t tmpfs -o mode=755 tmpfs $root/run
	$busybox mkdir $root/run/hairpin-vm
	$busybox cp /guest.sh /command $root/run/hairpin-vm/
}

# shellcheck source=/dev/null # HP_KERNEL: written by run.sh
. /settings
load_modules
mount_root
mount_modules
mount_run
exec $busybox switch_root $root /bin/sh /run/hairpin-vm/guest.sh
