/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QUIC: a connection id names its server (draft-ietf-quic-load-balancers, the plaintext form), so that
 * a connection stays on its backend when the client's address changes.
 */
#ifndef HAIRPIN_QUIC_H
#define HAIRPIN_QUIC_H

#include "maps.h"
#include "packet.h"

#define QUIC_LONG_HEADER  0x80 /* RFC 8999 section 5.1 */
#define QUIC_LONG_LENGTH  5    /* where the length of the id is; the id follows */
#define QUIC_SHORT_ID     1    /* where the id is in a short header: section 5.2 */
#define QUIC_CONFIG_SHIFT 5    /* the first octet of an id: which of the configurations */

static __always_inline __u32 quic_field(union lb_service_target target, __u32 shift, __u32 mask)
{
	return target.flags >> shift & mask;
}

/* The offset of the id in the frame, whose UDP payload is at payload; 0: there is none that is as
 * long as the configuration says. end: of the packet, behind which the frame is padded. */
static __always_inline __u32 quic_find_id(struct xdp_md *ctx, __u32 payload, __u32 end, __u32 need)
{
	__u8 start[QUIC_LONG_LENGTH + 1];

	if (payload + sizeof(start) > end || bpf_xdp_load_bytes(ctx, payload, start, sizeof(start)))
		return 0;
	if (!(start[0] & QUIC_LONG_HEADER))
		return payload + QUIC_SHORT_ID;
	return start[QUIC_LONG_LENGTH] >= need ? payload + sizeof(start) : 0;
}

/*
 * The backend that the id names, LB_NONE when it names none that lives. Those of a client's first
 * packets are random, and mostly name none; such a packet goes by its hash. A global function, which
 * the verifier looks at once.
 */
__noinline int quic_lookup(struct xdp_md *ctx, __u32 payload, __u32 end, __u64 word)
{
	union lb_service_target target = {.word = word};
	__u64 length = quic_field(target, LB_QUIC_SERVER_ID_SHIFT, 15);
	__u32 nonce = quic_field(target, LB_QUIC_NONCE_SHIFT, 15) + LB_QUIC_NONCE_MIN;
	struct lb_quic_key key = {.pool = target.pool, .length = length};
	__u32 zero = 0, at = quic_find_id(ctx, payload, end, 1 + length + nonce);
	const struct lb_quic_server *server;
	void *servers;
	__u8 first;

	if (!at || !length || at + 1 + length > end || bpf_xdp_load_bytes(ctx, at, &first, 1) ||
	    first >> QUIC_CONFIG_SHIFT != quic_field(target, LB_QUIC_CONFIG_SHIFT, 7))
		return LB_NONE;
	/* From 1 to 16, for the verifier of Linux 6.1. */
	length--;
	asm volatile("%0 &= 15" : "+r"(length));
	if (bpf_xdp_load_bytes(ctx, at + 1, key.id, length + 1))
		return LB_NONE;
	servers = bpf_map_lookup_elem(&quic_servers, &zero);
	server = servers ? bpf_map_lookup_elem(servers, &key) : NULL;
	if (!server || arrays.lives[server->backend].number != server->life)
		return LB_NONE;
	return server->backend;
}

/* quic_backend(): of a packet of a QUIC service; LB_NONE: its hash decides. */
static __always_inline __u32 quic_backend(const struct packet *pkt, struct xdp_md *ctx)
{
	if (pkt->kind != PACKET_WHOLE && pkt->kind != PACKET_FIRST_FRAGMENT)
		return LB_NONE;
	return quic_lookup(ctx, pkt->l2_length + pkt->l3_length + sizeof(struct udphdr),
			   pkt->l2_length + pkt->ip_length, pkt->target.word);
}

#endif
