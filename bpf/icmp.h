/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP and ICMPv6 (RFC 792, RFC 4443): pings to a VIP are answered here; errors about a flow go where
 * the flow goes; a packet that is too large for the way to its backend is answered with an error.
 */
#ifndef HAIRPIN_ICMP_H
#define HAIRPIN_ICMP_H

#include "encap.h"
#include "maps.h"
#include "parse.h"

static __always_inline void icmp_swap(void *a, void *b, const __u32 size)
{
	__u8 copy[16];

	__builtin_memcpy(copy, a, size);
	__builtin_memcpy(a, b, size);
	__builtin_memcpy(b, copy, size);
}

/* A 16-bit word of what checksum covers changes: RFC 1624, equation 3. */
static __always_inline void icmp_adjust(__u16 *checksum, __u16 from, __u16 to)
{
	__u32 sum = (__u16) ~*checksum + (__u16)~from + to;

	sum = (sum & 0xffff) + (sum >> 16);
	*checksum = ~(sum + (sum >> 16));
}

#define ICMP_ANSWER_TTL 64

/* Not to a host: RFC 1122 section 3.2.2, RFC 4443 section 2.4. */
static __always_inline bool icmp_is_nobody(const struct lb_address *source, bool ipv6)
{
	__u8 first = source->bytes[ipv6 ? 0 : 12];

	if (ipv6)
		return first == 0xff || !(source->halves[0] | source->halves[1]);
	return first == 0 || first == 127 || first >= 224;
}

/* Answers go back to where the packet came from. */
static __always_inline void icmp_turn_ethernet(struct ethhdr *eth)
{
	icmp_swap(eth->h_dest, eth->h_source, ETH_ALEN);
}

/* Global functions, which the verifier looks at once: those that make an answer of a frame. */

/* icmp_echo(): turns an echo request, without options before it, into its reply. The payload is the
 * sender's, and what the checksum says of it stays as true as it was. */
