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

#include "packet.h"   /* bytes -> struct packet: the common packet */
#include "parse.h"    /* ... and any other */
#include "select.h"   /* packet -> service -> slot -> backend */
#include "fragment.h" /* fragments follow the first of their datagram */
#include "encap.h"    /* the backend's header goes in front */
#include "icmp.h"     /* pings, errors about flows, "packet too big" */
#include "forward.h"  /* out of an interface, or to another CPU */
#include "observe.h"  /* counters, and reason -> XDP action */

#define LB_TRY(stage)                           \
	do {                                    \
		enum lb_reason reason_ = stage; \
		if (reason_)                    \
			return reason_;         \
	} while (0)

const volatile struct lb_features features = {};
const volatile __u32 slot_count = 1;
const volatile __u32 spread_count = 1;
const volatile __u32 spread_cpus[LB_MAX_CPUS] = {};
const volatile __u64 spread_seed = 0;

/* Where the packet goes; sets pkt->backend. */
static __always_inline enum lb_reason lb_choose(struct packet *pkt, struct xdp_md *ctx)
{
	if (pkt->kind == PACKET_LATER_FRAGMENT) {
		enum lb_reason reason = fragment_follow(pkt);

		return reason ? select_unfit(pkt, reason) : LB_CONTINUE;
	}
	if (select_service(pkt)) {
		/* The others are the host's too. */
		if (pkt->kind == PACKET_FIRST_FRAGMENT && select_is_vip(pkt))
			fragment_remember(pkt);
		return LB_NO_SERVICE;
	}
	LB_TRY(select_backend(pkt, ctx));
	if (pkt->kind == PACKET_FIRST_FRAGMENT)
		fragment_remember(pkt);
	return LB_CONTINUE;
}

/* The verdict on any packet. When it leaves by XDP_TX or XDP_REDIRECT, the frame is the one that goes
 * out. */
static __always_inline enum lb_reason lb_judge(struct packet *pkt, struct xdp_md *ctx)
{
	enum lb_reason reason = parse(ctx, pkt);

	if (reason)
		return select_unfit(pkt, reason);
	if (pkt->kind == PACKET_ECHO) {
		if (!select_is_vip(pkt))
			return LB_NO_SERVICE;
		if (!features.echo || icmp_is_nobody(&pkt->flow.source, pkt->ipv6))
			return LB_ICMP;
		reason = icmp_echo(ctx, pkt->l2_length, pkt->ipv6);
		return forward_answer(pkt, ctx, reason);
	}
	LB_TRY(lb_choose(pkt, ctx));
	reason = encap_push(pkt, ctx);
	if (reason == LB_TOO_BIG)
		return forward_answer(pkt, ctx, icmp_answer_too_big(pkt, ctx));
	return reason ?: forward_send(pkt, ctx);
}

/* Any packet. Apart from the common way, which would have to share its registers with it. */
static __noinline int lb_uncommon(struct xdp_md *ctx, bool on_cpu)
{
	struct packet pkt = {.on_cpu = on_cpu};

	return lb_finish(&pkt, lb_judge(&pkt, ctx));
}

#define LB_NOT_HERE (-1) /* no XDP action */

/*
 * A plain packet of a slot that has moved, which lb_uncommon() would look at as if it could be anything.
 * LB_NOT_HERE: it has to.
 */
static __noinline int lb_moved(struct xdp_md *ctx, bool on_cpu)
{
	struct packet pkt = {.on_cpu = on_cpu};
	enum lb_reason reason;

	if (!packet_common(&pkt, ctx) || !select_exact_service(&pkt) ||
	    select_slot(&pkt) != SELECT_MOVED)
		return LB_NOT_HERE;
	if (features.quic && pkt.target.flags & LB_SERVICE_QUIC)
		return LB_NOT_HERE;
	pkt.backend = select_moved(&pkt);
	reason = encap_push(&pkt, ctx);
	if (reason == LB_TOO_BIG)
		return LB_NOT_HERE;
	return lb_finish(&pkt, reason ?: forward_send(&pkt, ctx));
}

