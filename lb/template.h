/* SPDX-License-Identifier: GPL-2.0-only */
/* Header templates: the bytes that the program puts in front of a packet for a backend. Pure. */
#ifndef HAIRPIN_TEMPLATE_H
#define HAIRPIN_TEMPLATE_H

#include <stdint.h>

#include "abi.h"

/* Where the outer header comes from and what it may vary. */
struct template_source {
	struct lb_address address;
	uint8_t prefix_length; /* of the family; the bits after it vary by flow; 32 or 128: none */
};

/* What the next hop contributes. */
struct template_link {
	uint32_t interface; /* ifindex */
	uint8_t source_mac[6];
	uint8_t destination_mac[6];
	uint16_t mtu; /* of the outer IP packet */
};

/*
 * template_ipip(): the record of a backend behind an IP-in-IP tunnel (RFC 2003, RFC 2473; any inner
 * family). source and destination are of one family. At most the last 32 bits of the source vary,
 * since the program patches one word.
 */
void template_ipip(const struct template_source *source, const struct lb_address *destination,
		   const struct template_link *link, struct lb_backend *out);

/* template_unresolved(): the record of a backend that nothing can be sent to now. */
void template_unresolved(struct lb_backend *out);

#endif
