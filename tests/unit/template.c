// SPDX-License-Identifier: GPL-2.0-only
/* lb/template.c: whole headers, written out byte by byte. */
#include "test.h"
#include "template.h"

#include <arpa/inet.h>

static const struct template_link link_to_router = {
	.interface = 7,
	.source_mac = {0x02, 0, 0, 0, 0, 0x01},
	.destination_mac = {0x02, 0, 0, 0, 0, 0xfe},
	.mtu = 1500,
};

static struct lb_address ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct lb_address){.bytes = {[10] = 0xff, 0xff, a, b, c, d}};
}

/* 2001:db8:0:N::LAST */
static struct lb_address ipv6(uint8_t n, uint8_t last)
{
	return (struct lb_address){.bytes = {0x20, 0x01, 0x0d, 0xb8, [7] = n, [15] = last}};
}

static struct lb_backend record(struct lb_address source, uint8_t prefix_length,
				struct lb_address destination, const struct template_link *link)
{
	struct template_source from = {.address = source, .prefix_length = prefix_length};
	struct lb_backend out;

	memset(&out, 0xa5, sizeof(out));
	template_make(LB_ENCAP_IPIP, &from, &destination, link, &out);
	return out;
}

/* The rest of a record but for its header, and that nothing follows the header. */
static void assert_record(const struct lb_backend *out, const uint8_t *header, size_t length)
{
	static const uint8_t zeroes[LB_HEADER_SIZE];

	assert_memory_equal(out->header, header, length);
	assert_memory_equal(out->header + length, zeroes, LB_HEADER_SIZE - length);
	assert_int_equal(out->flags, LB_BACKEND_USED | LB_BACKEND_RESOLVED | LB_BACKEND_PLAIN |
					     (length == 34 ? LB_BACKEND_OUTER_IPV4 : 0));
	assert_int_equal(out->encapsulation, LB_ENCAP_IPIP);
	assert_int_equal(out->header_length, length);
	assert_int_equal(out->ip_offset, 14);
	assert_int_equal(out->interface, 7);
	assert_memory_equal(out->unused, zeroes, sizeof(out->unused));
}

static void test_ipv4_header(void **state)
{
	static const uint8_t header[] = {
		0x02, 0x00, 0x00, 0x00, 0x00, 0xfe, /* to the next hop */
		0x02, 0x00, 0x00, 0x00, 0x00, 0x01, /* from us */
		0x08, 0x00,                         /* IPv4 */
		0x45, 0x00, 0x00, 0x00,             /* version, IHL, TOS and length left open */
		0x00, 0x00, 0x40, 0x00,             /* identification 0, DF */
		0x40, 0x00, 0x00, 0x00,             /* TTL 64, protocol and checksum left open */
		0x0a, 0x00, 0x01, 0x02,             /* source */
		0x0a, 0x00, 0x01, 0x0b,             /* destination */
	};
	struct lb_backend out = record(ipv4(10, 0, 1, 2), 32, ipv4(10, 0, 1, 11), &link_to_router);

	assert_record(&out, header, sizeof(header));
	assert_int_equal(out.inner_mtu, 1480);
	assert_int_equal(out.source_mask, 0);
	(void)state;
}

static void test_ipv6_header(void **state)
{
	static const uint8_t header[] = {
		0x02, 0x00, 0x00, 0x00, 0x00, 0xfe, /* to the next hop */
		0x02, 0x00, 0x00, 0x00, 0x00, 0x01, /* from us */
		0x86, 0xdd,                         /* IPv6 */
		0x60, 0x00, 0x00, 0x00,             /* version; class and label left open */
		0x00, 0x00, 0x00, 0x40,             /* length, next header open; hop limit 64 */
		0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x01, /* source */
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, /* */
		0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x02, /* destination */
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0b, /* */
	};
	struct lb_backend out = record(ipv6(1, 2), 128, ipv6(2, 0x0b), &link_to_router);

	assert_record(&out, header, sizeof(header));
	assert_int_equal(out.inner_mtu, 1460);
	assert_int_equal(out.source_mask, 0);
	assert_int_equal(out.checksum, 0);
	(void)state;
}

