/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters. The only place that turns a reason into an XDP action. */
#ifndef HAIRPIN_OBSERVE_H
#define HAIRPIN_OBSERVE_H

#include "maps.h"
#include "packet.h"

static __always_inline int observe_action(enum lb_reason reason)
{
	switch (reason) {
#define X(name, action, words) \
	case LB_##name:        \
		return XDP_##action;
		LB_REASONS(X)
#undef X
	default:
		return XDP_ABORTED;
	}
}

static __always_inline void observe_count(struct lb_counter *counter, __u64 bytes)
{
	counter->packets++;
	counter->bytes += bytes;
}

/* observe_taken(): counts a packet that another CPU handed over. */
static __always_inline void observe_taken(void)
{
	struct lb_counters *own = counters_own();

	if (own)
		own->taken++;
}

/* A program on a cpumap's CPU has no XDP_TX; what it answers, forward_answer() redirects. */
static __always_inline int observe_leave(const struct packet *pkt, enum lb_reason reason)
{
	int action = observe_action(reason);

	return USES(pkt, spread) && pkt->on_cpu && action == XDP_TX ? XDP_REDIRECT : action;
}

/* lb_finish(): counts the packet under its reason, service and backend; returns the action. */
static __always_inline int lb_finish(const struct packet *pkt, enum lb_reason reason)
{
	struct lb_counters *own = counters_own();

	if (!own)
		return observe_leave(pkt, reason);
	own->reasons[reason & (LB_REASON_ROOM - 1)]++;
	if (pkt->target.word)
		observe_count(&own->services[pkt->target.service & (LB_SERVICE_ROOM - 1)],
			      pkt->frame_length);
	if (reason == LB_SENT || reason == LB_REDIRECTED)
		observe_count(ELEMENT(own->backends[pkt->backend]), pkt->frame_length);
	return observe_leave(pkt, reason);
}

/* lb_refuse(): lb_finish() for the common way: the reasons that end it early share one place. */
static __noinline int lb_refuse(__u64 target, __u64 frame_length, enum lb_reason reason)
{
	struct packet pkt = {.target.word = target, .frame_length = frame_length};

	return reason < LB_REASON_COUNT ? lb_finish(&pkt, reason) : XDP_ABORTED;
}

#endif
