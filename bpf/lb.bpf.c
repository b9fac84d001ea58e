// SPDX-License-Identifier: GPL-2.0-only
/*
 * hairpin's XDP program: the life of a packet, top to bottom.
 *
 * A stage returns LB_CONTINUE, or the reason why the packet leaves here (reasons.h).
 */
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <xdp/xdp_helpers.h>

#include "packet.h"  /* bytes -> struct packet */
#include "select.h"  /* packet -> service -> slot -> backend */
#include "encap.h"   /* the backend's header goes in front */
#include "observe.h" /* counters, and reason -> XDP action */

#define LB_TRY(stage)                           \
	do {                                    \
		enum lb_reason reason_ = stage; \
		if (reason_)                    \
			return reason_;         \
	} while (0)

const volatile struct lb_features features = {};
const volatile __u32 slot_count = 1;

/* The verdict on any packet. When it is LB_SENT, the frame is the one that goes out. */
static __always_inline enum lb_reason lb_judge(struct packet *pkt)
{
	enum lb_reason unfit;
	struct cursor cursor;

	switch (packet_open(pkt, &cursor)) {
	case bpf_htons(ETH_P_IP):
		unfit = packet_parse_ipv4(pkt, &cursor);
		break;
	case bpf_htons(ETH_P_IPV6):
		pkt->ipv6 = true;
		unfit = features.ipv6 ? packet_parse_ipv6(pkt, &cursor) : LB_NO_SERVICE;
		break;
	default:
		return LB_NOT_IP;
	}
	if (unfit)
		return select_unfit(pkt, unfit);
	LB_TRY(select_service(pkt));
	LB_TRY(select_backend(pkt));
	LB_TRY(encap_push(pkt));
	return LB_SENT;
}

/* Any packet. Apart from the common way, which would have to share its registers with it. */
static __noinline int lb_uncommon(struct xdp_md *ctx)
{
	struct packet pkt = {.ctx = ctx};

	return lb_finish(&pkt, lb_judge(&pkt));
}

/*
 * The common way: a plain packet of a slot that has not moved. The same as lb_judge() and
 * lb_finish(), but that all else is left to them, and that where the reason is a constant the
 * compiler drops what is for others.
 */
static __always_inline int lb_common(struct packet *pkt)
{
	enum lb_reason reason;

	if (!select_exact_service(pkt))
		return features.any_port ? lb_uncommon(pkt->ctx) : lb_finish(pkt, LB_NO_SERVICE);
	if (select_slot(pkt) != SELECT_SETTLED)
		return lb_uncommon(pkt->ctx);
	reason = encap_push(pkt);
	if (reason)
		return lb_refuse(pkt->target.word, pkt->frame_length, reason);
	return lb_finish(pkt, LB_SENT);
}

/* Before other programs of a libxdp dispatcher (its default is 50); they see what we pass. */
struct {
	__uint(priority, 20);
	__uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(hairpin_lb);

SEC("xdp")
int hairpin_lb(struct xdp_md *ctx)
{
	struct packet pkt = {.ctx = ctx};
	struct cursor cursor;

	/* Inlined once for each version of IP: with half of the cases gone, the compiler keeps in
	 * registers what it else keeps on the stack. */
	switch (packet_open(&pkt, &cursor)) {
	case bpf_htons(ETH_P_IP):
		if (packet_common_ipv4(&pkt, &cursor))
			return lb_common(&pkt);
		break;
	case bpf_htons(ETH_P_IPV6):
		pkt.ipv6 = true;
		if (features.ipv6 && packet_common_ipv6(&pkt, &cursor))
			return lb_common(&pkt);
		break;
	}
	return lb_uncommon(ctx);
}

/* What the last run of hairpin_trace found. */
struct lb_trace trace SEC(".data") = {};

/* The same verdict for hairpinctl trace: run by BPF_PROG_TEST_RUN, never attached, counts nothing. */
SEC("xdp")
int hairpin_trace(struct xdp_md *ctx)
{
	struct packet pkt = {.ctx = ctx, .dry = true};
	enum lb_reason reason = lb_judge(&pkt);

	trace.reason = reason;
	trace.service = pkt.target.service;
	trace.pool = pkt.target.pool;
	trace.slot = pkt.slot;
	trace.table_size = arrays.pools[pkt.target.pool & (LB_POOL_ROOM - 1)].size;
	trace.backend = pkt.backend;
	trace.moved = pkt.moved;
	return observe_action(reason);
}

char _license[] SEC("license") = "GPL";
