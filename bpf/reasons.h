/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every way in which a packet leaves hairpin: NAME, XDP action, words. From this one list come the
 * enum, the action, the index of the counter, and what hairpinctl prints.
 *
 * The rule: what may not be ours is passed untouched, what is ours and cannot be sent is dropped.
 */
#ifndef HAIRPIN_REASONS_H
#define HAIRPIN_REASONS_H

/* clang-format off */
#define LB_REASONS(X) \
	X(SENT,             TX,   "sent to a backend") \
	X(NOT_IP,           PASS, "neither IPv4 nor IPv6") \
	X(NO_SERVICE,       PASS, "for no service") \
	X(TRUNCATED,        PASS, "too short for an IP header") \
	X(ICMP,             PASS, "ICMP to a VIP: left to the host's stack") \
	X(FRAGMENT,         DROP, "IP fragment to a VIP") \
	X(IP_OPTIONS,       DROP, "IPv4 options or IPv6 extension headers, to a VIP") \
	X(BAD_LENGTH,       DROP, "to a VIP, and its lengths contradict each other or the frame") \
	X(NO_BACKEND,       DROP, "the pool has no backend that takes traffic") \
	X(UNRESOLVED,       DROP, "no route or no neighbour for the backend") \
	X(OTHER_INTERFACE,  DROP, "the backend is behind an interface other than the one of arrival") \
	X(TOO_BIG,          DROP, "larger than the next hop's MTU with its tunnel header") \
	X(NO_HEADROOM,      DROP, "the driver left no room for the tunnel header")
/* clang-format on */

enum lb_reason {
	LB_CONTINUE = 0, /* not a reason: the packet goes on to the next stage */
#define X(name, action, words) LB_##name,
	LB_REASONS(X)
#undef X
		LB_REASON_COUNT,
};

#endif
