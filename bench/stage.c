// SPDX-License-Identifier: GPL-2.0-only
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <jansson.h>

#include "wire.skel.h"

#define FAR "hp-bench" /* the balancer's namespace */
#define PIN "/sys/fs/bpf/hp-bench"

static char directory[] = "/tmp/hp-bench.XXXXXX";
static char log_path[64], catalog_path[64], socket_path[64];
static char hairpind_path[4096];
static pid_t daemon_pid;
static pid_t owner;

const char *stage_log(void)
{
	return log_path;
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command)) {
		fprintf(stderr, "forward: failed: %s\n", command);
		exit(1);
	}
}

static void tidy(void)
{
	char command[256];

	if (getpid() != owner)
		return;
	stage_unserve();
	snprintf(command, sizeof(command), "ip netns del " FAR "; rm -rf %s", directory);
	if (system(command))
		fprintf(stderr, "forward: could not clean up all\n");
}

static void on_signal(int number)
{
	exit(128 + number);
}

static void attach(int device_number, const char *side, const struct bpf_program *program)
{
	char name[16];

	snprintf(name, sizeof(name), "%s%d", side, device_number);
	if (bpf_xdp_attach(if_nametoindex(name), bpf_program__fd(program), 1U << 2, NULL)) {
		fprintf(stderr, "forward: cannot attach to %s: %s\n", name, strerror(errno));
		exit(1);
	}
}

static void make_pair(int number)
{
	run("ip link add near%d type veth peer name far%d netns " FAR, number, number);
	/* No link-local addresses: their neighbour discovery would reach the sink. */
	run("ip link set near%d addrgenmode none address 02:00:00:00:00:1%d up", number, number);
	run("ip -n " FAR " link set far%d addrgenmode none address 02:00:00:00:00:2%d up", number,
	    number);
}

static int open_namespace(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "forward: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

static void enter(int namespace)
{
	if (setns(namespace, CLONE_NEWNET)) {
		fprintf(stderr, "forward: cannot enter a network namespace: %s\n", strerror(errno));
		exit(1);
	}
	close(namespace);
}

/* The programs of the far ends are attached from there. */
static void attach_references(const struct wire_bpf *wire)
{
	int home = open_namespace("/proc/self/ns/net");

	enter(open_namespace("/run/netns/" FAR));
	attach(DEVICE_TX, "far", wire->progs.reference_tx);
	attach(DEVICE_PUSH20, "far", wire->progs.reference_push20);
	attach(DEVICE_PUSH40, "far", wire->progs.reference_push40);
	enter(home);
}

/* The balancer's addresses, and one gateway with a fixed MAC that all backends are behind. */
static void address_far_side(void)
{
	run("ip -n " FAR " addr add 192.168.0.2/24 dev far0");
	run("ip -n " FAR " addr add fd00::2/64 dev far0 nodad");
	run("ip -n " FAR " neigh add 192.168.0.1 lladdr 02:00:00:00:00:10 dev far0");
	run("ip -n " FAR " neigh add fd00::1 lladdr 02:00:00:00:00:10 dev far0");
	run("ip -n " FAR " route add 172.16.0.0/12 via 192.168.0.1");
	run("ip -n " FAR " route add fd01::/16 via fd00::1");
}

struct wire_bpf *stage_open(void)
{
	static const unsigned char mac[6] = {0x02, 0, 0, 0, 0, 0x20};
	struct wire_bpf *wire;

	owner = getpid();
	if (!mkdtemp(directory) || unshare(CLONE_NEWNET)) {
		fprintf(stderr, "forward: cannot make a network namespace: %s; run as root\n",
			strerror(errno));
		exit(1);
	}
	snprintf(log_path, sizeof(log_path), "%s/log", directory);
	snprintf(catalog_path, sizeof(catalog_path), "%s/catalog.json", directory);
	snprintf(socket_path, sizeof(socket_path), "%s/sock", directory);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	run("ip netns add " FAR);
	atexit(tidy);
	for (int i = 0; i < DEVICE_COUNT; i++)
		make_pair(i);
	address_far_side();
	wire = wire_bpf__open_and_load();
	if (!wire) {
		fprintf(stderr, "forward: cannot load the programs: %s\n", strerror(errno));
		exit(1);
	}
	memcpy(wire->bss->balancer_mac, mac, sizeof(mac));
	for (int i = 0; i < DEVICE_COUNT; i++) {
		char name[16];
		uint32_t key = i, ifindex;

		snprintf(name, sizeof(name), "near%d", i);
		ifindex = if_nametoindex(name);
		attach(i, "near", wire->progs.sink);
		if (bpf_map_update_elem(bpf_map__fd(wire->maps.devices), &key, &ifindex, BPF_ANY))
			exit(1);
	}
	attach_references(wire);
	return wire;
}

static void write_catalog(const struct mix *mix)
{
	json_t *backends = json_object(), *services = json_object(), *catalog;
	char name[32], address[64];

	for (int i = 0; i < mix->backends; i++) {
		snprintf(name, sizeof(name), "b%d", i);
		if (mix->traffic.ipv6)
			snprintf(address, sizeof(address), "fd01::%x", i + 1);
		else
			snprintf(address, sizeof(address), "172.16.%d.%d", (i + 1) >> 8,
				 (i + 1) & 255);
		json_object_set_new(backends, name, json_pack("{s:s}", "address", address));
	}
	for (uint32_t i = 0; i < mix->traffic.services; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		if (mix->traffic.ipv6)
			snprintf(address, sizeof(address), "2001:db8::%x", i);
		else
			snprintf(address, sizeof(address), "198.18.%u.%u", i >> 8, i & 255);
		json_object_set_new(services, name,
				    json_pack("{s:s, s:s, s:i, s:s}", "address", address,
					      "protocol",
					      mix->traffic.protocol == IPPROTO_TCP ? "tcp" : "udp",
					      "port", 443, "pool", "pool"));
	}
	catalog = json_pack("{s:i, s:{s:{s:o}}, s:o}", "version", 1, "pools", "pool", "backends",
			    backends, "services", services);
	if (json_dump_file(catalog, catalog_path, 0))
		exit(1);
	json_decref(catalog);
}

void stage_serve(const char *hairpind, const struct mix *mix)
{
	write_catalog(mix);
	if (!realpath(hairpind, hairpind_path)) {
		fprintf(stderr, "forward: %s: %s\n", hairpind, strerror(errno));
		exit(1);
	}
	fflush(NULL);
	daemon_pid = fork();
	if (!daemon_pid) {
		int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(log, 1);
		dup2(log, 2);
		enter(open_namespace("/run/netns/" FAR));
		execl(hairpind_path, hairpind_path, "-i", "far0", "-c", catalog_path, "--socket",
		      socket_path, "--pin", PIN, "--mode", "native", NULL);
		_exit(127);
	}
}

void stage_unserve(void)
{
	if (daemon_pid <= 0)
		return;
	kill(daemon_pid, SIGTERM);
	waitpid(daemon_pid, NULL, 0);
	daemon_pid = 0;
	run("nsenter --net=/run/netns/" FAR " %s --detach --pin " PIN " 2>/dev/null",
	    hairpind_path);
}