/* RFC 1071 over the bytes as they stand, big-endian words: nothing of how the program sums. */
static unsigned int checksum_of(const uint8_t *bytes, size_t length)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < length; i += 2)
		sum += bytes[i] * 256ul + bytes[i + 1];
	return 0xffff - (sum % 0xffff ?: (sum ? 0xffff : 0));
}

/* Adds what a packet adds (TOS, length, protocol) to the partial sum, and folds. */
static void assert_finishes(const struct lb_backend *out, uint8_t tos, uint16_t length,
			    uint8_t protocol)
{
	uint8_t header[20];
	uint16_t check;
	uint64_t sum = out->checksum;

	memcpy(header, out->header + 14, sizeof(header));
	header[1] = tos;
	header[2] = length >> 8;
	header[3] = length & 0xff;
	header[9] = protocol;
	sum += (uint64_t)htons(tos) + htons(length) + htons(protocol);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	check = ntohs(~sum);
	assert_int_equal(check, checksum_of(header, sizeof(header)));
	header[10] = check >> 8;
	header[11] = check & 0xff;
	assert_int_equal(checksum_of(header, sizeof(header)), 0);
}

static void test_ipv4_sum_finishes_to_the_checksum(void **state)
{
	uint64_t random = 1;

	for (int i = 0; i < 200000; i++) {
		struct lb_address ends[2];
		struct lb_backend out;

		for (int j = 0; j < 2; j++) {
			random = random * 6364136223846793005ULL + 1442695040888963407ULL;
			ends[j] = ipv4(random >> 56, random >> 48, random >> 40, random >> 32);
		}
		out = record(ends[0], 32, ends[1], &link_to_router);
		assert_finishes(&out, random >> 24, i % 65536, i & 1 ? 4 : 41);
	}
	(void)state;
}

/* The sums at both ends: all ones, and the carries that a single fold leaves. */
static void test_ipv4_sum_at_its_limits(void **state)
{
	struct lb_backend all =
		record(ipv4(255, 255, 255, 255), 32, ipv4(255, 255, 255, 255), &link_to_router);
	struct lb_backend none = record(ipv4(0, 0, 0, 0), 32, ipv4(0, 0, 0, 0), &link_to_router);

	for (unsigned int length = 0; length < 65536; length++) {
		assert_finishes(&all, 0xff, length, 41);
		assert_finishes(&none, 0, length, 4);
	}
	(void)state;
}

/* The checksum of 45 00 00 00 / 00 00 40 00 / 40 00 00 00 / 0a 00 01 02 / 0a 00 01 0b, by hand:
 * 4500 + 4000 + 4000 + 0a00 + 0102 + 0a00 + 010b = db0d. */
static void test_ipv4_sum_by_hand(void **state)
{
	struct lb_backend out = record(ipv4(10, 0, 1, 2), 32, ipv4(10, 0, 1, 11), &link_to_router);
	uint32_t sum = (out.checksum & 0xffff) + (out.checksum >> 16);

	assert_int_equal(ntohs(sum), 0xdb0d);
	(void)state;
}

