/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pushes the backend's header template and fills in what differs from packet to packet.
 *
 * ipip: RFC 2003 and RFC 2473. DSCP and ECN are copied to the outer header (RFC 6040, normal mode),
 * the inner TTL is left alone, the outer IPv4 header has DF set and identification 0 (RFC 6864).
 */
#ifndef HAIRPIN_ENCAP_H
#define HAIRPIN_ENCAP_H

#include "maps.h"
#include "packet.h"

#define ENCAP_IPV4_LENGTH (ETH_HLEN + sizeof(struct iphdr))
#define ENCAP_IPV6_LENGTH (ETH_HLEN + sizeof(struct ipv6hdr))

/* Sums of at most 2^16 words fold in two steps (RFC 1071); one step can leave a carry. */
static __always_inline __u16 encap_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* A backend serves VIPs of both families: the template leaves the protocol open. */
static __always_inline __u8 encap_protocol(const struct packet *pkt)
{
	return pkt->ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
}

/* Template to frame, in words of 8 bytes: templates are aligned, and frames need not be on the
 * machines that have native XDP. */
static __always_inline void *encap_copy(struct xdp_md *ctx, const struct lb_backend *backend,
					const __u32 length)
{
	void *frame, *end;

	if (bpf_xdp_adjust_head(ctx, ETH_HLEN - (int)length))
		return NULL;
	frame = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (frame + length > end)
		return NULL;
	__builtin_memcpy(__builtin_assume_aligned(frame, 8),
			 __builtin_assume_aligned(backend->header, 8), length);
	return frame + ETH_HLEN;
}

static __always_inline enum lb_reason encap_push_ipv4(struct packet *pkt,
						      const struct lb_backend *backend)
{
	struct iphdr *outer = encap_copy(pkt->ctx, backend, ENCAP_IPV4_LENGTH);
	__u32 sum = backend->checksum;
	__be32 varied;

	if (!outer)
		return LB_NO_HEADROOM;
	outer->tos = pkt->tos;
	outer->tot_len = bpf_htons(pkt->ip_length + sizeof(*outer));
	outer->protocol = encap_protocol(pkt);
	/* tos and protocol are the lower bytes of their words. */
	sum += bpf_htons(pkt->tos + encap_protocol(pkt)) + outer->tot_len;
	if (features.source_varied) {
		varied = hash_entropy(pkt->hash) & backend->source_mask;
		outer->saddr |= varied;
		sum += (varied & 0xffff) + (varied >> 16);
	}
	outer->check = encap_fold(sum);
	return LB_CONTINUE;
}

static __always_inline enum lb_reason encap_push_ipv6(struct packet *pkt,
						      const struct lb_backend *backend)
{
	struct ipv6hdr *outer = encap_copy(pkt->ctx, backend, ENCAP_IPV6_LENGTH);

	if (!outer)
		return LB_NO_HEADROOM;
	/* The flow label carries the flow's entropy to routers and cards: RFC 6438. */
	*(__be32 *)outer =
		bpf_htonl(6u << 28 | (__u32)pkt->tos << 20 | (hash_entropy(pkt->hash) & 0xfffff));
	outer->payload_len = bpf_htons(pkt->ip_length);
	outer->nexthdr = encap_protocol(pkt);
	if (features.source_varied)
		outer->saddr.in6_u.u6_addr32[3] |= hash_entropy(pkt->hash) & backend->source_mask;
	return LB_CONTINUE;
}

/* encap_push(): from here on the frame is the one that leaves. */
static __always_inline enum lb_reason encap_push(struct packet *pkt)
{
	const struct lb_backend *backend = ELEMENT(arrays.backends[pkt->backend]);

	if (!(backend->flags & LB_BACKEND_RESOLVED))
		return LB_UNRESOLVED;
	if (features.many_interfaces && pkt->ctx->ingress_ifindex != backend->interface)
		return LB_OTHER_INTERFACE;
	if (pkt->ip_length > backend->inner_mtu)
		return LB_TOO_BIG;
	if (features.outer_ipv4 && backend->header_length == ENCAP_IPV4_LENGTH)
		return encap_push_ipv4(pkt, backend);
	if (features.outer_ipv6 && backend->header_length == ENCAP_IPV6_LENGTH)
		return encap_push_ipv6(pkt, backend);
	return LB_UNRESOLVED;
}

#endif
