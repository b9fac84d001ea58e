// SPDX-License-Identifier: GPL-2.0-only
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan_internal.h"
#include "table.h"

const char *plan_kind_name(enum plan_kind kind)
{
	static const char *const names[] = {
		[PLAN_CLAIM] = "claim an index",
		[PLAN_BACKEND] = "write a backend",
		[PLAN_LIFE] = "begin or end a backend's life",
		[PLAN_TABLE] = "write a table",
		[PLAN_POOL] = "write a pool",
		[PLAN_REMEMBER] = "make the tables of flows",
		[PLAN_MOVES] = "make an array of moved slots",
		[PLAN_SLOTS] = "change slots",
		[PLAN_SERVICE_MOVE] = "write when a service moved",
		[PLAN_SERVICE] = "write a service",
		[PLAN_GRACE] = "wait for packets",
		[PLAN_UNMOVES] = "remove an array of moved slots",
		[PLAN_FORGET] = "remove the tables of flows",
		[PLAN_UNTABLE] = "remove a table",
		[PLAN_RELEASE] = "release an index",
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

int plan_grace(struct plan *plan)
{
	if (plan->count && plan->ops[plan->count - 1].kind == PLAN_GRACE)
		return 0;
	return plan_add(plan, (struct plan_op){.kind = PLAN_GRACE});
}

int plan_remember(struct maker *maker)
{
	if (maker->remembers)
		return 0;
	maker->remembers = true;
	return plan_add(maker->plan, (struct plan_op){.kind = PLAN_REMEMBER});
}

int plan_life(struct maker *maker, uint32_t index, struct lb_life life)
{
	if (!memcmp(&maker->lives[index], &life, sizeof(life)))
		return 0;
	maker->lives[index] = life;
	return plan_add(maker->plan,
			(struct plan_op){.kind = PLAN_LIFE, .index = index, .life = life});
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

static int plan_backend(struct maker *maker, uint16_t index, const struct lb_backend *record)
{
	if (!memcmp(&maker->state->backends[index], record, sizeof(*record)))
		return 0;
	return plan_add(maker->plan,
			(struct plan_op){.kind = PLAN_BACKEND, .index = index, .backend = *record});
}

static int plan_leaving_records(struct maker *maker)
{
	const struct wanted *wanted = maker->wanted;
	int status = 0;

	for (size_t i = 0; !status && i < wanted->leaving_count; i++)
		if (!maker->kept[LB_IDENTITY_BACKEND][wanted->leaving[i].index])
			status = plan_backend(maker, wanted->leaving[i].index,
					      &wanted->leaving[i].record);
	return status;
}

/*
 * The number of a life that begins now: another one than of any before. Two lives of a backend in 16
 * ms would be taken for one.
 */
static uint32_t life_number(const struct maker *maker)
{
	return (maker->wanted->now_ns >> 24) + 1;
}

/* A life begins before slots lead to the backend, and ends before they lead away. */
static int plan_lives(struct maker *maker, size_t pool)
{
	const struct catalog_pool *catalog = &maker->wanted->catalog->pools[pool];
	int status = 0;

	for (size_t j = 0; !status && j < catalog->backend_count; j++) {
		uint16_t index = maker->backends[pool][j];
		struct lb_life life = maker->lives[index];

		if (catalog->backends[j].state == BACKEND_DOWN)
			life.number = 0;
		else if (!life.number)
			life.number = life_number(maker);
		status = plan_life(maker, index, life);
	}
	return status;
}

static int plan_backends(struct maker *maker)
{
	const struct catalog *catalog = maker->wanted->catalog;
	int status = plan_leaving_records(maker);

	for (size_t i = 0; !status && i < catalog->pool_count; i++) {
		const struct lb_backend *records = maker->wanted->pools[i].records;

		for (size_t j = 0; !status && j < catalog->pools[i].backend_count; j++)
			status = plan_backend(maker, maker->backends[i][j], &records[j]);
		if (!status)
			status = plan_lives(maker, i);
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
	free(maker->backends);
	free(maker->pools);
	free(maker->services);
	free(maker->regions);
	free(maker->lives);
	free(maker->in_table);
	free(maker->in_origin);
	free(maker->scanned);
	free(maker->marked);
	free(maker->oldest_ns);
	free(maker->referred);
}

static int maker_init_catalog(struct maker *maker)
{
	const struct catalog *catalog = maker->wanted->catalog;

	maker->services = calloc(catalog->service_count + 1, sizeof(*maker->services));
	maker->pools = calloc(catalog->pool_count + 1, sizeof(*maker->pools));
	maker->backends = calloc(catalog->pool_count + 1, sizeof(*maker->backends));
	if (!maker->services || !maker->pools || !maker->backends)
		return -ENOMEM;
	for (size_t i = 0; i < catalog->pool_count; i++) {
		maker->backends[i] =
			calloc(catalog->pools[i].backend_count + 1, sizeof(**maker->backends));
		if (!maker->backends[i])
			return -ENOMEM;
	}
	return 0;
}

static int maker_init_state(struct maker *maker)
{
	const struct state *state = maker->state;
	uint32_t backends = state_capacity(LB_IDENTITY_BACKEND);

	for (int kind = LB_IDENTITY_SERVICE; kind <= LB_IDENTITY_BACKEND; kind++) {
		maker->fresh[kind] = 1;
		maker->kept[kind] = calloc(state_capacity(kind), sizeof(bool));
		if (!maker->kept[kind] || index_map_init(&maker->known[kind], state, kind))
			return -ENOMEM;
	}
	maker->regions = calloc(LB_POOLS, sizeof(*maker->regions));
	maker->lives = malloc(backends * sizeof(*maker->lives));
	maker->in_table = calloc(backends, sizeof(bool));
	maker->in_origin = calloc(backends, sizeof(bool));
	maker->scanned = calloc(LB_POOLS, sizeof(bool));
	maker->marked = calloc(LB_POOLS, sizeof(bool));
	maker->oldest_ns = malloc(LB_POOLS * sizeof(*maker->oldest_ns));
	maker->referred = calloc(LB_POOL_ROOM, sizeof(bool));
	if (!maker->regions || !maker->lives || !maker->in_table || !maker->in_origin ||
	    !maker->scanned || !maker->marked || !maker->oldest_ns || !maker->referred)
		return -ENOMEM;
	memcpy(maker->lives, state->lives, backends * sizeof(*maker->lives));
	memset(maker->oldest_ns, 0xff, LB_POOLS * sizeof(*maker->oldest_ns));
	maker->remembers = state->remembers;
	return 0;
}

int plan_make(const struct wanted *wanted, const struct state *state, struct plan *out,
	      struct err *err)
{
	struct plan plan = {0};
	struct maker maker = {.wanted = wanted, .state = state, .plan = &plan, .err = err};
	int status = maker_init_catalog(&maker);

	if (!status)
		status = maker_init_state(&maker);
	if (!status)
		status = plan_indices(&maker);
	if (!status)
		status = plan_backends(&maker);
	if (!status)
		status = plan_tables(&maker);
	if (!status)
		status = plan_services(&maker);
	if (!status) {
		plan_old_tables(&maker);
		status = plan_release(&maker);
	}
	maker_done(&maker);
	if (status) {
		plan_done(&plan);
		return status == -ENOMEM ? err_set(err, status, "out of memory") : status;
	}
	*out = plan;
	return 0;
}
