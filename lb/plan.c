// SPDX-License-Identifier: GPL-2.0-only
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan_services.h"
#include "table.h"

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
};

const char *plan_kind_name(enum plan_kind kind)
{
	static const char *const names[] = {
		[PLAN_CLAIM] = "claim an index",    [PLAN_BACKEND] = "write a backend",
		[PLAN_TABLE] = "write a table",     [PLAN_SLOTS] = "change slots",
		[PLAN_SERVICE] = "write a service", [PLAN_GRACE] = "wait for packets",
		[PLAN_UNTABLE] = "remove a table",  [PLAN_RELEASE] = "release an index",
	};

	return names[kind];
}

static void op_done(struct plan_op *op)
{
	if (op->kind == PLAN_CLAIM)
		free(op->identity);
	else if (op->kind == PLAN_TABLE)
		free(op->table);
	else if (op->kind == PLAN_SLOTS)
		free(op->changes);
}

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		op_done(&plan->ops[i]);
	free(plan->ops);
	*plan = (struct plan){0};
}

size_t plan_count(const struct plan *plan, enum plan_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		count += plan->ops[i].kind == kind;
	return count;
}

int plan_add(struct plan *plan, struct plan_op op)
{
	if (plan->count == plan->room) {
		size_t room = plan->room ? 2 * plan->room : 64;
		struct plan_op *ops = realloc(plan->ops, room * sizeof(*ops));

		if (!ops) {
			op_done(&op);
			return -ENOMEM;
		}
		plan->ops = ops;
		plan->room = room;
	}
	plan->ops[plan->count++] = op;
	return 0;
}

static uint32_t identity_hash(const struct lb_identity *identity)
{
	uint64_t hash =
		table_hash(identity->name, table_hash(identity->pool, identity->table_size));

	return hash ^ identity->address.words[3];
}

static int index_map_init(struct index_map *map, const struct state *state,
			  enum lb_identity_kind kind)
{
	uint32_t capacity = state_capacity(kind), cells = 4096;

	while (cells < 2 * capacity)
		cells *= 2;
	map->mask = cells - 1;
	map->cells = calloc(cells, sizeof(*map->cells));
	if (!map->cells)
		return -ENOMEM;
	for (uint32_t i = 1; i < capacity; i++) {
		uint32_t at;

		if (!state->identities[kind][i])
			continue;
		at = identity_hash(state->identities[kind][i]) & map->mask;
		while (map->cells[at])
			at = (at + 1) & map->mask;
		map->cells[at] = i;
	}
	return 0;
}

static uint16_t index_map_find(const struct index_map *map, const struct state *state,
			       enum lb_identity_kind kind, const struct lb_identity *identity)
{
	uint32_t at = identity_hash(identity) & map->mask;

	for (; map->cells[at]; at = (at + 1) & map->mask)
		if (!memcmp(state->identities[kind][map->cells[at]], identity, sizeof(*identity)))
			return map->cells[at];
	return LB_NONE;
}

static int maker_claim(struct maker *maker, enum lb_identity_kind kind,
		       const struct lb_identity *identity, uint16_t *index)
{
	uint32_t *fresh = &maker->fresh[kind];
	struct plan_op op = {.kind = PLAN_CLAIM, .identity_kind = kind};

	while (*fresh < state_capacity(kind) && maker->state->identities[kind][*fresh])
		(*fresh)++;
	if (*fresh == state_capacity(kind))
		return err_set(maker->err, -ENOSPC,
			       "%s: all %u indices are taken, some by what this change removes; "
			       "remove first, then add",
			       identity->name, state_capacity(kind) - 1);
	op.index = (*fresh)++;
	op.identity = malloc(sizeof(*op.identity));
	if (!op.identity)
		return -ENOMEM;
	*op.identity = *identity;
	*index = op.index;
	return plan_add(maker->plan, op);
}

/* The index of a wanted identity: the one that it has, else a free one. */
static int maker_index(struct maker *maker, enum lb_identity_kind kind,
		       const struct lb_identity *identity, uint16_t *index)
{
	int status = 0;

	*index = index_map_find(&maker->known[kind], maker->state, kind, identity);
	if (*index == LB_NONE)
		status = maker_claim(maker, kind, identity, index);
	if (!status)
		maker->kept[kind][*index] = true;
	return status;
}

