// SPDX-License-Identifier: GPL-2.0-only
/* The backend's program, row by row, and what the balancer sends unwrapped again. */
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "decap.h"
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

void decap_run(const struct frame *in, const struct frame *expected, int action)
{
	struct frame got;
	int returned = rig_run(bpf_program__fd(skeleton->progs.hairpin_decap), in, 0, &got);

	if (returned != action)
		fail_msg("%u bytes: returned %d, expected %d", in->length, returned, action);
	frame_compare(&got, expected, "frame of hairpin_decap");
}

void decap_check(const struct frame *in, const struct frame *expected, enum decap_reason reason,
		 int action)
{
	uint64_t before[DECAP_REASON_COUNT], after[DECAP_REASON_COUNT];

	count(before);
	decap_run(in, expected, action);
	count(after);
	for (int i = 0; i < DECAP_REASON_COUNT; i++)
		if (after[i] - before[i] != (i == (int)reason))
			fail_msg("%u bytes: counted %d times as %s, expected %s", in->length,
				 (int)(after[i] - before[i]), reason_names[i],
				 reason_names[reason]);
	met[reason] = true;
}

/* Where the type is that says what follows the Ethernet header and its tags. */
static uint32_t type_at(const struct frame *frame)
{
	uint32_t at = 12;

	while ((frame->bytes[at] == 0x81 && frame->bytes[at + 1] == 0x00) ||
	       (frame->bytes[at] == 0x88 && frame->bytes[at + 1] == 0xa8))
		at += 4;
	return at;
}

void decap_unwrap(const struct frame *tunnel, const struct frame *inner, struct frame *out)
{
	uint32_t at = type_at(inner);

	memset(out, 0, sizeof(*out));
	frame_put(out, tunnel->bytes, type_at(tunnel));
	frame_put(out, inner->bytes + at, inner->length - at);
}

void decap_wrap(const struct decap_row *row, const struct frame *inner, struct frame *out)
{
	struct frame packet = *inner, untagged;

	if (row->between) {
		packet.length = 14;
		frame_put_hex(&packet, row->between);
		frame_put(&packet, inner->bytes + 14, inner->length - 14);
	}
	if (row->outer.source)
		row_expect(&packet, &row->outer, out);
	else
		*out = packet;
	if (row->tags) {
		untagged = *out;
		out->length = 12;
		frame_put_hex(out, row->tags);
		frame_put(out, untagged.bytes + 12, untagged.length - 12);
	}
}

/* The packet that comes out, if another than the one that went in. */
static void build_inner(const struct decap_row *row, struct frame *out)
{
	struct input inner = row->inner;

	if (row->inner_tos)
		inner.tos = strtoul(row->inner_tos, NULL, 16);
	frame_build(&inner, out);
}

static void test_row(void **state)
{
	const struct decap_row *row = *state;
	struct frame inner, in, expected;

	frame_build(&row->inner, &inner);
	decap_wrap(row, &inner, &in);
	for (size_t i = 0; i < 4 && row->patches[i].at; i++)
		frame_patch(&in, &row->patches[i]);
	if (row->length)
		in.length = row->length;
	expected = in;
	if (row->reason == DECAP_UNWRAPPED) {
		build_inner(row, &inner);
		decap_unwrap(&in, &inner, &expected);
	}
	decap_check(&in, &expected, row->reason, row->action);
}

static void test_cut(void **state)
{
	const struct decap_cut *cut = *state;
	const struct decap_row row = {
		.outer = cut->outer, .between = cut->between, .tags = cut->tags};
	struct frame inner, in, expected;
	uint32_t whole;

	frame_build(&cut->inner, &inner);
	decap_wrap(&row, &inner, &in);
	whole = in.length;
	assert_true(cut->last <= whole);
	for (in.length = cut->first; in.length <= cut->last; in.length++) {
		expected = in;
		if (cut->reason == DECAP_UNWRAPPED) {
			decap_unwrap(&in, &inner, &expected);
			expected.length -= whole - in.length;
		}
		decap_check(&in, &expected, cut->reason, cut->action);
	}
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
			decap_unwrap(&sent, &in, &expected);
			decap_check(&sent, &expected, DECAP_UNWRAPPED, XDP_PASS);
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

static void set_kinds(uint32_t kinds)
{
	uint32_t first = 0;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(skeleton->maps.decap_kinds), &first,
					     &kinds, BPF_ANY),
			 0);
}

