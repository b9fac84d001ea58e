/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pushes the backend's header template and fills in what differs from packet to packet.
 *
 * DSCP and ECN are copied to the outer header (RFC 6040, normal mode), the inner TTL is left alone, the
 * outer TTL is 64, the outer IPv4 header has DF set and identification 0 (RFC 6864). UDP headers have no
 * checksum, in IPv6 neither (RFC 6935, RFC 6936): the inner packet has its own.
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

static __always_inline enum lb_reason encap_push_ipv4(struct packet *pkt, struct xdp_md *ctx,
						      const struct lb_backend *backend)
{
	struct iphdr *outer = encap_copy(ctx, backend, ENCAP_IPV4_LENGTH);
	__u32 sum = backend->checksum;
	__be32 varied;

	if (!outer)
		return LB_NO_HEADROOM;
	outer->tos = pkt->tos;
	outer->tot_len = bpf_htons(pkt->ip_length + sizeof(*outer));
	outer->protocol = encap_protocol(pkt);
	/* tos and protocol are the lower bytes of their words. */
	sum += bpf_htons(pkt->tos + encap_protocol(pkt)) + outer->tot_len;
	if (USES(pkt, source_varied)) {
		varied = hash_entropy(pkt->hash) & backend->source_mask;
		outer->saddr |= varied;
		sum += (varied & 0xffff) + (varied >> 16);
	}
	outer->check = encap_fold(sum);
	return LB_CONTINUE;
}

static __always_inline enum lb_reason encap_push_ipv6(struct packet *pkt, struct xdp_md *ctx,
						      const struct lb_backend *backend)
{
	struct ipv6hdr *outer = encap_copy(ctx, backend, ENCAP_IPV6_LENGTH);

	if (!outer)
		return LB_NO_HEADROOM;
	/* The flow label carries the flow's entropy to routers and cards: RFC 6438. */
	*(__be32 *)outer =
		bpf_htonl(6u << 28 | (__u32)pkt->tos << 20 | (hash_entropy(pkt->hash) & 0xfffff));
	outer->payload_len = bpf_htons(pkt->ip_length);
	outer->nexthdr = encap_protocol(pkt);
	if (USES(pkt, source_varied))
		outer->saddr.in6_u.u6_addr32[3] |= hash_entropy(pkt->hash) & backend->source_mask;
	return LB_CONTINUE;
}

/* What encap_push_other() needs of a packet, in one register: the compiler keeps a packet in registers
 * only as long as nobody takes its address. */
union encap_inner {
	struct {
		__u32 ip_length;
		__u8 tos;
		__u8 l2_length;
		__u8 ipv6;
	};
	__u64 word;
};

/* The fields that depend on the inner packet's family. last: the last four bytes of the header. */
static __always_inline void encap_name_inner(const struct lb_backend *backend,
					     union encap_inner inner, __u8 *last)
{
	__be16 *type = (void *)(last + 2);

	/* The protocol is in the second byte of GUE's four; Ethernet, GRE and VXLAN end with the type. */
	if (features.gue && backend->encapsulation == LB_ENCAP_GUE)
		last[1] = inner.ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	else if (backend->encapsulation != LB_ENCAP_IPIP)
		*type = inner.ipv6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
}

#define ENCAP_EPHEMERAL 0xc000 /* the ports that RFC 6335 leaves to everybody */

/* The source port carries the flow's entropy to routers and cards: RFC 7348, RFC 8085 section 3.1.11. */
static __always_inline void encap_fill_udp(struct udphdr *udp, __u16 length, __u32 entropy)
{
	udp->source = bpf_htons(ENCAP_EPHEMERAL | (entropy & 0x3fff));
	udp->len = bpf_htons(length);
}

static __always_inline bool encap_has_udp(const struct lb_backend *backend)
{
	return (features.gue && backend->encapsulation == LB_ENCAP_GUE) ||
	       (features.vxlan && backend->encapsulation == LB_ENCAP_VXLAN);
}

/* length: of the outer packet. */
static __always_inline enum lb_reason encap_fill_ipv4(void *at, void *end, union encap_inner inner,
						      const struct lb_backend *backend,
						      __u32 entropy, __u16 length)
{
	struct iphdr *outer = at;
	struct udphdr *udp;
	__u8 protocol = inner.ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	__u32 sum = backend->checksum;
	__be32 varied;

	ONE_REGISTER(outer);
	udp = (void *)(outer + 1);
	if ((void *)udp > end)
		return LB_NO_HEADROOM;
	outer->tos = inner.tos;
	outer->tot_len = bpf_htons(length);
	sum += bpf_htons(inner.tos) + outer->tot_len;
	if (backend->encapsulation == LB_ENCAP_IPIP) {
		outer->protocol = protocol;
		sum += bpf_htons(protocol);
	}
	if (features.source_varied) {
		varied = entropy & backend->source_mask;
		outer->saddr |= varied;
		sum += (varied & 0xffff) + (varied >> 16);
	}
	outer->check = encap_fold(sum);
	if (encap_has_udp(backend)) {
		if ((void *)(udp + 1) > end)
			return LB_NO_HEADROOM;
		encap_fill_udp(udp, length - sizeof(*outer), entropy);
	}
	return LB_CONTINUE;
}

