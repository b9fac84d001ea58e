// SPDX-License-Identifier: GPL-2.0-only
/*
 * Some hundred flows of each service, through the program that is attached to an interface, by
 * BPF_PROG_RUN. What a packet's outer header names, the last byte of the address, is the backend.
 *
 *   faults_flows IFACE know FILE                       where each flow would begin
 *   faults_flows IFACE established SET OLD NEW [DEAD]  flows of OLD go on there
 *   faults_flows IFACE begin SET OLD NEW NOW           new flows go as in OLD or NEW; noted in NOW
 *   faults_flows IFACE talk SET NOW NEW [DEAD]         those of NOW go on
 *   faults_flows IFACE settled SET FILE                new flows go as in FILE
 *   faults_flows arm CONTROL AT ERROR LASTS            see faults.h
 *   faults_flows counted CONTROL
 *
 * Flows of a SET are others than those of another; a DEAD backend, by number, keeps none ("any": no
 * backend does).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "faults.h"

#define SETS    4
#define FLOWS   300 /* of a service and a set */
#define NOBODY  0   /* the packet is left to the kernel: no service */
#define DROPPED 255
#define SYN     0x02
#define ACK     0x10

static const struct vip {
	const char *address;
	uint16_t port;
	uint8_t protocol;
} vips[] = {
	{"203.0.113.10", 80, IPPROTO_TCP},  {"203.0.113.10", 53, IPPROTO_UDP},
	{"2001:db8::10", 443, IPPROTO_TCP}, {"203.0.113.20", 22, IPPROTO_TCP},
	{"203.0.113.20", 23, IPPROTO_TCP},  {"203.0.113.30", 80, IPPROTO_TCP},
};

#define VIPS (sizeof(vips) / sizeof(*vips))

/* Of each flow, where it is. */
struct places {
	uint8_t backends[SETS][VIPS][FLOWS];
};

struct wire {
	uint8_t bytes[256];
	uint32_t length;
};

static int program;
static unsigned int wrong;

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

static void put(struct wire *wire, const void *bytes, size_t length)
{
	memcpy(wire->bytes + wire->length, bytes, length);
	wire->length += length;
}

static void put16(struct wire *wire, uint16_t value)
{
	value = htons(value);
	put(wire, &value, sizeof(value));
}

static void put_ipv4(struct wire *wire, const struct vip *vip, uint16_t rest, uint16_t flow)
{
	uint8_t header[20] = {0x45, [8] = 64, vip->protocol, [12] = 198, 18};
	uint16_t length = htons(sizeof(header) + rest);
	uint32_t sum = 0;

	memcpy(header + 2, &length, 2);
	header[14] = flow >> 8;
	header[15] = flow;
	inet_pton(AF_INET, vip->address, header + 16);
	for (size_t i = 0; i < sizeof(header); i += 2)
		sum += header[i] << 8 | header[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = htons(~(sum + (sum >> 16)));
	memcpy(header + 10, &sum, 2);
	put16(wire, 0x0800);
	put(wire, header, sizeof(header));
}

static void put_ipv6(struct wire *wire, const struct vip *vip, uint16_t rest, uint16_t flow)
{
	uint8_t header[40] = {
		0x60, [4] = rest >> 8, rest, vip->protocol, 64, 0x20, 0x01, 0x0d, 0xb8, 9};

	header[22] = flow >> 8;
	header[23] = flow;
	inet_pton(AF_INET6, vip->address, header + 24);
	put16(wire, 0x86dd);
	put(wire, header, sizeof(header));
}

/* The number of a set and a flow is the client's port and in its address. */
static struct wire make_packet(const struct vip *vip, int set, uint16_t flow, uint8_t tcp_flags)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
	uint8_t tcp[16] = {[8] = 0x50, tcp_flags, 0xff, 0xff}, udp[4] = {0, 12};
	bool is_tcp = vip->protocol == IPPROTO_TCP;
	uint16_t rest = is_tcp ? 4 + sizeof(tcp) : 4 + sizeof(udp) + 4;
	struct wire wire = {0};

	put(&wire, macs, sizeof(macs));
	if (strchr(vip->address, ':'))
		put_ipv6(&wire, vip, rest, flow);
	else
		put_ipv4(&wire, vip, rest, flow);
	put16(&wire, 20000 + set * FLOWS + flow);
	put16(&wire, vip->port);
	put(&wire, is_tcp ? tcp : udp, is_tcp ? sizeof(tcp) : sizeof(udp));
	while (wire.length < 64)
		wire.bytes[wire.length++] = 0;
	return wire;
}

/* Where one packet goes. */
static uint8_t send_packet(size_t vip, int set, uint16_t flow, uint8_t tcp_flags)
{
	struct wire wire = make_packet(&vips[vip], set, flow, tcp_flags);
	uint8_t out[512];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = wire.bytes, .data_size_in = wire.length,
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);

	if (bpf_prog_test_run_opts(program, &options))
		fail("cannot run the program");
	if (options.retval == XDP_PASS)
		return options.data_size_out == wire.length ? NOBODY : DROPPED;
	if (options.retval != XDP_TX || options.data_size_out <= wire.length)
		return DROPPED;
	/* the last byte of the outer destination */
	return out[12] == 0x08 ? out[14 + 19] : out[14 + 39];
}

static void expect(bool right, const char *what, size_t vip, uint16_t flow, uint8_t got,
		   uint8_t one, uint8_t other)
{
	if (right)
		return;
	if (wrong++ < 5)
		printf("%s: flow %u of %s port %u is on %u, not %u or %u\n", what, flow,
		       vips[vip].address, vips[vip].port, got, one, other);
}