__noinline int icmp_echo(struct xdp_md *ctx, __u32 l2_length, __u32 ipv6)
{
	void *eth = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	void *at = eth + (l2_length & 31);
	struct icmp_header *icmp;
	__u16 old;

	ONE_REGISTER(at);
	icmp = at + (ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	if ((void *)(icmp + 1) > end || eth + ETH_HLEN > end)
		return LB_ICMP;
	old = *(__u16 *)icmp;
	icmp->type = ipv6 ? ICMPV6_ECHO_REPLY : ICMP_ECHOREPLY;
	icmp_adjust(&icmp->checksum, old, *(__u16 *)icmp);
	/* Of zeroes alone the checksum is 0xffff; of others that is as good as 0. */
	if (!icmp->checksum)
		icmp->checksum = 0xffff;
	icmp_turn_ethernet(eth);
	if (ipv6) {
		struct ipv6hdr *ip = at;

		icmp_swap(&ip->saddr, &ip->daddr, sizeof(ip->saddr));
		ip->hop_limit = ICMP_ANSWER_TTL;
	} else {
		struct iphdr *ip = at;

		icmp_swap(&ip->saddr, &ip->daddr, sizeof(ip->saddr));
		old = *(__u16 *)&ip->ttl;
		ip->ttl = ICMP_ANSWER_TTL;
		icmp_adjust(&ip->check, old, *(__u16 *)&ip->ttl);
	}
	return LB_ECHO_ANSWERED;
}

/*
 * As much of the packet as an error may quote: RFC 1812 section 4.3.2.3 says up to 576 bytes, RFC 4443
 * section 2.4 up to IPv6's least MTU.
 */
#define ICMP_QUOTE_IPV4 (576 - (int)sizeof(struct iphdr) - (int)sizeof(struct icmp_header))
#define ICMP_QUOTE_IPV6 (1280 - (int)sizeof(struct ipv6hdr) - (int)sizeof(struct icmp_header))

/* Errors a second and CPU, and how many at once: as many as Linux sends (net.ipv4.icmp_msgs_per_sec
 * and icmp_msgs_burst). */
#define ICMP_ERROR_EVERY_NS 1000000ULL
#define ICMP_ERROR_BURST_NS (50 * ICMP_ERROR_EVERY_NS)

static __always_inline bool icmp_may_answer(void)
{
	struct lb_counters *own = counters_own();
	__u64 now = bpf_ktime_get_ns();

	if (!own)
		return false;
	if (own->answer_due_ns + ICMP_ERROR_BURST_NS < now)
		own->answer_due_ns = now - ICMP_ERROR_BURST_NS;
	if (own->answer_due_ns >= now)
		return false;
	own->answer_due_ns += ICMP_ERROR_EVERY_NS;
	return true;
}

#define ICMP_SUM_PIECE 512 /* more bpf_csum_diff() does not take before Linux 6.11 */

static __always_inline __u32 icmp_sum(void *at, const __u32 length, __u32 sum)
{
#pragma unroll
	for (__u32 done = 0; done < length; done += ICMP_SUM_PIECE)
		sum = bpf_csum_diff(NULL, 0, at + done,
				    length - done < ICMP_SUM_PIECE ? length - done : ICMP_SUM_PIECE,
				    sum);
	return sum;
}

/* The header of an answer to what starts at quote; returns the ICMP header's sum so far. */
static __always_inline void icmp_put_ipv4(struct iphdr *ip, __u32 mtu)
{
	struct icmp_header *icmp = (void *)(ip + 1);
	const struct iphdr *quote = (void *)(icmp + 1);
	struct iphdr new = {
		.version = 4,
		.ihl = sizeof(*ip) / 4,
		.tot_len = bpf_htons(sizeof(*ip) + sizeof(*icmp) + ICMP_QUOTE_IPV4),
		.frag_off = bpf_htons(IPV4_DONT_FRAGMENT),
		.ttl = ICMP_ANSWER_TTL,
		.protocol = IPPROTO_ICMP,
		.saddr = quote->daddr,
		.daddr = quote->saddr,
	};

	new.check = encap_fold(bpf_csum_diff(NULL, 0, (void *)&new, sizeof(new), 0));
	*ip = new;
	*icmp = (struct icmp_header){
		.type = ICMP_DEST_UNREACH,
		.code = ICMP_FRAG_NEEDED,
		.rest = {0, bpf_htons(mtu)}, /* RFC 1191 section 4 */
	};
	icmp->checksum = encap_fold(icmp_sum(icmp, sizeof(*icmp) + ICMP_QUOTE_IPV4, 0));
}

static __always_inline void icmp_put_ipv6(struct ipv6hdr *ip, __u32 mtu)
{
	struct icmp_header *icmp = (void *)(ip + 1);
	const struct ipv6hdr *quote = (void *)(icmp + 1);
	const __u32 length = sizeof(*icmp) + ICMP_QUOTE_IPV6;
	__be32 pseudo[2] = {bpf_htonl(length), bpf_htonl(IPPROTO_ICMPV6)};
	__u32 sum;

	*(__be32 *)ip = bpf_htonl(6u << 28);
	ip->payload_len = bpf_htons(length);
	ip->nexthdr = IPPROTO_ICMPV6;
	ip->hop_limit = ICMP_ANSWER_TTL;
	ip->saddr = quote->daddr;
	ip->daddr = quote->saddr;
	*icmp = (struct icmp_header){
		.type = ICMPV6_PKT_TOOBIG,
		.rest = {0, bpf_htons(mtu)},
	};
	sum = bpf_csum_diff(NULL, 0, pseudo, sizeof(pseudo), 0);
	sum = icmp_sum(&ip->saddr, 2 * sizeof(ip->saddr), sum);
	icmp->checksum = encap_fold(icmp_sum(icmp, length, sum));
}

/* Ethernet header and tags, which move up to the answer's IP header. */
struct icmp_ethernet {
	__u8 bytes[ETH_HLEN + PARSE_VLAN_TAGS * sizeof(struct vlan_tag)];
};

/* The frame becomes the answer: its tail is cut, and the new headers go in front. */
__noinline int icmp_too_big(struct xdp_md *ctx, __u32 l2_length, __u32 ipv6, __u32 mtu)
{
	const int quote = ipv6 ? ICMP_QUOTE_IPV6 : ICMP_QUOTE_IPV4;
	const int front =
		(ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) + sizeof(struct icmp_header);
	struct icmp_ethernet *eth = (void *)(long)ctx->data, copy;
	void *at;

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return LB_TOO_BIG;
	copy = *eth;
	if (bpf_xdp_adjust_tail(ctx, (int)l2_length + quote - (int)bpf_xdp_get_buff_len(ctx)) ||
	    bpf_xdp_adjust_head(ctx, -front))
		return LB_NO_HEADROOM;
	eth = (void *)(long)ctx->data;
	at = (void *)eth + (l2_length & 31);
	ONE_REGISTER(at);
	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return LB_NO_HEADROOM;
	*eth = copy;
	icmp_turn_ethernet((void *)eth);
	if (ipv6) {
		if (at + sizeof(struct ipv6hdr) + sizeof(struct icmp_header) + ICMP_QUOTE_IPV6 >
		    (void *)(long)ctx->data_end)
			return LB_NO_HEADROOM;
		icmp_put_ipv6(at, mtu);
	} else {
		if (at + sizeof(struct iphdr) + sizeof(struct icmp_header) + ICMP_QUOTE_IPV4 >
		    (void *)(long)ctx->data_end)
			return LB_NO_HEADROOM;
		icmp_put_ipv4(at, mtu);
	}
	return LB_TOO_BIG_ANSWERED;
}

/*
 * icmp_answer_too_big(): of a packet that with its header is larger than the way to the backend takes.
 * One that routers may fragment is dropped: XDP cannot, and who sends it does not look for a path MTU.
 */
static __always_inline enum lb_reason icmp_answer_too_big(struct packet *pkt, struct xdp_md *ctx)
{
	__u32 quote = pkt->ipv6 ? ICMP_QUOTE_IPV6 : ICMP_QUOTE_IPV4;

	if (pkt->fragile)
		return LB_TOO_BIG_NO_DF;
	if (pkt->kind == PACKET_QUOTED || pkt->kind == PACKET_LATER_FRAGMENT ||
	    pkt->ip_length < quote || icmp_is_nobody(&pkt->flow.source, pkt->ipv6))
		return LB_TOO_BIG;
	if (!pkt->dry && !icmp_may_answer())
		return LB_TOO_BIG;
	return icmp_too_big(ctx, pkt->l2_length, pkt->ipv6,
			    ELEMENT(arrays.backends[pkt->backend])->inner_mtu);
}

#endif
