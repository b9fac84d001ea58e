// SPDX-License-Identifier: GPL-2.0-only
/* What hairpind has loaded, as the kernel tells it. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "stage.h"

#define PROGRAM "hairpin_lb"

/* The kernel's count, which has the per-CPU copies and the overhead of a map in it. */
static uint64_t map_memory(int map)
{
	unsigned long long bytes = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	if (file)
		fclose(file);
	return bytes;
}

static uint64_t inner_memory(int outer)
{
	uint64_t bytes = 0;
	uint32_t key, next, id;
	int status = bpf_map_get_next_key(outer, NULL, &next);

	while (!status) {
		key = next;
		if (!bpf_map_lookup_elem(outer, &key, &id)) {
			int map = bpf_map_get_fd_by_id(id);

			bytes += map >= 0 ? map_memory(map) : 0;
			close(map);
		}
		status = bpf_map_get_next_key(outer, &key, &next);
	}
	return bytes;
}

static uint64_t pinned_memory(void)
{
	DIR *directory = opendir(STAGE_PIN);
	struct dirent *entry;
	uint64_t bytes = 0;

	while (directory && (entry = readdir(directory))) {
		struct bpf_map_info info = {0};
		uint32_t size = sizeof(info);
		char path[PATH_MAX];
		int map;

		snprintf(path, sizeof(path), STAGE_PIN "/%s", entry->d_name);
		map = bpf_obj_get(path);
		if (map < 0)
			continue;
		bytes += map_memory(map);
		if (!bpf_obj_get_info_by_fd(map, &info, &size) &&
		    info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS)
			bytes += inner_memory(map);
		close(map);
	}
	if (directory)
		closedir(directory);
	return bytes;
}

struct stage_loaded stage_loaded(void)
{
	struct stage_loaded loaded = {.program = bpf_prog_get_fd_by_id(stage_balancer_program())};
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	if (loaded.program < 0 || bpf_obj_get_info_by_fd(loaded.program, &info, &size))
		stage_fail("cannot look at the balancer's program: %s", strerror(errno));
	if (!strcmp(info.name, PROGRAM)) {
		loaded.instructions = info.xlated_prog_len / 8;
		loaded.jited_bytes = info.jited_prog_len;
	}
	loaded.map_bytes = pinned_memory();
	if (!loaded.map_bytes)
		stage_fail("cannot tell the memory of the maps in " STAGE_PIN);
	return loaded;
}
