// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend's side: takes the outer headers off the tunnel packets that are addressed to this
 * host (tunnel.h says of which kinds) and hands the inner packet to the stack. Everything else is
 * left alone.
 */
#include <xdp/xdp_helpers.h>

#include "tunnel.h"

/* The host's addresses; the value says nothing. Written by hairpinctl decap attach. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DECAP_MAX_ADDRESSES);
	__type(key, struct lb_address);
	__type(value, __u8);
} decap_addresses SEC(".maps");

/* Its only entry: a bit for each enum decap_kind to unwrap. Written by hairpinctl decap attach. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} decap_kinds SEC(".maps");

/* Packets by enum decap_reason. Written by the program. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DECAP_REASON_ROOM);
	__type(key, __u32);
	__type(value, __u64);
} decap_counters SEC(".maps");

/* RFC 3168 section 5 */
enum ecn { ECN_NOT_ECT, ECN_ECT1, ECN_ECT0, ECN_CE };

/* What congestion the outer header tells is told by the inner one from here on: RFC 6040, figure 4. */
static __always_inline __u8 ecn_merge(__u8 inner, __u8 outer)
{
	if (outer == ECN_CE || (outer == ECN_ECT1 && inner == ECN_ECT0))
		return outer;
	return inner;
}

static __always_inline void ecn_set_ipv4(struct iphdr *ip, __u8 ecn)
{
	__u16 *word = (void *)ip, before = *word;
	__u32 sum;

	ip->tos = (ip->tos & ~ECN_CE) | ecn;
	/* RFC 1624, equation 3 */
	sum = (__u16)~ip->check + (__u16)~before + *word;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~sum;
}

static __always_inline enum decap_reason check_ipv4(const struct tunnel *tunnel,
						    struct cursor *cursor)
{
	struct iphdr *ip = cursor_take(cursor, sizeof(*ip));
	__u8 inner, ecn;

	if (!ip || ip->version != 4)
		return DECAP_BAD_INNER;
	inner = ip->tos & ECN_CE;
	ecn = ecn_merge(inner, tunnel->ecn);
	if (ecn == inner)
		return DECAP_UNWRAPPED;
	if (inner == ECN_NOT_ECT)
		return DECAP_CONGESTED;
	ecn_set_ipv4(ip, ecn);
	return DECAP_UNWRAPPED;
}

static __always_inline enum decap_reason check_ipv6(const struct tunnel *tunnel,
						    struct cursor *cursor)
{
	struct ipv6hdr *ip = cursor_take(cursor, sizeof(*ip));
	__u8 inner, ecn;

	if (!ip || ip->version != 6)
		return DECAP_BAD_INNER;
	inner = ip->flow_lbl[0] >> 4 & ECN_CE;
	ecn = ecn_merge(inner, tunnel->ecn);
	if (ecn == inner)
		return DECAP_UNWRAPPED;
	if (inner == ECN_NOT_ECT)
		return DECAP_CONGESTED;
	ip->flow_lbl[0] = (ip->flow_lbl[0] & ~(ECN_CE << 4)) | ecn << 4;
	return DECAP_UNWRAPPED;
}

/* The inner header has to be there, and to be what the outer one says. */
static __always_inline enum decap_reason check_inner(const struct tunnel *tunnel,
						     struct cursor *cursor)
{
	return tunnel->protocol == IPPROTO_IPV6 ? check_ipv6(tunnel, cursor)
						: check_ipv4(tunnel, cursor);
}

/* The Ethernet header, head bytes with its tags, moves up to the inner packet, with that one's type. */
static __always_inline enum decap_reason unwrap(struct xdp_md *ctx, const struct tunnel *tunnel,
						const __u32 head)
{
	void *frame = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__be16 copy[TUNNEL_HEAD_MAX / 2];

	if (frame + head > end)
		return DECAP_BAD_INNER;
	__builtin_memcpy(copy, frame, head);
	copy[head / 2 - 1] =
		tunnel->protocol == IPPROTO_IPV6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	if (bpf_xdp_adjust_head(ctx, tunnel->length))
		return DECAP_UNMOVABLE;
	frame = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (frame + head > end)
		return DECAP_UNMOVABLE;
	__builtin_memcpy(frame, copy, head);
	return DECAP_UNWRAPPED;
}

static __always_inline bool is_wanted(const struct tunnel *tunnel)
{
	__u32 first = 0, *kinds = bpf_map_lookup_elem(&decap_kinds, &first);

	return kinds && *kinds & 1u << tunnel_kind(tunnel);
}

static __always_inline enum decap_reason process(struct xdp_md *ctx)
{
	struct cursor cursor = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	struct tunnel tunnel = {};

	TUNNEL_TRY(tunnel_parse(&tunnel, &cursor));
	if (!bpf_map_lookup_elem(&decap_addresses, &tunnel.destination))
		return DECAP_NOT_LOCAL;
	if (!is_wanted(&tunnel))
		return DECAP_NOT_WANTED;
	TUNNEL_TRY(tunnel_parse_header(&tunnel, &cursor));
	TUNNEL_TRY(check_inner(&tunnel, &cursor));
	/* Constants, not a variable, so that the verifier can follow the bounds. */
	switch (tunnel.head) {
	case ETH_HLEN:
		return unwrap(ctx, &tunnel, ETH_HLEN);
	case ETH_HLEN + sizeof(struct tunnel_tag):
		return unwrap(ctx, &tunnel, ETH_HLEN + sizeof(struct tunnel_tag));
	default:
		return unwrap(ctx, &tunnel, TUNNEL_HEAD_MAX);
	}
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
	__uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(hairpin_decap);

SEC("xdp")
int hairpin_decap(struct xdp_md *ctx)
{
	return finish(process(ctx));
}

char _license[] SEC("license") = "GPL";