static void test_source_mask_of_ipv4(void **state)
{
	static const uint8_t masks[33][4] = {
		[8] = {0x00, 0xff, 0xff, 0xff},  [9] = {0x00, 0x7f, 0xff, 0xff},
		[12] = {0x00, 0x0f, 0xff, 0xff}, [15] = {0x00, 0x01, 0xff, 0xff},
		[16] = {0x00, 0x00, 0xff, 0xff}, [17] = {0x00, 0x00, 0x7f, 0xff},
		[23] = {0x00, 0x00, 0x01, 0xff}, [24] = {0x00, 0x00, 0x00, 0xff},
		[29] = {0x00, 0x00, 0x00, 0x07}, [31] = {0x00, 0x00, 0x00, 0x01},
	};

	for (int length = 8; length <= 32; length++) {
		struct lb_backend out =
			record(ipv4(10, 0, 0, 0), length, ipv4(192, 0, 2, 1), &link_to_router);
		uint8_t bytes[4];

		memcpy(bytes, &out.source_mask, 4);
		for (int bit = 0; bit < 32; bit++)
			assert_int_equal(bytes[bit / 8] >> (7 - bit % 8) & 1, bit >= length);
		if (masks[length][3])
			assert_memory_equal(bytes, masks[length], 4);
		assert_memory_equal(out.header + 26, ((uint8_t[]){10, 0, 0, 0}), 4);
	}
	(void)state;
}

/* At most the last word varies. */
static void test_source_mask_of_ipv6(void **state)
{
	for (int length = 64; length <= 128; length++) {
		struct lb_backend out = record(ipv6(1, 0), length, ipv6(2, 1), &link_to_router);
		uint8_t bytes[4];

		memcpy(bytes, &out.source_mask, 4);
		for (int bit = 96; bit < 128; bit++)
			assert_int_equal(bytes[bit / 8 - 12] >> (7 - bit % 8) & 1, bit >= length);
	}
	assert_int_equal(record(ipv6(1, 0), 64, ipv6(2, 1), &link_to_router).source_mask,
			 0xffffffff);
	assert_int_equal(record(ipv6(1, 0), 112, ipv6(2, 1), &link_to_router).source_mask,
			 htonl(0xffff));
	(void)state;
}

static void test_inner_mtu(void **state)
{
	static const struct {
		uint16_t mtu, ipv4, ipv6;
	} rows[] = {{1500, 1480, 1460}, {9000, 8980, 8960}, {65535, 65515, 65495},
		    {1280, 1260, 1240}, {41, 21, 1},        {40, 20, 0},
		    {20, 0, 0},         {0, 0, 0}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct template_link link = link_to_router;
		struct lb_backend out;

		link.mtu = rows[i].mtu;
		out = record(ipv4(10, 0, 1, 2), 32, ipv4(10, 0, 1, 11), &link);
		assert_int_equal(out.inner_mtu, rows[i].ipv4);
		out = record(ipv6(1, 2), 128, ipv6(2, 1), &link);
		assert_int_equal(out.inner_mtu, rows[i].ipv6);
	}
	(void)state;
}

static void test_unresolved_record(void **state)
{
	struct lb_backend out, expected;

	memset(&out, 0xa5, sizeof(out));
	memset(&expected, 0, sizeof(expected));
	expected.flags = LB_BACKEND_USED;
	template_unresolved(&out);
	assert_memory_equal(&out, &expected, sizeof(out));
	(void)state;
}

/* What follows the outer IP header, or without encapsulation the Ethernet header, in hexadecimal. */
static const struct {
	uint32_t encapsulation;
	uint8_t protocol;
	uint16_t length; /* of what goes in front of an inner packet but Ethernet, over IPv4 */
	const char *tail;
} others[] = {
	/* UDP to port 6080 without a checksum, four bytes of variant 0 */
	{LB_ENCAP_GUE, 17, 32, "0000 17c0 0000 0000 00000000"},
	/* flags and version 0, the type left open */
	{LB_ENCAP_GRE, 47, 24, "0000 0000"},
	/* UDP to port 4789, the VNI, an inner Ethernet header, the type left open */
	{LB_ENCAP_VXLAN | 0x123456 << 8, 17, 50,
	 "0000 12b5 0000 0000 08000000 12345600 026870000002 026870000001 0000"},
};

static void assert_hex(const uint8_t *bytes, size_t length, const char *hex)
{
	char got[2 * LB_HEADER_SIZE + 1] = "", expected[2 * LB_HEADER_SIZE + 1] = "";

	for (size_t i = 0; i < length; i++)
		sprintf(got + 2 * i, "%02x", bytes[i]);
	for (size_t at = 0; *hex; hex++)
		if (*hex != ' ')
			expected[at++] = *hex;
	assert_string_equal(got, expected);
}

