// SPDX-License-Identifier: GPL-2.0-only
#include "row.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

static bool met[LB_REASON_COUNT];

static const char *const reason_names[LB_REASON_COUNT] = {[LB_CONTINUE] = "none",
#define X(name, action, words) [LB_##name] = #name,
							  LB_REASONS(X)
#undef X
};

/* What one packet has to do to all that is counted. */
struct change {
	enum lb_reason reason;
	uint16_t service, backend; /* 0: none */
	uint32_t bytes;
};

static void expect_sent(const struct frame *in, uint8_t tags, const struct ip *out,
			struct frame *expected)
{
	const uint32_t start = 14 + 4 * tags;

	frame_put_ethernet(expected, mac_next_hop, mac_balancer,
			   strchr(out->source, ':') ? 0x86dd : 0x0800);
	frame_put_ip(expected, out);
	frame_put(expected, in->bytes + start, in->length - start);
}

/* RFC 1191 section 4, RFC 4443 section 3.2. */
static void expect_error(const struct frame *in, const struct row *row, struct frame *expected)
{
	bool ipv6 = strchr(row->out.source, ':');
	uint16_t length = row->out.length - (ipv6 ? 0 : 20);

	frame_put_ethernet(expected, mac_router, mac_balancer, ipv6 ? 0x86dd : 0x0800);
	frame_put_ip(expected, &row->out);
	frame_put_icmp(expected, length, ipv6 ? 0x0200 : 0x0304, row->mtu, in->bytes + 14);
}

void row_expect(const struct frame *in, const struct ip *out, struct frame *expected)
{
	memset(expected, 0, sizeof(*expected));
	if (out->source)
		expect_sent(in, 0, out, expected);
	else
		*expected = *in;
}

static void expect(const struct frame *in, const struct row *row, struct frame *expected)
{
	memset(expected, 0, sizeof(*expected));
	if (row->answer)
		frame_put_hex(expected, row->answer);
	else if (row->mtu)
		expect_error(in, row, expected);
	else if (row->out.source)
		expect_sent(in, row->tags, &row->out, expected);
	else
		*expected = *in;
}

static enum lb_reason counted_reason(const struct rig_counts *before,
				     const struct rig_counts *after)
{
	enum lb_reason found = LB_CONTINUE;

	for (int i = 0; i < LB_REASON_COUNT; i++) {
		uint64_t more = after->reasons[i] - before->reasons[i];

		if (!more)
			continue;
		if (more != 1 || found)
			fail_msg("counted %lu times as %s, and as %s", (unsigned long)more,
				 reason_names[i], reason_names[found]);
		found = i;
	}
	return found;
}

static void check_counter(const char *what, uint32_t index, const struct lb_counter *before,
			  const struct lb_counter *after, uint64_t packets, uint64_t bytes)
{
	if (after->packets - before->packets != packets || after->bytes - before->bytes != bytes)
		fail_msg("counted %llu packets and %llu bytes for %s %u, expected %lu and %lu",
			 after->packets - before->packets, after->bytes - before->bytes, what,
			 index, (unsigned long)packets, (unsigned long)bytes);
}

static void check_counts(const struct rig_counts *before, const struct rig_counts *after,
			 const struct change *change)
{
	enum lb_reason reason = counted_reason(before, after);

	if (reason != change->reason)
		fail_msg("%u bytes left as %s, expected %s", change->bytes, reason_names[reason],
			 reason_names[change->reason]);
	for (uint32_t i = 0; i < RIG_SERVICES; i++) {
		bool counts = i && i == change->service;

		check_counter("service", i, &before->services[i], &after->services[i], counts,
			      counts ? change->bytes : 0);
	}
	for (uint32_t i = 0; i < RIG_BACKENDS; i++) {
		bool counts = i && i == change->backend &&
			      (change->reason == LB_SENT || change->reason == LB_REDIRECTED);

		check_counter("backend", i, &before->backends[i], &after->backends[i], counts,
			      counts ? change->bytes : 0);
	}
}

static const char *action_name(int action)
{
	static const char *const names[] = {"ABORTED", "DROP", "PASS", "TX", "REDIRECT"};

	return action >= 0 && action < 5 ? names[action] : "no action";
}

