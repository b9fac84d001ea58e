// SPDX-License-Identifier: GPL-2.0-only
/* The ground under the rows: what the frame writer writes, as bytes written by hand. */
#include "literals.h"

#include <string.h>

#include "row.h"
#include "template.h"

struct literal {
	enum flow_name flow;
	const char *in, *out;
};

/* A SYN of each pairing, as it comes and as it leaves. */
/* clang-format off */
static const struct literal literals[] = {
	{TCP_4IN4,
	 "02 00 00 00 00 02 02 00 00 00 00 01 08 00"
	 "45 00 00 28 12 34 40 00 3d 06 3f 60 c6 33 64 07 c0 00 02 01"
	 "9c 41 00 50 01 02 03 04 05 06 07 08 50 02 fa f0 be ef 00 00",
	 "02 00 00 00 00 03 02 00 00 00 00 02 08 00"
	 "45 00 00 3c 00 00 40 00 40 04 26 a9 0a 00 00 01 0a 00 00 15"
	 "45 00 00 28 12 34 40 00 3d 06 3f 60 c6 33 64 07 c0 00 02 01"
	 "9c 41 00 50 01 02 03 04 05 06 07 08 50 02 fa f0 be ef 00 00"},
	{TCP_4IN6,
	 "02 00 00 00 00 02 02 00 00 00 00 01 08 00"
	 "45 00 00 28 12 34 40 00 3d 06 3f 60 c6 33 64 07 c0 00 02 01"
	 "9c 42 01 bb 01 02 03 04 05 06 07 08 50 02 fa f0 be ef 00 00",
	 "02 00 00 00 00 03 02 00 00 00 00 02 86 dd"
	 "60 0b 8b ab 00 28 04 40"
	 "20 01 0d b8 00 0b 00 00 00 00 00 00 00 00 00 01"
	 "20 01 0d b8 00 0b 00 00 00 00 00 00 00 00 00 21"
	 "45 00 00 28 12 34 40 00 3d 06 3f 60 c6 33 64 07 c0 00 02 01"
	 "9c 42 01 bb 01 02 03 04 05 06 07 08 50 02 fa f0 be ef 00 00"},
	{TCP_6IN4,
	 "02 00 00 00 00 02 02 00 00 00 00 01 86 dd"
	 "60 0a bc de 00 14 06 3d"
	 "20 01 0d b8 00 0c 00 00 00 00 00 00 00 00 00 07"
	 "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01"
	 "9c 45 00 50 01 02 03 04 05 06 07 08 50 02 fa f0 be ef 00 00",
	 "02 00 00 00 00 03 02 00 00 00 00 02 08 00"
	 "45 00 00 50 00 00 40 00 40 29 26 70 0a 00 00 01 0a 00 00 15"
	 "60 0a bc de 00 14 06 3d"
	 "20 01 0d b8 00 0c 00 00 00 00 00 00 00 00 00 07"
	 "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01"
	 "9c 45 00 50 01 02 03 04 05 06 07 08 50 02 fa f0 be ef 00 00"},
	{TCP_6IN6,
	 "02 00 00 00 00 02 02 00 00 00 00 01 86 dd"
	 "60 0a bc de 00 14 06 3d"
	 "20 01 0d b8 00 0c 00 00 00 00 00 00 00 00 00 07"
	 "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01"
	 "9c 46 01 bb 01 02 03 04 05 06 07 08 50 02 fa f0 be ef 00 00",
	 "02 00 00 00 00 03 02 00 00 00 00 02 86 dd"
	 "60 04 6b 7d 00 3c 29 40"
	 "20 01 0d b8 00 0b 00 00 00 00 00 00 00 00 00 01"
	 "20 01 0d b8 00 0b 00 00 00 00 00 00 00 00 00 21"
	 "60 0a bc de 00 14 06 3d"
	 "20 01 0d b8 00 0c 00 00 00 00 00 00 00 00 00 07"
	 "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01"
	 "9c 46 01 bb 01 02 03 04 05 06 07 08 50 02 fa f0 be ef 00 00"},
};
/* clang-format on */

static void test_literals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(literals) / sizeof(*literals); i++) {
		struct frame in = {0}, out = {0}, written, left;

		frame_put_hex(&in, literals[i].in);
		frame_put_hex(&out, literals[i].out);
		frame_build(&(struct input){literals[i].flow, .tcp_flags = SYN}, &written);
		frame_compare(&written, &in, "frame of the writer");
		assert_int_equal(rig_run(rig_get(RIG_ALL)->lb, &in, 0, &left), XDP_TX);
		frame_compare(&left, &out, "frame of hairpin_lb");
	}
}

/* A UDP header whose checksum many texts give, the example of RFC 1071, and two at the edge. */
static void test_checksum(void **state)
{
	static const uint8_t header[] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40,
					 0x00, 0x40, 0x11, 0x00, 0x00, 0xc0, 0xa8,
					 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
	/* RFC 1071, section 3: the sum is ddf2. */
	static const uint8_t rfc1071[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal(frame_checksum(header, sizeof(header)), 0xb861);
	assert_int_equal(frame_checksum(rfc1071, sizeof(rfc1071)), 0xffff - 0xddf2);
	assert_int_equal(frame_checksum((const uint8_t *)"\xff\xff", 2), 0x0000);
	assert_int_equal(frame_checksum((const uint8_t *)"\xff\xfe\x00\x02", 4), 0xfffe);
}

static void check_template(const char *source, uint8_t prefix_length, const char *destination,
			   enum world_backend index)
{
	struct template_link link = {.interface = RIG_LOOPBACK, .mtu = 1600};
	struct template_source from = {.prefix_length = prefix_length};
	struct lb_address to;
	struct lb_backend made;

	memcpy(link.source_mac, mac_balancer, sizeof(link.source_mac));
	memcpy(link.destination_mac, mac_next_hop, sizeof(link.destination_mac));
	frame_address(source, from.address.bytes);
	frame_address(destination, to.bytes);
	template_make(LB_ENCAP_IPIP, &from, &to, &link, &made);
	assert_memory_equal(&made, &rig_get(RIG_ALL)->arrays->backends[index], sizeof(made));
}

/* So that the rows hold for what the daemon writes. */
static void test_templates(void **state)
{
	(void)state;
	check_template(LB4, 32, B4, BACKEND_IPV4);
	check_template(LB6, 128, B6, BACKEND_IPV6);
	check_template("10.0.9.0", 24, B4, BACKEND_VARIED4);
	check_template("2001:db8:b:9::", 64, B6, BACKEND_VARIED6);
}

const struct CMUnitTest literal_tests[] = {
	{"the frame writer's checksum is that of known headers", test_checksum},
	{"a SYN of each pairing, byte by byte", test_literals},
	{"the daemon's templates are the backends of the rows", test_templates},
};

const size_t literal_test_count = sizeof(literal_tests) / sizeof(*literal_tests);
