// SPDX-License-Identifier: GPL-2.0-only
#include "plan_model.h"

#include <arpa/inet.h>

#include "hash.h"
#include "table.h"
#include "test.h"

struct model *model_new(void)
{
	struct model *model = calloc(1, sizeof(*model));

	assert_non_null(model);
	assert_int_equal(state_init(&model->state), 0);
	model->state.services = calloc(LB_SERVICE_BUCKETS, sizeof(struct lb_service_bucket));
	model->state.backends = calloc(LB_MAX_BACKENDS + 1, sizeof(struct lb_backend));
	model->state.pools = calloc(LB_POOL_ROOM, sizeof(struct lb_pool));
	model->state.lives = calloc(LB_MAX_BACKENDS + 1, sizeof(struct lb_life));
	model->state.service_moves = calloc(LB_SERVICE_ROOM, sizeof(struct lb_service_move));
	model->emptied = calloc(LB_SERVICE_ENTRIES, sizeof(*model->emptied));
	model->left = calloc(LB_MAX_BACKENDS + 1, sizeof(*model->left));
	assert_true(model->state.services && model->state.backends && model->state.pools &&
		    model->state.lives && model->state.service_moves && model->emptied &&
		    model->left);
	for (int kind = LB_IDENTITY_SERVICE; kind <= LB_IDENTITY_BACKEND; kind++) {
		model->uses[kind] = calloc(state_capacity(kind), sizeof(uint32_t));
		assert_non_null(model->uses[kind]);
	}
	model->window = 1;
	return model;
}

void model_free(struct model *model)
{
	for (int kind = LB_IDENTITY_SERVICE; kind <= LB_IDENTITY_BACKEND; kind++)
		free(model->uses[kind]);
	free(model->state.services);
	free(model->state.backends);
	free(model->state.pools);
	free(model->state.slots);
	free(model->state.lives);
	free(model->state.service_moves);
	for (uint32_t pool = 0; pool < LB_POOLS; pool++)
		free(model->state.moves[pool]);
	free(model->emptied);
	free(model->left);
	state_done(&model->state);
	free(model);
}

struct lb_service *model_entry(const struct model *model, uint32_t entry)
{
	return &model->state.services[entry / 2].entries[entry % 2];
}

void probe_init(struct probe *probe, const struct lb_service_key *key)
{
	*probe = (struct probe){.keys = {*key, *key}};
	probe->keys[1].port = 0;
	probe->reads = key->protocol && key->port ? 8 : 4;
	for (int i = 0; i < MODEL_READS; i++) {
		uint64_t hash = hash_service(&probe->keys[i / 4]);
		uint32_t bucket = i % 4 < 2 ? hash_first_bucket(hash) : hash_second_bucket(hash);

		probe->entries[i] = 2 * bucket + i % 2;
	}
}

/* What a packet finds at its n-th read: whether the key is there, and its target. */
static bool read_entry(const struct model *model, const struct probe *probe, int n, uint64_t *word)
{
	const struct lb_service *entry = model_entry(model, probe->entries[n]);

	*word = entry->target.word;
	return !memcmp(&entry->key, &probe->keys[n / 4], sizeof(entry->key));
}

/* The read after n: a key with an empty target sends the packet to the next bucket. */
static int next_read(int n, bool match)
{
	return match ? (n / 2 + 1) * 2 : n + 1;
}

uint64_t model_lookup(const struct model *model, const struct probe *probe)
{
	uint64_t word;
	bool match;

	for (int n = 0; n < probe->reads; n = next_read(n, match)) {
		match = read_entry(model, probe, n, &word);
		if (match && word)
			return word;
	}
	return 0;
}

static const char *identity_name(const struct model *model, enum lb_identity_kind kind,
				 uint32_t index)
{
	const struct lb_identity *identity = model->state.identities[kind][index];

	return identity ? identity->name : "(nobody)";
}

/* The service's own name; or that of one that left its exact port to "any port", for old flows. */
static bool is_named(const struct model *model, const struct probe *probe,
		     union lb_service_target target)
{
	const struct catalog *catalog = model->wanted->catalog;
	const char *name = identity_name(model, LB_IDENTITY_SERVICE, target.service);

