/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A row: a sentence, the packet that comes, why it leaves, the action written out, and the header
 * in front of it when it is sent. Every other packet leaves as it came.
 */
#ifndef HAIRPIN_TESTS_ROW_H
#define HAIRPIN_TESTS_ROW_H

#include <stdbool.h>

#include <linux/bpf.h>

#include "rig.h"
#include "world.h"

/* What the program finds on the way; 0 where it does not get that far. */
struct finds {
	uint16_t service, pool, backend;
	uint32_t slot;
};

struct row {
	const char *name;
	struct input in;
	enum lb_reason reason;
	int action;
	struct ip
		out; /* the outer header of a packet that is sent; or, with mtu, of an ICMP error */
	struct finds finds;
	enum rig_name rig;
	uint32_t interface; /* of arrival; 0: not said */
	uint16_t mtu;       /* what an answer to a packet that is too big says; 0: none */
	uint8_t tags;       /* VLAN tags of the packet */
	bool untraced;      /* hairpin_trace says what would come of it on another CPU */
	const char *answer; /* hex; the whole frame that leaves */
	bool wrapped;       /* headroom is the room that the driver leaves, not 216 bytes */
	uint32_t headroom;
};

/* Frames of every length from first to last of one packet. */
struct cut {
	const char *name;
	struct input in;
	uint32_t first, last;
	bool consistent; /* the IP header says the length that is there */
	enum lb_reason reason;
	int action;
	struct ip out; /* length 0: whatever the cut leaves */
	struct finds finds;
};

struct row_table {
	const struct row *rows;
	size_t count;
};

struct cut_table {
	const struct cut *cuts;
	size_t count;
};

#define ROW_TABLE(array)                                  \
	{                                                 \
		array, sizeof(array) / sizeof((array)[0]) \
	}

extern const struct row_table table_tcp_udp, table_sizes, table_tos, table_not_ours, table_unfit,
	table_pools, table_features;
extern const struct cut_table table_cuts;

/* The header of an error that leads back to the client. */
#define ERROR4(bytes)                                                                              \
	.source = "192.0.2.1", .destination = "198.51.100.7", .protocol = ICMP, .length = (bytes), \
	.ttl = 64, .flags = 0x4000
#define ERROR6(bytes)                                                                \
	.source = "2001:db8::1", .destination = "2001:db8:c::7", .protocol = ICMPV6, \
	.length = (bytes), .ttl = 64

/* The header that leads to a backend: 20 more bytes than the packet, or a payload of the packet. */
#define OUTER4(inner, to, bytes)                                                               \
	.source = LB4, .destination = (to), .protocol = (inner), .length = (bytes), .ttl = 64, \
	.flags = 0x4000
#define OUTER6(inner, to, bytes, flow_label)                                                   \
	.source = LB6, .destination = (to), .protocol = (inner), .length = (bytes), .ttl = 64, \
	.label = (flow_label)

/* row_expect(): the frame that leaves, given the one that came without VLAN tags. */
void row_expect(const struct frame *in, const struct ip *out, struct frame *expected);

void row_check(const struct row *row);
void cut_check(const struct cut *cut);

/* row_check_reasons(): fails when a reason of bpf/reasons.h was not met since the start. */
void row_check_reasons(void);

#endif
