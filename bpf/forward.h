/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a frame goes when its bytes are right: out of an interface, or to another CPU. */
#ifndef HAIRPIN_FORWARD_H
#define HAIRPIN_FORWARD_H

#include "maps.h"
#include "packet.h"

extern const volatile __u32 spread_count;
extern const volatile __u32 spread_cpus[LB_MAX_CPUS];
extern const volatile __u64 spread_seed;

static __always_inline enum lb_reason forward_redirect(__u32 interface, enum lb_reason reason)
{
	return bpf_redirect_map(&redirect_ports, interface, 0) == XDP_REDIRECT ? reason
									       : LB_NO_PORT;
}

/* forward_send(): to the backend. */
static __always_inline enum lb_reason forward_send(const struct packet *pkt,
						   const struct xdp_md *ctx)
{
	__u32 interface;
	bool elsewhere;

	if (!USES(pkt, many_interfaces) && !USES(pkt, spread))
		return LB_SENT;
	interface = arrays.backends[pkt->backend].interface;
	elsewhere = features.many_interfaces && ctx->ingress_ifindex != interface;
	/* XDP_TX is for the CPU that has the card's queue. */
	if (elsewhere || (features.spread && pkt->on_cpu))
		return forward_redirect(interface, LB_REDIRECTED);
	return LB_SENT;
}

/* forward_answer(): back to the sender, out of the interface that it came by. */
static __always_inline enum lb_reason forward_answer(const struct packet *pkt,
						     const struct xdp_md *ctx,
						     enum lb_reason reason)
{
	bool answer = reason == LB_ECHO_ANSWERED || reason == LB_TOO_BIG_ANSWERED;

	if (answer && USES(pkt, spread) && pkt->on_cpu)
		return forward_redirect(ctx->ingress_ifindex, reason);
	return reason;
}

/*
 * forward_spread(): to one of the CPUs, the same for all packets of a flow, so that they stay in order.
 * Fragments but the first have no ports, nor, in IPv6, the protocol: all fragments go by the addresses.
 */
static __always_inline enum lb_reason forward_spread(const struct packet *pkt)
{
	struct flow flow = pkt->flow;
	__u32 index;

	if (pkt->kind != PACKET_WHOLE) {
		flow.ports = 0;
		flow.protocol = 0;
	}
	index = (hash_flow(&flow, pkt->ipv6, spread_seed) >> 32) * spread_count >> 32;
	if (index >= LB_MAX_CPUS ||
	    bpf_redirect_map(&redirect_cpus, spread_cpus[index], 0) != XDP_REDIRECT)
		return LB_NO_CPU;
	return LB_SPREAD;
}

#endif
