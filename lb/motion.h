/* SPDX-License-Identifier: GPL-2.0-only */
/* What moves, as it stands in the maps: slots, services, backends that old flows still go to. Pure. */
#ifndef HAIRPIN_MOTION_H
#define HAIRPIN_MOTION_H

#include "plan.h"

/* A pool's table. Times are seconds of CLOCK_MONOTONIC. */
struct motion_pool {
	uint32_t moved;      /* slots */
	uint32_t last_s;     /* the last change or packet to another backend, of all its slots */
	uint64_t oldest_ns;  /* the oldest mark, also of services; UINT64_MAX: none */
	uint32_t services;   /* that are moved as a whole, to or from this table */
	uint32_t services_s; /* the last change or packet to another backend, of all of them */
};

struct motion {
	const struct state *state; /* borrowed */
	struct motion_pool pools[LB_POOLS];
	uint32_t *origins; /* by backend: slots that old flows reach it by */
};

/* motion_new(): NULL when memory runs out. state has to outlive it unchanged. */
struct motion *motion_new(const struct state *state);
void motion_free(struct motion *motion); /* NULL is fine */

/*
 * motion_is_left(): whether nothing goes to a backend any more: no slot, no old flow, stored or not.
 * It can be taken away then without a connection lost.
 */
bool motion_is_left(const struct motion *motion, uint16_t backend);

/* motion_last_s(): the last packet that kept marks of the backend's pool, 0 if there are none. */
uint32_t motion_last_s(const struct motion *motion, uint16_t backend);

#endif
