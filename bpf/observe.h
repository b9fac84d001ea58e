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

static __always_inline void observe_count(void *map, __u32 index, __u64 bytes)
{
	struct lb_counter *counter = bpf_map_lookup_elem(map, &index);

	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
}

/* lb_finish(): counts the packet under its reason, service and backend; returns the action. */
static __always_inline int lb_finish(const struct packet *pkt, enum lb_reason reason)
{
	__u32 index = reason;
	__u64 *count = bpf_map_lookup_elem(&reason_counters, &index);

	if (count)
		(*count)++;
	if (pkt->target.word)
		observe_count(&service_counters, pkt->target.service, pkt->frame_length);
	if (reason == LB_SENT)
		observe_count(&backend_counters, pkt->backend, pkt->frame_length);
	return observe_action(reason);
}

#endif