static void check_action(const char *program, uint32_t bytes, int action, int expected)
{
	if (action != expected)
		fail_msg("%s returned XDP_%s for %u bytes, expected XDP_%s", program,
			 action_name(action), bytes, action_name(expected));
}

static void check_number(const char *what, uint32_t found, uint32_t expected)
{
	if (found != expected)
		fail_msg("hairpin_trace found %s %u, expected %u", what, found, expected);
}

static void check_trace(const struct lb_trace *trace, enum lb_reason reason,
			const struct finds *finds)
{
	uint32_t size = finds->pool == P_THREE ? 3 : 251;

	if (!finds->pool || finds->pool == P_NO_TABLE || finds->pool == P_BEYOND_TABLES)
		size = 0;
	if (trace->reason != reason)
		fail_msg("hairpin_trace says %s, expected %s", reason_names[trace->reason],
			 reason_names[reason]);
	check_number("service", trace->service, finds->service);
	check_number("pool", trace->pool, finds->pool);
	check_number("backend", trace->backend, finds->backend);
	check_number("slot", trace->slot, finds->slot);
	check_number("a table of size", trace->table_size, size);
}

static void check_programs(const struct rig *rig, int lb, int trace, const struct row *row,
			   const struct frame *in)
{
	static struct rig_counts before, after;
	static struct frame expected, got;
	struct change change = {row->reason, row->finds.service, row->finds.backend, in->length};
	struct lb_trace found;

	expect(in, row, &expected);
	rig_count(rig, &before);
	check_action("hairpin_lb", in->length, rig_run(lb, in, row->interface, &got), row->action);
	rig_count(rig, &after);
	check_counts(&before, &after, &change);
	/* Nobody sees the bytes of a frame that is dropped. */
	if (row->action != XDP_DROP)
		frame_compare(&got, &expected, "frame of hairpin_lb");
	met[row->reason] = true;
	if (row->untraced)
		return;

	check_action("hairpin_trace", in->length, rig_run(trace, in, row->interface, &got),
		     row->action);
	if (row->action != XDP_DROP)
		frame_compare(&got, &expected, "frame of hairpin_trace");
	rig_count(rig, &before);
	assert_memory_equal(&before, &after, sizeof(before));
	found = rig_trace(rig);
	check_trace(&found, row->reason, &row->finds);
}

void row_check(const struct row *row)
{
	const struct rig *rig = rig_get(row->rig);
	int lb = rig->lb, trace = rig->trace;
	struct frame in;

	frame_build(&row->in, &in);
	if (row->wrapped) {
		lb = rig_wrap(rig->lb, row->headroom, in.length);
		trace = rig_wrap(rig->trace, row->headroom, in.length);
	}
	check_programs(rig, lb, trace, row, &in);
	if (row->wrapped) {
		close(lb);
		close(trace);
	}
}

/* The lengths in the IP header become those of a frame of length bytes. */
static void set_length(struct frame *frame, uint32_t length)
{
	bool ipv6 = frame->bytes[12] == 0x86;
	uint16_t value = length - (ipv6 ? 54 : 14);
	int at = ipv6 ? 18 : 16;

	if (ipv6 && length < 54)
		return;
	frame->bytes[at] = value >> 8;
	frame->bytes[at + 1] = value;
}

void cut_check(const struct cut *cut)
{
	const struct rig *rig = rig_get(RIG_ALL);
	struct row row = {
		.reason = cut->reason, .action = cut->action, .out = cut->out, .finds = cut->finds};
	struct frame frame;

	for (uint32_t length = cut->first; length <= cut->last; length++) {
		frame_build(&cut->in, &frame);
		assert_true(length <= frame.length);
		if (cut->consistent)
			set_length(&frame, length);
		frame.length = length;
		if (cut->out.source && !cut->out.length)
			row.out.length = length - 14 + (strchr(cut->out.source, ':') ? 0 : 20);
		check_programs(rig, rig->lb, rig->trace, &row, &frame);
	}
}

void row_check_reasons(void)
{
	/* The daemon counts those, which the kernel reports: no program sees them. */
	met[LB_CPU_OVERRUN] = true;
	for (int reason = LB_CONTINUE + 1; reason < LB_REASON_COUNT; reason++)
		if (!met[reason])
			fail_msg("no row leaves as %s", reason_names[reason]);
}
