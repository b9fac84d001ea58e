/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes -> struct packet: what a packet is, and the short way for the most common one. All others:
 * parse.h. */
#ifndef HAIRPIN_PACKET_H
#define HAIRPIN_PACKET_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "abi.h"
#include "hash.h"
#include "reasons.h"

extern const volatile struct lb_features features;
extern const volatile __u32 slot_count; /* of the array of slots */

enum packet_kind {
	PACKET_WHOLE,          /* TCP or UDP */
	PACKET_FIRST_FRAGMENT, /* of either, with its ports */
	PACKET_LATER_FRAGMENT, /* flow has no ports */
	PACKET_ICMP,           /* or ICMPv6; flow has no ports */
	PACKET_ECHO,           /* a ping, and nothing between its headers */
	PACKET_QUOTED,         /* an ICMP error; flow is the one that it is about */
};

/* What the stages know about one packet. Holds no pointer into the frame, which moves. */
struct packet {
	struct flow flow;
	__u8 ipv6;
	__u8 tos;       /* DSCP and ECN */
	__u8 l2_length; /* where the IP header starts */
	__u8 kind;      /* enum packet_kind */
	/* 64 bits: for less clang spills half of a pointer, which the verifier refuses. */
	__u64 frame_length;
	__u32 ip_length; /* of the IP packet with its header, by its own word */

	__u8 tcp_flags;  /* TCP_*; 0: not TCP */
	__u8 dry;        /* hairpin_trace: leave no trace */
	__u8 on_cpu;     /* another CPU handed it over */
	__u8 lean;       /* see USES() */
	__u8 fragile;    /* IPv4, and DF is not set */
	__u16 l3_length; /* from the IP header to the transport header */
	__be32 fragment_id;

	/* Set by select.h. */
	__u64 hash;
	__u32 slot;
	union lb_service_target target;
	__u16 backend;
	__u16 slot_moved;
	__u8 moved; /* the slot, or all flows of the service */
};

/*
 * USES(): whether a feature is on that most catalogs do without. What the verifier leaves of a test of
 * a constant is two instructions; of a dozen of them, 2 ns. So the common way is compiled a second time
 * for programs without any of these, where the compiler sees that pkt->lean is set.
 */
#define USES(pkt, feature) (!(pkt)->lean && features.feature)

/* Of the TCP header's byte 13. */
enum tcp_flag { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };

#define TCP_FLAGS_AT 13

struct cursor {
	void *at, *end;
};

/* One register for check and access of a pointer of variable offset: the verifier does not know that
 * two are equal. */
#define ONE_REGISTER(pointer) asm volatile("" : "+r"(pointer))

/* The machines that have native XDP read words wherever they stand; the compiler assumes that those
 * of a frame are aligned to 4 bytes, and reads an IPv6 address in four pieces. */
#define PACKET_WORDS(at) __builtin_assume_aligned(at, 8)

/* cursor_take(): the next size bytes, or NULL when the frame ends before. */
static __always_inline void *cursor_take(struct cursor *cursor, __u32 size)
{
	void *at = cursor->at;

	ONE_REGISTER(at);
	if (at + size > cursor->end)
		return NULL;
	cursor->at = at + size;
	return at;
}

static __always_inline struct lb_address packet_map_ipv4(__be32 address)
{
	return (struct lb_address){.words = {0, 0, bpf_htonl(0xffff), address}};
}

#define IPV4_FRAGMENT 0x3fff /* more fragments, or an offset: RFC 791 section 3.1 */

/* ::ffff:a.b.c.d on the wire: not the IPv4 address that we write so, but nobody's (RFC 4291). */
static __always_inline bool packet_is_mapped(const struct lb_address *address)
{
	return !address->halves[0] && address->words[2] == bpf_htonl(0xffff);
}

/*
 * The common packet: TCP or UDP right behind an IP header without options, in one piece and whole.
 * With a TCP header behind the IP header, or as much of a datagram, one bounds check and one of the
 * length serve both; the few datagrams that are shorter take the long way.
 */