static void places_read(struct places *places, const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file || fread(places, sizeof(*places), 1, file) != 1)
		fail(path);
	fclose(file);
}

static void places_write(const struct places *places, const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(places, sizeof(*places), 1, file) != 1 || fclose(file))
		fail(path);
}

typedef void (*flow_fn)(size_t vip, int set, uint16_t flow, void *user);

static void each_flow(int set, flow_fn fn, void *user)
{
	for (size_t vip = 0; vip < VIPS; vip++)
		for (uint16_t flow = 0; flow < FLOWS; flow++)
			fn(vip, set, flow, user);
}

struct check {
	struct places old, new, now;
	uint8_t dead;
	bool all_dead;
};

/* UDP may be led on; nothing else may be that has a backend still. */
static bool stays(const struct check *check, size_t vip, uint8_t old, uint8_t new)
{
	return vips[vip].protocol == IPPROTO_TCP && old && new &&old != check->dead &&
	       !check->all_dead;
}

static void know(size_t vip, int set, uint16_t flow, void *user)
{
	struct places *places = user;

	places->backends[set][vip][flow] = send_packet(vip, set, flow, SYN);
}

static void be_established(size_t vip, int set, uint16_t flow, void *user)
{
	const struct check *check = user;
	uint8_t old = check->old.backends[set][vip][flow];
	uint8_t new = check->new.backends[set][vip][flow];
	uint8_t got = send_packet(vip, set, flow, ACK);

	expect(got == old || (got == new && !stays(check, vip, old, new)), "established", vip, flow,
	       got, old, new);
}

static void begin(size_t vip, int set, uint16_t flow, void *user)
{
	struct check *check = user;
	uint8_t old = check->old.backends[set][vip][flow];
	uint8_t new = check->new.backends[set][vip][flow];
	uint8_t got = send_packet(vip, set, flow, SYN), next = send_packet(vip, set, flow, ACK);

	expect(got == old || got == new, "begins", vip, flow, got, old, new);
	expect(next == got, "goes on", vip, flow, next, got, got);
	check->now.backends[set][vip][flow] = got;
}

static void talk(size_t vip, int set, uint16_t flow, void *user)
{
	const struct check *check = user;
	uint8_t old = check->old.backends[set][vip][flow];
	uint8_t new = check->new.backends[set][vip][flow];
	uint8_t got = send_packet(vip, set, flow, ACK);

	expect(got == old || (got == new && !stays(check, vip, old, new)), "talks", vip, flow, got,
	       old, new);
}

/* UDP may be held where it was. */
static void be_settled(size_t vip, int set, uint16_t flow, void *user)
{
	const struct check *check = user;
	uint8_t old = check->old.backends[set][vip][flow];
	uint8_t got = send_packet(vip, set, flow, SYN);

	expect(got == old || vips[vip].protocol == IPPROTO_UDP, "settled", vip, flow, got, old,
	       old);
}

static void find_program(const char *interface)
{
	uint32_t id = 0;

	if (bpf_xdp_query_id(if_nametoindex(interface), 0, &id) || !id)
		fail(interface);
	program = bpf_prog_get_fd_by_id(id);
	if (program < 0)
		fail("cannot open the program");
}

static int know_all(const char *path)
{
	struct places places = {0};

	for (int set = 0; set < SETS; set++)
		each_flow(set, know, &places);
	places_write(&places, path);
	return 0;
}

static int check_all(const char *what, int argc, char **argv)
{
	struct check check = {0};
	int set = atoi(argv[0]);

	places_read(&check.old, argv[1]);
	places_read(&check.new, argv[argc > 2 ? 2 : 1]);
	if (!strcmp(what, "begin") && argc == 4) {
		each_flow(set, begin, &check);
		places_write(&check.now, argv[3]);
		return 0;
	}
	check.dead = argc > 3 ? atoi(argv[3]) : NOBODY;
	check.all_dead = argc > 3 && !strcmp(argv[3], "any");
	if (!strcmp(what, "established"))
		each_flow(set, be_established, &check);
	else if (!strcmp(what, "talk"))
		each_flow(set, talk, &check);
	else if (!strcmp(what, "settled"))
		each_flow(set, be_settled, &check);
	else
		return 2;
	return 0;
}

/* The daemon has the file mapped: it is never cut short. */
static int control(int argc, char **argv)
{
	struct faults faults = {0};
	int fd = open(argv[2], O_RDWR | O_CREAT, 0600);

	if (fd < 0)
		fail(argv[2]);
	if (argc == 3) {
		if (pread(fd, &faults, sizeof(faults), 0) != sizeof(faults))
			fail(argv[2]);
		printf("%u\n", faults.counted);
		return 0;
	}
	faults.at = atoi(argv[3]);
	faults.error = argc > 4 ? atoi(argv[4]) : 0;
	faults.lasts = argc > 5 ? atoi(argv[5]) : 0;
	if (pwrite(fd, &faults, sizeof(faults), 0) != sizeof(faults))
		fail(argv[2]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && (!strcmp(argv[1], "arm") || !strcmp(argv[1], "counted")))
		return control(argc, argv);
	if (argc < 4)
		return 2;
	find_program(argv[1]);
	if (!strcmp(argv[2], "know"))
		return know_all(argv[3]);
	if (argc < 5)
		return 2;
	if (check_all(argv[2], argc - 3, argv + 3))
		return 2;
	if (wrong)
		printf("%u flows are wrong\n", wrong);
	return wrong ? 1 : 0;
}
