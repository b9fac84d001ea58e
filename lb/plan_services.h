/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of a plan that fills the services map: a two-choice hash table that is live. */
#ifndef HAIRPIN_PLAN_SERVICES_H
#define HAIRPIN_PLAN_SERVICES_H

#include "plan.h"

/* plan_add(): appends op; what it points to is freed with the plan. Returns 0 or -ENOMEM. */
int plan_add(struct plan *plan, struct plan_op op);

/*
 * plan_services(): the operations that bring the services map to the catalog: targets of entries
 * that stay change in place, new entries come next, then entries that are not wanted are emptied
 * and a PLAN_GRACE ends it. services and pools: the indices of the catalog's services and pools.
 */
int plan_services(const struct catalog *catalog, const struct state *state,
		  const uint16_t *services, const uint16_t *pools, struct plan *plan,
		  struct err *err);

#endif
