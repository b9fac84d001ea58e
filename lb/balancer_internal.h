/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by balancer.c (changes) and balancer_status.c, balancer_trace.c, balancer_diff.c (words).
 */
#ifndef HAIRPIN_BALANCER_INTERNAL_H
#define HAIRPIN_BALANCER_INTERNAL_H

#include "balancer.h"
#include "datapath.h"
#include "wanted.h"

struct balancer {
	const struct config *config; /* borrowed of main.c */
	struct surroundings surroundings;
	struct nexthop_table *nexthops;
	struct datapath *datapath;
	struct catalog *catalog;        /* in force */
	struct build *build;            /* of catalog */
	uint64_t started_us, loaded_us; /* CLOCK_REALTIME */
	bool out_of_step;               /* the last plan was not applied whole */
	struct err_list failed;         /* of the last reload, when it was refused */
	uint64_t failed_us;
};

/* balancer_diff(): what candidate changes against what is in force; see balancer_put(). Owned by
 * the caller. */
json_t *balancer_diff(const struct balancer *balancer, const struct build *candidate);

/* time_text(): RFC 3339, UTC, whole seconds, as a JSON string; owned by the caller. */
json_t *time_text(uint64_t realtime_us);

uint64_t time_now_us(void); /* CLOCK_REALTIME */

#endif
