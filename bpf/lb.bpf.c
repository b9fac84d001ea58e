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

/* The verdict on one IP packet. When it is LB_SENT, the frame is the one that goes out. */
static __always_inline enum lb_reason lb_balance(struct packet *pkt, struct cursor *cursor)
{
	enum lb_reason unfit =
		pkt->ipv6 ? packet_parse_ipv6(pkt, cursor) : packet_parse_ipv4(pkt, cursor);

	if (unfit)
		return select_unfit(pkt, unfit);
	LB_TRY(select_service(pkt));
	LB_TRY(select_slot(pkt));
	LB_TRY(encap_push(pkt));
	return LB_SENT;
}

/*
 * The verdict on any frame, and what finish makes of it. Everything is inlined once for each version
 * of IP: with half of the cases gone, the compiler keeps in registers what it else keeps on the
 * stack.
 */
static __always_inline int lb_process(struct xdp_md *ctx,
				      int (*finish)(const struct packet *, enum lb_reason))
{
	struct packet pkt = {.ctx = ctx};
	struct cursor cursor;

	switch (packet_open(&pkt, &cursor)) {
	case bpf_htons(ETH_P_IP):
		pkt.ipv6 = false;
		return finish(&pkt, lb_balance(&pkt, &cursor));
	case bpf_htons(ETH_P_IPV6):
		pkt.ipv6 = true;
		return finish(&pkt, features.ipv6 ? lb_balance(&pkt, &cursor) : LB_NO_SERVICE);
	default:
		return finish(&pkt, LB_NOT_IP);
	}
}

/* Before other programs of a libxdp dispatcher (its default is 50); they see what we pass. */
struct {
	__uint(priority, 20);
	__uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(hairpin_lb);

SEC("xdp")
int hairpin_lb(struct xdp_md *ctx)
{
	return lb_process(ctx, lb_finish);
}

/* What the last run of hairpin_trace found. */
struct lb_trace trace = {};

static __always_inline int trace_finish(const struct packet *pkt, enum lb_reason reason)
{
	trace.reason = reason;
	trace.service = pkt->target.service;
	trace.pool = pkt->target.pool;
	trace.slot = pkt->slot;
	trace.table_size = pkt->table_size;
	trace.backend = pkt->backend;
	return observe_action(reason);
}

/* The same way for hairpinctl trace: run by BPF_PROG_TEST_RUN, never attached, counts nothing. */
SEC("xdp")
int hairpin_trace(struct xdp_md *ctx)
{
	return lb_process(ctx, trace_finish);
}

char _license[] SEC("license") = "GPL";
