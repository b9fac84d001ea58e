// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend's side: takes the outer header off IP-in-IP packets (RFC 2003, RFC 2473) that are
 * addressed to this host and hands the inner packet to the stack. Everything else is left alone.
 */
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <xdp/xdp_helpers.h>

#include "decap_abi.h"

/* The host's addresses; the value says nothing. Written by hairpinctl decap attach. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DECAP_MAX_ADDRESSES);
	__type(key, struct lb_address);
	__type(value, __u8);
} decap_addresses SEC(".maps");

/* Packets by enum decap_reason. Written by the program. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DECAP_REASON_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} decap_counters SEC(".maps");

struct tunnel {
	struct lb_address destination;
	__u8 protocol;      /* of the inner packet */
	__u32 outer_length; /* bytes of the outer IP header */
};

#define IPV4_FRAGMENT 0x3fff /* more fragments, or an offset: RFC 791 section 3.1 */

static __always_inline enum decap_reason parse_ipv4(void *at, void *end, struct tunnel *tunnel)
{
	struct iphdr *ip = at;

	if ((void *)(ip + 1) > end || ip->version != 4)
		return DECAP_NOT_TUNNEL;
	if (ip->protocol != IPPROTO_IPIP && ip->protocol != IPPROTO_IPV6)
		return DECAP_NOT_TUNNEL;
	if (ip->ihl != sizeof(*ip) / 4 || ip->frag_off & bpf_htons(IPV4_FRAGMENT))
		return DECAP_UNSUITABLE;
	tunnel->destination.words[2] = bpf_htonl(0xffff);
	tunnel->destination.words[3] = ip->daddr;
	tunnel->protocol = ip->protocol;
	tunnel->outer_length = sizeof(*ip);
	return DECAP_UNWRAPPED;
}

static __always_inline enum decap_reason parse_ipv6(void *at, void *end, struct tunnel *tunnel)
{
	struct ipv6hdr *ip = at;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return DECAP_NOT_TUNNEL;
	if (ip->nexthdr != IPPROTO_IPIP && ip->nexthdr != IPPROTO_IPV6)
		return DECAP_NOT_TUNNEL;
	__builtin_memcpy(&tunnel->destination, &ip->daddr, sizeof(tunnel->destination));
	/* ::ffff:a.b.c.d on the wire is not the IPv4 address that the map writes so. */
	if (!tunnel->destination.halves[0] && tunnel->destination.words[2] == bpf_htonl(0xffff))
		return DECAP_NOT_LOCAL;
	tunnel->protocol = ip->nexthdr;
	tunnel->outer_length = sizeof(*ip);
	return DECAP_UNWRAPPED;
}

/* The inner header has to be there, and to be what the outer one says. */
static __always_inline bool inner_is_whole(void *at, void *end, __u8 protocol)
{
	__u32 length = protocol == IPPROTO_IPV6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	__u8 version = protocol == IPPROTO_IPV6 ? 6 : 4;

	return at + length <= end && *(__u8 *)at >> 4 == version;
}

/* The Ethernet header moves up to the inner packet, with that one's type. */
static __always_inline enum decap_reason unwrap(struct xdp_md *ctx, const struct tunnel *tunnel)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data, copy;

	if ((void *)(eth + 1) > end)
		return DECAP_BAD_INNER;
	copy = *eth;
	copy.h_proto =
		tunnel->protocol == IPPROTO_IPV6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	if (bpf_xdp_adjust_head(ctx, tunnel->outer_length))
		return DECAP_UNMOVABLE;
	eth = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if ((void *)(eth + 1) > end)
		return DECAP_UNMOVABLE;
	*eth = copy;
	return DECAP_UNWRAPPED;
}

static __always_inline enum decap_reason process(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct tunnel tunnel = {};
	enum decap_reason reason;

	if ((void *)(eth + 1) > end)
		return DECAP_NOT_TUNNEL;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		reason = parse_ipv4(eth + 1, end, &tunnel);
	else if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		reason = parse_ipv6(eth + 1, end, &tunnel);
	else
		return DECAP_NOT_TUNNEL;
	if (reason != DECAP_UNWRAPPED)
		return reason;
	if (!bpf_map_lookup_elem(&decap_addresses, &tunnel.destination))
		return DECAP_NOT_LOCAL;
	/* Two constants, not a variable, so that the verifier can follow the bounds. */
	if (tunnel.outer_length == sizeof(struct iphdr)) {
		if (!inner_is_whole((void *)(eth + 1) + sizeof(struct iphdr), end, tunnel.protocol))
			return DECAP_BAD_INNER;
	} else if (!inner_is_whole((void *)(eth + 1) + sizeof(struct ipv6hdr), end,
				   tunnel.protocol)) {
		return DECAP_BAD_INNER;
	}
	return unwrap(ctx, &tunnel);
}

static __always_inline int finish(enum decap_reason reason)
{
	__u32 index = reason;
	__u64 *count = bpf_map_lookup_elem(&decap_counters, &index);

	if (count)
		(*count)++;
	switch (reason) {
#define X(name, action, words) \
	case DECAP_##name:     \
		return XDP_##action;
		DECAP_REASONS(X)
#undef X
	default:
		return XDP_ABORTED;
	}
}

struct {
	__uint(priority, 20);
	__uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(hairpin_decap);

SEC("xdp")
int hairpin_decap(struct xdp_md *ctx)
{
	return finish(process(ctx));
}

char _license[] SEC("license") = "GPL";