static void test_other_encapsulations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct template_source from = {ipv4(10, 0, 1, 1), 32};
		struct template_source from6 = {ipv6(1, 1), 128};
		struct lb_address to = ipv4(10, 0, 1, 2), to6 = ipv6(1, 2);
		struct lb_backend out;

		template_make(others[i].encapsulation, &from, &to, &link_to_router, &out);
		assert_int_equal(out.encapsulation, others[i].encapsulation & 0xff);
		assert_int_equal(out.flags,
				 LB_BACKEND_USED | LB_BACKEND_RESOLVED | LB_BACKEND_OUTER_IPV4);
		assert_int_equal(out.header_length, 14 + others[i].length);
		assert_int_equal(out.inner_mtu, 1500 - others[i].length);
		assert_int_equal(out.header[14 + 9], others[i].protocol);
		assert_hex(out.header + 34, out.header_length - 34, others[i].tail);

		template_make(others[i].encapsulation, &from6, &to6, &link_to_router, &out);
		assert_int_equal(out.flags, LB_BACKEND_USED | LB_BACKEND_RESOLVED);
		assert_int_equal(out.header_length, 14 + 20 + others[i].length);
		assert_int_equal(out.inner_mtu, 1480 - others[i].length);
		assert_int_equal(out.header[14 + 6], others[i].protocol);
		assert_hex(out.header + 54, out.header_length - 54, others[i].tail);
	}
}

static void test_no_encapsulation(void **state)
{
	struct template_source from = {ipv4(10, 0, 1, 1), 32};
	struct lb_address to = ipv4(10, 0, 1, 2);
	struct lb_backend out;

	(void)state;
	template_make(LB_ENCAP_NONE, &from, &to, &link_to_router, &out);
	assert_int_equal(out.flags, LB_BACKEND_USED | LB_BACKEND_RESOLVED);
	assert_int_equal(out.inner_mtu, 1500);
	assert_int_equal(out.ip_offset, 14);
	assert_hex(out.header, out.header_length, "0200000000fe 020000000001 0000");
}

static void test_vlan_tags(void **state)
{
	struct template_source from = {ipv4(10, 0, 1, 1), 32};
	struct lb_address to = ipv4(10, 0, 1, 2);
	struct template_link link = link_to_router;
	struct lb_backend out;

	(void)state;
	link.vlan_count = 2;
	link.vlans[0] = (struct template_vlan){0x88a8, 7};
	link.vlans[1] = (struct template_vlan){0x8100, 100};
	template_make(LB_ENCAP_IPIP, &from, &to, &link, &out);
	assert_int_equal(out.flags, LB_BACKEND_USED | LB_BACKEND_RESOLVED | LB_BACKEND_OUTER_IPV4);
	assert_int_equal(out.header_length, 42);
	assert_int_equal(out.ip_offset, 22);
	assert_int_equal(out.inner_mtu, 1480);
	assert_hex(out.header, 22, "0200000000fe 020000000001 88a80007 81000064 0800");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_encapsulations),
		cmocka_unit_test(test_no_encapsulation),
		cmocka_unit_test(test_vlan_tags),
		cmocka_unit_test(test_ipv4_header),
		cmocka_unit_test(test_ipv6_header),
		cmocka_unit_test(test_ipv4_sum_by_hand),
		cmocka_unit_test(test_ipv4_sum_finishes_to_the_checksum),
		cmocka_unit_test(test_ipv4_sum_at_its_limits),
		cmocka_unit_test(test_source_mask_of_ipv4),
		cmocka_unit_test(test_source_mask_of_ipv6),
		cmocka_unit_test(test_inner_mtu),
		cmocka_unit_test(test_unresolved_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
