/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of plan_make() share: plan.c, plan_tables.c, plan_services.c, plan_release.c. */
#ifndef HAIRPIN_PLAN_INTERNAL_H
#define HAIRPIN_PLAN_INTERNAL_H

#include "plan.h"

#define PLAN_SECOND 1000000000ULL

/* Identity -> index, so that thousands of backends are not searched one by one. */
struct index_map {
	uint16_t *cells; /* an index, or 0; open addressing */
	uint32_t mask;
};

struct maker {
	const struct wanted *wanted;
	const struct state *state;
	struct plan *plan;
	struct err *err;
	struct index_map known[LB_IDENTITY_BACKEND + 1];
	bool *kept[LB_IDENTITY_BACKEND + 1];     /* by index: wanted now */
	uint32_t fresh[LB_IDENTITY_BACKEND + 1]; /* where to look for the next free index */
	uint16_t *services;                      /* index of each service of the catalog */
	uint16_t *pools;                         /* and of each pool */
	uint16_t **backends;                     /* and of each pool's backends */
	struct lb_pool *regions; /* that tables take of the array of slots, by where they start */
	size_t region_count;

	/* As they will be after the plan. */
	struct lb_life *lives;      /* by backend */
	bool *in_table, *in_origin; /* by backend: a slot, or only old flows lead to it */
	bool *scanned;              /* by pool: what its slots lead to is in the two above */
	bool *marked;               /* by pool: some slot is, or was until this plan */
	uint64_t *oldest_ns;        /* by pool: of the marks that are left; UINT64_MAX: none */
	bool *referred;             /* by pool: it is the pool or the origin of a service */
	bool remembers;
	bool cleared; /* a mark or origin: none is set before packets have seen that */
};

static inline uint32_t maker_now_s(const struct maker *maker)
{
	return maker->wanted->now_ns / PLAN_SECOND;
}

/* plan_add(): appends op; what it points to is freed with the plan. Returns 0 or -ENOMEM. */
int plan_add(struct plan *plan, struct plan_op op);

/* plan_grace(): appends a wait, unless it would follow another. */
int plan_grace(struct plan *plan);

/* plan_remember(): appends that there be tables of flows, if there are none. */
int plan_remember(struct maker *maker);

/* plan_tables(): tables of new pools; slots of pools in use, with marks set and cleared. */
int plan_tables(struct maker *maker);

/*
 * plan_services(): the operations that bring the services map to the catalog: targets of entries
 * that stay change in place, new entries come next, then entries that are not wanted are emptied
 * and a wait ends it.
 */
int plan_services(struct maker *maker);

/* plan_life(): appends that a backend's life be such, if it is not. */
int plan_life(struct maker *maker, uint32_t index, struct lb_life life);

/* plan_old_tables(): notes what the tables lead to that are only the origin of old flows. */
void plan_old_tables(struct maker *maker);

/* plan_release(): what nothing leads to any more goes. */
int plan_release(struct maker *maker);

#endif
