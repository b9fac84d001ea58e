/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes -> struct packet, for any packet: VLAN tags, IPv4 options, IPv6 extension headers, fragments.
 * All reads of the frame and all bounds checks of parsing are here and in packet.h.
 */
#ifndef HAIRPIN_PARSE_H
#define HAIRPIN_PARSE_H

#include "packet.h"

#define PARSE_VLAN_TAGS  2 /* IEEE 802.1ad: a service tag and a customer tag */
#define PARSE_EXTENSIONS 6

struct vlan_tag {
	__be16 control;
	__be16 type; /* of what follows */
};

static __always_inline bool parse_is_vlan(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

/* parse_ethernet(): moves behind the Ethernet header and its tags; the type of what follows; 0: the
 * frame ends before. */
static __always_inline __be16 parse_ethernet(struct packet *pkt, struct xdp_md *ctx,
					     struct cursor *cursor)
{
	__be16 type = packet_open(pkt, ctx, cursor);

#pragma unroll
	for (int i = 0; i < PARSE_VLAN_TAGS; i++) {
		const struct vlan_tag *tag;

		if (!parse_is_vlan(type))
			break;
		tag = cursor_take(cursor, sizeof(*tag));
		if (!tag)
			return 0;
		pkt->l2_length += sizeof(*tag);
		type = tag->type;
	}
	return type;
}

/* What an IP header, with options or extension headers, carries. */
struct carried {
	__u8 protocol;
	bool fragment;
	__u16 offset; /* of a fragment, in bytes */
	__be32 id;
};

#define IPV4_MORE_FRAGMENTS 0x2000 /* RFC 791 section 3.1 */
#define IPV4_DONT_FRAGMENT  0x4000
#define IPV4_OFFSET         0x1fff

/* parse_ipv4_carried(): the cursor moves behind the options. */
static __always_inline enum lb_reason parse_ipv4_carried(const struct iphdr *ip,
							 struct cursor *cursor, struct carried *out)
{
	__u16 pieces = bpf_ntohs(ip->frag_off);
	__u64 options;

	if (ip->ihl < sizeof(*ip) / 4)
		return LB_BAD_LENGTH;
	out->protocol = ip->protocol;
	out->fragment = pieces & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET);
	out->offset = (pieces & IPV4_OFFSET) * 8;
	out->id = ip->id;
	options = ip->ihl * 4 - sizeof(*ip);
	/* Says nothing new but to the verifier of Linux 6.1. */
	asm volatile("%0 &= 60" : "+r"(options));
	cursor->at += options;
	return cursor->at > cursor->end ? LB_BAD_LENGTH : LB_CONTINUE;
}

/* The extension headers of RFC 8200 section 4.1 that can stand before TCP or UDP, but fragments. */
static __always_inline bool parse_is_option(__u8 next_header)
{
	return next_header == IPPROTO_HOPOPTS || next_header == IPPROTO_ROUTING ||
	       next_header == IPPROTO_DSTOPTS || next_header == IPPROTO_AH;
}

struct extension {
	__u8 next_header;
	__u8 length;   /* in 8 bytes beyond the first 8; of AH in 4 bytes beyond the first 8 */
	__be16 offset; /* of a fragment: in 8 bytes, shifted by 3 */
	__be32 id;
};

#define IPV6_OFFSET 0xfff8 /* RFC 8200 section 4.5 */
#define IPV6_MORE   0x0001

/* parse_ipv6_carried(): the cursor moves behind the extension headers. A fragment that is the whole
 * datagram is none (RFC 6946). */
static __always_inline enum lb_reason parse_ipv6_carried(__u8 next_header, struct cursor *cursor,
							 struct carried *out)
{
#pragma unroll
	for (int i = 0; i < PARSE_EXTENSIONS; i++) {
		const struct extension *extension;
		__u16 pieces;
		__u64 skip;

		out->protocol = next_header;
		if (next_header != IPPROTO_FRAGMENT && !parse_is_option(next_header))
			return LB_CONTINUE;
		extension = cursor_take(cursor, sizeof(*extension));
		if (!extension)
			return LB_BAD_LENGTH;
		if (next_header == IPPROTO_FRAGMENT) {
			pieces = bpf_ntohs(extension->offset);
			out->fragment = pieces & (IPV6_OFFSET | IPV6_MORE);
			out->offset = pieces & IPV6_OFFSET;
			out->id = extension->id;
		} else {
			skip = (__u64)extension->length << (next_header == IPPROTO_AH ? 2 : 3);
			asm volatile("%0 &= 0x7ff" : "+r"(skip));
			cursor->at += skip;
		}
		next_header = extension->next_header;
		/* What follows is in another packet. */
		if (out->offset) {
			out->protocol = next_header;
			return LB_CONTINUE;
		}
	}
	out->protocol = next_header;
	return next_header == IPPROTO_FRAGMENT || parse_is_option(next_header) ? LB_EXTENSIONS
									       : LB_CONTINUE;
}