static __always_inline bool packet_is_common(struct packet *pkt, const struct cursor *cursor,
					     __u8 protocol, __u32 ip_header_length)
{
	__u64 left = USES(pkt, frags) ? pkt->frame_length - ETH_HLEN : cursor->end - cursor->at;

	pkt->flow.protocol = protocol;
	pkt->flow.ports = *(__u32 *)(cursor->at + ip_header_length);
	return pkt->ip_length <= left && pkt->ip_length >= ip_header_length + sizeof(struct tcphdr);
}

/* packet_common_ipv4(): sets the flow and returns true, or false. cursor: at the IP header. */
static __always_inline bool packet_common_ipv4(struct packet *pkt, const struct cursor *cursor)
{
	const struct iphdr *ip = cursor->at;

	if (cursor->at + sizeof(*ip) + sizeof(struct tcphdr) > cursor->end || *(__u8 *)ip != 0x45 ||
	    ip->frag_off & bpf_htons(IPV4_FRAGMENT))
		return false;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return false;
	pkt->flow.source = packet_map_ipv4(ip->saddr);
	pkt->flow.destination = packet_map_ipv4(ip->daddr);
	pkt->tos = ip->tos;
	pkt->ip_length = bpf_ntohs(ip->tot_len);
	return packet_is_common(pkt, cursor, ip->protocol, sizeof(*ip));
}

static __always_inline bool packet_common_ipv6(struct packet *pkt, const struct cursor *cursor)
{
	const struct ipv6hdr *ip = cursor->at;

	if (cursor->at + sizeof(*ip) + sizeof(struct tcphdr) > cursor->end || ip->version != 6 ||
	    (ip->nexthdr != IPPROTO_TCP && ip->nexthdr != IPPROTO_UDP))
		return false;
	__builtin_memcpy(&pkt->flow.source, PACKET_WORDS(&ip->saddr), sizeof(pkt->flow.source));
	__builtin_memcpy(&pkt->flow.destination, PACKET_WORDS(&ip->daddr),
			 sizeof(pkt->flow.destination));
	if (packet_is_mapped(&pkt->flow.destination))
		return false;
	pkt->tos = ip->priority << 4 | ip->flow_lbl[0] >> 4;
	pkt->ip_length = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	return packet_is_common(pkt, cursor, ip->nexthdr, sizeof(*ip));
}

/* packet_open(): the frame from behind its Ethernet header on, and that one's type; 0: none. */
static __always_inline __be16 packet_open(struct packet *pkt, struct xdp_md *ctx,
					  struct cursor *cursor)
{
	void *eth = (void *)(long)ctx->data;

	cursor->at = eth + ETH_HLEN;
	cursor->end = (void *)(long)ctx->data_end;
	pkt->frame_length = USES(pkt, frags) ? bpf_xdp_get_buff_len(ctx) : cursor->end - eth;
	pkt->l2_length = ETH_HLEN;
	if (cursor->at > cursor->end)
		return 0;
	/* struct ethhdr is packed, and the compiler would read it byte by byte. */
	return *(__be16 *)(eth + offsetof(struct ethhdr, h_proto));
}

/* packet_common(): of either family, with what else the common way does without: TCP's flags. */
static __always_inline bool packet_common(struct packet *pkt, struct xdp_md *ctx)
{
	struct cursor cursor;
	__be16 type = packet_open(pkt, ctx, &cursor);
	__u8 *flags = cursor.at + TCP_FLAGS_AT;

	if (type == bpf_htons(ETH_P_IP) && packet_common_ipv4(pkt, &cursor)) {
		flags += sizeof(struct iphdr);
	} else if (type == bpf_htons(ETH_P_IPV6) && features.ipv6) {
		pkt->ipv6 = true;
		if (!packet_common_ipv6(pkt, &cursor))
			return false;
		flags += sizeof(struct ipv6hdr);
	} else {
		return false;
	}
	if (pkt->flow.protocol == IPPROTO_TCP) {
		ONE_REGISTER(flags);
		if ((void *)(flags + 1) > cursor.end)
			return false;
		pkt->tcp_flags = *flags;
	}
	return true;
}

#endif