	if (!strcmp(name, probe->wanted->name))
		return true;
	for (size_t i = 0; i < catalog->service_count; i++)
		if (!strcmp(name, catalog->services[i].name))
			return false;
	return probe->keys[0].port && !probe->wanted->port;
}

bool model_is_wanted(const struct model *model, const struct probe *probe, uint64_t word)
{
	const struct catalog *catalog = model->wanted->catalog;
	const struct catalog_service *service = probe->wanted;
	union lb_service_target target = {.word = word};
	unsigned int flags = LB_SERVICE_USED;

	if (!word)
		return !service && !probe->wanted_vip;
	if (target.flags & LB_SERVICE_VIP)
		return probe->wanted_vip && target.flags == (LB_SERVICE_USED | LB_SERVICE_VIP) &&
		       !target.pool && !target.service && !target.origin;
	if (!service)
		return false;
	if (service->affinity == AFFINITY_CLIENT)
		flags |= LB_SERVICE_AFFINITY_CLIENT;
	/* Flows that began before a move are on a table that is there. */
	if (target.origin && !model->state.pools[target.origin].size)
		return false;
	return (target.flags & ~LB_SERVICE_ORIGIN_CLIENT) == flags &&
	       model->state.pools[target.pool].seed == table_hash(catalog->seed, 0) &&
	       model->state.pools[target.pool].size == catalog->pools[service->pool].table_size &&
	       is_named(model, probe, target) &&
	       !strcmp(identity_name(model, LB_IDENTITY_POOL, target.pool),
		       catalog->pools[service->pool].name);
}

static void found(struct model *model, struct probe *probe, uint64_t word)
{
	union lb_service_target target = {.word = word};

	for (unsigned int i = 0; i < probe->target_count; i++)
		if (probe->targets[i] == word)
			return;
	if (word != probe->before && !model_is_wanted(model, probe, word))
		fail_msg("operation %u: a packet for port %u finds service %s of pool %s, not %s",
			 model->operations, ntohs(probe->keys[0].port),
			 identity_name(model, LB_IDENTITY_SERVICE, target.service),
			 identity_name(model, LB_IDENTITY_POOL, target.pool),
			 probe->wanted ? probe->wanted->name : "none");
	assert_in_range(probe->target_count, 0, 31);
	probe->targets[probe->target_count++] = word;
}

/* All that packets under way can do with the maps as they are now. */
static void probe_advance(struct model *model, struct probe *probe)
{
	probe->under_way |= 1;
	for (int n = 0; n < probe->reads; n++) {
		uint64_t word;
		bool match;

		if (!(probe->under_way >> n & 1))
			continue;
		match = read_entry(model, probe, n, &word);
		if (match && word)
			found(model, probe, word);
		else
			probe->under_way |= 1 << next_read(n, match);
	}
	if (probe->under_way >> probe->reads & 1)
		found(model, probe, 0);
}

static void wait_for_packets(struct model *model)
{
	model->window++;
	for (size_t i = 0; i < model->probe_count; i++) {
		model->probes[i].under_way = 0;
		model->probes[i].target_count = 0;
		probe_advance(model, &model->probes[i]);
	}
}

static bool same_key(const struct catalog_service *service, const struct lb_service_key *key)
{
	return !memcmp(&service->address, &key->address, sizeof(key->address)) &&
	       service->protocol == key->protocol && htons(service->port) == key->port;
}

static void probe_expect(struct probe *probe, const struct catalog *catalog)
{
	probe->wanted = NULL;
	probe->wanted_vip = false;
	for (size_t i = 0; i < catalog->service_count; i++) {
		const struct catalog_service *service = &catalog->services[i];

		if (same_key(service, &probe->keys[0]) ||
		    (!probe->wanted && same_key(service, &probe->keys[1])))
			probe->wanted = service;
		probe->wanted_vip |= !probe->keys[0].protocol &&
				     !memcmp(&service->address, &probe->keys[0].address,
					     sizeof(service->address));
	}
}

