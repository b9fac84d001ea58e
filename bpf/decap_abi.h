/* SPDX-License-Identifier: GPL-2.0-only */
/* What the backend's XDP program and hairpinctl decap share. */
#ifndef HAIRPIN_DECAP_ABI_H
#define HAIRPIN_DECAP_ABI_H

#include "abi.h"

#define DECAP_MAX_ADDRESSES 1024
#define DECAP_REASON_ROOM   64 /* counters of reasons, of which those below use the first */

/* What can be unwrapped: NAME and the catalog's word. Bit DECAP_KIND_NAME of decap_kinds: it is. */
/* clang-format off */
#define DECAP_KINDS(X) \
	X(IPIP,  "ipip") \
	X(GRE,   "gre") \
	X(GUE,   "gue") \
	X(VXLAN, "vxlan")
/* clang-format on */

enum decap_kind {
#define X(name, word) DECAP_KIND_##name,
	DECAP_KINDS(X)
#undef X
		DECAP_KIND_COUNT,
};

/*
 * Every way in which a packet leaves the decap program: NAME, XDP action, words. What may be for
 * another program of the host (a tunnel device, a socket) is left to the stack; only what is a
 * tunnel of ours, and wrong, is dropped.
 */
/* clang-format off */
#define DECAP_REASONS(X) \
	X(UNWRAPPED,      PASS, "unwrapped and handed to the stack") \
	X(NOT_TUNNEL,     PASS, "neither IP-in-IP nor GRE, nor UDP to the port of GUE or VXLAN") \
	X(NOT_LOCAL,      PASS, "a tunnel to an address that is not of this host") \
	X(NOT_WANTED,     PASS, "a tunnel of a kind that is not to be unwrapped: left to the stack") \
	X(UNSUITABLE,     PASS, "a tunnel with IP options or in fragments: left to the stack") \
	X(CUT_SHORT,      PASS, "ends within the GRE, GUE or VXLAN header: left to the stack") \
	X(GRE_FLAGS,      PASS, "GRE with a key, another field or version: for a device of the stack") \
	X(GRE_PROTOCOL,   PASS, "GRE with neither IPv4 nor IPv6 inside: for a device of the stack") \
	X(GUE_VARIANT,    PASS, "GUE of another variant than 0: for a device of the stack") \
	X(GUE_CONTROL,    PASS, "a control message of GUE: for who has its port in the stack") \
	X(GUE_FLAGS,      PASS, "GUE with flags or more fields: for a device of the stack") \
	X(GUE_PROTOCOL,   PASS, "GUE with neither IPv4 nor IPv6 inside: for a device of the stack") \
	X(VXLAN_FLAGS,    PASS, "VXLAN without the flag of a valid VNI: the stack refuses it") \
	X(VXLAN_MAC,      PASS, "VXLAN to another MAC than balancers use: for a device of the stack") \
	X(VXLAN_PROTOCOL, PASS, "VXLAN with neither IPv4 nor IPv6 inside: for a device of the stack") \
	X(BAD_INNER,      DROP, "a tunnel to this host without a whole IP header inside") \
	X(CONGESTED,      DROP, "marked as congested on its way, with a packet without ECN inside") \
	X(UNMOVABLE,      DROP, "the driver could not move the start of the packet")
/* clang-format on */

enum decap_reason {
#define X(name, action, words) DECAP_##name,
	DECAP_REASONS(X)
#undef X
		DECAP_REASON_COUNT,
};

_Static_assert(DECAP_REASON_COUNT <= DECAP_REASON_ROOM, "a reason without a counter");

#endif