static int plan_indices(struct maker *maker)
{
	const struct catalog *catalog = maker->wanted->catalog;
	struct lb_identity identity;
	int status = 0;

	for (size_t i = 0; !status && i < catalog->service_count; i++) {
		identity = wanted_service_identity(catalog->services[i].name);
		status = maker_index(maker, LB_IDENTITY_SERVICE, &identity, &maker->services[i]);
	}
	for (size_t i = 0; !status && i < catalog->pool_count; i++) {
		const struct catalog_pool *pool = &catalog->pools[i];

		identity = wanted_pool_identity(catalog, pool);
		status = maker_index(maker, LB_IDENTITY_POOL, &identity, &maker->pools[i]);
		for (size_t j = 0; !status && j < pool->backend_count; j++) {
			identity = wanted_backend_identity(pool, &pool->backends[j]);
			status = maker_index(maker, LB_IDENTITY_BACKEND, &identity,
					     &maker->backends[i][j]);
		}
	}
	return status;
}

static int plan_backends(struct maker *maker)
{
	const struct catalog *catalog = maker->wanted->catalog;
	int status = 0;

	for (size_t i = 0; i < catalog->pool_count; i++) {
		const struct lb_backend *records = maker->wanted->pools[i].records;

		for (size_t j = 0; !status && j < catalog->pools[i].backend_count; j++) {
			uint16_t index = maker->backends[i][j];

			if (!memcmp(&maker->state->backends[index], &records[j], sizeof(*records)))
				continue;
			status = plan_add(maker->plan, (struct plan_op){.kind = PLAN_BACKEND,
									.index = index,
									.backend = records[j]});
		}
	}
	return status;
}

static uint16_t wanted_owner(const struct maker *maker, size_t pool, uint32_t slot)
{
	uint16_t owner = maker->wanted->pools[pool].owners[slot];

	return owner ? maker->backends[pool][owner - 1] : LB_NONE;
}

