// SPDX-License-Identifier: GPL-2.0-only
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "wire.skel.h"

#define FAR       "hp-bench" /* the balancer's namespace */
#define SECOND    "far4"     /* DEVICE_SECOND */
#define LOCK      "/run/lock/hp-bench"
#define DIRECTORY "/run/hp-bench"
#define LOG       DIRECTORY "/log"
#define CATALOG   DIRECTORY "/catalog.json"
#define SOCKET    DIRECTORY "/socket"
#define ENTER     "nsenter --net=/run/netns/" FAR " " /* ip netns exec hides the bpf file system */

#define CHANGE_MS 20000 /* hairpind has this long to put a changed catalog in force */

static char hairpind_path[PATH_MAX];
static pid_t daemon_pid;
static pid_t owner;

void stage_fail(const char *format, ...)
{
	va_list args;

	fputs("forward: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\n", stderr);
	fflush(stderr);
	if (!access(LOG, R_OK) && system("sed 's/^/  hairpind: /' " LOG " | tail -n 20 >&2"))
		fputs("forward: cannot show hairpind's log\n", stderr);
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
	if (system(command))
		stage_fail("failed: %s", command);
}

/* What a run that was killed has left goes too; we have the lock. */
static void remove_all(void)
{
	if (system("if test -e /run/netns/" FAR "; then ip netns del " FAR "; fi && "
		   "rm -rf " DIRECTORY " " STAGE_PIN))
		fprintf(stderr, "forward: could not clean up all\n");
}

static void tidy(void)
{
	if (getpid() != owner)
		return;
	stage_unserve();
	remove_all();
}

static void on_signal(int number)
{
	exit(128 + number);
}

/* Held until the process is gone. */
static void lock_stage(void)
{
	int lock = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (lock < 0)
		stage_fail("%s: %s; run as root", LOCK, strerror(errno));
	if (!flock(lock, LOCK_EX | LOCK_NB))
		return;
	fprintf(stderr, "forward: another one runs; waiting for its end\n");
	if (flock(lock, LOCK_EX))
		stage_fail("%s: %s", LOCK, strerror(errno));
}

static void attach(int device_number, const char *side, const struct bpf_program *program)
{
	char name[16];

	snprintf(name, sizeof(name), "%s%d", side, device_number);
	if (bpf_xdp_attach(if_nametoindex(name), bpf_program__fd(program), 1U << 2, NULL))
		stage_fail("cannot attach to %s: %s", name, strerror(errno));
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

	if (fd < 0)
		stage_fail("%s: %s", path, strerror(errno));
	return fd;
}

static void enter(int namespace)
{
	if (setns(namespace, CLONE_NEWNET))
		stage_fail("cannot enter a network namespace: %s", strerror(errno));
	close(namespace);
}

/*
 * The programs of the far ends are attached from there. What BPF_PROG_RUN is to run is attached
 * too, to the idle pair: else each BPF_PROG_RUN makes the kernel write a new XDP dispatcher, and
 * wait tens of milliseconds until the old one is not used.
 */
static void attach_far(int device, const struct bpf_program *program)
{
	int home = open_namespace("/proc/self/ns/net");

	enter(open_namespace("/run/netns/" FAR));
	attach(device, "far", program);
	enter(home);
}

void stage_reference(const struct wire_bpf *wire, enum stage_device device, const char *name)
{
	static const struct bpf_program *attached[DEVICE_COUNT];
	const struct bpf_program *program = bpf_object__find_program_by_name(wire->obj, name);

	if (!program)
		stage_fail("no reference is called %s: see wire.bpf.c", name);
	if (attached[device] != program)
		attach_far(device, program);
	attached[device] = program;
}

int stage_balancer_program(void)
{
	int home = open_namespace("/proc/self/ns/net"), status;
	uint32_t id = 0;

	enter(open_namespace("/run/netns/" FAR));
	status = bpf_xdp_query_id(if_nametoindex("far0"), 0, &id);
	enter(home);
	if (status || !id)
		stage_fail("no program runs on the balancer's interface");
	return id;
}

/* A devmap takes the interfaces of the namespace that writes to it. */
void stage_redirect(const struct wire_bpf *wire, enum stage_device device)
{
	int home = open_namespace("/proc/self/ns/net");
	uint32_t key = 0, ifindex;
	char name[16];

	enter(open_namespace("/run/netns/" FAR));
	snprintf(name, sizeof(name), "far%d", device);
	ifindex = if_nametoindex(name);
	if (bpf_map_update_elem(bpf_map__fd(wire->maps.way), &key, &ifindex, BPF_ANY))
		stage_fail("devmap: %s: %s", name, strerror(errno));
	enter(home);
}

/* For each way with a gateway: the balancer's addresses, and the gateway with a fixed MAC, which all
 * backends are behind. */
static void address_gateway(enum mix_way way, enum stage_device device)
{
	run("ip -n " FAR " addr add 192.168.%d.2/24 dev far%d", way, device);
	run("ip -n " FAR " addr add fd00:0:0:%d::2/64 dev far%d nodad", way, device);
	run("ip -n " FAR " neigh add 192.168.%d.1 lladdr 02:00:00:00:00:1%d dev far%d", way, device,
	    device);
	run("ip -n " FAR " neigh add fd00:0:0:%d::1 lladdr 02:00:00:00:00:1%d dev far%d", way,
	    device, device);
	run("ip -n " FAR " route add 172.%d.0.0/16 via 192.168.%d.1", 16 + way, way);
	run("ip -n " FAR " route add fd01:%d::/32 via fd00:0:0:%d::1", way, way);
}