void model_reserve(struct model *model, uint32_t slot_count)
{
	struct state *state = &model->state;

	if (slot_count <= state->slot_count)
		return;
	state->slots = realloc(state->slots, slot_count * sizeof(*state->slots));
	assert_non_null(state->slots);
	memset(state->slots + state->slot_count, 0xff,
	       (slot_count - state->slot_count) * sizeof(*state->slots));
	state->slot_count = slot_count;
}

void model_begin(struct model *model, const struct wanted *wanted, struct probe *probes,
		 size_t probe_count)
{
	model->wanted = wanted;
	model->probes = probes;
	model->probe_count = probe_count;
	for (size_t i = 0; i < probe_count; i++) {
		probe_expect(&probes[i], wanted->catalog);
		probes[i].before = model_lookup(model, &probes[i]);
	}
	wait_for_packets(model);
}

/* Nothing in the maps, and no packet under way, names an index. */
static void assert_unnamed(const struct model *model, enum lb_identity_kind kind, uint32_t index)
{
	if (model->uses[kind][index])
		fail_msg("operation %u: index %u of kind %d has %u uses", model->operations, index,
			 kind, model->uses[kind][index]);
	if (kind == LB_IDENTITY_BACKEND && model->left[index] == model->window)
		fail_msg("operation %u: a packet under way may hold backend %u", model->operations,
			 index);
	for (size_t i = 0; i < model->probe_count; i++) {
		for (unsigned int j = 0; j < model->probes[i].target_count; j++) {
			union lb_service_target target = {.word = model->probes[i].targets[j]};

			if ((kind == LB_IDENTITY_POOL &&
			     (target.pool == index || target.origin == index)) ||
			    (kind == LB_IDENTITY_SERVICE && target.service == index))
				fail_msg("operation %u: a packet under way holds index %u of kind "
					 "%d (%s)",
					 model->operations, index, kind,
					 identity_name(model, kind, index));
		}
	}
}

static void apply_claim(struct model *model, const struct plan_op *op)
{
	struct lb_identity **identity = &model->state.identities[op->identity_kind][op->index];

	assert_in_range(op->index, 1, state_capacity(op->identity_kind) - 1);
	assert_null(*identity);
	assert_unnamed(model, op->identity_kind, op->index);
	if (op->identity_kind == LB_IDENTITY_POOL)
		assert_int_equal(model->state.pools[op->index].size, 0);
	*identity = malloc(sizeof(**identity));
	assert_non_null(*identity);
	**identity = *op->identity;
}

static void apply_release(struct model *model, const struct plan_op *op)
{
	struct lb_identity **identity = &model->state.identities[op->identity_kind][op->index];

	assert_non_null(*identity);
	assert_unnamed(model, op->identity_kind, op->index);
	if (op->identity_kind == LB_IDENTITY_POOL)
		assert_int_equal(model->state.pools[op->index].size, 0);
	free(*identity);
	*identity = NULL;
}

static void apply_backend(struct model *model, const struct plan_op *op)
{
	const struct lb_identity *identity =
		model->state.identities[LB_IDENTITY_BACKEND][op->index];

	assert_non_null(identity);
	if (op->backend.flags & LB_BACKEND_RESOLVED)
		assert_memory_equal(op->backend.header, &identity->address, 16);
	if (!(op->backend.flags & LB_BACKEND_USED))
		assert_unnamed(model, LB_IDENTITY_BACKEND, op->index);
	model->state.backends[op->index] = op->backend;
}

/* Backends that slots name are of their pool, and have a record. */
static void name_backend(struct model *model, uint32_t pool, uint16_t index)
{
	const struct lb_identity *identity = model->state.identities[LB_IDENTITY_BACKEND][index];

	if (!index)
		return;
	assert_non_null(identity);
	assert_string_equal(identity->pool, identity_name(model, LB_IDENTITY_POOL, pool));
	assert_true(model->state.backends[index].flags & LB_BACKEND_USED);
	model->uses[LB_IDENTITY_BACKEND][index]++;
}

static void name_origin(struct model *model, uint32_t pool, const struct lb_move *move)
{
	name_backend(model, pool, move->origin);
	assert_true(move->since_ns && move->changed_s);
}

