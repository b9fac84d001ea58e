// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plans to maps; the tables are in datapath_tables.c. services and backends are arrays that are
 * mapped here, so that a live value changes by single aligned 8-byte stores, which a packet sees
 * whole or not at all.
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
	struct lb_bpf *skeleton = datapath->skeleton;
	struct state *state = &datapath->state;
	int status;

	if (state_init(state))
		return err_set(err, -ENOMEM, "out of memory");
	state->services = maps_memory(bpf_map__fd(skeleton->maps.services),
				      LB_SERVICE_BUCKETS * sizeof(*state->services), err);
	if (!state->services)
		return -ENOMEM;
	state->backends = maps_memory(bpf_map__fd(skeleton->maps.backends),
				      (LB_MAX_BACKENDS + 1) * sizeof(*state->backends), err);
	if (!state->backends)
		return -ENOMEM;
	status = load_identities(datapath, err);
	return status ? status : tables_load(datapath, err);
}

void maps_detach_state(struct datapath *datapath)
{
	struct state *state = &datapath->state;

	tables_unload(datapath);
	if (state->services)
		munmap(state->services, LB_SERVICE_BUCKETS * sizeof(*state->services));
	if (state->backends)
		munmap(state->backends, (LB_MAX_BACKENDS + 1) * sizeof(*state->backends));
	state_done(state);
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

/* *done: how many operations at the head of ops were done. */
static int apply_some(struct datapath *datapath, const struct plan_op *ops, size_t count,
		      size_t *done, struct err *err)
{
	int status = 0;

	*done = 0;
	switch (ops->kind) {
	case PLAN_CLAIM:
		status = apply_claim(datapath, ops);
		break;
	case PLAN_BACKEND:
		apply_backend(datapath, ops);
		break;
	case PLAN_TABLE:
	case PLAN_UNTABLE:
		return tables_apply(datapath, ops, count, done, err);
	case PLAN_SERVICE:
		apply_service(datapath, ops);
		break;
	case PLAN_GRACE:
		status = tables_grace(datapath);
		break;
	case PLAN_RELEASE:
		status = apply_release(datapath, ops);
		break;
	}
	*done = !status;
	return status;
}

int datapath_apply(struct datapath *datapath, const struct plan *plan, struct err *err)
{
	size_t done;

	for (size_t i = 0; i < plan->count; i += done) {
		int status = apply_some(datapath, &plan->ops[i], plan->count - i, &done, err);

		if (status)
			return err_set(err, status, "cannot %s (operation %zu of %zu): %s",
				       plan_kind_name(plan->ops[i].kind), i + done + 1, plan->count,
				       strerror(-status));
	}
	return 0;
}
