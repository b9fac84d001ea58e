// SPDX-License-Identifier: GPL-2.0-only
/* The backend's program, row by row, and what the balancer sends unwrapped again. */
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "harness.h"
#include "rows_decap.h"
#include "decap.skel.h"

static struct decap_bpf *skeleton;
static bool met[DECAP_REASON_COUNT];

static const char *const reason_names[DECAP_REASON_COUNT] = {
#define X(name, action, words) [DECAP_##name] = #name,
	DECAP_REASONS(X)
#undef X
};

/* bpf_xdp_adjust_head() does not refuse to shorten a frame that was seen to be long enough. */
static const enum decap_reason unreachable[] = {DECAP_UNMOVABLE};

static void count(uint64_t counts[DECAP_REASON_COUNT])
{
	uint64_t values[libbpf_num_possible_cpus()];

	for (uint32_t i = 0; i < DECAP_REASON_COUNT; i++) {
		int map = bpf_map__fd(skeleton->maps.decap_counters);

		assert_int_equal(bpf_map_lookup_elem(map, &i, values), 0);
		counts[i] = 0;
		for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
			counts[i] += values[cpu];
	}
}

static void check_run(const struct frame *in, const struct frame *expected,
		      enum decap_reason reason, int action)
{
	uint64_t before[DECAP_REASON_COUNT], after[DECAP_REASON_COUNT];
	int program = bpf_program__fd(skeleton->progs.hairpin_decap);
	struct frame got;
	int returned;

	count(before);
	returned = rig_run(program, in, 0, &got);
	count(after);
	for (int i = 0; i < DECAP_REASON_COUNT; i++)
		if (after[i] - before[i] != (i == (int)reason))
			fail_msg("%u bytes: counted %d times as %s, expected %s", in->length,
				 (int)(after[i] - before[i]), reason_names[i],
				 reason_names[reason]);
	if (returned != action)
		fail_msg("%u bytes: returned %d, expected %d", in->length, returned, action);
	frame_compare(&got, expected, "frame of hairpin_decap");
	met[reason] = true;
}

/* The inner packet behind the Ethernet addresses of the outer one. */
static void expect_unwrapped(const struct frame *inner, struct frame *out)
{
	memset(out, 0, sizeof(*out));
	frame_put_ethernet(out, mac_next_hop, mac_balancer,
			   inner->bytes[12] == 0x86 ? 0x86dd : 0x0800);
	frame_put(out, inner->bytes + 14, inner->length - 14);
}

static void build_tunnel(const struct decap_row *row, const struct frame *inner, struct frame *out)
{
	struct frame packet = *inner;

	if (row->options) {
		packet.length = 14;
		frame_put_hex(&packet, row->options);
		frame_put(&packet, inner->bytes + 14, inner->length - 14);
	}
	row_expect(&packet, &row->outer, out);
	for (size_t i = 0; i < 4 && row->patches[i].at; i++)
		frame_patch(out, &row->patches[i]);
	if (row->length)
		out->length = row->length;
}

static void test_row(void **state)
{
	const struct decap_row *row = *state;
	struct frame inner, in, expected;

	frame_build(&row->inner, &inner);
	build_tunnel(row, &inner, &in);
	expected = in;
	if (row->reason == DECAP_UNWRAPPED)
		expect_unwrapped(&inner, &expected);
	check_run(&in, &expected, row->reason, row->action);
}

/* A tunnel cut at every byte. */
struct decap_cut {
	const char *name;
	struct ip outer;
	struct input inner;
	uint32_t first, last;
	enum decap_reason reason;
	int action;
};

