// SPDX-License-Identifier: GPL-2.0-only
/*
 * old_layout DIRECTORY [VERSION]: makes the pins of a hairpind, which is stopped, what one of layout 2
 * leaves behind: the map of the version is shorter, maps that came later are not there, and records of
 * backends do not say what came later. The running program goes on. With VERSION only that changes, and
 * with an older one what slots know of stored flows.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "abi.h"

#define OUTER_IPV4_LENGTH 34 /* Ethernet and IPv4 */

struct layout2 {
	uint32_t version, unused;
	uint8_t features[16];
};

static const char *directory;

static const char *path_of(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void must(bool done, const char *what)
{
	if (done)
		return;
	perror(what);
	exit(1);
}

static int open_map(const char *name)
{
	int fd = bpf_obj_get(path_of(name));

	must(fd >= 0, name);
	return fd;
}

static void shorten_layout(void)
{
	struct layout2 old = {.version = 2};
	struct lb_layout layout;
	int fd = open_map("layout"), map;
	uint32_t zero = 0;

	must(!bpf_map_lookup_elem(fd, &zero, &layout), "layout");
	memcpy(old.features, &layout.features, 9); /* up to track_all */
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "layout", sizeof(zero), sizeof(old), 1, NULL);
	must(map >= 0 && !bpf_map_update_elem(map, &zero, &old, BPF_ANY), "a map");
	must(!unlink(path_of("layout")) && !bpf_obj_pin(map, path_of("layout")), "layout");
}

/* The flag that tells of the outer family is read by the running program where it has both. */
static void forget_records(void)
{
	struct lb_arrays *arrays = mmap(NULL, sizeof(*arrays), PROT_READ | PROT_WRITE, MAP_SHARED,
					open_map("arrays"), 0);
	bool both = false;

	must(arrays != MAP_FAILED, "arrays");
	for (uint32_t i = 1; i <= LB_MAX_BACKENDS; i++)
		both |= arrays->backends[i].header_length > OUTER_IPV4_LENGTH;
	for (uint32_t i = 1; i <= LB_MAX_BACKENDS; i++) {
		struct lb_backend *backend = &arrays->backends[i];

		backend->encapsulation = 0;
		backend->flags &=
			LB_BACKEND_USED | LB_BACKEND_RESOLVED | (both ? LB_BACKEND_OUTER_IPV4 : 0);
	}
}

/* What came with layout 4. */
static void forget_unstored(void)
{
	int outer = open_map("moves");

	for (uint32_t pool = 0; pool < LB_POOLS; pool++) {
		struct bpf_map_info info = {0};
		uint32_t id, length = sizeof(info);
		struct lb_move *moves;
		int fd;

		if (bpf_map_lookup_elem(outer, &pool, &id))
			continue;
		fd = bpf_map_get_fd_by_id(id);
		must(fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length), "moves of a pool");
		moves = mmap(NULL, info.max_entries * sizeof(*moves), PROT_READ | PROT_WRITE,
			     MAP_SHARED, fd, 0);
		must(moves != MAP_FAILED, "moves of a pool");
		for (uint32_t slot = 0; slot < info.max_entries; slot++)
			moves[slot].unstored = 0;
		munmap(moves, info.max_entries * sizeof(*moves));
		close(fd);
	}
}

static void set_version(uint32_t version)
{
	int fd = open_map("layout");
	struct lb_layout layout;
	uint32_t zero = 0;

	must(!bpf_map_lookup_elem(fd, &zero, &layout), "layout");
	layout.version = version;
	must(!bpf_map_update_elem(fd, &zero, &layout, BPF_ANY), "layout");
}

int main(int argc, char **argv)
{
	static const char *const later[] = {"fragments", "quic_servers", "redirect_ports"};

	if (argc < 2)
		return 2;
	directory = argv[1];
	if (argc > 2) {
		set_version(atoi(argv[2]));
		if (atoi(argv[2]) < LB_LAYOUT)
			forget_unstored();
		return 0;
	}
	shorten_layout();
	forget_unstored();
	forget_records();
	for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++)
		must(!unlink(path_of(later[i])), later[i]);
	return 0;
}
