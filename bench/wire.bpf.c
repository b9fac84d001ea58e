// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wire of the forward benchmark: a generator that writes every frame anew, a sink that counts
 * and verifies, and the programs that hairpin is compared with.
 */
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "wire_abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

/* The backend that each flow was last seen on: the last word of the outer destination. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WIRE_MAX_FLOWS);
	__type(key, __u32);
	__type(value, __u32);
} seen SEC(".maps");

struct wire_traffic traffic = {};
struct wire_result result = {};
bool verify = false;
/* Where the frames of the generator go; the MAC of the balancer's end. */
unsigned char balancer_mac[8] = {};

static __u64 generator_state = 0x9e3779b97f4a7c15ULL;
static __u32 fresh_flow;

static __always_inline __u64 next_random(void)
{
	__u64 x = generator_state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	generator_state = x;
	return x;
}

/* A frame, by the number of its flow alone, so that the sink can tell what was sent. */
struct flow_words {
	__be32 source;
	__be16 source_port;
	__u32 service;
};

static __always_inline struct flow_words flow_words(__u32 flow)
{
	__u64 mixed = (flow + 1) * 0x9fb21c651e98df25ULL;

	mixed ^= mixed >> 32;
	return (struct flow_words){
		/* An odd factor permutes 24 bits: flows differ in the address alone. */
		.source = bpf_htonl(0x0a000000 | ((flow * 0x9e3779b1u) & 0xffffff)),
		.source_port = bpf_htons(1024 + (mixed & 0x7fff)),
		.service = (mixed >> 16 & 0xffffffff) * traffic.services >> 32,
	};
}

#define IPV4_LENGTH (sizeof(struct iphdr) + sizeof(struct tcphdr))
#define IPV6_LENGTH (sizeof(struct ipv6hdr) + sizeof(struct tcphdr))

static __always_inline void put_transport(struct tcphdr *tcp, __u32 flow,
					  const struct flow_words *words)
{
	tcp->source = words->source_port;
	tcp->dest = bpf_htons(443);
	tcp->seq = flow; /* the checksum's place for UDP; the sink reads the flow from it */
	if (traffic.protocol == IPPROTO_UDP) {
		((struct udphdr *)tcp)->len = bpf_htons(sizeof(*tcp));
		((struct udphdr *)tcp)->check = 0;
		tcp->ack_seq = flow; /* the first payload word */
		return;
	}
	((__be32 *)tcp)[2] = 0;
	((__be32 *)tcp)[3] = traffic.syn ? bpf_htonl(0x50020400) : bpf_htonl(0x50100400);
	((__be32 *)tcp)[4] = 0;
}

static __always_inline void put_ipv4(__be32 *ip, __u32 flow)
{
	struct flow_words words = flow_words(flow);

	ip[0] = bpf_htonl(0x45000000 | IPV4_LENGTH);
	ip[1] = bpf_htonl(0x00004000);
	ip[2] = bpf_htonl(0x40000000 | (__u32)traffic.protocol << 16);
	ip[3] = words.source;
	ip[4] = bpf_htonl(0xc6120000 + words.service); /* 198.18.0.0/15: RFC 2544 */
	put_transport((struct tcphdr *)(ip + 5), flow, &words);
}

static __always_inline void put_ipv6(__be32 *ip, __u32 flow)
{
	struct flow_words words = flow_words(flow);

	ip[0] = bpf_htonl(0x60000000);
	ip[1] = bpf_htonl((__u32)sizeof(struct tcphdr) << 16 | traffic.protocol << 8 | 64);
	ip[2] = bpf_htonl(0xfd000000);
	ip[3] = 0;
	ip[4] = 0;
	ip[5] = words.source;
	ip[6] = bpf_htonl(0x20010db8);
	ip[7] = 0;
	ip[8] = 0;
	ip[9] = bpf_htonl(words.service);
	put_transport((struct tcphdr *)(ip + 10), flow, &words);
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 flow = traffic.fresh ? fresh_flow++ & (WIRE_MAX_FLOWS - 1)
				   : (next_random() >> 32) * traffic.flows >> 32;
	struct ethhdr *eth = data;

	if (data + ETH_HLEN + IPV4_LENGTH > end)
		return XDP_DROP;
	*(__u64 *)eth = *(__u64 *)balancer_mac; /* and two bytes of the source */
	*(__u32 *)(data + 8) = 0x02020202;
	eth->h_proto = traffic.ipv6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	if (!traffic.ipv6)
		put_ipv4(data + ETH_HLEN, flow);
	else if (data + ETH_HLEN + IPV6_LENGTH <= end)
		put_ipv6(data + ETH_HLEN, flow);
	else
		return XDP_DROP;
	return bpf_redirect_map(&devices, traffic.device, 0);
}

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static __always_inline bool outer_ipv4_right(const struct iphdr *outer, __u16 inner_length)
{
	const __u16 *words = (const __u16 *)outer;
	__u32 sum = 0;

	for (int i = 0; i < 10; i++)
		sum += words[i];
	return outer->version == 4 && outer->ihl == 5 && outer->ttl == 64 &&
	       outer->protocol == (traffic.ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP) &&
	       bpf_ntohs(outer->tot_len) == sizeof(*outer) + inner_length && fold(sum) == 0xffff;
}

