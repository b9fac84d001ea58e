// SPDX-License-Identifier: GPL-2.0-only
#include "control_stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#define FAR "hp-control" /* the balancer's namespace */
#define PIN "/sys/fs/bpf/hp-control"

static char directory[] = "/tmp/hp-control.XXXXXX";
static char hairpind_path[PATH_MAX];
static pid_t daemon_pid, owner;
static int wire = -1; /* packet socket on the near end */

const char *control_path(const char *name)
{
	static char paths[4][64];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

double control_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

void control_fail(const char *what, const char *why)
{
	char command[128];

	fprintf(stderr, "control: %s: %s\n", what, why);
	snprintf(command, sizeof(command), "tail -n 5 %s >&2 2>/dev/null", control_path("log"));
	if (system(command))
		fprintf(stderr, "control: hairpind has no log\n");
	exit(1);
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
	char command[PATH_MAX + 256];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command)) {
		fprintf(stderr, "control: failed: %s\n", command);
		exit(1);
	}
}

static void tidy(void)
{
	if (getpid() != owner)
		return;
	control_unserve();
	run("ip netns del " FAR);
	run("rm -rf %s", directory);
}

static void on_signal(int number)
{
	exit(128 + number);
}

/* What XDP sends into a veth device arrives only where that has an XDP program too. */
static void attach_pass(void)
{
	const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", pass, 2, NULL);

	if (program < 0 ||
	    bpf_xdp_attach(if_nametoindex("near"), program, XDP_FLAGS_DRV_MODE, NULL))
		control_fail("cannot attach an XDP program", strerror(errno));
	close(program);
}

static void open_wire(void)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};

	address.sll_ifindex = if_nametoindex("near");
	wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP));
	if (wire < 0 || bind(wire, (struct sockaddr *)&address, sizeof(address)))
		control_fail("packet socket", strerror(errno));
}

void control_open(void)
{
	owner = getpid();
	if (!mkdtemp(directory) || unshare(CLONE_NEWNET))
		control_fail("cannot make a network namespace (run as root)", strerror(errno));
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	run("ip netns add " FAR);
	atexit(tidy);
	run("ip link add near type veth peer name far netns " FAR);
	run("ip link set near addrgenmode none address 02:00:00:00:00:10 up");
	run("ip -n " FAR " link set far addrgenmode none address 02:00:00:00:00:20 up");
	attach_pass();
	run("ip -n " FAR " addr add 192.168.0.2/24 dev far");
	run("ip -n " FAR " neigh add 192.168.0.1 lladdr 02:00:00:00:00:10 dev far");
	run("ip -n " FAR " route add 172.16.0.0/12 via 192.168.0.1");
	open_wire();
}

static json_t *catalog_pools(const struct control_size *size)
{
	json_t *pools = json_object();
	char name[32], address[64];

	for (int i = 0; i < size->pools; i++) {
		snprintf(name, sizeof(name), "pool%d", i);
		json_object_set_new(pools, name, json_pack("{s:{}}", "backends"));
	}
	for (int i = 0; i < size->backends; i++) {
		json_t *pool;

		snprintf(name, sizeof(name), "pool%d", i % size->pools);
		pool = json_object_get(json_object_get(pools, name), "backends");
		snprintf(name, sizeof(name), "b%d", i);
		snprintf(address, sizeof(address), "172.16.%d.%d", (i + 1) >> 8, (i + 1) & 255);
		json_object_set_new(pool, name, json_pack("{s:s}", "address", address));
	}
	return pools;
}

json_t *control_catalog(const struct control_size *size)
{
	json_t *services = json_object();
	char name[32], address[64], pool[32];

	for (int i = 0; i < size->services; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		snprintf(pool, sizeof(pool), "pool%d", i % size->pools);
		snprintf(address, sizeof(address), "198.18.%d.%d", i >> 8, i & 255);
		json_object_set_new(services, name,
				    json_pack("{s:s, s:s, s:i, s:s}", "address", address,
					      "protocol", "tcp", "port", 443, "pool", pool));
	}
	return json_pack("{s:i, s:o, s:o}", "version", 1, "pools", catalog_pools(size), "services",
			 services);
}

static void become_hairpind(void)
{
	int log = open(control_path("log"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	int far = open("/run/netns/" FAR, O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(log, 1);
	dup2(log, 2);
	if (!setns(far, CLONE_NEWNET))
		execl(hairpind_path, hairpind_path, "-i", "far", "-c", control_path("catalog.json"),
		      "--socket", control_path("sock"), "--pin", PIN, "--mode", "native", NULL);
	_exit(127);
}

pid_t control_serve(const char *hairpind, const json_t *catalog)
{
	if (json_dump_file(catalog, control_path("catalog.json"), JSON_INDENT(2)))
		control_fail("cannot write the catalog", strerror(errno));
	if (!realpath(hairpind, hairpind_path))
		control_fail(hairpind, strerror(errno));
	fflush(NULL);
	daemon_pid = fork();
	if (!daemon_pid)
		become_hairpind();
	return daemon_pid;
}

void control_unserve(void)
{
	if (daemon_pid <= 0)
		return;
	kill(daemon_pid, SIGTERM);
	waitpid(daemon_pid, NULL, 0);
	daemon_pid = 0;
	run("nsenter --net=/run/netns/" FAR " %s --detach --pin " PIN " 2>/dev/null",
	    hairpind_path);
}

struct frame {
	struct ether_header ethernet;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

static void send_probe(int service)
{
	struct frame frame = {
		.ethernet = {.ether_dhost = {2, 0, 0, 0, 0, 0x20},
			     .ether_shost = {2, 0, 0, 0, 0, 0x10},
			     .ether_type = htons(ETH_P_IP)},
		.ip = {.version = 4,
		       .ihl = 5,
		       .tot_len = htons(sizeof(frame) - sizeof(frame.ethernet)),
		       .ttl = 64,
		       .protocol = IPPROTO_TCP,
		       .saddr = htonl(0x0a000001),
		       .daddr = htonl(0xc6120000 + service)},
		.tcp = {.source = htons(1234), .dest = htons(443), .doff = 5, .ack = 1},
	};

	if (send(wire, &frame, sizeof(frame), 0) < 0 && errno != ENOBUFS)
		control_fail("cannot send", strerror(errno));
}

bool control_forwards(int service)
{
	struct pollfd poll_wire = {.fd = wire, .events = POLLIN};
	struct frame frame;

	send_probe(service);
	while (poll(&poll_wire, 1, 1) > 0)
		if (recv(wire, &frame, sizeof(frame), 0) > 0 && frame.ip.protocol == IPPROTO_IPIP &&
		    ntohl(frame.ip.daddr) >> 20 == 0xac1)
			return true;
	return false;
}
