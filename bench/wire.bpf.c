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
/* Of what is sent: destination and source; set once. */
__u8 macs[2 * ETH_ALEN] __attribute__((aligned(8))) = {};

/* When the generator began each batch of a turn; frames of it so far, set to 0 before it. */
__u64 batch_start[WIRE_BATCHES] = {};
__u32 turn_frames = 0;

/* With packets on other CPUs: so many frames may be on their way. 0: no limit. */
__u32 window = 0;
__u64 frames_before = 0; /* that came back before the turn */
__u64 back_ns = 0;       /* when the last whole batch had come back */

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

#define PATIENCE 100000 /* some 0.3 ms */

static long is_window_open(__u32 tries, void *unused)
{
	(void)tries;
	(void)unused;
	return turn_frames - (*(volatile __u64 *)&result.frames - frames_before) < window;
}

/* Of a datagram the first fragment is sent, then the other one. */
static __always_inline __u32 next_flow(bool later)
{
	static __u32 flow;

	if (later)
		return flow;
	if (traffic.fresh)
		flow = fresh_flow++ & (WIRE_MAX_FLOWS - 1);
	else
		flow = (next_random() >> 32) * traffic.flows >> 32;
	return flow;
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	bool later = traffic.kind == WIRE_FRAGMENTS && turn_frames % 2;
	__u32 flow = next_flow(later);
	__be16 *type = data + ETH_HLEN - 2;

	if (data + WIRE_FRAME > end)
		return XDP_DROP;
	note_batch();
	if (window && !is_window_open(0, NULL))
		bpf_loop(PATIENCE, is_window_open, NULL, 0);
	*(__u64 *)data = *(__u64 *)macs;
	*(__u32 *)(data + 8) = *(__u32 *)(macs + 8);
	if (traffic.tagged) {
		if (data + WIRE_FRAME + WIRE_TAG > end)
			return XDP_DROP;
		*(__be32 *)type = bpf_htonl(ETH_P_8021Q << 16 | WIRE_VLAN);
		type += 2;
	}
	*type = traffic.ipv6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
	if (!traffic.ipv6)
		frame_put_ipv4((void *)(type + 1), flow, later, false);
	else if ((void *)(type + 1) + WIRE_IPV6_LENGTH <= end)
		frame_put_ipv6((void *)(type + 1), flow);
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
	if (window && result.frames % WIRE_BATCH == 0)
		back_ns = bpf_ktime_get_ns();
	if (verify)
		check(ctx);
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
	static const __u64 header[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	void *data, *end;

	if (length && bpf_xdp_adjust_head(ctx, -length))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + ETH_HLEN + length > end)
		return XDP_DROP;
	__builtin_memcpy(__builtin_assume_aligned(data, 8), header, ETH_HLEN + length);
	return XDP_TX;
}

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} way SEC(".maps");

/* The constant header, and out of another interface. */
SEC("xdp")
int reference_redirect(struct xdp_md *ctx)
{
	return push(ctx, 20) == XDP_TX ? bpf_redirect_map(&way, 0, 0) : XDP_DROP;
}

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

__u32 spread_cpus[WIRE_MAX_CPUS] = {}, spread_count = 0;

SEC("xdp/cpumap")
int reference_cpu(struct xdp_md *ctx)
{
	return push(ctx, 20) == XDP_TX ? bpf_redirect_map(&way, 0, 0) : XDP_DROP;
}

/* To one of the CPUs, by the source address; there the constant header. */
SEC("xdp")
int reference_spread(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__be32 *source = data + ETH_HLEN + offsetof(struct iphdr, saddr);
	__u32 index;

	if ((void *)(source + 1) > end)
		return XDP_DROP;
	index = (__u64)(*source * 0x9e3779b1u) * spread_count >> 32;
	return bpf_redirect_map(&cpus, spread_cpus[index & (WIRE_MAX_CPUS - 1)], 0);
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
static __always_inline int look_up_and_push(struct xdp_md *ctx, const int length)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__be32 *addresses = data + ETH_HLEN + offsetof(struct iphdr, saddr);
	struct line *line;
	__u32 index;
	int action;

	if (traffic.ipv6)
		addresses = data + ETH_HLEN + offsetof(struct ipv6hdr, saddr.in6_u.u6_addr32[3]);
	if (traffic.tagged)
		addresses = data + ETH_HLEN + WIRE_TAG + offsetof(struct iphdr, saddr);
	if ((void *)(addresses + 5) > end)
		return XDP_DROP;
	index = lookup.by_service ? addresses[traffic.ipv6 ? 4 : 1] : addresses[0];
	index = (__u64)(index * 0x9e3779b1u) * lookup.lines >> 32;
	line = bpf_map_lookup_elem(&lines, &index);
	if (!line)
		return XDP_DROP;
	action = push(ctx, length);
	data = (void *)(long)ctx->data;
	if (data + ETH_HLEN > (void *)(long)ctx->data_end)
		return XDP_DROP;
	*(__u64 *)data = line->words[0];
	return action;
}

#define REFERENCES(length)                             \
	SEC("xdp")                                     \
	int reference_push##length(struct xdp_md *ctx) \
	{                                              \
		return push(ctx, length);              \
	}                                              \
	SEC("xdp")                                     \
	int lookup_push##length(struct xdp_md *ctx)    \
	{                                              \
		return look_up_and_push(ctx, length);  \
	}

/* By how much a mix makes frames longer. */
REFERENCES(0)  /* none, pings */
REFERENCES(16) /* a VLAN tag less, IPv4 */
REFERENCES(20) /* IPv4 */
REFERENCES(24) /* IPv4, GRE */
REFERENCES(32) /* IPv4, UDP, GUE */
REFERENCES(40) /* IPv6 */
REFERENCES(44) /* IPv6, GRE */
REFERENCES(50) /* IPv4, UDP, VXLAN */
REFERENCES(52) /* IPv6, UDP, GUE */
REFERENCES(70) /* IPv6, UDP, VXLAN */

char _license[] SEC("license") = "GPL";