static __always_inline bool outer_ipv6_right(const struct ipv6hdr *outer, __u16 inner_length)
{
	return outer->version == 6 && outer->hop_limit == 64 &&
	       outer->nexthdr == (traffic.ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP) &&
	       bpf_ntohs(outer->payload_len) == inner_length;
}

static __always_inline bool inner_ipv4_right(void *inner, void *end, __u32 *flow)
{
	__u32 want[IPV4_LENGTH / 4] = {}, *at = inner;

	if (inner + IPV4_LENGTH > end)
		return false;
	*flow = at[traffic.protocol == IPPROTO_UDP ? 7 : 6];
	put_ipv4(want, *flow);
	for (int i = 0; i < 8; i++)
		if (at[i] != want[i])
			return false;
	return true;
}

static __always_inline bool inner_ipv6_right(void *inner, void *end, __u32 *flow)
{
	__u32 want[IPV6_LENGTH / 4] = {}, *at = inner;

	if (inner + IPV6_LENGTH > end)
		return false;
	*flow = at[traffic.protocol == IPPROTO_UDP ? 12 : 11];
	put_ipv6(want, *flow);
	for (int i = 0; i < 13; i++)
		if (at[i] != want[i])
			return false;
	return true;
}

static __always_inline bool backend_is_the_same(__u32 flow, __u32 backend)
{
	__u32 *before = bpf_map_lookup_elem(&seen, &flow);

	if (!before)
		return false;
	if (!*before)
		*before = backend;
	return *before == backend;
}

static __always_inline void check(void *data, void *end)
{
	__u16 inner_length = traffic.ipv6 ? IPV6_LENGTH : IPV4_LENGTH;
	struct ethhdr *eth = data;
	__u32 flow = 0, backend;
	bool inner_right;
	void *inner;

	if (data + sizeof(*eth) + sizeof(struct ipv6hdr) > end)
		goto bad_outer;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *outer = (void *)(eth + 1);

		if (!outer_ipv4_right(outer, inner_length))
			goto bad_outer;
		backend = outer->daddr;
		inner = outer + 1;
	} else {
		struct ipv6hdr *outer = (void *)(eth + 1);

		if (!outer_ipv6_right(outer, inner_length))
			goto bad_outer;
		backend = outer->daddr.in6_u.u6_addr32[3];
		inner = outer + 1;
	}
	inner_right = traffic.ipv6 ? inner_ipv6_right(inner, end, &flow)
				   : inner_ipv4_right(inner, end, &flow);
	if (!inner_right) {
		result.bad_inner++;
		result.faults++;
	} else if (!backend_is_the_same(flow, backend)) {
		result.bad_backend++;
		result.faults++;
	} else {
		result.verified++;
	}
	return;
bad_outer:
	result.bad_outer++;
	result.faults++;
}

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	result.frames++;
	if (verify)
		check((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	return XDP_DROP;
}

/* The least that any program can do. */
SEC("xdp")
int reference_tx(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_TX;
}

/* What any encapsulating program has to do at least: make room, write a constant header. */
static __always_inline int push(struct xdp_md *ctx, const int length)
{
	static const __u64 header[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	void *data, *end;

	if (bpf_xdp_adjust_head(ctx, -length))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + ETH_HLEN + length > end)
		return XDP_DROP;
	__builtin_memcpy(__builtin_assume_aligned(data, 8), header, ETH_HLEN + length);
	return XDP_TX;
}

SEC("xdp")
int reference_push20(struct xdp_md *ctx)
{
	return push(ctx, 20);
}

SEC("xdp")
int reference_push40(struct xdp_md *ctx)
{
	return push(ctx, 40);
}

SEC("xdp")
int reference_pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
