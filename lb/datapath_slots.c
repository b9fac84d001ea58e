// SPDX-License-Identifier: GPL-2.0-only
/*
 * The array of slots, which grows: a longer one is filled with what is in the old one, programs are
 * swapped over to it, and only then it takes the old one's pin. The daemon alone writes slots, and
 * writes none in between, so that both are the same for whoever reads either.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "datapath_internal.h"
#include "pin.h"

#define PIN_NAME "slots"
#define NEW_NAME "slots_new" /* until the programs use it */

static size_t slots_bytes(uint32_t count)
{
	return count * sizeof(struct lb_slot);
}

/* A quarter more than needed, so that a new pool does not need a new array each time. */
static uint32_t roomy(uint32_t count)
{
	return (count + count / 4 + 1023) / 1024 * 1024;
}

int slots_open(struct datapath *datapath, uint32_t count, struct err *err)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	char path[PATH_MAX];

	/* Of a daemon that died before the rename: nobody reads it, or it holds the same. */
	snprintf(path, sizeof(path), "%s/%s", datapath->config->pin_path, NEW_NAME);
	unlink(path);
	datapath->slots = pin_open_map(datapath->config->pin_path, PIN_NAME);
	if (datapath->slots < 0)
		return slots_make(datapath, count, err);
	if (bpf_obj_get_info_by_fd(datapath->slots, &info, &size))
		return err_set(err, -errno, "cannot read the size of the map slots: %s",
			       strerror(errno));
	datapath->slot_count = info.value_size / sizeof(struct lb_slot);
	return 0;
}

int slots_make(struct datapath *datapath, uint32_t count, struct err *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	uint32_t room = roomy(count);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, PIN_NAME, sizeof(uint32_t), slots_bytes(room),
				1, &options);

	if (fd < 0 && errno == EPERM)
		return datapath_not_permitted(err);
	if (fd < 0)
		return err_set(err, -errno, "cannot make an array of %u slots: %s", room,
			       strerror(errno));
	datapath->slots = fd;
	datapath->slot_count = room;
	return 0;
}

int slots_map(struct datapath *datapath, struct err *err)
{
	struct state *state = &datapath->state;

	state->slots = maps_memory(datapath->slots, slots_bytes(datapath->slot_count), err);
	if (!state->slots)
		return -ENOMEM;
	state->slot_count = datapath->slot_count;
	return 0;
}

void slots_unmap(struct state *state)
{
	if (state->slots)
		munmap(state->slots, slots_bytes(state->slot_count));
	state->slots = NULL;
	state->slot_count = 0;
}

/* A longer array, with the old one's content, pinned beside it. */
static int make_longer(struct datapath *datapath, uint32_t count, struct err *err)
{
	const struct state old = datapath->state;
	char path[PATH_MAX];
	int status = slots_make(datapath, count, err);

	if (status)
		return status;
	status = slots_map(datapath, err);
	if (status)
		return status;
	memcpy(datapath->state.slots, old.slots, slots_bytes(old.slot_count));
	snprintf(path, sizeof(path), "%s/%s", datapath->config->pin_path, NEW_NAME);
	if (bpf_obj_pin(datapath->slots, path))
		return err_set(err, -errno, "%s: cannot pin the map: %s", path, strerror(errno));
	return 0;
}

static int take_pin(const struct datapath *datapath, struct err *err)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/%s", datapath->config->pin_path, NEW_NAME);
	snprintf(to, sizeof(to), "%s/%s", datapath->config->pin_path, PIN_NAME);
	if (rename(from, to))
		return err_set(err, -errno, "%s: cannot take the place of %s: %s", from, to,
			       strerror(errno));
	return 0;
}

/* The longer array goes, unless a program has it: then that one is replaced before any slot changes. */
static void go_back(struct datapath *datapath, int old, const struct state *old_state)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", datapath->config->pin_path, NEW_NAME);
	unlink(path);
	if (datapath->slots != old)
		close(datapath->slots);
	if (datapath->state.slots != old_state->slots)
		slots_unmap(&datapath->state);
	datapath->slots = old;
	datapath->slot_count = datapath->state.slot_count = old_state->slot_count;
	datapath->state.slots = old_state->slots;
}

int datapath_reserve(struct datapath *datapath, uint32_t count, struct err *err)
{
	struct state old_state = datapath->state;
	int old = datapath->slots, status;

	if (count <= datapath->slot_count)
		return 0;
	status = make_longer(datapath, count, err);
	if (!status) {
		status = datapath_reload(datapath, &datapath->features, err);
		if (!status)
			status = take_pin(datapath, err);
		datapath->stale = datapath->stale || status;
	}
	if (status) {
		go_back(datapath, old, &old_state);
		return status;
	}
	slots_unmap(&old_state);
	close(old);
	status = datapath_grace(datapath);
	return status ? err_set(err, status, "cannot wait for packets: %s", strerror(-status)) : 0;
}

int grace_open(struct datapath *datapath, struct err *err)
{
	int inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "grace", 4, 4, 1, NULL);
	LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = inner);

	if (inner >= 0)
		datapath->grace =
			bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "grace", 4, 4, 1, &options);
	datapath->grace_inner = inner;
	if (inner < 0 || datapath->grace < 0)
		return err_set(err, -errno, "cannot make a map: %s", strerror(errno));
	return 0;
}

/*
 * The kernel returns from the update of a map of maps only when no program runs any more that could
 * have seen the old value (maybe_wait_bpf_programs() in kernel/bpf/syscall.c): the one way to wait
 * for packets that needs no kernel option. No packet reads this map.
 */
int datapath_grace(struct datapath *datapath)
{
	uint32_t key = 0;

	if (bpf_map_update_elem(datapath->grace, &key, &datapath->grace_inner, BPF_ANY))
		return -errno;
	return 0;
}
