/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a frame is what a balancer has to make of the generator's: every byte of it, and that its
 * flow stays on its backend. */
#ifndef HAIRPIN_WIRE_CHECK_H
#define HAIRPIN_WIRE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/if_ether.h>

#include "wire_frame.h"

struct wire_result result = {};
struct wire_answer answer = {};
enum wire_plant plant = WIRE_PLANT_NONE;

/* The backend that each flow was first seen on: the last word of its number. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, WIRE_MAX_FLOWS);
	__type(key, __u32);
	__type(value, __u32);
} seen SEC(".maps");

#define HALF(offset) ((offset) / 2 & (WIRE_ANSWER_MAX / 2 - 1))

/* The frame that came back, in halves of words: headers have an even number of bytes. */
__u16 got[WIRE_ANSWER_MAX / 2] = {};

static __always_inline bool check_take(struct xdp_md *ctx)
{
	__u64 length = ctx->data_end - ctx->data;

	asm volatile("" : "+r"(length));
	return length == answer.frame_length && length > 0 && length <= sizeof(got) &&
	       !bpf_xdp_load_bytes(ctx, 0, got, length);
}

static __always_inline __u64 check_sum(__u32 ipv4_at)
{
	__u64 sum = 0;

	for (int i = 0; i < (int)sizeof(struct iphdr); i += 2)
		sum += got[HALF(ipv4_at + i)];
	return sum;
}

static __always_inline bool check_header(void)
{
	const __u16 *want = (void *)answer.header, *mask = (void *)answer.mask;
	__u16 wrong = 0;

	for (int i = 0; i < WIRE_HEADER_MAX / 2; i++)
		wrong |= (got[i] ^ want[i]) & mask[i];
	if (answer.ipv4_at)
		wrong |= frame_checksum(check_sum(answer.ipv4_at));
	return !wrong;
}

static __always_inline __u32 check_word(__u32 offset)
{
	__u16 halves[2] = {got[HALF(offset)], got[HALF(offset + 2)]};
	__u32 word;

	__builtin_memcpy(&word, halves, sizeof(word));
	return word;
}

static __always_inline __u32 check_flow(void)
{
	__u32 header_length = traffic.ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);

	return check_word(answer.header_length + header_length + 4 * frame_flow_word());
}

/* Of IPv4, whether it is not the first fragment: the packet itself says. */
static __always_inline bool check_is_later(void)
{
	return traffic.kind == WIRE_FRAGMENTS &&
	       got[HALF(answer.header_length + 6)] & bpf_htons(0x1fff);
}

static __always_inline bool check_inner(__u32 flow)
{
	__u32 halves = wire_ip_length(&traffic) / 2;
	__be32 want[WIRE_IPV6_LENGTH / 4] = {};
	__u16 wrong = 0;

	if (traffic.ipv6)
		frame_put_ipv6(want, flow);
	else
		frame_put_ipv4(want, flow, check_is_later(), true);
	for (__u32 i = 0; i < WIRE_IPV6_LENGTH / 2; i++) {
		__u16 half;

		__builtin_memcpy(&half, (void *)want + 2 * i, sizeof(half));
		if (i < halves)
			wrong |= got[HALF(answer.header_length + 2 * i)] ^ half;
	}
	return !wrong;
}

static __always_inline bool check_backend(__u32 flow, __u32 backend)
{
	__u32 pool = frame_flow_words(flow).service % traffic.pools;
	__u32 *before = bpf_map_lookup_elem(&seen, &flow);

	if (!before || backend - 1 - pool * traffic.backends >= traffic.backends + traffic.joined)
		return false;
	if (traffic.kind == WIRE_QUIC && backend != frame_quic_backend(flow))
		return false;
	if (!*before)
		*before = backend;
	return *before == backend;
}

/* Neighbour discovery of the kernel at the far end goes to group addresses; hairpin sends to none. */
static __always_inline bool check_is_neighbours(void *data, void *end)
{
	return data + ETH_HLEN > end || *(__u8 *)data & 1;
}

/* Into what came back. */
static __always_inline void check_plant(void)
{
	switch (plant) {
	case WIRE_PLANT_CHECKSUM:
		got[HALF(answer.ipv4_at + offsetof(struct iphdr, check))] ^= bpf_htons(1);
		break;
	case WIRE_PLANT_LENGTH:
		got[HALF(answer.length_at)] ^= bpf_htons(8);
		break;
	case WIRE_PLANT_INNER:
		got[HALF(answer.header_length + WIRE_IPV4_LENGTH - 2)] ^= bpf_htons(1);
		break;
	case WIRE_PLANT_BACKEND:
		got[HALF(answer.backend_at)] ^= bpf_htons(1);
		if (!answer.ipv4_at)
			break;
		got[HALF(answer.ipv4_at + offsetof(struct iphdr, check))] = 0;
		got[HALF(answer.ipv4_at + offsetof(struct iphdr, check))] =
			frame_checksum(check_sum(answer.ipv4_at));
		break;
	default:
		break;
	}
}

static __always_inline void check(struct xdp_md *ctx)
{
	__u32 flow;

	if (!check_take(ctx)) {
		result.bad_outer++;
		return;
	}
	if (plant && result.frames % WIRE_PLANT_EVERY == 0)
		check_plant();
	flow = check_flow();
	if (!check_header())
		result.bad_outer++;
	else if (!check_inner(flow))
		result.bad_inner++;
	else if (answer.backend_at && !check_backend(flow, bpf_ntohs(got[HALF(answer.backend_at)])))
		result.bad_backend++;
	else
		result.verified++;
}

#endif
