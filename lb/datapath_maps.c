// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plans to maps. services, backends and tables are arrays that are mapped here, so that a live
 * value changes by single aligned 8-byte stores, which a packet sees whole or not at all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "datapath_internal.h"

/* A pool never has index 0: its place in tables serves to wait for packets, see apply_grace(). */
#define GRACE_POOL LB_NONE

static size_t table_bytes(uint32_t size)
{
	return (size + 1) / 2 * sizeof(struct lb_slot_pair);
}

static void *map_memory(int fd, size_t bytes, struct err *err)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory != MAP_FAILED)
		return memory;
	err_set(err, -errno, "cannot map a BPF map: %s", strerror(errno));
	return NULL;
}

static void unmap_table(struct state_table *table)
{
	if (table->pairs)
		munmap((void *)table->pairs, table_bytes(table->size));
	*table = (struct state_table){0};
}

static int make_table(uint32_t size)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "table", sizeof(uint32_t),
				sizeof(struct lb_slot_pair), (size + 1) / 2, &options);

	return fd < 0 ? -errno : fd;
}

static int load_table(struct datapath *datapath, uint32_t pool, struct err *err)
{
	struct state_table *table = &datapath->state.tables[pool];
	struct bpf_map_info info = {0};
	uint32_t id, size = sizeof(info);
	int fd;

	if (bpf_map_lookup_elem(bpf_map__fd(datapath->skeleton->maps.tables), &pool, &id))
		return 0;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size)) {
		int status = err_set(err, -errno, "cannot read the table of pool %u: %s", pool,
				     strerror(errno));

		if (fd >= 0)
			close(fd);
		return status;
	}
	table->size = 2 * info.max_entries - 1;
	table->pairs = map_memory(fd, table_bytes(table->size), err);
	close(fd);
	return table->pairs ? 0 : -ENOMEM;
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
	struct lb_bpf *skeleton = datapath->skeleton;
	struct state *state = &datapath->state;

	if (state_init(state))
		return err_set(err, -ENOMEM, "out of memory");
	datapath->grace_table = make_table(1);
	if (datapath->grace_table < 0)
		return err_set(err, datapath->grace_table, "cannot make a table: %s",
			       strerror(-datapath->grace_table));
	state->services = map_memory(bpf_map__fd(skeleton->maps.services),
				     LB_SERVICE_BUCKETS * sizeof(*state->services), err);
	if (!state->services)
		return -ENOMEM;
	state->backends = map_memory(bpf_map__fd(skeleton->maps.backends),
				     (LB_MAX_BACKENDS + 1) * sizeof(*state->backends), err);
	if (!state->backends)
		return -ENOMEM;
	for (uint32_t pool = 1; pool <= LB_MAX_POOLS; pool++) {
		int status = load_table(datapath, pool, err);

		if (status)
			return status;
	}
	return load_identities(datapath, err);
}

void maps_detach_state(struct datapath *datapath)
{
	struct state *state = &datapath->state;

	for (uint32_t pool = 0; pool <= LB_MAX_POOLS; pool++)
		unmap_table(&state->tables[pool]);
	if (state->services)
		munmap(state->services, LB_SERVICE_BUCKETS * sizeof(*state->services));
	if (state->backends)
		munmap(state->backends, (LB_MAX_BACKENDS + 1) * sizeof(*state->backends));
	state_done(state);
	if (datapath->grace_table >= 0)
		close(datapath->grace_table);
	datapath->grace_table = -1;
}

const struct state *datapath_state(const struct datapath *datapath)
{
	return &datapath->state;
}

static struct bpf_map *counters_of(const struct datapath *datapath, enum lb_identity_kind kind)
{
	switch (kind) {
	case LB_IDENTITY_SERVICE:
		return datapath->skeleton->maps.service_counters;
	case LB_IDENTITY_BACKEND:
		return datapath->skeleton->maps.backend_counters;
	default:
		return NULL;
	}
}

int datapath_read_counter(const struct datapath *datapath, enum lb_identity_kind kind,
			  uint16_t index, struct lb_counter *out)
{
	struct lb_counter values[datapath->cpus], sum = {0};
	uint32_t key = index;

	if (bpf_map_lookup_elem(bpf_map__fd(counters_of(datapath, kind)), &key, values))
		return -errno;
	for (int i = 0; i < datapath->cpus; i++) {
		sum.packets += values[i].packets;
		sum.bytes += values[i].bytes;
	}
	*out = sum;
	return 0;
}

