// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of a plan that takes away what nothing leads to any more.
 *
 * A backend that is not in the catalog keeps its index and its record while old flows may go to it:
 * as the origin of a moved slot, or since they are stored. A stored flow is one of a slot that was
 * marked before the last slot left the backend (lb_life.left_s), and that is marked still: when no
 * mark is that old, no stored flow is on the backend.
 */
#include <string.h>

#include "plan_internal.h"

static const char *pool_name(const struct maker *maker, uint32_t pool)
{
	const struct lb_identity *identity = maker->state->identities[LB_IDENTITY_POOL][pool];

	return identity ? identity->name : "";
}

/* Marks of the backend's pool, in any of its tables, from before the backend was left. */
static bool has_stored_flows(const struct maker *maker, const struct lb_identity *backend,
			     uint32_t left_s)
{
	for (uint32_t pool = 1; pool < LB_POOLS; pool++)
		if (maker->oldest_ns[pool] / PLAN_SECOND <= left_s &&
		    !strcmp(pool_name(maker, pool), backend->pool))
			return true;
	return false;
}

/* Since when no slot leads to a backend; 0: one does. */
static uint32_t left_since(const struct maker *maker, uint32_t index)
{
	uint32_t left_s = maker->lives[index].left_s;

	if (maker->in_table[index])
		return 0;
	return left_s ? left_s : maker_now_s(maker);
}

static int leave(struct maker *maker, uint32_t index)
{
	struct lb_life life = maker->lives[index];

	life.left_s = left_since(maker, index);
	return plan_life(maker, index, life);
}

/* Only where the tables that could lead to a backend were looked through. */
static int plan_leaving(struct maker *maker)
{
	const struct catalog *catalog = maker->wanted->catalog;
	int status = 0;

	for (size_t i = 0; i < catalog->pool_count; i++)
		for (size_t j = 0; !status && maker->scanned[maker->pools[i]] &&
				   j < catalog->pools[i].backend_count;
		     j++)
			status = leave(maker, maker->backends[i][j]);
	for (uint32_t i = 1; !status && i < state_capacity(LB_IDENTITY_BACKEND); i++)
		if (maker->state->identities[LB_IDENTITY_BACKEND][i] &&
		    !maker->kept[LB_IDENTITY_BACKEND][i])
			status = leave(maker, i);
	return status;
}

static bool is_released(const struct maker *maker, enum lb_identity_kind kind, uint32_t index)
{
	const struct lb_identity *identity = maker->state->identities[kind][index];

	if (!identity || maker->kept[kind][index])
		return false;
	if (kind == LB_IDENTITY_POOL)
		return !maker->referred[index];
	if (kind == LB_IDENTITY_SERVICE)
		return true;
	return !maker->in_table[index] && !maker->in_origin[index] &&
	       (!maker->lives[index].number ||
		!has_stored_flows(maker, identity, maker->lives[index].left_s));
}

static int release(struct maker *maker, enum lb_identity_kind kind, uint32_t index)
{
	struct plan_op op = {.index = index};
	int status = 0;

	if (kind == LB_IDENTITY_POOL && maker->state->moves[index]) {
		op.kind = PLAN_UNMOVES;
		status = plan_add(maker->plan, op);
	}
	if (!status && kind == LB_IDENTITY_POOL && maker->state->pools[index].size) {
		op.kind = PLAN_UNTABLE;
		status = plan_add(maker->plan, op);
	}
	if (!status && kind == LB_IDENTITY_BACKEND) {
		op.kind = PLAN_LIFE;
		status = plan_add(maker->plan, op);
		op.kind = PLAN_BACKEND;
		status = status ? status : plan_add(maker->plan, op);
	}
	op.kind = PLAN_RELEASE;
	op.identity_kind = kind;
	return status ? status : plan_add(maker->plan, op);
}

/* Marks that are gone, of pools that are wanted. */
static int plan_settled(struct maker *maker)
{
	int status = maker->cleared ? plan_grace(maker->plan) : 0;

	for (size_t i = 0; !status && i < maker->wanted->catalog->pool_count; i++) {
		uint16_t pool = maker->pools[i];

		if (!maker->state->moves[pool] || maker->oldest_ns[pool] != UINT64_MAX)
			continue;
		status = plan_grace(maker->plan);
		if (!status)
			status = plan_add(maker->plan,
					  (struct plan_op){.kind = PLAN_UNMOVES, .index = pool});
	}
	return status;
}

static bool is_remembering(const struct maker *maker)
{
	const struct catalog *catalog = maker->wanted->catalog;

	for (uint32_t i = 1; i < LB_POOLS; i++)
		if (maker->oldest_ns[i] != UINT64_MAX)
			return true;
	for (size_t i = 0; i < catalog->pool_count; i++)
		if (catalog->pools[i].tracking == TRACKING_ALL)
			return true;
	return false;
}

int plan_release(struct maker *maker)
{
	int status = plan_leaving(maker);

	if (!status)
		status = plan_settled(maker);
	for (int kind = LB_IDENTITY_SERVICE; kind <= LB_IDENTITY_BACKEND; kind++) {
		bool waited = false;

		for (uint32_t i = 1; !status && i < state_capacity(kind); i++) {
			if (!is_released(maker, kind, i))
				continue;
			status = waited ? 0 : plan_grace(maker->plan);
			waited = true;
			if (!status)
				status = release(maker, kind, i);
		}
	}
	if (status || !maker->remembers || is_remembering(maker))
		return status;
	status = plan_grace(maker->plan);
	return status ? status : plan_add(maker->plan, (struct plan_op){.kind = PLAN_FORGET});
}
