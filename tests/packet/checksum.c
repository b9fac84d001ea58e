// SPDX-License-Identifier: GPL-2.0-only
/*
 * The outer IPv4 header over a million random ones. Words are often 0x0000, 0xffff or beside them,
 * and most destinations are chosen so that the checksum comes out at the edge of its range, or so
 * that folding the sum carries once more, which it does in one random header of some 50,000.
 */
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "harness.h"
#include "rig.h"
#include "row.h"

#define PACKETS    1000000
#define OUTER      14 /* where the outer header starts */
#define INNER      34
#define SHORT_SIZE 98
#define LONG_SIZE  1998

static uint64_t random_state = 0x853c49e6748fea9b;

/* What came up: the test is worth little without these. */
struct seen {
	unsigned int all_zero, all_one_less, carries;
};

static uint32_t random32(void)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return random_state >> 32;
}

static uint16_t random_word(void)
{
	static const uint16_t edges[] = {0x0000, 0x0001, 0x00ff, 0xff00, 0x7fff,
					 0x8000, 0xfffe, 0xffff, 0xffff, 0xffff};

	return random32() % 2 ? random32() : edges[random32() % 10];
}

static void put_word(uint8_t *at, uint16_t word)
{
	at[0] = word >> 8;
	at[1] = word;
}

/* A random outer header with zeroes where the program fills in. */
static void make_template(uint8_t header[20], uint32_t mask)
{
	uint32_t source = (uint32_t)random_word() << 16 | random_word();

	memset(header, 0, 20);
	header[0] = 0x45;
	put_word(header + 4, random_word()); /* identification, flags, TTL: whatever they are */
	put_word(header + 6, random_word());
	header[8] = random_word();
	put_word(header + 12, (source & ~mask) >> 16);
	put_word(header + 14, source & ~mask);
	put_word(header + 16, random_word());
	put_word(header + 18, random_word());
}

static void fill_in(uint8_t header[20], uint8_t tos, uint16_t length, uint8_t protocol)
{
	header[1] = tos;
	put_word(header + 2, length);
	header[9] = protocol;
}

/*
 * Changes the destination so that the words, as this machine reads them, add up to a sum whose
 * halves carry again when they are added.
 */
static void aim_at_carry(uint8_t template[20], uint8_t tos, uint16_t length, uint8_t protocol)
{
	uint8_t header[20];
	uint32_t sum = 0;
	uint16_t word;

	memcpy(header, template, 20);
	fill_in(header, tos, length, protocol);
	for (int i = 0; i < 18; i += 2)
		sum += header[i] | header[i + 1] << 8;
	word = 0xffff - random32() % 2 - sum;
	template[18] = word;
	template[19] = word >> 8;
}

/* Changes the destination so that the checksum of the finished header is one at the edge. */
static void aim_at_edge(uint8_t template[20], uint8_t tos, uint16_t length, uint8_t protocol)
{
	static const uint16_t edges[] = {0x0000, 0x0001, 0x00ff, 0xff00, 0xfffd, 0xfffe};
	uint32_t sum, wanted = 0xffff - edges[random32() % 6];
	uint8_t header[20];

	memcpy(header, template, 20);
	fill_in(header, tos, length, protocol);
	put_word(header + 18, 0);
	sum = 0xffff - frame_checksum(header, 20);
	put_word(template + 18, (wanted + 0xffff - sum) % 0xffff);
}

static void make_backend(const uint8_t template[20], uint32_t mask, struct lb_backend *out)
{
	*out = world_backend(LB4, B4, 65000);
	memcpy(out->header + OUTER, template, 20);
	out->source_mask = htonl(mask);
	out->checksum = 0;
	for (int i = 0; i < 20; i += 2)
		out->checksum += template[i] | template[i + 1] << 8;
}

static void look(const uint8_t header[20], struct seen *seen)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		if (i != 10)
			sum += header[i] | header[i + 1] << 8;
	seen->carries += (sum & 0xffff) + (sum >> 16) > 0xffff;
	seen->all_zero += !header[10] && !header[11];
	seen->all_one_less += header[10] == 0xff && header[11] == 0xfe;
}