/* linux/icmp.h includes a C library's headers. */
enum icmp_type {
	ICMP_ECHOREPLY = 0,
	ICMP_DEST_UNREACH = 3,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETERPROB = 12,
};

#define ICMP_FRAG_NEEDED 4 /* code of ICMP_DEST_UNREACH */

enum icmpv6_type {
	ICMPV6_DEST_UNREACH = 1,
	ICMPV6_PKT_TOOBIG = 2,
	ICMPV6_PARAMPROB = 4,
	ICMPV6_ECHO_REQUEST = 128,
	ICMPV6_ECHO_REPLY = 129,
};

/* Of both protocols: type, code, checksum, and four bytes whose meaning depends on the type. */
struct icmp_header {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__be16 rest[2];
};

/* Errors that are about a packet, and so carry its first bytes. */
static __always_inline bool parse_is_error(const struct icmp_header *icmp, bool ipv6)
{
	if (ipv6)
		return icmp->type >= ICMPV6_DEST_UNREACH && icmp->type <= ICMPV6_PARAMPROB;
	return icmp->type == ICMP_DEST_UNREACH || icmp->type == ICMP_TIME_EXCEEDED ||
	       icmp->type == ICMP_PARAMETERPROB;
}

/*
 * The flow of the quoted packet. That came from the VIP, so that the client's flow is its reverse. Eight
 * bytes of TCP or UDP, which RFC 792 promises, are enough. Returns false when it names no flow. What
 * is behind the packet pads the frame.
 */
static __always_inline bool parse_quoted(struct packet *pkt, struct cursor *cursor)
{
	__u32 room = pkt->ip_length - pkt->l3_length - sizeof(struct icmp_header);
	__u64 start = (__u64)cursor->at;
	struct carried carried = {};
	struct lb_address from, to;
	__be16 *ports;

	if (pkt->ipv6) {
		const struct ipv6hdr *ip = cursor_take(cursor, sizeof(*ip));

		if (!ip || ip->version != 6)
			return false;
		__builtin_memcpy(&from, &ip->saddr, sizeof(from));
		__builtin_memcpy(&to, &ip->daddr, sizeof(to));
		if (parse_ipv6_carried(ip->nexthdr, cursor, &carried))
			return false;
	} else {
		const struct iphdr *ip = cursor_take(cursor, sizeof(*ip));

		if (!ip || ip->version != 4)
			return false;
		from = packet_map_ipv4(ip->saddr);
		to = packet_map_ipv4(ip->daddr);
		if (parse_ipv4_carried(ip, cursor, &carried))
			return false;
	}
	if (carried.protocol != IPPROTO_TCP && carried.protocol != IPPROTO_UDP)
		return false;
	if (from.halves[0] != pkt->flow.destination.halves[0] ||
	    from.halves[1] != pkt->flow.destination.halves[1])
		return false;
	ports = carried.offset ? NULL : cursor_take(cursor, 2 * sizeof(*ports));
	if (!ports || (__u64)cursor->at - start > room)
		return false;
	pkt->flow.source = to;
	pkt->flow.source_port = ports[1];
	pkt->flow.destination_port = ports[0];
	pkt->flow.protocol = carried.protocol;
	pkt->kind = PACKET_QUOTED;
	return true;
}

/*
 * An ICMP packet that names no flow is PACKET_ICMP, which is left to the host's stack, or PACKET_ECHO.
 */
static __always_inline enum lb_reason parse_icmp(struct packet *pkt, struct cursor *cursor)
{
	const struct icmp_header *icmp = cursor_take(cursor, sizeof(*icmp));
	__u32 ip_header_length = pkt->ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);

	if (!icmp || pkt->ip_length < pkt->l3_length + sizeof(*icmp))
		return LB_ICMP;
	if (parse_is_error(icmp, pkt->ipv6))
		return parse_quoted(pkt, cursor) ? LB_CONTINUE : LB_ICMP;
	if (pkt->l3_length != ip_header_length || icmp->code ||
	    icmp->type != (pkt->ipv6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO))
		return LB_ICMP;
	pkt->kind = PACKET_ECHO;
	return LB_CONTINUE;
}