static __always_inline enum lb_reason encap_fill_ipv6(void *at, void *end, union encap_inner inner,
						      const struct lb_backend *backend,
						      __u32 entropy, __u16 length)
{
	struct ipv6hdr *outer = at;
	struct udphdr *udp;

	ONE_REGISTER(outer);
	udp = (void *)(outer + 1);
	if ((void *)udp > end)
		return LB_NO_HEADROOM;
	*(__be32 *)outer = bpf_htonl(6u << 28 | (__u32)inner.tos << 20 | (entropy & 0xfffff));
	outer->payload_len = bpf_htons(length - sizeof(*outer));
	if (backend->encapsulation == LB_ENCAP_IPIP)
		outer->nexthdr = inner.ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	if (features.source_varied)
		outer->saddr.in6_u.u6_addr32[3] |= entropy & backend->source_mask;
	if (encap_has_udp(backend)) {
		if ((void *)(udp + 1) > end)
			return LB_NO_HEADROOM;
		encap_fill_udp(udp, length - sizeof(*outer), entropy);
	}
	return LB_CONTINUE;
}

/* Any header: other encapsulations than ipip, VLAN tags before or after. A global function, which the
 * verifier looks at once. */
__noinline int encap_push_other(struct xdp_md *ctx, __u32 index, __u64 word, __u32 entropy)
{
	const struct lb_backend *backend = ELEMENT(arrays.backends[index & 0xffff]);
	__u64 ip_offset = backend->ip_offset;
	__u32 length = backend->header_length;
	union encap_inner inner = {.word = word};
	void *frame, *end, *last, *at;

	if (length < ETH_HLEN || length > LB_HEADER_SIZE)
		return LB_UNRESOLVED;
	if (bpf_xdp_adjust_head(ctx, (int)inner.l2_length - (int)length) ||
	    bpf_xdp_store_bytes(ctx, 0, (void *)backend->header, length))
		return LB_NO_HEADROOM;
	frame = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	last = frame + (length - 4);
	ONE_REGISTER(last);
	if (last + 4 > end)
		return LB_NO_HEADROOM;
	encap_name_inner(backend, inner, last);
	if (features.layer2 && backend->encapsulation == LB_ENCAP_NONE)
		return LB_CONTINUE;
	/* Here, so that the verifier sees the bound however the compiler keeps the number. */
	asm volatile("%0 &= 127" : "+r"(ip_offset));
	at = frame + ip_offset;
	if (features.outer_ipv4 && backend->flags & LB_BACKEND_OUTER_IPV4)
		return encap_fill_ipv4(at, end, inner, backend, entropy,
				       inner.ip_length + length - ip_offset);
	return encap_fill_ipv6(at, end, inner, backend, entropy,
			       inner.ip_length + length - ip_offset);
}

/* Why nothing can be sent to a backend whose inner_mtu is too small: it is 0 until it is resolved. */
static __always_inline enum lb_reason encap_obstacle(const struct packet *pkt,
						     const struct lb_backend *backend)
{
	if (pkt->backend == LB_NONE)
		return LB_NO_BACKEND;
	return backend->flags & LB_BACKEND_RESOLVED ? LB_TOO_BIG : LB_UNRESOLVED;
}

/* encap_push(): from here on the frame is the one that leaves. */
static __always_inline enum lb_reason encap_push(struct packet *pkt, struct xdp_md *ctx)
{
	const struct lb_backend *backend = ELEMENT(arrays.backends[pkt->backend]);
	union encap_inner inner = {
		.ip_length = pkt->ip_length,
		.tos = pkt->tos,
		.l2_length = pkt->l2_length,
		.ipv6 = pkt->ipv6,
	};

	if (pkt->ip_length > backend->inner_mtu)
		return encap_obstacle(pkt, backend);
	if (pkt->l2_length != ETH_HLEN ||
	    (USES(pkt, not_plain) && !(backend->flags & LB_BACKEND_PLAIN)))
		return encap_push_other(ctx, pkt->backend, inner.word, hash_entropy(pkt->hash));
	if (features.outer_ipv6 && !(features.outer_ipv4 && backend->flags & LB_BACKEND_OUTER_IPV4))
		return encap_push_ipv6(pkt, ctx, backend);
	return encap_push_ipv4(pkt, ctx, backend);
}

#endif
