// SPDX-License-Identifier: GPL-2.0-only
/* bpf/hash.h, compiled for this machine: how it spreads flows over the slots of tables. */
#include "test.h"
#include "test_hash.h"

#define FLOWS (1 << 20)

/* Fills flow with the i-th of a sequence; returns whether it is IPv6. */
typedef int (*sequence_fn)(uint32_t i, struct flow *flow);

static int source_addresses(uint32_t i, struct flow *flow)
{
	flow->source.words[3] = htonl(0x0a000000 + i);
	return 0;
}

/* One client network each: the last byte stays. */
static int source_networks(uint32_t i, struct flow *flow)
{
	flow->source.words[3] = htonl(0x01000001 + (i << 8));
	return 0;
}

static int source_ports(uint32_t i, struct flow *flow)
{
	flow->source_port = htons(i);
	flow->source.words[3] = htonl(0x0a000000 + (i >> 16) * 65536);
	return 0;
}

/* 1,024 addresses x 1,024 ports */
static int addresses_and_ports(uint32_t i, struct flow *flow)
{
	flow->source.words[3] = htonl(0x0a000000 + (i >> 10));
	flow->source_port = htons(32768 + (i & 1023));
	return 0;
}

/* Address and port step together, as with one connection of each client behind a NAT. */
static int diagonal(uint32_t i, struct flow *flow)
{
	flow->source.words[3] = htonl(0x0a000000 + i);
	flow->source_port = htons(i);
	return 0;
}

static int destination_ports(uint32_t i, struct flow *flow)
{
	flow->destination_port = htons(i);
	flow->source_port = htons(i >> 16);
	return 0;
}

static int many_vips(uint32_t i, struct flow *flow)
{
	flow->destination.words[3] = htonl(0xcb007100 + (i & 4095));
	flow->source.words[3] = htonl(0x0a000000 + (i >> 12));
	return 0;
}

static int vips_alone(uint32_t i, struct flow *flow)
{
	flow->destination.words[3] = htonl(0xc0000000 + i);
	return 0;
}

static int swapped(uint32_t i, struct flow *flow)
{
	__be32 low = htonl(0x0a000000 + i / 2), high = htonl(0x0b000000 + i / 2);

	flow->source.words[3] = i & 1 ? high : low;
	flow->destination.words[3] = i & 1 ? low : high;
	flow->source_port = flow->destination_port;
	return 0;
}

static int ipv6_low_bits(uint32_t i, struct flow *flow)
{
	flow->source.words[3] = htonl(i);
	return 1;
}

static int ipv6_networks(uint32_t i, struct flow *flow)
{
	flow->source.words[1] = htonl(i << 8);
	return 1;
}

static int ipv6_prefixes(uint32_t i, struct flow *flow)
{
	flow->source.words[0] = htonl(0x20000000 + (i << 4));
	return 1;
}

static int ipv6_middle_bits(uint32_t i, struct flow *flow)
{
	flow->source.words[2] = htonl(i << 10);
	return 1;
}

static int ipv6_ports(uint32_t i, struct flow *flow)
{
	flow->source_port = htons(i);
	flow->source.words[1] = htonl(i >> 16);
	return 1;
}

static int ipv6_addresses_and_ports(uint32_t i, struct flow *flow)
{
	flow->source.words[3] = htonl(i >> 10);
	flow->source_port = htons(32768 + (i & 1023));
	return 1;
}

static int ipv6_vips(uint32_t i, struct flow *flow)
{
	flow->destination.words[3] = htonl(i & 4095);
	flow->source.words[1] = htonl(i >> 12);
	return 1;
}

static int ipv6_vip_networks(uint32_t i, struct flow *flow)
{
	flow->destination.words[1] = htonl(i);
	return 1;
}

static int ipv6_swapped(uint32_t i, struct flow *flow)
{
	__be32 low = htonl(i / 2), high = htonl(0x80000000 + i / 2);

	flow->source.words[3] = i & 1 ? high : low;
	flow->destination.words[3] = i & 1 ? low : high;
	flow->source.words[1] = flow->destination.words[1] = 0;
	flow->source_port = flow->destination_port;
	return 1;
}