static int compare_regions(const void *a, const void *b)
{
	const struct lb_pool *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Where size slots are free: the first gap that is wide enough, else behind all tables. */
static uint32_t find_region(struct maker *maker, uint32_t size)
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

static int plan_new_table(struct maker *maker, size_t pool)
{
	const struct catalog *catalog = maker->wanted->catalog;
	uint32_t size = catalog->pools[pool].table_size;
	struct plan_op op = {
		.kind = PLAN_TABLE,
		.index = maker->pools[pool],
		.pool = {.first = find_region(maker, size),
			 .size = size,
			 .seed = table_hash(catalog->seed, 0)},
		.table = calloc(size, sizeof(*op.table)),
	};

	if (!op.table)
		return -ENOMEM;
	for (uint32_t slot = 0; slot < size; slot++)
		op.table[slot].backend = wanted_owner(maker, pool, slot);
	take_region(maker, &op.pool);
	return plan_add(maker->plan, op);
}

static int plan_changes(struct maker *maker, size_t pool)
{
	const struct lb_slot *live = state_table(maker->state, maker->pools[pool]);
	uint32_t size = maker->wanted->catalog->pools[pool].table_size;
	struct plan_op op = {.kind = PLAN_SLOTS, .index = maker->pools[pool]};

	for (uint32_t slot = 0; slot < size; slot++)
		op.count += live[slot].backend != wanted_owner(maker, pool, slot);
	if (!op.count)
		return 0;
	op.changes = calloc(op.count, sizeof(*op.changes));
	if (!op.changes)
		return -ENOMEM;
	op.count = 0;
	for (uint32_t slot = 0; slot < size; slot++) {
		uint16_t owner = wanted_owner(maker, pool, slot);

		if (live[slot].backend != owner)
			op.changes[op.count++] =
				(struct plan_slot){.slot = slot, .value.backend = owner};
	}
	return plan_add(maker->plan, op);
}

static int plan_table(struct maker *maker, size_t pool)
{
	if (!maker->state->pools[maker->pools[pool]].size)
		return plan_new_table(maker, pool);
	if (maker->wanted->pools[pool].table_known)
		return 0;
	return plan_changes(maker, pool);
}

static int plan_tables(struct maker *maker)
{
	int status = 0;

	for (size_t i = 0; !status && i < maker->wanted->catalog->pool_count; i++)
		status = plan_table(maker, i);
	return status;
}

static int plan_release(struct maker *maker, enum lb_identity_kind kind, uint32_t index)
{
	struct plan_op op = {.index = index};
	int status = 0;

	if (kind == LB_IDENTITY_BACKEND)
		op.kind = PLAN_BACKEND;
	else if (kind == LB_IDENTITY_POOL && maker->state->pools[index].size)
		op.kind = PLAN_UNTABLE;
	if (kind == LB_IDENTITY_BACKEND || op.kind == PLAN_UNTABLE)
		status = plan_add(maker->plan, op);
	op.kind = PLAN_RELEASE;
	op.identity_kind = kind;
	return status ? status : plan_add(maker->plan, op);
}

/* Away with what is not wanted; the services and slots that named it are gone by now. */
static int plan_removals(struct maker *maker)
{
	struct plan *plan = maker->plan;
	bool waited = false;
	int status = 0;

	for (int kind = LB_IDENTITY_SERVICE; kind <= LB_IDENTITY_BACKEND; kind++) {
		for (uint32_t i = 1; !status && i < state_capacity(kind); i++) {
			if (!maker->state->identities[kind][i] || maker->kept[kind][i])
				continue;
			if (!waited && plan->count && plan->ops[plan->count - 1].kind != PLAN_GRACE)
				status = plan_add(plan, (struct plan_op){.kind = PLAN_GRACE});
			waited = true;
			if (!status)
				status = plan_release(maker, kind, i);
		}
	}
	return status;
}

static void maker_done(struct maker *maker)
{
	for (int kind = LB_IDENTITY_SERVICE; kind <= LB_IDENTITY_BACKEND; kind++) {
		free(maker->known[kind].cells);
		free(maker->kept[kind]);
	}
	for (size_t i = 0; maker->backends && i < maker->wanted->catalog->pool_count; i++)
		free(maker->backends[i]);
	free(maker->regions);
	free(maker->backends);
	free(maker->pools);
	free(maker->services);
}

static int maker_init(struct maker *maker)
{
	const struct catalog *catalog = maker->wanted->catalog;

	for (int kind = LB_IDENTITY_SERVICE; kind <= LB_IDENTITY_BACKEND; kind++) {
		maker->fresh[kind] = 1;
		maker->kept[kind] = calloc(state_capacity(kind), sizeof(bool));
		if (!maker->kept[kind] || index_map_init(&maker->known[kind], maker->state, kind))
			return -ENOMEM;
	}
	maker->services = calloc(catalog->service_count + 1, sizeof(*maker->services));
	maker->pools = calloc(catalog->pool_count + 1, sizeof(*maker->pools));
	maker->backends = calloc(catalog->pool_count + 1, sizeof(*maker->backends));
	maker->regions = calloc(LB_POOLS, sizeof(*maker->regions));
	if (!maker->services || !maker->pools || !maker->backends || !maker->regions)
		return -ENOMEM;
	for (uint32_t i = 1; i < LB_POOLS; i++)
		if (maker->state->pools[i].size)
			maker->regions[maker->region_count++] = maker->state->pools[i];
	qsort(maker->regions, maker->region_count, sizeof(*maker->regions), compare_regions);
	for (size_t i = 0; i < catalog->pool_count; i++) {
		maker->backends[i] =
			calloc(catalog->pools[i].backend_count + 1, sizeof(**maker->backends));
		if (!maker->backends[i])
			return -ENOMEM;
	}
	return 0;
}

int plan_make(const struct wanted *wanted, const struct state *state, struct plan *out,
	      struct err *err)
{
	struct plan plan = {0};
	struct maker maker = {.wanted = wanted, .state = state, .plan = &plan, .err = err};
	int status = maker_init(&maker);

	if (!status)
		status = plan_indices(&maker);
	if (!status)
		status = plan_backends(&maker);
	if (!status)
		status = plan_tables(&maker);
	if (!status)
		status = plan_services(wanted->catalog, state, maker.services, maker.pools, &plan,
				       err);
	if (!status)
		status = plan_removals(&maker);
	maker_done(&maker);
	if (status) {
		plan_done(&plan);
		return status == -ENOMEM ? err_set(err, status, "out of memory") : status;
	}
	*out = plan;
	return 0;
}
