// SPDX-License-Identifier: GPL-2.0-only
#include "motion.h"

#include <stdlib.h>
#include <string.h>

static uint32_t later(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static void look_at_pool(struct motion *motion, uint32_t index)
{
	const struct state *state = motion->state;
	const struct lb_slot *table = state_table(state, index);
	struct motion_pool *pool = &motion->pools[index];

	for (uint32_t slot = 0; slot < state->pools[index].size; slot++) {
		const struct lb_move *move = &state->moves[index][slot];

		if (!table[slot].moved)
			continue;
		pool->moved++;
		pool->last_s = later(pool->last_s, later(move->last_s, move->changed_s));
		if (move->since_ns < pool->oldest_ns)
			pool->oldest_ns = move->since_ns;
		motion->origins[move->origin]++;
	}
}

static void refer(struct motion *motion, uint32_t index, const struct lb_service_move *move)
{
	struct motion_pool *pool = &motion->pools[index % LB_POOLS];

	pool->services++;
	pool->services_s = later(pool->services_s, later(move->last_s, move->changed_s));
	if (move->since_ns < pool->oldest_ns)
		pool->oldest_ns = move->since_ns;
}

static void look_at_services(struct motion *motion, bool *is_origin)
{
	const struct state *state = motion->state;

	for (uint32_t i = 0; i < LB_SERVICE_ENTRIES; i++) {
		union lb_service_target target = state->services[i / LB_SERVICE_BUCKET_SIZE]
							 .entries[i % LB_SERVICE_BUCKET_SIZE]
							 .target;
		const struct lb_service_move *move = &state->service_moves[target.service];

		if (!target.origin)
			continue;
		refer(motion, target.pool, move);
		refer(motion, target.origin, move);
		is_origin[target.origin % LB_POOLS] = true;
	}
}

/* All slots of a table that is the origin of a service lead old flows to their backends. */
static void look_at_origin(struct motion *motion, uint32_t index)
{
	const struct lb_slot *table = state_table(motion->state, index);

	for (uint32_t slot = 0; slot < motion->state->pools[index].size; slot++)
		motion->origins[table[slot].backend]++;
}

struct motion *motion_new(const struct state *state)
{
	struct motion *motion = calloc(1, sizeof(*motion));
	bool is_origin[LB_POOLS] = {0};

	if (!motion)
		return NULL;
	motion->state = state;
	motion->origins = calloc(LB_MAX_BACKENDS + 1, sizeof(*motion->origins));
	if (!motion->origins) {
		motion_free(motion);
		return NULL;
	}
	for (uint32_t i = 0; i < LB_POOLS; i++)
		motion->pools[i].oldest_ns = UINT64_MAX;
	for (uint32_t i = 1; i < LB_POOLS; i++)
		if (state->moves[i])
			look_at_pool(motion, i);
	look_at_services(motion, is_origin);
	for (uint32_t i = 1; i < LB_POOLS; i++)
		if (is_origin[i])
			look_at_origin(motion, i);
	return motion;
}

void motion_free(struct motion *motion)
{
	if (!motion)
		return;
	free(motion->origins);
	free(motion);
}

/* Whether a pool's table is one of the backend's pool. */
static bool is_of(const struct motion *motion, uint32_t pool, uint16_t backend)
{
	const struct lb_identity *of = motion->state->identities[LB_IDENTITY_POOL][pool];

	return of &&
	       !strcmp(of->name, motion->state->identities[LB_IDENTITY_BACKEND][backend]->pool);
}

/* The rule is that of plan_release.c: a stored flow is older than the backend's last slot. */
bool motion_is_left(const struct motion *motion, uint16_t backend)
{
	const struct lb_life *life = &motion->state->lives[backend];

	if (!life->number)
		return true;
	if (!life->left_s || motion->origins[backend])
		return false;
	for (uint32_t i = 1; i < LB_POOLS; i++)
		if (motion->pools[i].oldest_ns / 1000000000 <= life->left_s &&
		    is_of(motion, i, backend))
			return false;
	return true;
}

uint32_t motion_last_s(const struct motion *motion, uint16_t backend)
{
	uint32_t last_s = 0;

	for (uint32_t i = 1; i < LB_POOLS; i++)
		if (motion->pools[i].oldest_ns != UINT64_MAX && is_of(motion, i, backend))
			last_s = later(last_s,
				       later(motion->pools[i].last_s, motion->pools[i].services_s));
	return last_s;
}
