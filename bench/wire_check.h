/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a frame is what a balancer has to make of the generator's: every byte of it, and that its
 * flow stays on its backend. */
#ifndef HAIRPIN_WIRE_CHECK_H
#define HAIRPIN_WIRE_CHECK_H

#include <stdbool.h>

#include <linux/if_ether.h>

#include "wire_frame.h"

struct wire_result result = {};
enum wire_plant plant = WIRE_PLANT_NONE;
/* The sender of what comes back, and of what was sent; set once. */
unsigned char balancer_mac[8] = {}, generator_mac[8] = {};

/* The backend that each flow was first seen on: the last word of the outer destination. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, WIRE_MAX_FLOWS);
	__type(key, __u32);
	__type(value, __u32);
} seen SEC(".maps");

static __always_inline bool ethernet_right(const void *eth, __be16 protocol)
{
	const __u16 *words = eth, *from = (void *)balancer_mac, *to = (void *)generator_mac;

	return words[0] == to[0] && words[1] == to[1] && words[2] == to[2] && words[3] == from[0] &&
	       words[4] == from[1] && words[5] == from[2] && words[6] == protocol;
}

/* RFC 2003, as hairpin writes it: don't fragment, identification 0, from 192.168.0.2. */
static __always_inline bool outer_ipv4_right(const __be32 *outer)
{
	__u64 sum = (__u64)outer[0] + outer[1] + outer[2] + outer[3] + outer[4];

	return outer[0] == bpf_htonl(0x45000000 | (sizeof(struct iphdr) + IPV4_LENGTH)) &&
	       outer[1] == bpf_htonl(0x00004000) &&
	       (outer[2] & bpf_htonl(0xffff0000)) == bpf_htonl(0x40000000 | IPPROTO_IPIP << 16) &&
	       outer[3] == bpf_htonl(0xc0a80002) &&
	       (outer[4] & bpf_htonl(0xffff0000)) == bpf_htonl(0xac100000) && !frame_checksum(sum);
}

/* RFC 2473; any flow label; from fd00::2. */
static __always_inline bool outer_ipv6_right(const __be32 *outer)
{
	return (outer[0] & bpf_htonl(0xfff00000)) == bpf_htonl(0x60000000) &&
	       outer[1] == bpf_htonl(IPV6_LENGTH << 16 | IPPROTO_IPV6 << 8 | 64) &&
	       outer[2] == bpf_htonl(0xfd000000) && !outer[3] && !outer[4] &&
	       outer[5] == bpf_htonl(2) && outer[6] == bpf_htonl(0xfd010000) && !outer[7] &&
	       !outer[8];
}

static __always_inline bool words_are(const __be32 *words, const __be32 *want, const int count)
{
	__be32 difference = 0;

	for (int i = 0; i < count; i++)
		difference |= words[i] ^ want[i];
	return !difference;
}

static __always_inline __u32 flow_of(const __be32 *transport)
{
	return transport[traffic.protocol == IPPROTO_UDP ? UDP_FLOW_WORD : TCP_FLOW_WORD];
}

static __always_inline bool backend_right(__u32 flow, __u32 backend)
{
	__u32 pool = frame_flow_words(flow).service % traffic.pools;
	__u32 *before = bpf_map_lookup_elem(&seen, &flow);

	if (!before || backend - 1 - pool * traffic.backends >= traffic.backends)
		return false;
	if (!*before)
		*before = backend;
	return *before == backend;
}

static __always_inline void check_ipv4(void *data, void *end)
{
	__be32 *outer = data + ETH_HLEN, *inner = outer + 5;
	__be32 want[IPV4_LENGTH / 4] = {};
	__u32 flow;

	if ((void *)(inner + 10) > end || end - data != WIRE_FRAME_IPV4 + sizeof(struct iphdr) ||
	    !ethernet_right(data, bpf_htons(ETH_P_IP)) || !outer_ipv4_right(outer)) {
		result.bad_outer++;
		return;
	}
	flow = flow_of(inner + 5);
	frame_put_ipv4(want, flow);
	if (!words_are(inner, want, IPV4_LENGTH / 4))
		result.bad_inner++;
	else if (!backend_right(flow, bpf_ntohl(outer[4]) & 0xffff))
		result.bad_backend++;
	else
		result.verified++;
}

static __always_inline void check_ipv6(void *data, void *end)
{
	__be32 *outer = data + ETH_HLEN, *inner = outer + 10;
	__be32 want[IPV6_LENGTH / 4] = {};
	__u32 flow;

	if ((void *)(inner + 15) > end || end - data != WIRE_FRAME_IPV6 + sizeof(struct ipv6hdr) ||
	    !ethernet_right(data, bpf_htons(ETH_P_IPV6)) || !outer_ipv6_right(outer)) {
		result.bad_outer++;
		return;
	}
	flow = flow_of(inner + 10);
	frame_put_ipv6(want, flow);
	if (!words_are(inner, want, IPV6_LENGTH / 4))
		result.bad_inner++;
	else if (!backend_right(flow, bpf_ntohl(outer[9])))
		result.bad_backend++;
	else
		result.verified++;
}

/* Neighbour discovery of the kernel at the far end goes to group addresses; hairpin sends to none. */
static __always_inline bool check_is_neighbours(void *data, void *end)
{
	return data + ETH_HLEN > end || *(__u8 *)data & 1;
}

static __always_inline void check_plant(void *data, void *end)
{
	__u16 *outer = data + ETH_HLEN;
	bool ipv6 = traffic.ipv6;

	if ((void *)(outer + 30) > end)
		return;
	switch (plant) {
	case WIRE_PLANT_CHECKSUM:
		outer[5] ^= bpf_htons(1);
		break;
	case WIRE_PLANT_LENGTH:
		outer[ipv6 ? 2 : 1] ^= bpf_htons(8);
		break;
	case WIRE_PLANT_INNER:
		outer[29] ^= bpf_htons(1);
		break;
	case WIRE_PLANT_BACKEND:
		outer[ipv6 ? 19 : 9] ^= bpf_htons(1);
		if (!ipv6)
			outer[5] = 0;
		if (!ipv6)
			outer[5] = frame_checksum((__u64)outer[0] + outer[1] + outer[2] + outer[3] +
						  outer[4] + outer[6] + outer[7] + outer[8] +
						  outer[9]);
		break;
	default:
		break;
	}
}

#endif
