// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of a plan that is about tables. Slots of a table in use change one by one; a slot that
 * changes while flows may live on its old backend is marked as moved: see bpf/moved.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "plan_internal.h"
#include "table.h"

static int compare_regions(const void *a, const void *b)
{
	const struct lb_pool *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Where size slots are free: the first gap that is wide enough, else behind all tables. */
static uint32_t find_region(const struct maker *maker, uint32_t size)
{
	uint32_t end = LB_FIRST_SLOT;

	for (size_t i = 0; i < maker->region_count; i++) {
		if (maker->regions[i].first - end >= size)
			break;
		end = maker->regions[i].first + maker->regions[i].size;
	}
	return end;
}

static void take_region(struct maker *maker, const struct lb_pool *region)
{
	uint32_t end = region->first + region->size;

	maker->regions[maker->region_count++] = *region;
	qsort(maker->regions, maker->region_count, sizeof(*maker->regions), compare_regions);
	if (maker->plan->slot_count < end)
		maker->plan->slot_count = end;
}

static void list_regions(struct maker *maker)
{
	for (uint32_t i = 1; i < LB_POOLS; i++)
		if (maker->state->pools[i].size)
			maker->regions[maker->region_count++] = maker->state->pools[i];
	qsort(maker->regions, maker->region_count, sizeof(*maker->regions), compare_regions);
}

static uint16_t wanted_owner(const struct maker *maker, size_t pool, uint32_t slot)
{
	uint16_t owner = maker->wanted->pools[pool].owners[slot];

	return owner ? maker->backends[pool][owner - 1] : LB_NONE;
}

/* Flags and times of a pool; live: as they are now, zero for a new one. */
static struct lb_pool wanted_record(const struct maker *maker, const struct catalog_pool *pool,
				    const struct lb_pool *live)
{
	struct lb_pool record = *live;

	record.udp_hold_s = pool->udp_hold_s;
	if (pool->tracking != TRACKING_ALL) {
		record.flags = 0;
		record.tracked_since_ns = 0;
	} else if (!(live->flags & LB_POOL_TRACK_ALL)) {
		record.flags = LB_POOL_TRACK_ALL;
		record.tracked_since_ns = maker->wanted->now_ns;
	}
	return record;
}

static int plan_new_table(struct maker *maker, size_t pool)
{
	static const struct lb_pool none;
	const struct catalog *catalog = maker->wanted->catalog;
	uint32_t size = catalog->pools[pool].table_size;
	struct plan_op op = {
		.kind = PLAN_TABLE,
		.index = maker->pools[pool],
		.pool = wanted_record(maker, &catalog->pools[pool], &none),
		.table = calloc(size, sizeof(*op.table)),
	};

	if (!op.table)
		return -ENOMEM;
	op.pool.first = find_region(maker, size);
	op.pool.size = size;
	op.pool.seed = table_hash(catalog->seed, 0);
	maker->scanned[op.index] = true;
	for (uint32_t slot = 0; slot < size; slot++) {
		op.table[slot].backend = wanted_owner(maker, pool, slot);
		maker->in_table[op.table[slot].backend] = true;
	}
	take_region(maker, &op.pool);
	return plan_add(maker->plan, op);
}

static bool is_idle(const struct maker *maker, const struct catalog_pool *pool,
		    const struct lb_move *move)
{
	uint32_t last = move->last_s > move->changed_s ? move->last_s : move->changed_s;

	/* Times are whole seconds, rounded down. */
	return maker_now_s(maker) > last + pool->idle_timeout_s;
}

/* A pool that stored all flows ceases to. */
static bool is_forgetting(const struct maker *maker, size_t pool)
{
	return maker->state->pools[maker->pools[pool]].flags & LB_POOL_TRACK_ALL &&
	       maker->wanted->catalog->pools[pool].tracking != TRACKING_ALL;
}

/* What was stored of all flows counts on, as of a slot that has moved, until that is idle. */
static void remember_slot(const struct maker *maker, size_t pool, const struct lb_slot *live,
			  struct plan_slot *next)
{
	uint64_t since_ns = maker->state->pools[maker->pools[pool]].tracked_since_ns;

	if (!next->value.moved) {
		next->value.moved = 1;
		next->move = (struct lb_move){
			.since_ns = since_ns,
			.origin = maker->lives[live->backend].number ? live->backend : LB_NONE};
	} else if (since_ns < next->move.since_ns) {
		next->move.since_ns = since_ns;
	}
	next->marks = true;
	next->clears = false;
	next->move.unstored = 0;
	next->move.changed_s = next->move.last_s = maker_now_s(maker);
}

/*
 * What is to become of a slot: false if it stays as it is. The rules are those of moved slots; a
 * backend without a life leaves no flows behind.
 */
static bool next_by_rules(const struct maker *maker, size_t pool, uint32_t slot,
			  struct plan_slot *next)
{
	const struct catalog_pool *catalog = &maker->wanted->catalog->pools[pool];
	uint16_t index = maker->pools[pool];
	const struct lb_slot *live = state_table(maker->state, index) + slot;
	bool known = maker->wanted->pools[pool].table_known;
	uint16_t owner = known ? live->backend : wanted_owner(maker, pool, slot);

	*next = (struct plan_slot){.slot = slot, .value.backend = owner};
	if (live->moved && !maker->state->moves[index])
		return true; /* a daemon died while it took the table away: nobody uses it */
	if (live->moved) {
		const struct lb_move *move = &maker->state->moves[index][slot];

		next->move = *move;
		next->clears = owner == live->backend && is_idle(maker, catalog, move);
		next->value.moved = !next->clears;
		if (!next->clears && !maker->lives[move->origin].number)
			next->move.origin = LB_NONE;
		if (owner != live->backend)
			next->move.changed_s = maker_now_s(maker);
		return next->clears || owner != live->backend || next->move.origin != move->origin;
	}
	if (owner == live->backend)
		return false;
	if (catalog->tracking != TRACKING_NONE && maker->lives[live->backend].number) {
		next->value.moved = 1;
		next->marks = true;
		next->move = (struct lb_move){
			.since_ns = maker->wanted->now_ns,
			.changed_s = maker_now_s(maker),
			.last_s = maker_now_s(maker),
			.origin = live->backend,
			.unstored = UINT32_MAX,
		};
	}
	return true;
}

static bool next_slot(const struct maker *maker, size_t pool, uint32_t slot, struct plan_slot *next)
{
	bool changes = next_by_rules(maker, pool, slot, next);

	if (!is_forgetting(maker, pool))
		return changes;
	remember_slot(maker, pool, state_table(maker->state, maker->pools[pool]) + slot, next);
	return true;
}

/* Notes what is there after the plan. */
static void note_mark(struct maker *maker, uint32_t pool, const struct lb_move *move)
{
	maker->in_origin[move->origin] = true;
	maker->marked[pool] = true;
	if (move->since_ns < maker->oldest_ns[pool])
		maker->oldest_ns[pool] = move->since_ns;
}

static int add_changes(struct maker *maker, size_t pool, uint32_t count)
{
	uint32_t size = maker->wanted->catalog->pools[pool].table_size;
	struct plan_op op = {.kind = PLAN_SLOTS,
			     .index = maker->pools[pool],
			     .changes = calloc(count, sizeof(*op.changes))};

	if (!op.changes)
		return -ENOMEM;
	for (uint32_t slot = 0; slot < size; slot++)
		op.count += next_slot(maker, pool, slot, &op.changes[op.count]);
	return plan_add(maker->plan, op);
}

/* One more change than there are may be written while they are collected. */
static int plan_changes(struct maker *maker, size_t pool)
{
	uint16_t index = maker->pools[pool];
	uint32_t size = maker->wanted->catalog->pools[pool].table_size, count = 0;
	bool marks = false;
	int status = 0;

	maker->scanned[index] = true;
	for (uint32_t slot = 0; slot < size; slot++) {
		struct plan_slot next;
		bool changes = next_slot(maker, pool, slot, &next);

		count += changes;
		marks |= next.marks;
		maker->cleared |= next.clears;
		maker->in_table[next.value.backend] = true;
		if (next.value.moved || next.clears)
			note_mark(maker, index, &next.move);
	}
	if (!count)
		return 0;
	if (marks)
		status = plan_remember(maker);
	if (!status && marks && !maker->state->moves[index])
		status = plan_add(
			maker->plan,
			(struct plan_op){.kind = PLAN_MOVES, .index = index, .pool.size = size});
	return status ? status : add_changes(maker, pool, count + 1);
}

static int plan_record(struct maker *maker, size_t pool)
{
	uint16_t index = maker->pools[pool];
	const struct lb_pool *live = &maker->state->pools[index];
	struct plan_op op = {.kind = PLAN_POOL, .index = index};
	int status = 0;

	op.pool = wanted_record(maker, &maker->wanted->catalog->pools[pool], live);
	if (op.pool.flags == live->flags && op.pool.udp_hold_s == live->udp_hold_s)
		return 0;
	if (op.pool.flags & LB_POOL_TRACK_ALL)
		status = plan_remember(maker);
	return status ? status : plan_add(maker->plan, op);
}

static int plan_table(struct maker *maker, size_t pool)
{
	uint16_t index = maker->pools[pool];
	int status = 0;

	if (maker->wanted->catalog->pools[pool].tracking == TRACKING_ALL)
		status = plan_remember(maker);
	if (status)
		return status;
	if (!maker->state->pools[index].size)
		return plan_new_table(maker, pool);
	/* The flag goes when the marks are there, and comes before those of this plan. */
	if (is_forgetting(maker, pool))
		return plan_changes(maker, pool) ?: plan_record(maker, pool);
	status = plan_record(maker, pool);
	if (status || (maker->wanted->pools[pool].table_known && !maker->state->moves[index]))
		return status;
	return plan_changes(maker, pool);
}

/* They do not change any more. Those that no service refers to go with this plan. */
void plan_old_tables(struct maker *maker)
{
	for (uint32_t i = 1; i < LB_POOLS; i++) {
		const struct lb_pool *pool = &maker->state->pools[i];
		const struct lb_slot *table = state_table(maker->state, i);

		if (!pool->size || maker->kept[LB_IDENTITY_POOL][i] || !maker->referred[i])
			continue;
		for (uint32_t slot = 0; slot < pool->size; slot++) {
			maker->in_origin[table[slot].backend] = true;
			if (table[slot].moved && maker->state->moves[i])
				note_mark(maker, i, &maker->state->moves[i][slot]);
		}
	}
}

int plan_tables(struct maker *maker)
{
	int status = 0;

	list_regions(maker);
	for (size_t i = 0; !status && i < maker->wanted->catalog->pool_count; i++)
		status = plan_table(maker, i);
	return status;
}
