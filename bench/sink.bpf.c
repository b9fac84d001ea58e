// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of the wire for bench/vm.sh: counts what comes back in a tunnel to a backend, and what
 * comes back otherwise, and drops both.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum sink_kind { SINK_ENCAPSULATED, SINK_OTHER, SINK_KINDS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SINK_KINDS);
	__type(key, __u32);
	__type(value, __u64);
} sink_counters SEC(".maps");

struct frame {
	struct ethhdr ethernet;
	struct iphdr ip;
} __attribute__((packed));

static __always_inline enum sink_kind sink_classify(const struct xdp_md *ctx)
{
	const struct frame *frame = (const void *)(long)ctx->data;
	const void *end = (const void *)(long)ctx->data_end;

	if ((const void *)(frame + 1) > end || frame->ethernet.h_proto != bpf_htons(ETH_P_IP))
		return SINK_OTHER;
	if (frame->ip.protocol != IPPROTO_IPIP && frame->ip.protocol != IPPROTO_IPV6)
		return SINK_OTHER;
	return SINK_ENCAPSULATED;
}

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	__u32 kind = sink_classify(ctx);
	__u64 *counter = bpf_map_lookup_elem(&sink_counters, &kind);

	if (counter)
		(*counter)++;
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
