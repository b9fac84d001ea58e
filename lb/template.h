/* SPDX-License-Identifier: GPL-2.0-only */
/* Header templates: the bytes that the program puts in front of a packet for a backend. Pure. */
#ifndef HAIRPIN_TEMPLATE_H
#define HAIRPIN_TEMPLATE_H

#include <stdint.h>

#include "abi.h"

#define TEMPLATE_GUE_PORT   6080 /* IANA; draft-ietf-intarea-gue-09 section 8.1 */
#define TEMPLATE_VXLAN_PORT 4789 /* RFC 7348 section 8 */

/* Where the outer header comes from and what it may vary. */
struct template_source {
	struct lb_address address;
	uint8_t prefix_length; /* of the family; the bits after it vary by flow; 32 or 128: none */
};

#define TEMPLATE_VLANS 2

/* One 802.1Q or 802.1ad tag. Host order. */
struct template_vlan {
	uint16_t protocol; /* ETH_P_8021Q or ETH_P_8021AD */
	uint16_t id;
};

/* What the next hop contributes. */
struct template_link {
	uint32_t interface; /* ifindex */
	uint8_t source_mac[6];
	uint8_t destination_mac[6];
	uint16_t mtu; /* of the outer IP packet */
	uint8_t vlan_count;
	struct template_vlan vlans[TEMPLATE_VLANS]; /* outermost first */
};

/*
 * template_make(): the record of a backend at destination. encapsulation is a number of enum
 * lb_encapsulation, with the VNI << 8 for VXLAN. source and destination are of one family; without
 * encapsulation source says nothing. At most the last 32 bits of the source vary, since the program
 * patches one word.
 *
 * The Ethernet header inside VXLAN goes from 02:68:70:00:00:01 to 02:68:70:00:00:02, which the VXLAN
 * device of a backend needs as its address: a stack drops what is for another.
 */
void template_make(uint32_t encapsulation, const struct template_source *source,
		   const struct lb_address *destination, const struct template_link *link,
		   struct lb_backend *out);

/* template_unresolved(): the record of a backend that nothing can be sent to now. */
void template_unresolved(struct lb_backend *out);

#endif
