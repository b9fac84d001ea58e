// SPDX-License-Identifier: GPL-2.0-only
/* bpf/hash.h, compiled for this machine: what the hashes depend on, and the buckets of services. */
#include "test.h"
#include "test_hash.h"

static uint64_t random_next(uint64_t *random)
{
	uint64_t x = *random += 0x9e3779b97f4a7c15ULL; /* SplitMix64 */

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* The inputs of a hash as bits in a row: source, destination, ports, protocol. */
static void flip(struct flow *flow, int bit)
{
	if (bit < 128)
		flow->source.bytes[bit / 8] ^= 1 << bit % 8;
	else if (bit < 256)
		flow->destination.bytes[bit / 8 - 16] ^= 1 << bit % 8;
	else if (bit < 272)
		flow->source_port ^= 1 << (bit - 256);
	else if (bit < 288)
		flow->destination_port ^= 1 << (bit - 272);
	else
		flow->protocol ^= 1 << (bit - 288);
}

static struct flow random_flow(uint64_t *random, int ipv6)
{
	struct flow flow = base_ipv4();

	flow.source.words[3] = random_next(random);
	flow.destination.words[3] = random_next(random);
	flow.source_port = random_next(random);
	flow.destination_port = random_next(random);
	flow.protocol = random_next(random);
	if (ipv6) {
		for (int i = 0; i < 3; i++) {
			flow.source.words[i] = random_next(random);
			flow.destination.words[i] = random_next(random);
		}
	}
	return flow;
}

/* What the program takes from a hash: the bits for the slot, and entropy. */
static uint64_t used_of(uint64_t hash)
{
	return hash >> 32 << 32 | hash_entropy(hash);
}

#define TRIALS 20000

/* How often each bit of the hash changes when this one of the flow does. */
static void count_flips(int ipv6, int bit, uint32_t counts[64])
{
	uint64_t random = bit + 1;

	memset(counts, 0, 64 * sizeof(*counts));
	for (int trial = 0; trial < TRIALS; trial++) {
		struct flow flow = random_flow(&random, ipv6);
		uint64_t before = used_of(hash_flow(&flow, ipv6, 1)), changed;

		flip(&flow, bit);
		changed = before ^ used_of(hash_flow(&flow, ipv6, 1));
		for (int out = 0; out < 64; out++)
			counts[out] += changed >> out & 1;
	}
}

/*
 * With 20,000 trials a rate that is 0.5 is seen within 0.0195 of it (5.5 sigma) in all but one of
 * 26 million bits; the rest of allowed is what the hash may differ from a perfect one.
 */
static int check_avalanche(int ipv6, double allowed)
{
	double worst = 0;
	int failed = 0;

	for (int bit = 0; bit < 296; bit++) {
		uint32_t counts[64];

		if (!ipv6 && (bit < 96 || (bit >= 128 && bit < 224)))
			continue; /* the mapped prefix of IPv4 is not hashed */
		count_flips(ipv6, bit, counts);
		for (int out = 0; out < 64; out++) {
			double off = fabs((double)counts[out] / TRIALS - 0.5);

			worst = off > worst ? off : worst;
			if (off <= allowed)
				continue;
			if (!failed++)
				printf("# first: bit %d of the flow, %d of the hash\n", bit, out);
		}
	}
	printf("# IPv%d: flip rates within 0.5 +- %.4f, %d beyond\n", ipv6 ? 6 : 4, worst, failed);
	return failed;
}

static void test_each_bit_changes_half_of_the_hash(void **state)
{
	assert_int_equal(check_avalanche(0, 0.03), 0);
	assert_int_equal(check_avalanche(1, 0.03), 0);
	(void)state;
}

static void test_all_of_the_flow_matters(void **state)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct flow flow = ipv6 ? base_ipv6() : base_ipv4(), other = flow;
		uint64_t hash = hash_flow(&flow, ipv6, 1);

		assert_true(hash == hash_flow(&other, ipv6, 1));
		assert_true(hash != hash_flow(&flow, ipv6, 2));
		other.protocol = IPPROTO_UDP;
		assert_true(hash != hash_flow(&other, ipv6, 1));
		for (int bit = 0; bit < 288; bit++) {
			other = flow;
			flip(&other, bit);
			if (ipv6 || (bit >= 96 && bit < 128) || bit >= 224)
				assert_true(hash != hash_flow(&other, ipv6, 1));
		}
	}
	(void)state;
}

