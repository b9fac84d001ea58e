/* SPDX-License-Identifier: GPL-2.0-only */
/* What the benchmark's BPF programs and forward share. */
#ifndef HAIRPIN_WIRE_ABI_H
#define HAIRPIN_WIRE_ABI_H

#include <linux/types.h>

#define WIRE_MAX_FLOWS (1 << 22)

/* Frames as sent: the least that Ethernet has, which pads IPv4's; 20 bytes of TCP or UDP. */
#define WIRE_FRAME_IPV4 60
#define WIRE_FRAME_IPV6 74

/* A turn: so many batches, that the kernel runs through one after the other. */
#define WIRE_BATCH   64
#define WIRE_BATCHES 256

/*
 * What the generator makes. Service n has the address 198.18.0.0 + n, or 2001:db8::n, and is served
 * by pool n % pools. Backend m of pool p has the address 172.16.0.0 or fd01:: plus
 * p * backends + m + 1.
 */
struct wire_traffic {
	__u32 flows; /* distinct ones; at most WIRE_MAX_FLOWS */
	__u32 services;
	__u32 pools;
	__u32 backends; /* of each pool */
	__u32 device;   /* entry of the devmap that frames leave by */
	__u8 ipv6;
	__u8 protocol; /* TCP or UDP */
	__u8 syn;      /* TCP: SYN, else ACK */
	__u8 fresh;    /* a new flow for each packet, else a random one of flows */
};

/* What reference_lookup reads: one of so many cache lines, by the flow or by the service. */
struct wire_lookup {
	__u32 lines;
	__u32 by_service;
};

/* What came back. */
struct wire_result {
	__u64 frames;
	__u64 elsewhere; /* frames that another CPU than the generator's took in */
	__u64 verified;  /* with verification on: frames without a fault */
	__u64 bad_outer, bad_inner, bad_backend; /* the faults by kind; a frame has at most one */
};

/* Faults that the sink puts into every so many frames before it looks, to show that it finds them.
 * A prime: the second of two passes over the same flows meets others. */
#define WIRE_PLANT_EVERY 997

enum wire_plant {
	WIRE_PLANT_NONE,
	WIRE_PLANT_CHECKSUM, /* of the outer IPv4 header */
	WIRE_PLANT_LENGTH,   /* of the outer packet, by its header */
	WIRE_PLANT_INNER,    /* a bit of the inner packet */
	WIRE_PLANT_BACKEND,  /* the flow goes to another one; the header's checksum is right */
};

#endif