#define ALL_KINDS 0xf

/* A tunnel of each kind, while that one is not to be unwrapped, and while it is the only one. */
static void test_kinds(void **state)
{
	/* clang-format off */
	static const struct decap_row kinds[] = {
		{"ipip", {OUTER4(IPV6, B4, 80)}, {TCP_6IN4}},
		{"gre", {OUTER4(GRE, B4, 64)}, {TCP_4IN4}, .between = GRE4},
		{"gue", {OUTER6(UDP, B6, 52, 0)}, {TCP_4IN6}, .between = GUE4("00 34")},
		{"vxlan", {OUTER6(UDP, B6, 90, 0)}, {TCP_6IN6}, .between = VXLAN6("00 5a")},
	};
	/* clang-format on */
	struct frame inner, in, expected;

	(void)state;
	for (int i = 0; i < 4; i++) {
		frame_build(&kinds[i].inner, &inner);
		decap_wrap(&kinds[i], &inner, &in);
		decap_unwrap(&in, &inner, &expected);
		set_kinds(ALL_KINDS & ~(1u << i));
		decap_check(&in, &in, DECAP_NOT_WANTED, XDP_PASS);
		set_kinds(1u << i);
		decap_check(&in, &expected, DECAP_UNWRAPPED, XDP_PASS);
	}
	set_kinds(ALL_KINDS);
}

static int set_up(void **state)
{
	(void)state;
	rig_network();
	skeleton = decap_bpf__open_and_load();
	assert_non_null(skeleton);
	add_address(B4);
	add_address(B6);
	set_kinds(ALL_KINDS);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	decap_bpf__destroy(skeleton);
	rig_close_all();
	return 0;
}

static const struct decap_table *const row_tables[] = {&table_decap, &table_decap_gre,
						       &table_decap_gue, &table_decap_vxlan};

static size_t add_rows(struct CMUnitTest *tests)
{
	size_t count = 0;

	for (size_t t = 0; t < sizeof(row_tables) / sizeof(*row_tables); t++)
		for (size_t i = 0; i < row_tables[t]->count; i++)
			tests[count++] =
				(struct CMUnitTest){row_tables[t]->rows[i].name, test_row, NULL,
						    NULL, (void *)&row_tables[t]->rows[i]};
	for (size_t i = 0; i < table_decap_cuts.count; i++)
		tests[count++] = (struct CMUnitTest){table_decap_cuts.cuts[i].name, test_cut, NULL,
						     NULL, (void *)&table_decap_cuts.cuts[i]};
	return count;
}

int main(void)
{
	size_t count = table_decap_cuts.count + decap_literal_test_count + decap_ecn_test_count + 3;

	for (size_t t = 0; t < sizeof(row_tables) / sizeof(*row_tables); t++)
		count += row_tables[t]->count;
	struct CMUnitTest tests[count];

	if (!harness_start())
		return 0;
	count = add_rows(tests);
	for (size_t i = 0; i < decap_literal_test_count; i++)
		tests[count++] = decap_literal_tests[i];
	for (size_t i = 0; i < decap_ecn_test_count; i++)
		tests[count++] = decap_ecn_tests[i];
	tests[count++] = (struct CMUnitTest){"what the balancer sends comes out as it came in",
					     test_round_trip};
	tests[count++] =
		(struct CMUnitTest){"a kind that is not wanted is left to the stack", test_kinds};
	tests[count++] = (struct CMUnitTest){"every reason has a row", test_reasons};
	return _cmocka_run_group_tests("decap", tests, count, set_up, tear_down) ? 1 : 0;
}
