// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plans to maps. All that packets read are arrays that are mapped here, so that a live value changes
 * by single aligned stores, which a packet sees whole or not at all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "datapath_internal.h"

void *maps_memory(int fd, size_t bytes, struct err *err)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory != MAP_FAILED)
		return memory;
	err_set(err, -errno, "cannot map a BPF map: %s", strerror(errno));
	return NULL;
}

static int load_identities(struct datapath *datapath, struct err *err)
{
	int fd = bpf_map__fd(datapath->skeleton->maps.identities);
	struct lb_identity_key key, *previous = NULL;

	for (; !bpf_map_get_next_key(fd, previous, &key); previous = &key) {
		struct lb_identity *identity;

		if (key.kind < LB_IDENTITY_SERVICE || key.kind > LB_IDENTITY_BACKEND ||
		    key.index >= state_capacity(key.kind))
			return err_set(err, -EPROTO,
				       "the pinned map identities names kind %u, index %u",
				       key.kind, key.index);
		identity = malloc(sizeof(*identity));
		if (!identity)
			return err_set(err, -ENOMEM, "out of memory");
		if (bpf_map_lookup_elem(fd, &key, identity)) {
			free(identity);
			return err_set(err, -errno, "cannot read the map identities: %s",
				       strerror(errno));
		}
		datapath->state.identities[key.kind][key.index] = identity;
	}
	return 0;
}

int maps_attach_state(struct datapath *datapath, struct err *err)
{
	const struct lb_bpf *skeleton = datapath->skeleton;
	struct state *state = &datapath->state;
	int status;

	if (state_init(state))
		return err_set(err, -ENOMEM, "out of memory");
	datapath->arrays =
		maps_memory(bpf_map__fd(skeleton->maps.bss), sizeof(*datapath->arrays), err);
	datapath->counters = maps_memory(bpf_map__fd(skeleton->maps.counters),
					 datapath->cpus * sizeof(*datapath->counters), err);
	if (!datapath->arrays || !datapath->counters || slots_map(datapath, err))
		return -ENOMEM;
	state->services = datapath->arrays->services;
	state->backends = datapath->arrays->backends;
	state->pools = datapath->arrays->pools;
	state->lives = datapath->arrays->lives;
	state->service_moves = datapath->arrays->service_moves;
	status = load_identities(datapath, err);
	return status ? status : flows_load(datapath, err);
}

static void unmap(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, bytes);
}

void maps_detach_state(struct datapath *datapath)
{
	struct state *state = &datapath->state;

	flows_unload(datapath);
	slots_unmap(state);
	unmap(datapath->counters, datapath->cpus * sizeof(*datapath->counters));
	unmap(datapath->arrays, sizeof(*datapath->arrays));
	state_done(state);
}

const struct state *datapath_state(const struct datapath *datapath)
{
	return &datapath->state;
}

/* NULL: indices of this kind have no counter. */
static struct lb_counter *counter_of(const struct datapath *datapath, int cpu,
				     enum lb_identity_kind kind, uint16_t index)
{
	struct lb_counters *own = &datapath->counters[cpu];

	switch (kind) {
	case LB_IDENTITY_SERVICE:
		return &own->services[index];
	case LB_IDENTITY_BACKEND:
		return &own->backends[index];
	default:
		return NULL;
	}
}

struct lb_counter datapath_read_counter(const struct datapath *datapath, enum lb_identity_kind kind,
					uint16_t index)
{
	struct lb_counter sum = {0};

	for (int cpu = 0; cpu < datapath->cpus; cpu++) {
		const struct lb_counter *counter = counter_of(datapath, cpu, kind, index);

		sum.packets += counter->packets;
		sum.bytes += counter->bytes;
	}
	return sum;
}

void datapath_read_reasons(struct datapath *datapath, uint64_t out[LB_REASON_COUNT])
{
	for (int reason = 0; reason < LB_REASON_COUNT; reason++) {
		out[reason] = 0;
		for (int cpu = 0; cpu < datapath->cpus; cpu++)
			out[reason] += datapath->counters[cpu].reasons[reason];
	}
	out[LB_CPU_OVERRUN] = cpus_overrun(datapath);
}

void datapath_read_flow_events(const struct datapath *datapath, uint64_t out[LB_FLOW_EVENTS])
{
	for (int event = 0; event < LB_FLOW_EVENTS; event++) {
		out[event] = 0;
		for (int cpu = 0; cpu < datapath->cpus; cpu++)
			out[event] += datapath->counters[cpu].flows[event];
	}
}

static int apply_claim(struct datapath *datapath, const struct plan_op *op)
{
	struct lb_identity_key key = {.kind = op->identity_kind, .index = op->index};
	struct lb_identity *identity = malloc(sizeof(*identity));

	if (!identity)
		return -ENOMEM;
	*identity = *op->identity;
	for (int cpu = 0; cpu < datapath->cpus; cpu++) {
		struct lb_counter *counter = counter_of(datapath, cpu, key.kind, key.index);

		if (counter)
			*counter = (struct lb_counter){0};
	}
	if (bpf_map_update_elem(bpf_map__fd(datapath->skeleton->maps.identities), &key, identity,
				BPF_ANY)) {
		free(identity);
		return -errno;
	}
	free(datapath->state.identities[key.kind][key.index]);
	datapath->state.identities[key.kind][key.index] = identity;
	return 0;
}

static int apply_release(struct datapath *datapath, const struct plan_op *op)
{
	struct lb_identity_key key = {.kind = op->identity_kind, .index = op->index};

	if (bpf_map_delete_elem(bpf_map__fd(datapath->skeleton->maps.identities), &key) &&
	    errno != ENOENT)
		return -errno;
	free(datapath->state.identities[key.kind][key.index]);
	datapath->state.identities[key.kind][key.index] = NULL;
	return 0;
}

