/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes -> struct tunnel: the outer headers of a packet at the backend, over IPv4 and IPv6.
 *
 * ipip   RFC 2003, RFC 2473
 * gre    RFC 2784, its four bytes without any field of RFC 2890
 * gue    draft-ietf-intarea-gue-09, variant 0, without flags, on UDP port 6080
 * vxlan  RFC 7348, with any VNI, on UDP port 4789
 *
 * A checksum of the outer UDP header is not looked at: it would cover the whole packet, and hairpin
 * sends none (RFC 6935, RFC 6936). Neither are the outer lengths: what is inside has its own.
 */
#ifndef HAIRPIN_TUNNEL_H
#define HAIRPIN_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "decap_abi.h"

#define TUNNEL_GUE_PORT   6080
#define TUNNEL_VXLAN_PORT 4789

#define TUNNEL_TAGS     2 /* 802.1Q, or 802.1ad with 802.1Q in it */
#define TUNNEL_HEAD_MAX (ETH_HLEN + TUNNEL_TAGS * sizeof(struct tunnel_tag))

struct tunnel_tag {
	__be16 tag;
	__be16 type; /* of what follows */
};

struct gre_header {
	__be16 flags; /* and version */
	__be16 type;
};

struct gue_header {
	__u8 form; /* variant, control, length of fields */
	__u8 protocol;
	__be16 flags;
};

enum gue_form { GUE_VARIANT = 0xc0, GUE_CONTROL = 0x20, GUE_LENGTH = 0x1f };

struct vxlan_header {
	__u8 flags;
	__u8 unused[3];
	__be32 vni;
};

#define VXLAN_VALID_VNI 0x08 /* the other bits are ignored: RFC 7348 section 5 */

struct tunnel {
	struct lb_address destination;
	__u32 head;    /* bytes of the Ethernet header with its VLAN tags, which stay */
	__u32 length;  /* bytes of the headers behind it, up to the inner packet */
	__be16 port;   /* of UDP, else 0 */
	__u8 protocol; /* behind the outer IP header; in the end of the inner packet */
	__u8 ecn;      /* of the outer header */
};

struct cursor {
	void *at, *end;
};

/* Goes on, or leaves with the reason why not. */
#define TUNNEL_TRY(step)                            \
	do {                                        \
		enum decap_reason reason_ = (step); \
		if (reason_ != DECAP_UNWRAPPED)     \
			return reason_;             \
	} while (0)

/* cursor_take(): the next size bytes, or NULL when the frame ends before. */
static __always_inline void *cursor_take(struct cursor *cursor, __u32 size)
{
	void *at = cursor->at;

	if (at + size > cursor->end)
		return NULL;
	cursor->at = at + size;
	return at;
}

/* A header of the tunnel, which goes. */
static __always_inline void *tunnel_take(struct tunnel *tunnel, struct cursor *cursor, __u32 size)
{
	tunnel->length += size;
	return cursor_take(cursor, size);
}

