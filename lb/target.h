/* SPDX-License-Identifier: GPL-2.0-only */
/* A followed address, and how its next hop follows from its route, link and neighbour: pure. */
#ifndef HAIRPIN_TARGET_H
#define HAIRPIN_TARGET_H

#include <sys/queue.h>

#include "link.h"
#include "neighbour.h"
#include "netlink.h"
#include "nexthop.h"

struct target {
	struct lb_address address;
	struct nexthop nexthop;

	int route_error;            /* why there is no route, a negative errno; 0: there is one */
	struct netlink_route route; /* zero if there is none */
	struct neighbour
		*neighbour; /* that the route leads to; of the table's neighbours, or NULL */

	/* of nexthop.c */
	LIST_ENTRY(target) chain;
	LIST_ENTRY(target) behind; /* neighbour */
	TAILQ_ENTRY(target) order;
	uint64_t generation;
	bool is_new;
};

/* target_has_route(): it leads somewhere where a packet could be sent. */
bool target_has_route(const struct target *target);

/* target_compose(): the next hop from what is known now. True if any field changed. */
bool target_compose(struct target *target, const struct link_set *links, uint64_t realtime_us);

#endif