/* A frame with room for any length up to its own; the rest counts as padding. */
static void make_frame(bool ipv6, uint8_t tos, uint16_t ip_length, struct frame *frame)
{
	if (ipv6) {
		frame->bytes[14] = 0x60 | tos >> 4;
		frame->bytes[15] = tos << 4;
		put_word(frame->bytes + 18, ip_length - 40);
	} else {
		frame->bytes[15] = tos;
		put_word(frame->bytes + 16, ip_length);
	}
}

static void check_one(struct rig *rig, struct frame *in, bool ipv6, bool varied, struct seen *seen)
{
	uint8_t tos = random32(), protocol = ipv6 ? 41 : 4, template[20];
	uint16_t ip_length = 60 + random32() % (in->length - 14 - 60 + 1);
	/* Masks of /8 to /32. */
	uint32_t mask = varied && random32() % 8 ? (1u << random32() % 25) - 1 : 0;
	static struct frame expected, got;

	make_template(template, mask);
	if (!mask && random32() % 2)
		aim_at_edge(template, tos, ip_length + 20, protocol);
	else if (!mask && random32() % 2)
		aim_at_carry(template, tos, ip_length + 20, protocol);
	make_backend(template, mask, &rig->arrays->backends[BACKEND_IPV4]);
	make_frame(ipv6, tos, ip_length, in);
	assert_int_equal(rig_run(rig->lb, in, 0, &got), XDP_TX);

	expected.length = 0;
	frame_put_ethernet(&expected, mac_next_hop, mac_balancer, 0x0800);
	frame_put(&expected, template, 20);
	fill_in(expected.bytes + OUTER, tos, ip_length + 20, protocol);
	for (int i = 0; i < 4; i++) /* the host part is the flow's */
		expected.bytes[OUTER + 12 + i] |= got.bytes[OUTER + 12 + i] & mask >> (24 - 8 * i);
	put_word(expected.bytes + OUTER + 10, frame_checksum(expected.bytes + OUTER, 20));
	frame_put(&expected, in->bytes + 14, in->length - 14);
	if (got.length != expected.length || memcmp(got.bytes, expected.bytes, got.length))
		frame_compare(&got, &expected, "frame");
	assert_memory_equal(got.bytes + INNER, in->bytes + 14, 20);
	look(expected.bytes + OUTER, seen);
}

static void check_million(bool varied)
{
	struct rig *rig = rig_get(varied ? RIG_VARIED : RIG_ALL);
	static struct frame frames[2][2]; /* IPv4, IPv6; short, long */
	struct seen seen = {0};

	for (int i = 0; i < 2; i++) {
		frame_build(&(struct input){TCP_4IN4, .frame_length = i ? LONG_SIZE : SHORT_SIZE},
			    &frames[0][i]);
		frame_build(&(struct input){TCP_6IN4, .frame_length = i ? LONG_SIZE : SHORT_SIZE},
			    &frames[1][i]);
	}
	for (int i = 0; i < PACKETS; i++) {
		bool ipv6 = random32() % 2;
		struct frame *in = &frames[ipv6][random32() % 8 == 0];

		/* Another flow, and with it another host part of the source. */
		put_word(in->bytes + (ipv6 ? 54 : 34), random32());
		check_one(rig, in, ipv6, varied, &seen);
	}
	print_message("# checksums of 0x0000: %u, of 0xfffe: %u; carries after one fold: %u\n",
		      seen.all_zero, seen.all_one_less, seen.carries);
	assert_true(seen.carries > (varied ? 10000 : 100000));
	assert_true(seen.all_zero > 5000 && seen.all_one_less > 5000);
}

static void test_million(void **state)
{
	(void)state;
	check_million(false);
}

static void test_million_varied(void **state)
{
	(void)state;
	check_million(true);
}

static int tear_down(void **state)
{
	(void)state;
	rig_close_all();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"the outer IPv4 header is right for 1,000,000 random backends", test_million},
		{"and for 1,000,000 with a source that varies", test_million_varied},
	};

	if (!harness_start())
		return 0;
	return cmocka_run_group_tests_name("checksum", tests, NULL, tear_down);
}