static __always_inline bool tunnel_is_tag(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

/* tunnel_parse_ethernet(): the type of what follows the Ethernet header and its tags; 0: nothing. */
static __always_inline __be16 tunnel_parse_ethernet(struct tunnel *tunnel, struct cursor *cursor)
{
	struct ethhdr *eth = cursor_take(cursor, sizeof(*eth));
	__be16 type;

	if (!eth)
		return 0;
	type = eth->h_proto;
	tunnel->head = sizeof(*eth);
	for (int i = 0; i < TUNNEL_TAGS && tunnel_is_tag(type); i++) {
		struct tunnel_tag *tag = cursor_take(cursor, sizeof(*tag));

		if (!tag)
			return 0;
		type = tag->type;
		tunnel->head += sizeof(*tag);
	}
	return type;
}

static __always_inline enum decap_reason tunnel_parse_udp(struct tunnel *tunnel,
							  struct cursor *cursor)
{
	struct udphdr *udp = tunnel_take(tunnel, cursor, sizeof(*udp));

	if (!udp ||
	    (udp->dest != bpf_htons(TUNNEL_GUE_PORT) && udp->dest != bpf_htons(TUNNEL_VXLAN_PORT)))
		return DECAP_NOT_TUNNEL;
	tunnel->port = udp->dest;
	return DECAP_UNWRAPPED;
}

static __always_inline bool tunnel_is_known(__u8 protocol)
{
	return protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6 || protocol == IPPROTO_GRE ||
	       protocol == IPPROTO_UDP;
}

#define IPV4_OFFSET         0x1fff
#define IPV4_MORE_FRAGMENTS 0x2000 /* RFC 791 section 3.1 */

static __always_inline enum decap_reason tunnel_parse_ipv4(struct tunnel *tunnel,
							   struct cursor *cursor)
{
	struct iphdr *ip = tunnel_take(tunnel, cursor, sizeof(*ip));
	bool options;

	if (!ip || ip->version != 4 || !tunnel_is_known(ip->protocol))
		return DECAP_NOT_TUNNEL;
	options = ip->ihl != sizeof(*ip) / 4;
	if (ip->protocol == IPPROTO_UDP) {
		/* Only where the ports are in their usual place can it be told from other UDP. */
		if (options || ip->frag_off & bpf_htons(IPV4_OFFSET))
			return DECAP_NOT_TUNNEL;
		TUNNEL_TRY(tunnel_parse_udp(tunnel, cursor));
	}
	if (options || ip->frag_off & bpf_htons(IPV4_OFFSET | IPV4_MORE_FRAGMENTS))
		return DECAP_UNSUITABLE;
	tunnel->destination.words[2] = bpf_htonl(0xffff);
	tunnel->destination.words[3] = ip->daddr;
	tunnel->protocol = ip->protocol;
	tunnel->ecn = ip->tos & 3;
	return DECAP_UNWRAPPED;
}

static __always_inline enum decap_reason tunnel_parse_ipv6(struct tunnel *tunnel,
							   struct cursor *cursor)
{
	struct ipv6hdr *ip = tunnel_take(tunnel, cursor, sizeof(*ip));

	if (!ip || ip->version != 6 || !tunnel_is_known(ip->nexthdr))
		return DECAP_NOT_TUNNEL;
	if (ip->nexthdr == IPPROTO_UDP)
		TUNNEL_TRY(tunnel_parse_udp(tunnel, cursor));
	__builtin_memcpy(&tunnel->destination, &ip->daddr, sizeof(tunnel->destination));
	/* ::ffff:a.b.c.d on the wire is not the IPv4 address that the map writes so. */
	if (!tunnel->destination.halves[0] && tunnel->destination.words[2] == bpf_htonl(0xffff))
		return DECAP_NOT_LOCAL;
	tunnel->protocol = ip->nexthdr;
	tunnel->ecn = ip->flow_lbl[0] >> 4 & 3;
	return DECAP_UNWRAPPED;
}

/* tunnel_parse(): up to where it is known for which host, and that it is a tunnel. */
static __always_inline enum decap_reason tunnel_parse(struct tunnel *tunnel, struct cursor *cursor)
{
	__be16 type = tunnel_parse_ethernet(tunnel, cursor);

	if (type == bpf_htons(ETH_P_IP))
		return tunnel_parse_ipv4(tunnel, cursor);
	if (type == bpf_htons(ETH_P_IPV6))
		return tunnel_parse_ipv6(tunnel, cursor);
	return DECAP_NOT_TUNNEL;
}

/* tunnel_kind(): of a parsed tunnel. */
static __always_inline enum decap_kind tunnel_kind(const struct tunnel *tunnel)
{
	if (tunnel->protocol == IPPROTO_GRE)
		return DECAP_KIND_GRE;
	if (tunnel->port == bpf_htons(TUNNEL_GUE_PORT))
		return DECAP_KIND_GUE;
	if (tunnel->port == bpf_htons(TUNNEL_VXLAN_PORT))
		return DECAP_KIND_VXLAN;
	return DECAP_KIND_IPIP;
}

/* The inner packet by its Ethernet type. */
static __always_inline enum decap_reason tunnel_set_type(struct tunnel *tunnel, __be16 type,
							 enum decap_reason otherwise)
{
	if (type != bpf_htons(ETH_P_IP) && type != bpf_htons(ETH_P_IPV6))
		return otherwise;
	tunnel->protocol = type == bpf_htons(ETH_P_IP) ? IPPROTO_IPIP : IPPROTO_IPV6;
	return DECAP_UNWRAPPED;
}

static __always_inline enum decap_reason tunnel_parse_gre(struct tunnel *tunnel,
							  struct cursor *cursor)
{
	struct gre_header *gre = tunnel_take(tunnel, cursor, sizeof(*gre));

	if (!gre)
		return DECAP_CUT_SHORT;
	if (gre->flags)
		return DECAP_GRE_FLAGS;
	return tunnel_set_type(tunnel, gre->type, DECAP_GRE_PROTOCOL);
}

static __always_inline enum decap_reason tunnel_parse_gue(struct tunnel *tunnel,
							  struct cursor *cursor)
{
	struct gue_header *gue = tunnel_take(tunnel, cursor, sizeof(*gue));

	if (!gue)
		return DECAP_CUT_SHORT;
	if (gue->form & GUE_VARIANT)
		return DECAP_GUE_VARIANT;
	if (gue->form & GUE_CONTROL)
		return DECAP_GUE_CONTROL;
	if (gue->form & GUE_LENGTH || gue->flags)
		return DECAP_GUE_FLAGS;
	if (gue->protocol != IPPROTO_IPIP && gue->protocol != IPPROTO_IPV6)
		return DECAP_GUE_PROTOCOL;
	tunnel->protocol = gue->protocol;
	return DECAP_UNWRAPPED;
}

/* The destination of hairpin's inner frames, 02:68:70:00:00:02. Others are of another overlay. */
static __always_inline bool tunnel_is_our_mac(const struct ethhdr *inner)
{
	const __be16 *words = (const void *)inner->h_dest;

	return words[0] == bpf_htons(0x0268) && words[1] == bpf_htons(0x7000) &&
	       words[2] == bpf_htons(0x0002);
}

static __always_inline enum decap_reason tunnel_parse_vxlan(struct tunnel *tunnel,
							    struct cursor *cursor)
{
	struct vxlan_header *vxlan = tunnel_take(tunnel, cursor, sizeof(*vxlan));
	struct ethhdr *inner;

	if (!vxlan)
		return DECAP_CUT_SHORT;
	if (!(vxlan->flags & VXLAN_VALID_VNI))
		return DECAP_VXLAN_FLAGS;
	inner = tunnel_take(tunnel, cursor, sizeof(*inner));
	if (!inner)
		return DECAP_CUT_SHORT;
	if (!tunnel_is_our_mac(inner))
		return DECAP_VXLAN_MAC;
	return tunnel_set_type(tunnel, inner->h_proto, DECAP_VXLAN_PROTOCOL);
}

/* tunnel_parse_header(): what is between the outer IP header, or UDP, and the inner packet. */
static __always_inline enum decap_reason tunnel_parse_header(struct tunnel *tunnel,
							     struct cursor *cursor)
{
	switch (tunnel_kind(tunnel)) {
	case DECAP_KIND_GRE:
		return tunnel_parse_gre(tunnel, cursor);
	case DECAP_KIND_GUE:
		return tunnel_parse_gue(tunnel, cursor);
	case DECAP_KIND_VXLAN:
		return tunnel_parse_vxlan(tunnel, cursor);
	default:
		return DECAP_UNWRAPPED;
	}
}

#endif
