// SPDX-License-Identifier: GPL-2.0-only
/* What congestion on the way becomes in the packet that comes out: RFC 6040 section 4.2. */
#include "decap.h"

enum { NOT_ECT, ECT1, ECT0, CE, DROPPED };

/* Figure 4: inner, outer -> what comes out. */
static const uint8_t figure_4[4][4] = {
	[NOT_ECT] = {[NOT_ECT] = NOT_ECT, [ECT0] = NOT_ECT, [ECT1] = NOT_ECT, [CE] = DROPPED},
	[ECT0] = {[NOT_ECT] = ECT0, [ECT0] = ECT0, [ECT1] = ECT1, [CE] = CE},
	[ECT1] = {[NOT_ECT] = ECT1, [ECT0] = ECT1, [ECT1] = ECT1, [CE] = CE},
	[CE] = {[NOT_ECT] = CE, [ECT0] = CE, [ECT1] = CE, [CE] = CE},
};

/* clang-format off */
static const struct decap_row tunnels[] = {
	{"IPv4 in IPv4", {OUTER4(IPIP, B4, 60)}, {TCP_4IN4}},
	{"IPv4 in IPv6", {OUTER6(IPIP, B6, 40, 0xfffff)}, {TCP_4IN6}},
	{"IPv6 in IPv4", {OUTER4(IPV6, B4, 80)}, {TCP_6IN4}},
	{"IPv6 in IPv6", {OUTER6(IPV6, B6, 60, 0xfffff)}, {TCP_6IN6}},
	{"IPv4 in GRE", {OUTER4(GRE, B4, 64)}, {TCP_4IN4}, .between = GRE4},
	{"IPv6 in GRE", {OUTER6(GRE, B6, 64, 0xfffff)}, {TCP_6IN6}, .between = GRE6},
	{"IPv4 in GUE", {OUTER6(UDP, B6, 52, 0xfffff)}, {TCP_4IN6}, .between = GUE4("00 34")},
	{"IPv6 in GUE", {OUTER4(UDP, B4, 92)}, {TCP_6IN4}, .between = GUE6("00 48")},
	{"IPv4 in VXLAN", {OUTER4(UDP, B4, 90)}, {TCP_4IN4}, .between = VXLAN4("00 46")},
	{"IPv6 in VXLAN", {OUTER6(UDP, B6, 90, 0xfffff)}, {TCP_6IN6}, .between = VXLAN6("00 5a")},
	{"IPv4 in IPv4 in a VLAN", {OUTER4(IPIP, B4, 60)}, {TCP_4IN4}, .tags = "81 00 00 0a"},
};
/* clang-format on */

/* Among all DSCPs, so that these are seen to stay as they were. */
static void check_pair(const struct decap_row *tunnel, uint8_t inner_ecn, uint8_t outer_ecn)
{
	uint8_t result = figure_4[inner_ecn][outer_ecn];
	struct decap_row row = *tunnel;
	struct frame inner, in, expected;

	for (int dscp = 0; dscp < 64; dscp++) {
		row.inner.tos = dscp << 2 | inner_ecn;
		row.outer.tos = (63 - dscp) << 2 | outer_ecn;
		frame_build(&row.inner, &inner);
		decap_wrap(&row, &inner, &in);
		if (result == DROPPED) {
			decap_check(&in, &in, DECAP_CONGESTED, XDP_DROP);
			continue;
		}
		row.inner.tos = dscp << 2 | result;
		frame_build(&row.inner, &inner);
		decap_unwrap(&in, &inner, &expected);
		decap_check(&in, &expected, DECAP_UNWRAPPED, XDP_PASS);
	}
}

static void test_figure_4(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(*tunnels); i++)
		for (uint8_t inner = NOT_ECT; inner <= CE; inner++)
			for (uint8_t outer = NOT_ECT; outer <= CE; outer++)
				check_pair(&tunnels[i], inner, outer);
}

/* A header with another identification, and so another checksum. */
static void set_id(struct frame *frame, uint16_t id)
{
	uint8_t *ip = frame->bytes + 14;
	uint16_t check;

	ip[4] = id >> 8;
	ip[5] = id;
	ip[10] = 0;
	ip[11] = 0;
	check = frame_checksum(ip, 20);
	ip[10] = check >> 8;
	ip[11] = check;
}

/* Each of the 65,535 checksums that a header can have, before and after. */
static void test_checksums(void **state)
{
	static const struct {
		uint8_t inner, outer, result;
	} changes[] = {{ECT0, CE, CE}, {ECT1, CE, CE}, {ECT0, ECT1, ECT1}};
	struct decap_row row = tunnels[0];
	struct frame before, after, in, expected;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		row.outer.tos = changes[i].outer;
		row.inner.tos = changes[i].inner;
		frame_build(&row.inner, &before);
		row.inner.tos = changes[i].result;
		frame_build(&row.inner, &after);
		for (uint32_t id = 0; id <= 0xffff; id++) {
			set_id(&before, id);
			set_id(&after, id);
			decap_wrap(&row, &before, &in);
			decap_unwrap(&in, &after, &expected);
			decap_run(&in, &expected, XDP_PASS);
		}
	}
}

const struct CMUnitTest decap_ecn_tests[] = {
	{"the outer ECN is told by the inner one as figure 4 of RFC 6040 says", test_figure_4},
	{"the inner checksum follows, whatever it was", test_checksums},
};

const size_t decap_ecn_test_count = sizeof(decap_ecn_tests) / sizeof(*decap_ecn_tests);