/*
 * The common way: a plain packet of a slot that has not moved. The same as lb_judge() and
 * lb_finish(), but that all else is left to them, and that where the reason is a constant the
 * compiler drops what is for others.
 */
static __always_inline int lb_common(struct packet *pkt, struct xdp_md *ctx)
{
	enum select_slot slot;
	enum lb_reason reason;
	int action;

	if (!select_exact_service(pkt))
		return USES(pkt, any_port) ? lb_uncommon(ctx, pkt->on_cpu)
					   : lb_finish(pkt, LB_NO_SERVICE);
	slot = select_slot(pkt);
	if (features.moved && slot == SELECT_MOVED) {
		action = lb_moved(ctx, pkt->on_cpu);
		return action == LB_NOT_HERE ? lb_uncommon(ctx, pkt->on_cpu) : action;
	}
	if (slot != SELECT_SETTLED)
		return lb_uncommon(ctx, pkt->on_cpu);
	reason = encap_push(pkt, ctx);
	if (reason == LB_TOO_BIG)
		return lb_uncommon(ctx, pkt->on_cpu);
	if (!reason)
		reason = forward_send(pkt, ctx);
	if (reason == LB_SENT)
		return lb_finish(pkt, LB_SENT);
	if ((USES(pkt, many_interfaces) || USES(pkt, spread)) && reason == LB_REDIRECTED)
		return lb_finish(pkt, LB_REDIRECTED);
	return lb_refuse(pkt->target.word, pkt->frame_length, reason);
}

/* A packet on the CPU that deals with it. Inlined once for each version of IP: with half of the cases
 * gone, the compiler keeps in registers what it else keeps on the stack. */
static __always_inline int lb_balance(struct xdp_md *ctx, bool on_cpu, bool lean)
{
	struct packet pkt = {.on_cpu = on_cpu, .lean = lean};
	struct cursor cursor;

	switch (packet_open(&pkt, ctx, &cursor)) {
	case bpf_htons(ETH_P_IP):
		if (packet_common_ipv4(&pkt, &cursor))
			return lb_common(&pkt, ctx);
		break;
	case bpf_htons(ETH_P_IPV6):
		pkt.ipv6 = true;
		if (features.ipv6 && packet_common_ipv6(&pkt, &cursor))
			return lb_common(&pkt, ctx);
		break;
	}
	return lb_uncommon(ctx, on_cpu);
}

/* A packet on the CPU that received it, where others do the work: what is not for a VIP stays here. */
static __noinline int lb_spread(struct xdp_md *ctx)
{
	struct packet pkt = {};
	enum lb_reason reason = parse(ctx, &pkt);

	if (reason == LB_NOT_IP || reason == LB_TRUNCATED)
		return lb_finish(&pkt, reason);
	if (!features.spread_local && !select_is_vip(&pkt))
		return lb_finish(&pkt, LB_NO_SERVICE);
	return lb_finish(&pkt, forward_spread(&pkt));
}

/* The programs that come after it in libxdp's dispatcher see what it passes. */
struct {
	__uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(hairpin_lb);

SEC("xdp")
int hairpin_lb(struct xdp_md *ctx)
{
	if (features.lean)
		return lb_balance(ctx, false, true);
	return features.spread ? lb_spread(ctx) : lb_balance(ctx, false, false);
}

/* What runs on the CPUs of --cpus. */
SEC("xdp.frags/cpumap")
int hairpin_cpu(struct xdp_md *ctx)
{
	observe_taken();
	return lb_balance(ctx, true, false);
}

/* What the last run of hairpin_trace found. */
struct lb_trace trace SEC(".data") = {};

/* The same verdict for hairpinctl trace: run by BPF_PROG_TEST_RUN, never attached, counts nothing. */
SEC("xdp")
int hairpin_trace(struct xdp_md *ctx)
{
	struct packet pkt = {.dry = true};
	enum lb_reason reason = lb_judge(&pkt, ctx);

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