static void leave_backend(struct model *model, uint16_t index)
{
	if (!index)
		return;
	model->uses[LB_IDENTITY_BACKEND][index]--;
	model->left[index] = model->window;
}

/* No other pool's table, and no slot 0, is where a new one is written. */
static void assert_region_is_free(const struct model *model, const struct lb_pool *region)
{
	assert_true(region->first >= LB_FIRST_SLOT);
	for (uint32_t i = 0; i < LB_POOL_ROOM; i++) {
		const struct lb_pool *pool = &model->state.pools[i];

		assert_true(!pool->size || pool->first >= region->first + region->size ||
			    region->first >= pool->first + pool->size);
	}
}

static void apply_table(struct model *model, const struct plan_op *op)
{
	struct state *state = &model->state;

	assert_non_null(state->identities[LB_IDENTITY_POOL][op->index]);
	assert_int_equal(state->pools[op->index].size, 0);
	assert_unnamed(model, LB_IDENTITY_POOL, op->index);
	assert_region_is_free(model, &op->pool);
	assert_true(op->pool.first + op->pool.size <= state->slot_count);
	memcpy(state->slots + op->pool.first, op->table, op->pool.size * sizeof(*op->table));
	state->pools[op->index] = op->pool;
	for (uint32_t slot = 0; slot < op->pool.size; slot++)
		name_backend(model, op->index, op->table[slot].backend);
}

static void apply_slots(struct model *model, const struct plan_op *op)
{
	const struct lb_pool *pool = &model->state.pools[op->index];

	for (uint32_t i = 0; i < op->count; i++) {
		const struct plan_slot *change = &op->changes[i];
		struct lb_slot *live = state_table(&model->state, op->index) + change->slot;

		assert_in_range(change->slot, 0, pool->size - 1);
		if (change->clears &&
		    model->state.moves[op->index][change->slot].last_s != change->move.last_s)
			continue;
		/* The old value goes only when the new one is there: the move's first. */
		if (change->value.moved) {
			struct lb_move *move = &model->state.moves[op->index][change->slot];

			assert_non_null(model->state.moves[op->index]);
			assert_true(model->state.remembers);
			assert_true(change->marks || live->moved);
			if (live->moved)
				leave_backend(model, move->origin);
			/* What the program writes is not the plan's. */
			if (change->marks)
				*move = change->move;
			move->changed_s = change->move.changed_s;
			move->origin = change->move.origin;
			name_origin(model, op->index, move);
		} else if (live->moved && model->state.moves[op->index]) {
			leave_backend(model, model->state.moves[op->index][change->slot].origin);
		}
		leave_backend(model, live->backend);
		*live = change->value;
		name_backend(model, op->index, live->backend);
	}
}

static void apply_moves(struct model *model, const struct plan_op *op)
{
	struct lb_move **moves = &model->state.moves[op->index];

	assert_null(*moves);
	assert_int_equal(op->pool.size, model->state.pools[op->index].size);
	*moves = calloc(op->pool.size, sizeof(**moves));
	assert_non_null(*moves);
}

/* No slot is marked; or no packet comes by any more. */
static void apply_unmoves(struct model *model, const struct plan_op *op)
{
	struct lb_move **moves = &model->state.moves[op->index];
	const struct lb_slot *table = state_table(&model->state, op->index);

	assert_non_null(*moves);
	for (uint32_t slot = 0; slot < model->state.pools[op->index].size; slot++) {
		if (!table[slot].moved)
			continue;
		assert_unnamed(model, LB_IDENTITY_POOL, op->index);
		if ((*moves)[slot].origin)
			model->uses[LB_IDENTITY_BACKEND][(*moves)[slot].origin]--;
	}
	free(*moves);
	*moves = NULL;
}

static void apply_life(struct model *model, const struct plan_op *op)
{
	assert_non_null(model->state.identities[LB_IDENTITY_BACKEND][op->index]);
	model->state.lives[op->index] = op->life;
}