#define LAYER2_BACKENDS 16

static void address_far_side(void)
{
	address_gateway(WAY_GATEWAY, DEVICE_HAIRPIN);
	address_gateway(WAY_SECOND, DEVICE_SECOND);
	run("ip -n " FAR " addr add 172.%d.255.254/16 dev far%d", 16 + WAY_LAYER2, DEVICE_HAIRPIN);
	for (int i = 1; i <= LAYER2_BACKENDS; i++)
		run("ip -n " FAR " neigh add 172.%d.0.%d lladdr 02:00:00:01:00:%02x dev far%d",
		    16 + WAY_LAYER2, i, i, DEVICE_HAIRPIN);
}

static struct wire_bpf *load(uint32_t lines)
{
	static const unsigned char far_mac[] = STAGE_MAC_FAR(DEVICE_HAIRPIN);
	static const unsigned char near_mac[] = STAGE_MAC_NEAR(DEVICE_HAIRPIN);
	struct wire_bpf *wire = wire_bpf__open();

	if (!wire || bpf_map__set_max_entries(wire->maps.lines, lines) || wire_bpf__load(wire))
		stage_fail("cannot load the programs: %s", strerror(errno));
	memcpy(wire->bss->macs, far_mac, sizeof(far_mac));
	memcpy(wire->bss->macs + sizeof(far_mac), near_mac, sizeof(near_mac));
	return wire;
}

struct wire_bpf *stage_open(uint32_t lines)
{
	struct wire_bpf *wire;

	lock_stage();
	remove_all();
	owner = getpid();
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	atexit(tidy);
	if (mkdir(DIRECTORY, 0700) || unshare(CLONE_NEWNET))
		stage_fail("cannot make a network namespace: %s; run as root", strerror(errno));
	run("ip netns add " FAR);
	for (int i = 0; i <= DEVICE_IDLE; i++)
		make_pair(i);
	address_far_side();
	wire = load(lines);
	attach(DEVICE_IDLE, "near", wire->progs.generate);
	for (int i = 0; i < DEVICE_COUNT; i++) {
		char name[16];
		uint32_t key = i, ifindex;

		snprintf(name, sizeof(name), "near%d", i);
		ifindex = if_nametoindex(name);
		attach(i, "near", wire->progs.sink);
		if (bpf_map_update_elem(bpf_map__fd(wire->maps.devices), &key, &ifindex, BPF_ANY))
			stage_fail("devmap: %s", strerror(errno));
	}
	attach_far(DEVICE_TX, wire->progs.reference_tx);
	attach_far(DEVICE_IDLE, wire->progs.reference_pass);
	return wire;
}

static void become_hairpind(const struct mix *mix)
{
	const char *arguments[] = {hairpind_path, "-i",   "far0",  "-c",      CATALOG,
				   "--socket",    SOCKET, "--pin", STAGE_PIN, "--mode",
				   "native",      NULL,   NULL,    NULL,      NULL};
	int log = open(LOG, O_WRONLY | O_CREAT | O_TRUNC, 0644), count = 11;
	cpu_set_t all;

	if (mix->way == WAY_SECOND)
		arguments[2] = "far0," SECOND;
	if (mix->cpus) {
		arguments[count++] = "--cpus";
		arguments[count++] = mix->cpus;
	}
	if (mix->spread_local)
		arguments[count++] = "--spread-local";
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(log, 1);
	dup2(log, 2);
	enter(open_namespace("/run/netns/" FAR));
	execv(hairpind_path, (char **)arguments);
	_exit(127);
}

void stage_serve(const char *hairpind, const struct mix *mix)
{
	if (mix_write_catalog(mix, false, CATALOG))
		stage_fail("%s: %s", CATALOG, strerror(errno));
	if (!realpath(hairpind, hairpind_path))
		stage_fail("%s: %s", hairpind, strerror(errno));
	fflush(NULL);
	daemon_pid = fork();
	if (daemon_pid < 0)
		stage_fail("fork: %s", strerror(errno));
	if (!daemon_pid)
		become_hairpind(mix);
}

/* How many catalogs have been in force, by hairpind's log. */
static int catalogs_in_force(void)
{
	FILE *log = fopen(LOG, "re");
	char line[1024];
	int count = 0;

	while (log && fgets(line, sizeof(line), log))
		count += !!strstr(line, "catalog: in force");
	if (log)
		fclose(log);
	return count;
}

void stage_move(const struct mix *mix)
{
	int before = catalogs_in_force();

	/* It reads the file again by itself, when nobody has written to it for a moment. */
	if (mix_write_catalog(mix, true, CATALOG))
		stage_fail("%s: %s", CATALOG, strerror(errno));
	for (int ms = 0; catalogs_in_force() == before; ms += 10) {
		if (ms > CHANGE_MS)
			stage_fail("hairpind does not read its changed catalog");
		usleep(10000);
	}
}

bool stage_serves(void)
{
	if (daemon_pid > 0 && waitpid(daemon_pid, NULL, WNOHANG) == daemon_pid)
		daemon_pid = 0;
	return daemon_pid > 0;
}

void stage_unserve(void)
{
	if (daemon_pid <= 0)
		return;
	kill(daemon_pid, SIGTERM);
	waitpid(daemon_pid, NULL, 0);
	daemon_pid = 0;
	if (!access(STAGE_PIN, F_OK))
		run(ENTER "%s --detach --pin " STAGE_PIN " >/dev/null 2>&1", hairpind_path);
}
