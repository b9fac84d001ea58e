// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wire of the forward benchmark: a generator that writes every frame anew, a sink that counts
 * and verifies, and the programs that hairpin is compared with.
 */
#include <stdbool.h>
#include <stddef.h>

#include "wire_check.h"
#include "wire_frame.h"

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

bool verify = false;
__u32 generator_cpu = 0;
__u32 fresh_flow = 0;

/* When the generator began each batch of a turn; frames of it so far, set to 0 before it. */
__u64 batch_start[WIRE_BATCHES] = {};
__u32 turn_frames = 0;

static __u64 generator_state = 0x9e3779b97f4a7c15ULL;

static __always_inline __u64 next_random(void)
{
	__u64 x = generator_state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	generator_state = x;
	return x;
}

/* A batch has gone all the way to the sink when the next one begins. */
static __always_inline void note_batch(void)
{
	__u32 frame = turn_frames++, batch = frame / WIRE_BATCH;

	if (frame % WIRE_BATCH)
		return;
	/* In a register of its own, so that the verifier sees the bound. */
	asm volatile("" : "+r"(batch));
	if (batch < WIRE_BATCHES)
		batch_start[batch] = bpf_ktime_get_ns();
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
	note_batch();
	*(__u64 *)eth = *(__u64 *)balancer_mac; /* and two bytes of the source */
	*(__u32 *)(data + 8) = 0x02020202;
	eth->h_proto = traffic.ipv6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	if (!traffic.ipv6)
		frame_put_ipv4(data + ETH_HLEN, flow);
	else if (data + ETH_HLEN + IPV6_LENGTH <= end)
		frame_put_ipv6(data + ETH_HLEN, flow);
	else
		return XDP_DROP;
	return bpf_redirect_map(&devices, traffic.device, 0);
}

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (verify && check_is_neighbours(data, end))
		return XDP_DROP;
	result.frames++;
	if (bpf_get_smp_processor_id() != generator_cpu)
		result.elsewhere++;
	if (!verify)
		return XDP_DROP;
	if (plant && result.frames % WIRE_PLANT_EVERY == 0)
		check_plant(data, end);
	if (traffic.ipv6)
		check_ipv6(data, end);
	else
		check_ipv4(data, end);
	return XDP_DROP;
}

/* The least that any program can do. */
SEC("xdp")
int reference_tx(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_TX;
}

SEC("xdp")
int reference_pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
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

struct line {
	__u64 words[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set before it is loaded */
	__type(key, __u32);
	__type(value, struct line);
} lines SEC(".maps");

struct wire_lookup lookup = {};

/* The constant header, one word of which comes from an array: what a cache costs that is too small
 * for the array, whatever the program. */
SEC("xdp")
int reference_lookup(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__be32 *addresses = data + ETH_HLEN + offsetof(struct iphdr, saddr);
	struct line *line;
	__u32 index;
	int action;

	if (traffic.ipv6)
		addresses = data + ETH_HLEN + offsetof(struct ipv6hdr, saddr.in6_u.u6_addr32[3]);
	if ((void *)(addresses + 5) > end)
		return XDP_DROP;
	index = lookup.by_service ? addresses[traffic.ipv6 ? 4 : 1] : addresses[0];
	index = (__u64)(index * 0x9e3779b1u) * lookup.lines >> 32;
	line = bpf_map_lookup_elem(&lines, &index);
	if (!line)
		return XDP_DROP;
	action = traffic.ipv6 ? push(ctx, 40) : push(ctx, 20);
	data = (void *)(long)ctx->data;
	if (data + ETH_HLEN > (void *)(long)ctx->data_end)
		return XDP_DROP;
	*(__u64 *)data = line->words[0];
	return action;
}

char _license[] SEC("license") = "GPL";
