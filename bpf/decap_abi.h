/* SPDX-License-Identifier: GPL-2.0-only */
/* What the backend's XDP program and hairpinctl decap share. */
#ifndef HAIRPIN_DECAP_ABI_H
#define HAIRPIN_DECAP_ABI_H

#include "abi.h"

#define DECAP_MAX_ADDRESSES 1024

/* Every way in which a packet leaves the decap program: NAME, XDP action, words. */
/* clang-format off */
#define DECAP_REASONS(X) \
	X(UNWRAPPED,   PASS, "unwrapped and handed to the stack") \
	X(NOT_TUNNEL,  PASS, "not an IP-in-IP packet") \
	X(NOT_LOCAL,   PASS, "IP-in-IP for an address that is not of this host") \
	X(UNSUITABLE,  PASS, "IP-in-IP with options or in fragments: left to the stack") \
	X(BAD_INNER,   DROP, "IP-in-IP to this host without a whole IP header inside") \
	X(UNMOVABLE,   DROP, "the driver could not move the start of the packet")
/* clang-format on */

enum decap_reason {
#define X(name, action, words) DECAP_##name,
	DECAP_REASONS(X)
#undef X
		DECAP_REASON_COUNT,
};

#endif
