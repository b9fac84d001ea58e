/* SPDX-License-Identifier: GPL-2.0-only */
/* The way from the link of a route down to the one whose wire carries the frames: pure. */
#ifndef HAIRPIN_LINK_PATH_H
#define HAIRPIN_LINK_PATH_H

#include "link.h"
#include "nexthop.h"

struct link_path {
	/* From the route's, on which neighbours answer and whose MAC frames have, to that by which
	 * they leave: VLANs, a bond, its port. Borrowed of the set. */
	const struct link *links[NEXTHOP_VLANS + 2];
	unsigned int count;
	uint8_t vlan_count;
	struct nexthop_vlan vlans[NEXTHOP_VLANS]; /* outermost first */
};

/*
 * link_path_find(): from interface to the first link that is served, if there is one on the way, else
 * to the lowest; from a bond that is not served to one of its ports that is, if any is. False with
 * reason (for a user) when the way is broken; out has what there is of it.
 */
bool link_path_find(const struct link_set *set, uint32_t interface, struct link_path *out,
		    char *reason, size_t size);

const struct link *link_path_upper(const struct link_path *path); /* NULL: not even that */
const struct link *link_path_wire(const struct link_path *path);  /* where it leads */
uint32_t link_path_mtu(const struct link_path *path);             /* the smallest */

/* link_path_touches(): whether the path from interface can depend on what link other is. */
bool link_path_touches(const struct link_set *set, uint32_t interface, uint32_t other);

#endif