static void test_client_is_source_and_seed(void **state)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct flow flow = ipv6 ? base_ipv6() : base_ipv4(), other;
		uint64_t hash = hash_client(&flow, 1);

		assert_true(hash != hash_client(&flow, 2));
		for (int bit = 0; bit < 296; bit++) {
			other = flow;
			flip(&other, bit);
			assert_true((hash == hash_client(&other, 1)) == (bit >= 128));
		}
	}
	(void)state;
}

/* One VIP with per_vip ports after another; VIPs differ in the byte shift / 8 from the end on. */
static struct lb_service_key service_key(uint32_t i, uint32_t per_vip, int ipv6, int shift)
{
	struct lb_service_key key = {.port = htons(80 + i % per_vip), .protocol = IPPROTO_TCP};
	uint32_t vip = i / per_vip;

	if (ipv6) {
		key.address = base_ipv6().destination;
		key.address.words[3 - shift / 8] ^= htonl(vip);
	} else {
		key.address = base_ipv4().destination;
		key.address.words[3] = htonl(0x0b000001 + (vip << shift));
	}
	return key;
}

/* Ranges of buckets as cells: neighbours could fill up though single buckets look fine. */
static double service_spread(uint32_t per_vip, int ipv6, int shift, int second, uint32_t cell_count)
{
	static uint32_t cells[LB_SERVICE_BUCKETS];

	memset(cells, 0, sizeof(cells));
	for (uint32_t i = 0; i < LB_MAX_SERVICES; i++) {
		struct lb_service_key key = service_key(i, per_vip, ipv6, shift);
		uint64_t hash = hash_service(&key);
		uint32_t buckets[2] = {hash_first_bucket(hash), hash_second_bucket(hash)};

		assert_true(buckets[0] < LB_SERVICE_BUCKETS && buckets[1] < LB_SERVICE_BUCKETS);
		assert_true(buckets[0] != buckets[1]);
		cells[(uint64_t)buckets[second] * cell_count / LB_SERVICE_BUCKETS]++;
	}
	return chi_square_z(cells, cell_count, LB_MAX_SERVICES);
}

/*
 * hash_service() is a single round, and shows it: some rows of VIPs have up to a sixth more keys in
 * common buckets than by chance (z = 14). The services map, a quarter full, has room for that.
 */
#define SERVICE_LIMIT 20

static void test_services_are_spread_over_buckets(void **state)
{
	static const uint32_t per_vip[] = {1, 2, 4, 16, 64, 4096},
			      counts[] = {16, 256, 1024, 16384};
	double worst = -1e9;

	for (int i = 0; i < 6 * 2 * 3 * 2 * 4; i++) {
		uint32_t ports = per_vip[i / 48], count = counts[i % 4];
		int ipv6 = i / 24 % 2, shift = i / 8 % 3 * 8, second = i / 4 % 2;
		double z = service_spread(ports, ipv6, shift, second, count);

		worst = z > worst ? z : worst;
		if (z >= SERVICE_LIMIT)
			fail_msg("%u ports a VIP, IPv%d, shift %d, %s bucket, %u ranges: z = %.1f",
				 ports, ipv6 ? 6 : 4, shift, second ? "2nd" : "1st", count, z);
	}
	printf("# largest z: %.2f\n", worst);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_bit_changes_half_of_the_hash),
		cmocka_unit_test(test_all_of_the_flow_matters),
		cmocka_unit_test(test_client_is_source_and_seed),
		cmocka_unit_test(test_services_are_spread_over_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
