// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passes everything. For a lab on veth only: what one end of a veth sends with XDP_TX arrives at
 * the other end at once only if that end runs an XDP program too. Real cards do not need this.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