/* TCP and UDP begin with the ports; the rest of the header has to be there too. */
static __always_inline enum lb_reason parse_transport(struct packet *pkt, struct cursor *cursor,
						      const struct carried *carried)
{
	bool tcp = carried->protocol == IPPROTO_TCP;
	__u32 header_length = tcp ? sizeof(struct tcphdr) : sizeof(struct udphdr);
	__u32 *ports;

	pkt->fragment_id = carried->id;
	if (carried->offset) {
		pkt->kind = PACKET_LATER_FRAGMENT;
		if (pkt->ip_length < pkt->l3_length)
			return LB_BAD_LENGTH;
		/* The attacks of RFC 1858 and RFC 3128 on filters that look at first fragments. */
		return carried->offset < header_length ? LB_FRAGMENT_TINY : LB_CONTINUE;
	}
	if (carried->fragment)
		pkt->kind = PACKET_FIRST_FRAGMENT;
	ports = cursor_take(cursor, sizeof(*ports));
	if (!ports || cursor->at + header_length - sizeof(*ports) > cursor->end ||
	    pkt->ip_length < pkt->l3_length + header_length)
		return carried->fragment ? LB_FRAGMENT_TINY : LB_BAD_LENGTH;
	pkt->flow.ports = *ports;
	/* The header is there; for the verifier, which does not know that of TCP alone. */
	if (tcp && (void *)ports + TCP_FLAGS_AT < cursor->end)
		pkt->tcp_flags = ((__u8 *)ports)[TCP_FLAGS_AT];
	return LB_CONTINUE;
}

/* What follows the IP header, whose first byte is at start. */
static __always_inline enum lb_reason parse_carried(struct packet *pkt, struct cursor *cursor,
						    __u64 start, __u8 icmp,
						    const struct carried *carried)
{
	__u64 left =
		features.frags ? pkt->frame_length - pkt->l2_length : (__u64)cursor->end - start;

	pkt->l3_length = (__u64)cursor->at - start;
	pkt->flow.protocol = carried->protocol;
	if (carried->protocol == icmp) {
		pkt->kind = PACKET_ICMP;
		if (carried->fragment || pkt->ip_length > left)
			return LB_ICMP;
		return parse_icmp(pkt, cursor);
	}
	if (carried->protocol != IPPROTO_TCP && carried->protocol != IPPROTO_UDP &&
	    !(carried->offset && parse_is_option(carried->protocol)))
		return LB_NO_SERVICE;
	if (pkt->ip_length > left)
		return LB_BAD_LENGTH;
	return parse_transport(pkt, cursor, carried);
}

static __always_inline enum lb_reason parse_ipv4(struct packet *pkt, struct cursor *cursor)
{
	__u64 start = (__u64)cursor->at;
	struct iphdr *ip = cursor_take(cursor, sizeof(*ip));
	struct carried carried = {};
	enum lb_reason reason;

	if (!ip || ip->version != 4)
		return LB_TRUNCATED;
	pkt->flow.source = packet_map_ipv4(ip->saddr);
	pkt->flow.destination = packet_map_ipv4(ip->daddr);
	pkt->tos = ip->tos;
	pkt->ip_length = bpf_ntohs(ip->tot_len);
	pkt->fragile = !(ip->frag_off & bpf_htons(IPV4_DONT_FRAGMENT));
	reason = parse_ipv4_carried(ip, cursor, &carried);
	return reason ?: parse_carried(pkt, cursor, start, IPPROTO_ICMP, &carried);
}

static __always_inline enum lb_reason parse_ipv6(struct packet *pkt, struct cursor *cursor)
{
	__u64 start = (__u64)cursor->at;
	struct ipv6hdr *ip = cursor_take(cursor, sizeof(*ip));
	struct carried carried = {};
	enum lb_reason reason;

	if (!ip || ip->version != 6)
		return LB_TRUNCATED;
	__builtin_memcpy(&pkt->flow.source, &ip->saddr, sizeof(pkt->flow.source));
	__builtin_memcpy(&pkt->flow.destination, &ip->daddr, sizeof(pkt->flow.destination));
	pkt->tos = ip->priority << 4 | ip->flow_lbl[0] >> 4;
	pkt->ip_length = sizeof(*ip) + bpf_ntohs(ip->payload_len);

	if (packet_is_mapped(&pkt->flow.destination))
		return LB_NO_SERVICE;
	reason = parse_ipv6_carried(ip->nexthdr, cursor, &carried);
	return reason ?: parse_carried(pkt, cursor, start, IPPROTO_ICMPV6, &carried);
}

/* parse(): sets what the frame says. A global function, which the verifier looks at once, and not again
 * for each of the ways that lead through it. */
__noinline int parse(struct xdp_md *ctx, struct packet *pkt)
{
	struct cursor cursor;

	if (!pkt)
		return LB_NOT_IP;
	switch (parse_ethernet(pkt, ctx, &cursor)) {
	case bpf_htons(ETH_P_IP):
		return parse_ipv4(pkt, &cursor);
	case bpf_htons(ETH_P_IPV6):
		pkt->ipv6 = true;
		return features.ipv6 ? parse_ipv6(pkt, &cursor) : LB_NO_SERVICE;
	default:
		return LB_NOT_IP;
	}
}

#endif
