#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only

set -euo pipefail

usage() {
	cat <<-'END'
	usage: run.sh [OPTION]... COMMAND [ARGUMENT]...

	Runs COMMAND as root in a virtual machine with a Debian kernel, emulated by qemu (no KVM).
	The machine sees all files of the host, /tmp included, but its changes to them stay in its
	memory and are lost at the end. COMMAND starts in the current directory, with HP_VM=1 in
	its environment (and nothing of the caller's) and nothing on stdin; its stdout, stderr and
	exit status become those of run.sh. There is no network but what COMMAND sets up.

	  --kernel VERSION   6.1 (default) or 6.12; the newest Debian package of it is downloaded
	                     once, to ${XDG_CACHE_HOME:-/var/cache}/hairpin-vm
	  --memory MIB       default: 1024
	  --cpus N           default: 2
	  --timeout SECONDS  of the whole run, default: 300
	  --verbose          show the kernel's messages, on stderr

	Exit status 124: the time was over. 125: the machine could not be started, or crashed.
	END
}

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
kernel=6.1
memory=1024
cpus=2
timeout=300
verbose=
run= # temporary directory
qemu= # process id
readers=()

say() {
	echo "run.sh: $*" >&2
}

die() {
	say "$*"
	exit 125
}

parse_options() {
	while [[ ${1-} == -* ]]; do
		case $1 in
		--kernel | --memory | --cpus | --timeout)
			[[ ${2-} =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "$1 takes a number"
			printf -v "${1#--}" %s "$2"
			shift ;;
		--verbose)
			verbose=1 ;;
		--help)
			usage
			exit 0 ;;
		--)
			shift
			break ;;
		*)
			die "unknown option $1 (see --help)" ;;
		esac
		shift
	done
	command=("$@")
	[[ ${#command[@]} -gt 0 ]] || die "COMMAND is missing (see --help)"
}

install_packages() {
	local missing=()
	[[ -n $(type -P qemu-system-x86_64) ]] || missing+=(qemu-system-x86)
	[[ -x /sbin/modprobe ]] || missing+=(kmod)
	[[ -n $(type -P cpio) ]] || missing+=(cpio)
	[[ -n $(type -P xz) ]] || missing+=(xz-utils)
	[[ -n $(type -P ip) ]] || missing+=(iproute2)
	[[ ${#missing[@]} -gt 0 ]] || return 0

	[[ $EUID == 0 ]] || die "please install these packages: ${missing[*]}"
	say "installing ${missing[*]}"
	local apt=(apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
	{
		"${apt[@]}" update || true
		DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends \
			"${missing[@]}"
	} >&2 || die "cannot install ${missing[*]}"
}

# Numbered files, so that /init can load them in this order.
copy_modules() {
	local release=$1 to=$2 path n=100
	while read -r _ path _; do
		[[ ! -e $(echo "$to"/*-"$(basename "${path%.xz}")") ]] || continue
		n=$((n + 1))
		xzcat -f "$path" >"$to/$n-$(basename "${path%.xz}")"
	done < <(/sbin/modprobe -d "$kernel_dir" -S "$release" -a --show-depends \
		virtio_pci 9pnet_virtio 9p overlay | grep ^insmod)
}

write_command() {
	printf 'cd %q || exit 125\n' "$PWD"
	printf 'exec --'
	printf ' %q' "${command[@]}"
	echo
}

make_initramfs() {
	local release=$1 tree=$run/initramfs
	mkdir -p "$tree"/{bin,modules,host,changes,root,dev}
	cp "$kernel_dir/bin/busybox" "$tree/bin/"
	install -m 755 "$here/init.sh" "$tree/init"
	cp "$here/guest.sh" "$tree/"
	printf 'HP_KERNEL=%q\n' "$kernel_dir" >"$tree/settings"
	write_command >"$tree/command"
	copy_modules "$release" "$tree/modules"
	(cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$run/initramfs.cpio"
}

# reader NAME COMMAND...: starts COMMAND with stdin from the pipe NAME, which qemu writes to.
reader() {
	local pipe=$run/$1
	shift
	mkfifo "$pipe"
	"$@" <"$pipe" &
	readers+=($!)
}

start_readers() {
	reader out cat
	reader err cat >&2
	if [[ $verbose ]]; then
		reader console tee "$run/console.log" >&2
	else
		reader console cat >"$run/console.log"
	fi
}

finish_readers() {
	local pipe
	for pipe in out err console; do
		: <>"$run/$pipe" # lets go a reader that waits for a qemu that never came
	done
	wait "${readers[@]}" || true
	readers=()
}

port() {
	echo "-chardev file,id=$2,path=$2 -device virtserialport,nr=$1,chardev=$2"
}

# In $run, so that no path needs qemu's quoting.
exec_qemu() {
	local release=$1
	local append="console=ttyS0 loglevel=6 panic=-1 oops=panic mitigations=off"
	cd "$run"
	# If run.sh is killed, setpriv ends timeout, and timeout ends qemu.
	# shellcheck disable=SC2046
	exec setpriv --pdeathsig TERM timeout -k 5 "$timeout" qemu-system-x86_64 \
		-nodefaults -no-user-config -display none -no-reboot \
		-machine q35 -accel tcg,thread=multi -cpu max,la57=off -smp "$cpus" -m "$memory" \
		-kernel "$kernel_dir/boot/vmlinuz-$release" -initrd initramfs.cpio \
		-append "$append" \
		-chardev file,id=console,path=console -serial chardev:console \
		-virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
		-device virtio-rng-pci -device virtio-serial-pci \
		$(port 1 out) $(port 2 err) $(port 3 status) \
		</dev/null >qemu.log 2>&1
}

show_logs() {
	[[ $verbose ]] || tail -n 40 "$run/console.log" >&2
	cat "$run/qemu.log" >&2
}

# judge QEMU_STATUS: exits with the status of COMMAND, or says what happened instead.
judge() {
	local status
	if status=$(cat "$run/status" 2>/dev/null) && [[ -n $status ]]; then
		exit "$status"
	fi
	show_logs
	if [[ $1 == 124 || $1 == 137 ]]; then
		say "timeout: stopped after $timeout s"
		exit 124
	elif grep -q 'Kernel panic' "$run/console.log"; then
		die "the kernel panicked (its messages are above)"
	fi
	die "the virtual machine ended before the command did (qemu's exit status: $1)"
}

# shellcheck disable=SC2317 # called by the trap
stop_qemu() {
	[[ -n $qemu ]] || return 0
	kill -TERM "$qemu" 2>/dev/null || true
	wait "$qemu" 2>/dev/null || true
	qemu=
}

# shellcheck disable=SC2317
clean_up() {
	stop_qemu
	[[ ${#readers[@]} == 0 ]] || finish_readers
	[[ -z $run ]] || rm -rf "$run"
}

main() {
	local kernel_dir release status=0
	parse_options "$@"
	install_packages
	kernel_dir=$("$here/kernel.sh" "$kernel") || exit 125
	release=$(basename "$kernel_dir"/lib/modules/*)

	trap clean_up EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	run=$(mktemp -d -t hairpin-vm.XXXXXX)
	make_initramfs "$release"
	start_readers
	exec_qemu "$release" &
	qemu=$!
	wait "$qemu" || status=$?
	qemu=
	finish_readers
	judge "$status"
}

main "$@"