static const struct {
	const char *name;
	sequence_fn next;
	int by_client; /* the source differs from flow to flow: hash_client() has to spread it too
			*/
} sequences[] = {
	{"IPv4 source addresses", source_addresses, 1},
	{"IPv4 source /24s", source_networks, 1},
	{"IPv4 source ports", source_ports, 0},
	{"IPv4 addresses x ports", addresses_and_ports, 0},
	{"IPv4 address and port in step", diagonal, 1},
	{"IPv4 destination ports", destination_ports, 0},
	{"IPv4 4,096 VIPs", many_vips, 0},
	{"IPv4 VIPs alone", vips_alone, 0},
	{"IPv4 source and destination swapped", swapped, 1},
	{"IPv6 low bits of source", ipv6_low_bits, 1},
	{"IPv6 /64s of source", ipv6_networks, 1},
	{"IPv6 /32s of source", ipv6_prefixes, 1},
	{"IPv6 middle bits of source", ipv6_middle_bits, 1},
	{"IPv6 source ports", ipv6_ports, 0},
	{"IPv6 addresses x ports", ipv6_addresses_and_ports, 0},
	{"IPv6 4,096 VIPs", ipv6_vips, 0},
	{"IPv6 /64s of VIPs", ipv6_vip_networks, 0},
	{"IPv6 source and destination swapped", ipv6_swapped, 1},
};

#define SEQUENCES (sizeof(sequences) / sizeof(*sequences))

static uint64_t hashes[FLOWS];

static void make_hashes(sequence_fn next, int client, uint64_t seed)
{
	struct flow ipv4 = base_ipv4(), ipv6 = base_ipv6(), probe = ipv4;
	struct flow *flow = next(0, &probe) ? &ipv6 : &ipv4;

	for (uint32_t i = 0; i < FLOWS; i++) {
		int is_ipv6 = next(i, flow);

		hashes[i] = client ? hash_client(flow, seed) : hash_flow(flow, is_ipv6, seed);
	}
}

enum part { UPPER, LOWER };

/* The cells are slots: made of the upper half as in select.h, of the entropy likewise. */
static double spread(enum part part, uint32_t cell_count)
{
	static uint32_t cells[65537];

	memset(cells, 0, sizeof(cells));
	for (uint32_t i = 0; i < FLOWS; i++) {
		uint64_t half = part == UPPER ? hashes[i] >> 32 : hash_entropy(hashes[i]);

		cells[half * cell_count >> 32]++;
	}
	return chi_square_z(cells, cell_count, FLOWS);
}

static int check_sequence(size_t s, enum part part, uint64_t seed, double *worst)
{
	static const uint32_t counts[] = {2, 3, 16, 251, 4096, 65537};
	int failed = 0;

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		double z = spread(part, counts[i]);

		*worst = z > *worst ? z : *worst;
		if (z < CHI_LIMIT)
			continue;
		printf("# %s, seed %#lx, %u cells: z = %.1f\n", sequences[s].name, seed, counts[i],
		       z);
		failed++;
	}
	return failed;
}

static void check_spread(int client, enum part part)
{
	static const uint64_t seeds[] = {0, 1, 0x9e3779b97f4a7c15};
	double worst = -1e9;
	int failed = 0;

	for (size_t s = 0; s < SEQUENCES; s++) {
		for (size_t i = 0; i < 3 && (!client || sequences[s].by_client); i++) {
			make_hashes(sequences[s].next, client, seeds[i]);
			failed += check_sequence(s, part, seeds[i], &worst);
		}
	}
	printf("# largest z: %.2f\n", worst);
	assert_int_equal(failed, 0);
}

static void test_slots_are_spread(void **state)
{
	check_spread(0, UPPER);
	(void)state;
}

static void test_entropy_is_spread(void **state)
{
	check_spread(0, LOWER);
	(void)state;
}

static void test_slots_of_clients_are_spread(void **state)
{
	check_spread(1, UPPER);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots_are_spread),
		cmocka_unit_test(test_entropy_is_spread),
		cmocka_unit_test(test_slots_of_clients_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
