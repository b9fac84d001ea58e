// SPDX-License-Identifier: GPL-2.0-only
/* What one packet cannot show. */
#include "behaviour.h"

#include <string.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>

#include "harness.h"
#include "row.h"
#include "lb.skel.h"
#include "template.h"

/* The last byte of the outer IPv4 destination: the slot, for a pool that spreads. */
#define SLOT_BYTE   33
#define SOURCE_BYTE 29

static uint8_t outer_byte(const struct rig *rig, const struct frame *in, int at)
{
	struct frame out;

	assert_int_equal(rig_run(rig->lb, in, 0, &out), XDP_TX);
	return out.bytes[at];
}

/* Sends packets of in with a 16-bit field counting up; returns the different bytes seen there. */
static int different(const struct rig *rig, struct frame *in, int field, int packets, int at,
		     int *most)
{
	int seen[256] = {0}, found = 0;

	for (int i = 0; i < packets; i++) {
		in->bytes[field] = i >> 8;
		in->bytes[field + 1] = i;
		seen[outer_byte(rig, in, at)]++;
	}
	*most = 0;
	for (int i = 0; i < 256; i++) {
		found += seen[i] > 0;
		*most = seen[i] > *most ? seen[i] : *most;
	}
	return found;
}

static void build(enum flow_name flow, struct frame *out)
{
	frame_build(&(struct input){flow, .tcp_flags = SYN}, out);
}

/* Where a TCP packet has what the hash reads. */
enum field {
	IPV4_CLIENT = 28,
	IPV4_PORT = 34,
	IPV6_CLIENT = 36,
	IPV6_PORT = 54,
};

/* 5,020 packets over 251 slots: 20 each; more than 50 on one is six standard deviations off. */
static void check_spread(enum flow_name flow, enum field field)
{
	struct frame in;
	int most;

	build(flow, &in);
	assert_int_equal(different(rig_get(RIG_ALL), &in, field, 5020, SLOT_BYTE, &most), 251);
	assert_in_range(most, 20, 50);
}

static void test_flows_spread(void **state)
{
	(void)state;
	check_spread(TCP4_SPREAD, IPV4_PORT);
	check_spread(TCP4_SPREAD, IPV4_CLIENT);
	check_spread(TCP6_SPREAD, IPV6_PORT);
	check_spread(TCP6_SPREAD, IPV6_CLIENT);
}

static void test_clients_spread(void **state)
{
	(void)state;
	check_spread(TCP4_CLIENT, IPV4_CLIENT);
	check_spread(TCP6_CLIENT, IPV6_CLIENT);
}

static void test_client_stays(void **state)
{
	struct frame in;
	int most;

	(void)state;
	build(TCP4_CLIENT, &in);
	assert_int_equal(different(rig_get(RIG_ALL), &in, IPV4_PORT, 65536, SLOT_BYTE, &most), 1);
	assert_int_equal(outer_byte(rig_get(RIG_ALL), &in, SLOT_BYTE), TCP4_CLIENT_SLOT);
	build(TCP6_CLIENT, &in);
	assert_int_equal(different(rig_get(RIG_ALL), &in, IPV6_PORT, 65536, SLOT_BYTE, &most), 1);
	assert_int_equal(outer_byte(rig_get(RIG_ALL), &in, SLOT_BYTE), TCP6_CLIENT_SLOT);
}

/* All 256 addresses of 10.0.9.0/24 are used, and no other. */
static void test_source_varies(void **state)
{
	struct rig *rig = rig_get(RIG_VARIED);
	struct frame in, out;
	int most;

	(void)state;
	build(TCP_4IN4_VARIED, &in);
	assert_int_equal(different(rig, &in, IPV4_PORT, 5120, SOURCE_BYTE, &most), 256);
	assert_in_range(most, 20, 50);
	for (int port = 0; port < 5120; port++) {
		in.bytes[IPV4_PORT] = port >> 8;
		in.bytes[IPV4_PORT + 1] = port;
		assert_int_equal(rig_run(rig->lb, &in, 0, &out), XDP_TX);
		assert_memory_equal(out.bytes + 26, "\x0a\x00\x09", 3);
		assert_memory_equal(out.bytes + 30, "\x0a\x00\x00\x15", 4);
		assert_int_equal(frame_checksum(out.bytes + 14, 20), 0);
	}
}

