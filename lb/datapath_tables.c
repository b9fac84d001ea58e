// SPDX-License-Identifier: GPL-2.0-only
/* The tables of pools: arrays that are made, mapped and filled beside the live ones, then swapped. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "datapath_internal.h"

/* A pool never has index 0: its place in tables serves to wait for packets, see tables_grace(). */
#define GRACE_POOL LB_NONE

/* Tables that are swapped at once; each needs a file descriptor while it is. */
#define TABLE_BATCH 256

static size_t table_bytes(uint32_t size)
{
	return (size + 1) / 2 * sizeof(struct lb_slot_pair);
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

/*
 * Only for pools that an identity names: others have none, and kernels before 6.8 wait for packets
 * at every lookup in a map of maps.
 */
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
	table->pairs = maps_memory(fd, table_bytes(table->size), err);
	close(fd);
	return table->pairs ? 0 : -ENOMEM;
}

int tables_load(struct datapath *datapath, struct err *err)
{
	int status = 0;

	datapath->empty_table = make_table(1);
	if (datapath->empty_table < 0)
		return err_set(err, datapath->empty_table, "cannot make a table: %s",
			       strerror(-datapath->empty_table));
	for (uint32_t pool = 1; !status && pool <= LB_MAX_POOLS; pool++)
		if (datapath->state.identities[LB_IDENTITY_POOL][pool])
			status = load_table(datapath, pool, err);
	return status;
}

void tables_unload(struct datapath *datapath)
{
	for (uint32_t pool = 0; pool <= LB_MAX_POOLS; pool++)
		unmap_table(&datapath->state.tables[pool]);
	if (datapath->empty_table >= 0)
		close(datapath->empty_table);
	datapath->empty_table = -1;
}

/* An array of maps with these tables in it; the old ones go when no packet sees them any more. */
struct swap {
	uint32_t pools[TABLE_BATCH];
	int fds[TABLE_BATCH];
	struct state_table tables[TABLE_BATCH];
	size_t count;
};

static int swap_add_table(struct swap *swap, const struct plan_op *op, struct err *err)
{
	struct state_table *table = &swap->tables[swap->count];
	size_t bytes = table_bytes(op->size);
	int fd = make_table(op->size);
	void *memory;

	if (fd < 0)
		return fd;
	memory = maps_memory(fd, bytes, err);
	if (!memory) {
		close(fd);
		return -ENOMEM;
	}
	memcpy(memory, op->pairs, bytes);
	*table = (struct state_table){.pairs = memory, .size = op->size};
	swap->pools[swap->count] = op->index;
	swap->fds[swap->count++] = fd;
	return 0;
}

/*
 * A pool without a table has the empty one: unlike an update, a delete cannot be done for many pools
 * at once.
 */
static void swap_add_empty(struct swap *swap, const struct plan_op *op, int empty)
{
	swap->tables[swap->count] = (struct state_table){0};
	swap->pools[swap->count] = op->index;
	swap->fds[swap->count++] = empty;
}

/*
 * Every update of tables waits for the packets that may still see the old one. A batch waits once
 * from Linux 6.8 on, for each entry before; before 5.19 there is no batch. One that fails is done
 * again one by one, which tells where it fails. *done: how many are in the map.
 */
static int swap_write(const struct datapath *datapath, struct swap *swap, size_t *done)
{
	int map = bpf_map__fd(datapath->skeleton->maps.tables);
	uint32_t count = swap->count;

	*done = swap->count;
	if (count > 1 && !bpf_map_update_batch(map, swap->pools, swap->fds, &count, NULL))
		return 0;
	for (size_t i = 0; i < swap->count; i++) {
		if (!bpf_map_update_elem(map, &swap->pools[i], &swap->fds[i], BPF_ANY))
			continue;
		*done = i;
		return -errno;
	}
	return 0;
}

/* What the state shows is what is in the maps. */
static int swap_finish(struct datapath *datapath, struct swap *swap, size_t *done)
{
	int status = swap_write(datapath, swap, done);

	for (size_t i = 0; i < swap->count; i++) {
		if (swap->fds[i] != datapath->empty_table)
			close(swap->fds[i]);
		if (i >= *done) {
			unmap_table(&swap->tables[i]);
			continue;
		}
		unmap_table(&datapath->state.tables[swap->pools[i]]);
		datapath->state.tables[swap->pools[i]] = swap->tables[i];
	}
	return status;
}

int tables_apply(struct datapath *datapath, const struct plan_op *ops, size_t count, size_t *done,
		 struct err *err)
{
	struct swap swap = {0};
	int status = 0, swapped;

	for (size_t i = 0; !status && i < count && swap.count < TABLE_BATCH; i++) {
		if (ops[i].kind != ops[0].kind)
			break;
		if (ops[i].kind == PLAN_TABLE)
			status = swap_add_table(&swap, &ops[i], err);
		else
			swap_add_empty(&swap, &ops[i], datapath->empty_table);
	}
	swapped = swap_finish(datapath, &swap, done);
	return swapped ? swapped : status;
}

/*
 * The kernel returns from the update of a map of maps only when no program runs any more that could
 * have seen the old value (maybe_wait_bpf_programs() in kernel/bpf/syscall.c): the one way to wait
 * for packets that needs no kernel option. The entry that is updated is one that no packet reads.
 */
int tables_grace(struct datapath *datapath)
{
	uint32_t pool = GRACE_POOL;

	if (bpf_map_update_elem(bpf_map__fd(datapath->skeleton->maps.tables), &pool,
				&datapath->empty_table, BPF_ANY))
		return -errno;
	return 0;
}
