/* SPDX-License-Identifier: GPL-2.0-only */
/* What the benchmark's BPF programs and forward share. */
#ifndef HAIRPIN_WIRE_ABI_H
#define HAIRPIN_WIRE_ABI_H

#include <linux/types.h>

#define WIRE_MAX_FLOWS (1 << 22)

/* A turn: so many batches, that the kernel runs through one after the other. */
#define WIRE_BATCH   64
#define WIRE_BATCHES 256

enum wire_kind {
	WIRE_PLAIN,
	WIRE_FRAGMENTS, /* IPv4: the first fragment of a datagram, then another one */
	WIRE_ECHO,      /* IPv4: pings */
	WIRE_QUIC,      /* UDP: a short header, whose connection id names a server */
};

/*
 * What the generator makes. Service n has the address 198.18.0.0 + n, or 2001:db8::n, and is served
 * by pool n % pools. Backend m of pool p has the number p * backends + m + 1, which is the last part
 * of its address.
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
	__u8 kind;     /* enum wire_kind */
	__u8 tagged;   /* with a VLAN tag */
	__u8 joined;   /* so many backends more, of the one pool */
};

#define WIRE_MAX_CPUS 8 /* that reference_spread hands frames to */

#define WIRE_TAG      4
#define WIRE_VLAN     5
#define WIRE_ETHERNET 14
#define WIRE_FRAME    60 /* the least that Ethernet has */

/* IP packets as sent: 20 bytes of TCP, UDP or ICMP; of fragments 24, a multiple of 8. */
#define WIRE_IPV4_LENGTH     40
#define WIRE_IPV6_LENGTH     60
#define WIRE_FRAGMENT_LENGTH 44

static inline __attribute__((always_inline)) __u32 wire_ip_length(
	const struct wire_traffic *traffic)
{
	if (traffic->kind == WIRE_FRAGMENTS)
		return WIRE_FRAGMENT_LENGTH;
	return traffic->ipv6 ? WIRE_IPV6_LENGTH : WIRE_IPV4_LENGTH;
}

#define WIRE_HEADER_MAX 96
#define WIRE_ANSWER_MAX 256 /* a frame that comes back; a power of 2 */

/* What has to come back: frame_length bytes, a header and the packet as it was sent. */
struct wire_answer {
	__u8 header[WIRE_HEADER_MAX];
	__u8 mask[WIRE_HEADER_MAX]; /* which bits of it are known; 0 behind it */
	__u16 header_length;
	__u16 frame_length;
	/* Where in the header it is; 0: nowhere. */
	__u16 backend_at; /* the last 16 bits of the backend's number */
	__u16 length_at;  /* 16 bits of the outer packet's length */
	__u16 ipv4_at;    /* a header with a checksum */
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
