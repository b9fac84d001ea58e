/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IP fragments: the first one of a datagram has the ports, and goes where the flow goes; the others go
 * where the first one went.
 */
#ifndef HAIRPIN_FRAGMENT_H
#define HAIRPIN_FRAGMENT_H

#include "maps.h"
#include "packet.h"

static __always_inline struct lb_fragment_key fragment_key(const struct packet *pkt)
{
	return (struct lb_fragment_key){
		.source = pkt->flow.source,
		.destination = pkt->flow.destination,
		.id = pkt->fragment_id,
		/* In IPv6 the id alone counts (RFC 8200 section 4.5), and only the first fragment
		 * tells what is behind its other extension headers. */
		.protocol = pkt->ipv6 ? 0 : pkt->flow.protocol,
	};
}

/* Functions of their own keep the stack of those that call them small. */

/* fragment_remember(): where the first fragment goes; without a target, that it is for no service. */
static __noinline int fragment_remember(const struct packet *pkt)
{
	const struct lb_fragment_key key = fragment_key(pkt);
	const struct lb_fragment fragment = {
		.seen_ns = bpf_ktime_get_ns(),
		.hash = pkt->hash,
		.target = pkt->target,
		.life = arrays.lives[pkt->backend].number,
		.backend = pkt->backend,
	};

	if (!pkt->dry)
		bpf_map_update_elem(&fragments, &key, &fragment, BPF_ANY);
	return 0;
}

/* fragment_follow(): sets what select_service() and select_backend() would, as it was for the first. */
static __noinline int fragment_follow(struct packet *pkt)
{
	const struct lb_fragment_key key = fragment_key(pkt);
	const struct lb_fragment *first = bpf_map_lookup_elem(&fragments, &key);

	if (!first || bpf_ktime_get_ns() - first->seen_ns > LB_FRAGMENT_NS)
		return LB_FRAGMENT_UNKNOWN;
	if (!first->target.word)
		return LB_NO_SERVICE;
	pkt->target = first->target;
	pkt->hash = first->hash;
	pkt->backend = first->backend;
	return arrays.lives[pkt->backend].number == first->life ? LB_CONTINUE : LB_NO_BACKEND;
}

#endif