static void apply_pool(struct model *model, const struct plan_op *op)
{
	struct lb_pool *pool = &model->state.pools[op->index];

	assert_true(pool->size);
	assert_int_equal(pool->first, op->pool.first);
	assert_int_equal(pool->size, op->pool.size);
	assert_int_equal(pool->seed, op->pool.seed);
	*pool = op->pool;
}

static void apply_untable(struct model *model, const struct plan_op *op)
{
	struct lb_pool *pool = &model->state.pools[op->index];
	const struct lb_slot *table = state_table(&model->state, op->index);

	assert_true(pool->size);
	assert_unnamed(model, LB_IDENTITY_POOL, op->index);
	/* No packet is under way in it, so that none holds a backend of it either. */
	for (uint32_t slot = 0; slot < pool->size; slot++)
		if (table[slot].backend)
			model->uses[LB_IDENTITY_BACKEND][table[slot].backend]--;
	*pool = (struct lb_pool){0};
}

static void count_target(struct model *model, union lb_service_target target, int by)
{
	if (!target.word || target.flags & LB_SERVICE_VIP)
		return;
	model->uses[LB_IDENTITY_SERVICE][target.service] += by;
	model->uses[LB_IDENTITY_POOL][target.pool] += by;
	if (target.origin)
		model->uses[LB_IDENTITY_POOL][target.origin] += by;
}

static bool probe_reads(const struct probe *probe, uint32_t entry)
{
	for (int n = 0; n < probe->reads; n++)
		if (probe->entries[n] == entry)
			return true;
	return false;
}

/* A live entry keeps its key; an empty one takes another when no packet compares with the old. */
static void apply_service(struct model *model, const struct plan_op *op)
{
	union lb_service_target target = op->service.target;
	struct lb_service *entry;

	assert_in_range(op->index, 0, LB_SERVICE_ENTRIES - 1);
	entry = model_entry(model, op->index);
	if (op->clears && model->state.service_moves[entry->target.service].last_s != op->last_s)
		return;
	if (target.word && entry->target.word)
		assert_memory_equal(&entry->key, &op->service.key, sizeof(entry->key));
	if (target.word && !entry->target.word)
		assert_true(model->emptied[op->index] != model->window);
	if (target.word && !(target.flags & LB_SERVICE_VIP)) {
		assert_true(model->state.pools[target.pool].size);
		assert_non_null(model->state.identities[LB_IDENTITY_POOL][target.pool]);
		assert_non_null(model->state.identities[LB_IDENTITY_SERVICE][target.service]);
	}
	if (!target.word)
		model->emptied[op->index] = model->window;
	count_target(model, entry->target, -1);
	*entry = op->service;
	count_target(model, target, 1);
	for (size_t i = 0; i < model->probe_count; i++)
		if (probe_reads(&model->probes[i], op->index))
			probe_advance(model, &model->probes[i]);
}

void model_apply(struct model *model, const struct plan_op *op)
{
	model->operations++;
	switch (op->kind) {
	case PLAN_CLAIM:
		return apply_claim(model, op);
	case PLAN_BACKEND:
		return apply_backend(model, op);
	case PLAN_TABLE:
		return apply_table(model, op);
	case PLAN_LIFE:
		return apply_life(model, op);
	case PLAN_POOL:
		return apply_pool(model, op);
	case PLAN_REMEMBER:
		assert_false(model->state.remembers);
		model->state.remembers = true;
		return;
	case PLAN_MOVES:
		return apply_moves(model, op);
	case PLAN_SLOTS:
		return apply_slots(model, op);
	case PLAN_SERVICE_MOVE:
		assert_true(model->state.remembers);
		model->state.service_moves[op->index] = op->service_move;
		return;
	case PLAN_UNMOVES:
		return apply_unmoves(model, op);
	case PLAN_FORGET:
		assert_true(model->state.remembers);
		model->state.remembers = false;
		return;
	case PLAN_SERVICE:
		return apply_service(model, op);
	case PLAN_GRACE:
		return wait_for_packets(model);
	case PLAN_UNTABLE:
		return apply_untable(model, op);
	case PLAN_RELEASE:
		return apply_release(model, op);
	}
	fail_msg("operation %u: no such kind %d", model->operations, op->kind);
}
