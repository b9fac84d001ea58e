/* SPDX-License-Identifier: GPL-2.0-only */
/* What the benchmark's BPF programs and forward.c share. */
#ifndef HAIRPIN_WIRE_ABI_H
#define HAIRPIN_WIRE_ABI_H

#include <linux/types.h>

#define WIRE_MAX_FLOWS (1 << 22)

/* What the generator makes. */
struct wire_traffic {
	__u32 flows;    /* distinct ones; at most WIRE_MAX_FLOWS */
	__u32 services; /* VIPs 198.18.0.0 + n, or 2001:db8::n; at least 1 */
	__u32 device;   /* entry of the devmap that frames leave by */
	__u8 ipv6;
	__u8 protocol; /* TCP or UDP */
	__u8 syn;      /* TCP: SYN, else ACK */
	__u8 fresh;    /* a new flow for each packet, else a random one of flows */
};

/* What came back. */
struct wire_result {
	__u64 frames;
	__u64 verified; /* with verification on: frames without a fault */
	__u64 faults;
	__u64 bad_outer, bad_inner, bad_backend; /* the faults by kind */
};

#endif
