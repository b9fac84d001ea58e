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
	X(FRAGMENT_UNKNOWN, DROP, "IP fragment to a VIP, and the first of its datagram was not seen before it") \
	X(EXTENSIONS,       DROP, "to a VIP, with more IPv6 extension headers than are followed") \
	X(BAD_LENGTH,       DROP, "to a VIP, and its lengths contradict each other or the frame") \
	X(NO_BACKEND,       DROP, "the pool has no backend that takes traffic") \
	X(UNRESOLVED,       DROP, "no route or no neighbour for the backend") \
	X(NO_PORT,          DROP, "the interface of the backend is not there") \
	X(TOO_BIG,          DROP, "larger than the next hop's MTU with its tunnel header, and not answered") \
	X(NO_HEADROOM,      DROP, "the driver left no room for the tunnel header") \
	X(REDIRECTED,       REDIRECT, "sent to a backend through another interface, or from another CPU") \
	X(ECHO_ANSWERED,    TX,   "ping to a VIP, answered") \
	X(TOO_BIG_ANSWERED, TX,   "larger than the next hop's MTU with its tunnel header, answered by ICMP") \
	X(TOO_BIG_NO_DF,    DROP, "too large for the next hop, may be fragmented, and XDP cannot") \
	X(FRAGMENT_TINY,    DROP, "IP fragment to a VIP that cuts the transport header in two") \
	X(SPREAD,           REDIRECT, "handed to another CPU") \
	X(NO_CPU,           DROP, "the CPU to hand the packet to is not there") \
	X(CPU_OVERRUN,      DROP, "handed to a CPU whose queue was full")
/* clang-format on */

enum lb_reason {
	LB_CONTINUE = 0, /* not a reason: the packet goes on to the next stage */
#define X(name, action, words) LB_##name,
	LB_REASONS(X)
#undef X
		LB_REASON_COUNT,
};

#endif