/* clang-format off */
static const struct decap_cut cuts[] = {
	{"IPv4 in IPv4 that ends in the outer header is left alone",
	 {OUTER4(IPIP, B4, 60)}, {TCP_4IN4}, 14, 33, DECAP_NOT_TUNNEL, XDP_PASS},
	{"IPv4 in IPv4 that ends in the inner header is dropped",
	 {OUTER4(IPIP, B4, 60)}, {TCP_4IN4}, 34, 53, DECAP_BAD_INNER, XDP_DROP},
	{"IPv6 in IPv4 that ends in the outer header is left alone",
	 {OUTER4(IPV6, B4, 80)}, {TCP_6IN4}, 14, 33, DECAP_NOT_TUNNEL, XDP_PASS},
	{"IPv6 in IPv4 that ends in the inner header is dropped",
	 {OUTER4(IPV6, B4, 80)}, {TCP_6IN4}, 34, 73, DECAP_BAD_INNER, XDP_DROP},
	{"IPv4 in IPv6 that ends in the outer header is left alone",
	 {OUTER6(IPIP, B6, 40, 0)}, {TCP_4IN6}, 14, 53, DECAP_NOT_TUNNEL, XDP_PASS},
	{"IPv4 in IPv6 that ends in the inner header is dropped",
	 {OUTER6(IPIP, B6, 40, 0)}, {TCP_4IN6}, 54, 73, DECAP_BAD_INNER, XDP_DROP},
	{"IPv6 in IPv6 that ends in the outer header is left alone",
	 {OUTER6(IPV6, B6, 60, 0)}, {TCP_6IN6}, 14, 53, DECAP_NOT_TUNNEL, XDP_PASS},
	{"IPv6 in IPv6 that ends in the inner header is dropped",
	 {OUTER6(IPV6, B6, 60, 0)}, {TCP_6IN6}, 54, 93, DECAP_BAD_INNER, XDP_DROP},
};
/* clang-format on */

static void test_cut(void **state)
{
	const struct decap_cut *cut = *state;
	struct frame inner, in;

	frame_build(&cut->inner, &inner);
	row_expect(&inner, &cut->outer, &in);
	for (in.length = cut->first; in.length <= cut->last; in.length++)
		check_run(&in, &in, cut->reason, cut->action);
}

/* Every packet that a row of the balancer sends comes out of decap as it came in. */
static void test_round_trip(void **state)
{
	const struct row_table *const tables[] = {&table_tcp_udp, &table_sizes, &table_tos,
						  &table_features};
	struct frame in, sent, expected;
	unsigned int trips = 0;

	(void)state;
	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++) {
		for (size_t i = 0; i < tables[t]->count; i++) {
			const struct row *row = &tables[t]->rows[i];

			if (row->reason != LB_SENT ||
			    (strcmp(row->out.destination, B4) && strcmp(row->out.destination, B6)))
				continue;
			frame_build(&row->in, &in);
			assert_int_equal(rig_run(rig_get(row->rig)->lb, &in, row->interface, &sent),
					 XDP_TX);
			expect_unwrapped(&in, &expected);
			check_run(&sent, &expected, DECAP_UNWRAPPED, XDP_PASS);
			trips++;
		}
	}
	assert_true(trips > 80);
}

static void test_reasons(void **state)
{
	(void)state;
	for (int reason = 0; reason < DECAP_REASON_COUNT; reason++) {
		bool reachable = true;

		for (size_t i = 0; i < sizeof(unreachable) / sizeof(*unreachable); i++)
			reachable = reachable && (int)unreachable[i] != reason;
		if (reachable && !met[reason])
			fail_msg("no row leaves as %s", reason_names[reason]);
	}
}

static void add_address(const char *text)
{
	int map = bpf_map__fd(skeleton->maps.decap_addresses);
	struct lb_address address;
	uint8_t value = 1;

	frame_address(text, address.bytes);
	assert_int_equal(bpf_map_update_elem(map, &address, &value, BPF_ANY), 0);
}

static int set_up(void **state)
{
	(void)state;
	rig_network();
	skeleton = decap_bpf__open_and_load();
	assert_non_null(skeleton);
	add_address(B4);
	add_address(B6);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	decap_bpf__destroy(skeleton);
	rig_close_all();
	return 0;
}

int main(void)
{
	size_t cut_count = sizeof(cuts) / sizeof(*cuts), count = 0;
	struct CMUnitTest tests[decap_row_count + cut_count + 2];

	if (!harness_start())
		return 0;
	for (size_t i = 0; i < decap_row_count; i++)
		tests[count++] = (struct CMUnitTest){decap_rows[i].name, test_row, NULL, NULL,
						     (void *)&decap_rows[i]};
	for (size_t i = 0; i < cut_count; i++)
		tests[count++] =
			(struct CMUnitTest){cuts[i].name, test_cut, NULL, NULL, (void *)&cuts[i]};
	tests[count++] = (struct CMUnitTest){"what the balancer sends comes out as it came in",
					     test_round_trip};
	tests[count++] = (struct CMUnitTest){"every reason has a row", test_reasons};
	return _cmocka_run_group_tests("decap", tests, count, set_up, tear_down) ? 1 : 0;
}