static void store(void *to, const void *from, size_t word)
{
	uint64_t value;

	memcpy(&value, (const uint64_t *)from + word, sizeof(value));
	__atomic_store_n((uint64_t *)to + word, value, __ATOMIC_RELEASE);
}

/*
 * The first word holds the flags: it goes last when the record becomes usable and first when it
 * ceases to be. The destination MAC, which changes most often, lies within one word.
 */
static void apply_backend(struct datapath *datapath, const struct plan_op *op)
{
	struct lb_backend *live = &datapath->state.backends[op->index];
	bool resolved = op->backend.flags & LB_BACKEND_RESOLVED;

	if (!resolved)
		store(live, &op->backend, 0);
	for (size_t word = 1; word < sizeof(*live) / 8; word++)
		store(live, &op->backend, word);
	if (resolved)
		store(live, &op->backend, 0);
}

static void apply_service(struct datapath *datapath, const struct plan_op *op)
{
	struct lb_service *live = &datapath->state.services[op->index / LB_SERVICE_BUCKET_SIZE]
					   .entries[op->index % LB_SERVICE_BUCKET_SIZE];
	const size_t target = sizeof(struct lb_service_key) / 8;

	if (op->clears && datapath->state.service_moves[live->target.service].last_s != op->last_s)
		return;
	if (!op->service.target.word)
		store(live, &op->service, target);
	/* From the last word on, so that a half-written key is never that of a VIP entry. */
	for (size_t word = target; word-- > 0;)
		store(live, &op->service, word);
	store(live, &op->service, target);
}

/* The table is complete before the pool has a size: until then no slot of it is found. */
static void apply_table(struct datapath *datapath, const struct plan_op *op)
{
	struct lb_pool *live = &datapath->state.pools[op->index];
	struct lb_pool pool = op->pool;

	memcpy(datapath->state.slots + pool.first, op->table, pool.size * sizeof(*op->table));
	for (size_t word = sizeof(pool) / 8; word-- > 0;)
		store(live, &pool, word);
}

static void store_u32(uint32_t *to, uint32_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELEASE);
}

/* The program writes last_s and unstored: they are ours only when nothing was known of the slot, or when
 * more counts as stored than before. */
static void apply_move(struct lb_move *live, const struct plan_slot *change)
{
	if (change->marks) {
		*live = change->move;
		return;
	}
	store_u32(&live->changed_s, change->move.changed_s);
	__atomic_store_n(&live->origin, change->move.origin, __ATOMIC_RELEASE);
}

static void apply_slots(struct datapath *datapath, const struct plan_op *op)
{
	struct lb_slot *table = state_table(&datapath->state, op->index);
	struct lb_move *moves = datapath->state.moves[op->index];

	for (uint32_t i = 0; i < op->count; i++) {
		const struct plan_slot *change = &op->changes[i];

		if (change->clears && moves[change->slot].last_s != change->move.last_s)
			continue;
		if (change->value.moved)
			apply_move(&moves[change->slot], change);
		store_u32(&table[change->slot].word, change->value.word);
	}
}

/* The place of the table stays; tracked_since_ns has to be there before the flag. */
static void apply_pool(struct datapath *datapath, const struct plan_op *op)
{
	struct lb_pool *live = &datapath->state.pools[op->index];

	__atomic_store_n(&live->tracked_since_ns, op->pool.tracked_since_ns, __ATOMIC_RELEASE);
	store_u32(&live->udp_hold_s, op->pool.udp_hold_s);
	store_u32(&live->flags, op->pool.flags);
}

static void apply_untable(struct datapath *datapath, const struct plan_op *op)
{
	static const struct lb_pool none;

	for (size_t word = 0; word < sizeof(none) / 8; word++)
		store(&datapath->state.pools[op->index], &none, word);
}

static int apply_one(struct datapath *datapath, const struct plan_op *op)
{
	switch (op->kind) {
	case PLAN_CLAIM:
		return apply_claim(datapath, op);
	case PLAN_BACKEND:
		apply_backend(datapath, op);
		break;
	case PLAN_LIFE:
		store(&datapath->state.lives[op->index], &op->life, 0);
		break;
	case PLAN_TABLE:
		apply_table(datapath, op);
		break;
	case PLAN_POOL:
		apply_pool(datapath, op);
		break;
	case PLAN_REMEMBER:
		return flows_make(datapath);
	case PLAN_MOVES:
		return moves_make(datapath, op->index, op->pool.size);
	case PLAN_SLOTS:
		apply_slots(datapath, op);
		break;
	case PLAN_SERVICE_MOVE:
		for (size_t word = 0; word < sizeof(op->service_move) / 8; word++)
			store(&datapath->state.service_moves[op->index], &op->service_move, word);
		break;
	case PLAN_SERVICE:
		apply_service(datapath, op);
		break;
	case PLAN_GRACE:
		return datapath_grace(datapath);
	case PLAN_UNMOVES:
		return moves_remove(datapath, op->index);
	case PLAN_FORGET:
		return flows_remove(datapath);
	case PLAN_UNTABLE:
		apply_untable(datapath, op);
		break;
	case PLAN_RELEASE:
		return apply_release(datapath, op);
	}
	return 0;
}

int datapath_apply(struct datapath *datapath, const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		int status = apply_one(datapath, &plan->ops[i]);

		if (status)
			return err_set(err, status, "cannot %s (operation %zu of %zu): %s",
				       plan_kind_name(plan->ops[i].kind), i + 1, plan->count,
				       strerror(-status));
	}
	return 0;
}