static void test_ipv6_source_varies(void **state)
{
	struct rig *rig = rig_get(RIG_VARIED);
	struct frame in, out;
	int most;

	(void)state;
	build(TCP_6IN6_VARIED, &in);
	for (int byte = 34; byte < 38; byte++)
		assert_int_equal(different(rig, &in, IPV6_PORT, 5120, byte, &most), 256);
	for (int port = 0; port < 5120; port++) {
		in.bytes[IPV6_PORT] = port >> 8;
		in.bytes[IPV6_PORT + 1] = port;
		assert_int_equal(rig_run(rig->lb, &in, 0, &out), XDP_TX);
		assert_memory_equal(out.bytes + 22, "\x20\x01\x0d\xb8\x00\x0b\x00\x09\0\0\0\0", 12);
	}
}

static void send_syn(const struct rig *rig, enum flow_name flow, const struct ip *header)
{
	struct frame in, out, expected;

	build(flow, &in);
	row_expect(&in, header, &expected);
	assert_int_equal(rig_run(rig->lb, &in, 0, &out), XDP_TX);
	frame_compare(&out, &expected, "frame");
}

static void test_pool_changes(void **state)
{
	struct rig *rig = rig_open(RIG_ALL);
	struct frame in, out;

	(void)state;
	send_syn(rig, TCP_4IN4, &(struct ip){OUTER4(IPIP, B4, 60)});
	rig_table(rig, P_IPV4, 251, BACKEND_SPREAD, 1);
	send_syn(rig, TCP_4IN4, &(struct ip){OUTER4(IPIP, WORLD_SPREAD(TCP_4IN4), 60)});
	/* Another size, as when a catalog changes it. */
	rig_table(rig, P_IPV4, 2503, BACKEND_IPV6, 0);
	send_syn(rig, TCP_4IN4, &(struct ip){OUTER6(IPIP, B6, 40, TCP_4IN4_LABEL)});
	rig_table(rig, P_IPV4, 1, BACKEND_IPV4, 0);
	send_syn(rig, TCP_4IN4, &(struct ip){OUTER4(IPIP, B4, 60)});
	rig->arrays->pools[P_IPV4] = (struct lb_pool){0};
	build(TCP_4IN4, &in);
	assert_int_equal(rig_run(rig->lb, &in, 0, &out), XDP_DROP);
	frame_compare(&out, &in, "frame without a table");
	rig_close(rig);
}

static void test_backend_changes(void **state)
{
	struct rig *rig = rig_open(RIG_ALL);
	struct frame in, out;

	(void)state;
	build(TCP_4IN4, &in);
	template_unresolved(&rig->arrays->backends[BACKEND_IPV4]);
	assert_int_equal(rig_run(rig->lb, &in, 0, &out), XDP_DROP);
	frame_compare(&out, &in, "frame to an unresolved backend");
	rig->arrays->backends[BACKEND_IPV4] = world_backend("10.0.0.9", "10.0.0.99", 1580);
	send_syn(rig, TCP_4IN4,
		 &(struct ip){"10.0.0.9", "10.0.0.99", IPIP, .ttl = 64, .length = 60,
			      .flags = 0x4000});
	rig_close(rig);
}

/* A service's two buckets have two entries each: it is found in all four, and nowhere else. */
static void test_places(void **state)
{
	struct rig *rig = rig_open(RIG_ALL);
	struct lb_service service = {
		.key = {.port = htons(80), .protocol = TCP},
		.target = {.service = S_THREE, .flags = LB_SERVICE_USED, .pool = P_IPV4},
	};
	struct lb_service *entry;
	struct frame in, out;

	(void)state;
	frame_address("203.0.113.9", service.key.address.bytes);
	build(TCP4_STRANGER, &in);
	for (int place = 0; place < 4; place++) {
		assert_int_equal(rig_run(rig->lb, &in, 0, &out), XDP_PASS);
		entry = rig_place(rig, &service, place);
		assert_non_null(entry);
		send_syn(rig, TCP4_STRANGER, &(struct ip){OUTER4(IPIP, B4, 60)});
		/* An entry without a target is empty, whatever key is left in it. */
		entry->target.word = 0;
		assert_int_equal(rig_run(rig->lb, &in, 0, &out), XDP_PASS);
		*entry = (struct lb_service){0};
		if (place)
			continue;
		rig->arrays->services[0].entries[1] = service;
		assert_int_equal(rig_run(rig->lb, &in, 0, &out), XDP_PASS);
		rig->arrays->services[0].entries[1] = (struct lb_service){0};
	}
	rig_close(rig);
}

