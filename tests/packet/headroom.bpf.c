// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF_PROG_RUN gives a frame 256 bytes of headroom. This program moves the frame to the front of
 * it, so that room bytes are left, and goes on with the program under test.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* The kernel keeps its struct xdp_frame at the start of the headroom. */
#define HEADROOM (256 - 40)

const volatile __u32 room = 0;
const volatile __u32 length = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} programs SEC(".maps");

SEC("xdp")
int leave_headroom(struct xdp_md *ctx)
{
	const __u32 distance = HEADROOM - room;
	__u8 *data, *end;

	if (bpf_xdp_adjust_head(ctx, -(int)distance))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + distance + length > end)
		return XDP_ABORTED;
	for (__u32 i = 0; i < length; i++)
		data[i] = data[i + distance];
	if (bpf_xdp_adjust_tail(ctx, -(int)distance))
		return XDP_ABORTED;
	bpf_tail_call(ctx, &programs, 0);
	return XDP_ABORTED;
}

char _license[] SEC("license") = "GPL";
