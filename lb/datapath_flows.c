// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is remembered of flows: the tables of stored flows, and per pool what is known of its moved
 * slots. Both are there only while there is something to remember.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "datapath_internal.h"

/* Half-open flows become established ones, or are a flood: they need less room. */
#define HALF_OPEN_SHARE 4

static int outer(const struct bpf_map *map)
{
	return bpf_map__fd(map);
}

/* An fd of the map in an outer one; -ENOENT: there is none. */
static int inner_of(const struct bpf_map *map, uint32_t key)
{
	uint32_t id;
	int fd;

	if (bpf_map_lookup_elem(outer(map), &key, &id))
		return -errno;
	fd = bpf_map_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

static int put_inner(const struct bpf_map *map, uint32_t key, int fd)
{
	int status = bpf_map_update_elem(outer(map), &key, &fd, BPF_ANY) ? -errno : 0;

	close(fd);
	return status;
}

static int map_moves(struct datapath *datapath, uint32_t pool, int fd, struct err *err)
{
	size_t bytes = datapath->state.pools[pool].size * sizeof(struct lb_move);

	datapath->state.moves[pool] = maps_memory(fd, bytes, err);
	return datapath->state.moves[pool] ? 0 : -ENOMEM;
}

static void unmap_moves(struct datapath *datapath, uint32_t pool)
{
	struct state *state = &datapath->state;

	if (state->moves[pool])
		munmap(state->moves[pool], state->pools[pool].size * sizeof(struct lb_move));
	state->moves[pool] = NULL;
}

/* Only of pools that an identity names: others have none, and kernels before 6.8 wait for packets at
 * every lookup in a map of maps. */
int flows_load(struct datapath *datapath, struct err *err)
{
	const struct lb_bpf *skeleton = datapath->skeleton;
	int status = 0, fd = inner_of(skeleton->maps.flows, LB_FLOWS_HALF_OPEN);

	datapath->state.remembers = fd >= 0;
	if (fd >= 0)
		close(fd);
	for (uint32_t pool = 1; !status && pool < LB_POOLS; pool++) {
		if (!datapath->state.identities[LB_IDENTITY_POOL][pool])
			continue;
		fd = inner_of(skeleton->maps.moves, pool);
		if (fd < 0)
			continue;
		status = map_moves(datapath, pool, fd, err);
		close(fd);
	}
	return status;
}

void flows_unload(struct datapath *datapath)
{
	for (uint32_t pool = 1; pool < LB_POOLS; pool++)
		unmap_moves(datapath, pool);
}

static int make_flow_table(struct datapath *datapath, enum lb_flow_table table, uint32_t count)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "flows", sizeof(struct lb_flow_key),
				sizeof(struct lb_flow), count, NULL);

	return fd < 0 ? -errno : put_inner(datapath->skeleton->maps.flows, table, fd);
}

/* The half-open ones come last: they tell that both are there. */
int flows_make(struct datapath *datapath)
{
	uint32_t count = datapath->config->flow_count;
	int status = make_flow_table(datapath, LB_FLOWS_ESTABLISHED, count);

	if (!status)
		status = make_flow_table(datapath, LB_FLOWS_HALF_OPEN, count / HALF_OPEN_SHARE);
	datapath->state.remembers = !status;
	return status;
}

int flows_remove(struct datapath *datapath)
{
	datapath->state.remembers = false;
	for (uint32_t table = LB_FLOW_TABLES; table-- > 0;)
		if (bpf_map_delete_elem(outer(datapath->skeleton->maps.flows), &table) &&
		    errno != ENOENT)
			return -errno;
	return 0;
}

int moves_make(struct datapath *datapath, uint32_t pool, uint32_t size)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "moves", sizeof(uint32_t),
				sizeof(struct lb_move), size, &options);
	int status;

	if (fd < 0)
		return -errno;
	status = map_moves(datapath, pool, fd, NULL);
	if (status) {
		close(fd);
		return status;
	}
	status = put_inner(datapath->skeleton->maps.moves, pool, fd);
	if (status)
		unmap_moves(datapath, pool);
	return status;
}

int moves_remove(struct datapath *datapath, uint32_t pool)
{
	if (bpf_map_delete_elem(outer(datapath->skeleton->maps.moves), &pool) && errno != ENOENT)
		return -errno;
	unmap_moves(datapath, pool);
	return 0;
}

#define BATCH 4096 /* flows that are read with one system call */

static int each_of_table(int fd, bool half_open, datapath_flow_fn fn, void *user)
{
	struct lb_flow_key *keys = calloc(BATCH, sizeof(*keys));
	struct lb_flow *flows = calloc(BATCH, sizeof(*flows));
	uint32_t from = 0, next = 0, count = BATCH;
	int status = keys && flows ? 0 : -ENOMEM;
	bool first = true, last = false;

	while (!status && !last) {
		count = BATCH;
		if (bpf_map_lookup_batch(fd, first ? NULL : &from, &next, keys, flows, &count,
					 NULL)) {
			last = errno == ENOENT; /* the end; count of them were read all the same */
			status = last ? 0 : -errno;
		}
		for (uint32_t i = 0; !status && i < count; i++)
			if (fn(user, half_open, &keys[i], &flows[i]))
				bpf_map_delete_elem(fd, &keys[i]);
		from = next;
		first = false;
	}
	free(keys);
	free(flows);
	return status;
}

int datapath_each_flow(struct datapath *datapath, datapath_flow_fn fn, void *user)
{
	int status = 0;

	for (uint32_t table = 0; !status && table < LB_FLOW_TABLES; table++) {
		int fd = inner_of(datapath->skeleton->maps.flows, table);

		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return fd;
		status = each_of_table(fd, table == LB_FLOWS_HALF_OPEN, fn, user);
		close(fd);
	}
	return status;
}