/* Keys that share a bucket differ in one field, and only one of them is meant. */
static void test_neighbours(void **state)
{
	struct rig *rig = rig_open(RIG_ALL);
	const struct lb_service_key wanted = {.port = htons(80), .protocol = TCP};
	struct lb_service service = {
		.target = {.service = S_THREE, .flags = LB_SERVICE_USED, .pool = P_IPV4},
	};
	struct lb_service_key keys[4];
	struct frame in, out;

	(void)state;
	for (int i = 0; i < 4; i++) {
		keys[i] = wanted;
		frame_address("2001:db8:f::9", keys[i].address.bytes);
	}
	keys[0].port = htons(81);
	keys[1].protocol = UDP;
	keys[2].address.bytes[7] ^= 1;
	keys[3].address.bytes[15] ^= 1;
	build(TCP6_STRANGER, &in);
	for (int i = 0; i < 4; i++) {
		for (int place = 0; place < 4; place++) {
			struct lb_service *entry;

			service.key = wanted;
			frame_address("2001:db8:f::9", service.key.address.bytes);
			entry = rig_place(rig, &service, place);
			assert_non_null(entry);
			assert_int_equal(rig_run(rig->lb, &in, 0, &out), XDP_TX);
			entry->key = keys[i];
			assert_int_equal(rig_run(rig->lb, &in, 0, &out), XDP_PASS);
			frame_compare(&out, &in, "frame for a neighbour");
			*entry = (struct lb_service){0};
		}
	}
	rig_close(rig);
}

/* The seed of a pool's table decides on the slots. */
static void test_seed(void **state)
{
	struct rig *rig = rig_open(RIG_ALL);
	int slots[256] = {0}, found = 0;
	struct frame in;

	(void)state;
	build(TCP4_SPREAD, &in);
	for (uint32_t seed = 0; seed < 1000; seed++) {
		rig->arrays->pools[P_SPREAD].seed = seed;
		slots[outer_byte(rig, &in, SLOT_BYTE)]++;
	}
	for (int i = 0; i < 251; i++)
		found += slots[i] > 0;
	assert_in_range(found, 230, 251);
	rig_close(rig);
}

/* After all rows: nothing was counted for what the world does not have. */
static void test_others_count_nothing(void **state)
{
	struct rig *rig = rig_get(RIG_ALL);

	(void)state;
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
		for (uint32_t i = RIG_SERVICES; i < LB_SERVICE_ROOM; i++)
			assert_int_equal(rig->counters[cpu].services[i].packets, 0);
		for (uint32_t i = RIG_BACKENDS; i <= LB_MAX_BACKENDS; i++)
			assert_int_equal(rig->counters[cpu].backends[i].packets, 0);
	}
}

const struct CMUnitTest behaviour_tests[] = {
	{"5,020 flows reach all 251 slots, none of them with more than 50", test_flows_spread},
	{"affinity client: 5,020 clients reach all 251 slots", test_clients_spread},
	{"affinity client: 65,536 ports of a client have one slot", test_client_stays},
	{"the outer IPv4 source takes all addresses of its prefix", test_source_varies},
	{"the outer IPv6 source varies in its last 32 bits only", test_ipv6_source_varies},
	{"a pool with another table takes effect", test_pool_changes},
	{"a backend that changes between two packets takes effect", test_backend_changes},
	{"a service is found in each of its four places", test_places},
	{"a service with another port, protocol or address in a place is not taken for it",
	 test_neighbours},
	{"the seed of a pool moves its flows", test_seed},
	{"nothing is counted for services and backends that do not exist",
	 test_others_count_nothing},
};

const size_t behaviour_test_count = sizeof(behaviour_tests) / sizeof(*behaviour_tests);