int datapath_read_reasons(const struct datapath *datapath, uint64_t out[LB_REASON_COUNT])
{
	uint64_t values[datapath->cpus];

	for (uint32_t reason = 0; reason < LB_REASON_COUNT; reason++) {
		if (bpf_map_lookup_elem(bpf_map__fd(datapath->skeleton->maps.reason_counters),
					&reason, values))
			return -errno;
		out[reason] = 0;
		for (int i = 0; i < datapath->cpus; i++)
			out[reason] += values[i];
	}
	return 0;
}

static int apply_claim(struct datapath *datapath, const struct plan_op *op)
{
	struct lb_identity_key key = {.kind = op->identity_kind, .index = op->index};
	struct bpf_map *counters = counters_of(datapath, op->identity_kind);
	struct lb_identity *identity = malloc(sizeof(*identity));
	struct lb_counter zeroes[datapath->cpus];

	if (!identity)
		return -ENOMEM;
	*identity = *op->identity;
	memset(zeroes, 0, sizeof(zeroes));
	if ((counters && bpf_map_update_elem(bpf_map__fd(counters), &op->index, zeroes, BPF_ANY)) ||
	    bpf_map_update_elem(bpf_map__fd(datapath->skeleton->maps.identities), &key, identity,
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

	if (!op->service.target.word)
		store(live, &op->service, target);
	/* From the last word on, so that a half-written key is never that of a VIP entry. */
	for (size_t word = target; word-- > 0;)
		store(live, &op->service, word);
	store(live, &op->service, target);
}

/* An update of tables waits for the packets that may still see the old one. */
static int apply_table(struct datapath *datapath, const struct plan_op *op, struct err *err)
{
	struct state_table table = {.size = op->size};
	size_t bytes = table_bytes(op->size);
	int fd = make_table(op->size), status = 0;
	void *memory;

	if (fd < 0)
		return fd;
	memory = map_memory(fd, bytes, err);
	if (!memory) {
		close(fd);
		return -ENOMEM;
	}
	memcpy(memory, op->pairs, bytes);
	table.pairs = memory;
	if (bpf_map_update_elem(bpf_map__fd(datapath->skeleton->maps.tables), &op->index, &fd,
				BPF_ANY))
		status = -errno;
	close(fd);
	if (status) {
		unmap_table(&table);
		return status;
	}
	unmap_table(&datapath->state.tables[op->index]);
	datapath->state.tables[op->index] = table;
	return 0;
}

static int apply_untable(struct datapath *datapath, const struct plan_op *op)
{
	if (bpf_map_delete_elem(bpf_map__fd(datapath->skeleton->maps.tables), &op->index))
		return -errno;
	unmap_table(&datapath->state.tables[op->index]);
	return 0;
}

/*
 * The kernel returns from the update of a map of maps only when no program runs any more that could
 * have seen the old value (maybe_wait_bpf_programs() in kernel/bpf/syscall.c): the one way to wait
 * for packets that needs no kernel option. The entry that is updated is one that no packet reads.
 */
static int apply_grace(struct datapath *datapath)
{
	uint32_t pool = GRACE_POOL;

	if (bpf_map_update_elem(bpf_map__fd(datapath->skeleton->maps.tables), &pool,
				&datapath->grace_table, BPF_ANY))
		return -errno;
	return 0;
}

static int apply_op(struct datapath *datapath, const struct plan_op *op, struct err *err)
{
	switch (op->kind) {
	case PLAN_CLAIM:
		return apply_claim(datapath, op);
	case PLAN_BACKEND:
		apply_backend(datapath, op);
		return 0;
	case PLAN_TABLE:
		return apply_table(datapath, op, err);
	case PLAN_SERVICE:
		apply_service(datapath, op);
		return 0;
	case PLAN_GRACE:
		return apply_grace(datapath);
	case PLAN_UNTABLE:
		return apply_untable(datapath, op);
	case PLAN_RELEASE:
		return apply_release(datapath, op);
	}
	return -EINVAL;
}

int datapath_apply(struct datapath *datapath, const struct plan *plan, struct err *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		int status = apply_op(datapath, &plan->ops[i], err);

		if (status)
			return err_set(err, status, "cannot %s (operation %zu of %zu): %s",
				       plan_kind_name(plan->ops[i].kind), i + 1, plan->count,
				       strerror(-status));
	}
	return 0;
}
