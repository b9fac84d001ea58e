#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Second stage in the VM, process 1 on the final root file system: prepares the rest, runs COMMAND
# with its output on two virtio-serial ports, writes its exit status to a third, and ends the VM.

set -eu
here=/run/hairpin-vm
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=C.UTF-8 TERM=dumb HP_VM=1

mount_system() {
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount -t bpf bpf /sys/fs/bpf
	mount -t debugfs debugfs /sys/kernel/debug
	mount -t tracefs tracefs /sys/kernel/tracing
}

mount_dev() {
	mount -t devtmpfs devtmpfs /dev
	mkdir -p /dev/pts /dev/shm
	mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
	mount -t tmpfs -o mode=1777 tmpfs /dev/shm
	ln -sfn /proc/self/fd /dev/fd
	ln -sfn /proc/self/fd/0 /dev/stdin
	ln -sfn /proc/self/fd/1 /dev/stdout
	ln -sfn /proc/self/fd/2 /dev/stderr
}

# The ports can be open only once: COMMAND gets pipes, so that /dev/stdout works for it.
open_ports() {
	modprobe virtio_console
	until port=$(ls /dev/vport*p3 2>/dev/null); do
		sleep 0.05
	done
	port=${port%3}
	mkfifo $here/out $here/err
	cat <$here/out >"${port}1" &
	cats=$!
	cat <$here/err >"${port}2" &
	cats="$cats $!"
}

run_command() {
	status=0
	setsid --wait bash $here/command </dev/null >$here/out 2>$here/err || status=$?
}

# What COMMAND leaves running may hold the pipes open. Kernel threads have no executable.
kill_leftovers() {
	for process in /proc/[0-9]*; do
		pid=${process#/proc/}
		case " 1 $cats " in
		*" $pid "*) continue ;;
		esac
		if [ -e "$process/exe" ]; then
			kill -KILL "$pid" 2>/dev/null || true
		fi
	done
}

report() {
	for pid in $cats; do
		wait "$pid" || true
	done
	echo "$status" >"${port}3"
}

mount_system
mount_dev
ip link set lo up
hostname hairpin-vm
open_ports
run_command
kill_leftovers
report
echo b >/proc/sysrq-trigger # qemu runs with -no-reboot
sleep 60
