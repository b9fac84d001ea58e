// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "datapath_internal.h"
#include "log.h"

#define BPFFS "/sys/fs/bpf"

static void pin_join(char path[PATH_MAX], const char *directory, const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", directory, name);
}

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == BPF_FS_MAGIC;
}

/* A fresh machine, or a new mount namespace, has no bpf file system on the usual place. */
static void mount_bpffs(void)
{
	if (is_bpffs(BPFFS))
		return;
	if (!mount("bpf", BPFFS, "bpf", 0, "mode=0700"))
		log_info("mounted a bpf file system on %s", BPFFS);
}

static int make_directory(const char *path, struct err *err)
{
	char parent[PATH_MAX];
	char *slash;

	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return err_set(err, -errno, "--pin %s: cannot make the directory: %s", path,
			       strerror(errno));
	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return err_set(err, -ENOENT, "--pin %s: not an absolute path", path);
	*slash = 0;
	if (make_directory(parent, err))
		return -ENOENT;
	if (mkdir(path, 0700))
		return err_set(err, -errno, "--pin %s: cannot make the directory: %s", path,
			       strerror(errno));
	return 0;
}

int pin_open_directory(const char *path, int *lock, struct err *err)
{
	int fd, status;

	if (!strncmp(path, BPFFS "/", sizeof(BPFFS)))
		mount_bpffs();
	status = make_directory(path, err);
	if (status)
		return status;
	if (!is_bpffs(path))
		return err_set(err, -EINVAL,
			       "--pin %s: not in a bpf file system; mount one: "
			       "mount -t bpf bpf " BPFFS,
			       path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "--pin %s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return err_set(err, -EBUSY,
			       "--pin %s: another hairpind uses it; stop that one, or give this "
			       "one a directory of its own",
			       path);
	}
	*lock = fd;
	return 0;
}

static bool is_pinned_map(const struct bpf_map *map)
{
	return !bpf_map__is_internal(map);
}

static int check_layout(const char *directory, struct err *err)
{
	struct lb_layout layout = {0};
	char path[PATH_MAX];
	uint32_t key = 0;
	int fd;

	pin_join(path, directory, "layout");
	fd = bpf_obj_get(path);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (bpf_map_lookup_elem(fd, &key, &layout))
		layout.version = 0;
	close(fd);
	/* 0: its maker died before it wrote the version, and so before it attached anything. */
	if (!layout.version || layout.version == LB_LAYOUT)
		return 0;
	return err_set(err, -EPROTO,
		       "--pin %s: maps of layout %u are pinned there, this hairpind knows layout "
		       "%d; run the hairpind that made them, or take the service down with "
		       "hairpind --detach and start anew",
		       directory, layout.version, LB_LAYOUT);
}

/* A pinned map that differs from ours would be misread. */
static int check_fit(const struct bpf_map *map, int fd, const char *path, struct err *err)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (info.type == (uint32_t)bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
	    info.value_size == bpf_map__value_size(map) &&
	    info.max_entries == bpf_map__max_entries(map))
		return 0;
	return err_set(err, -EPROTO,
		       "%s: is not the map that this hairpind needs (type, sizes); take it away "
		       "with hairpind --detach",
		       path);
}

int pin_reuse_maps(struct lb_bpf *skeleton, const char *directory, struct err *err)
{
	struct bpf_map *map;
	char path[PATH_MAX];
	int status = check_layout(directory, err);

	if (status)
		return status;
	bpf_object__for_each_map(map, skeleton->obj)
	{
		int fd;

		if (!is_pinned_map(map))
			continue;
		pin_join(path, directory, bpf_map__name(map));
		fd = bpf_obj_get(path);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_set(err, -errno, "%s: %s", path, strerror(errno));
		status = check_fit(map, fd, path, err);
		if (!status && bpf_map__reuse_fd(map, fd))
			status = err_set(err, -errno, "%s: %s", path, strerror(errno));
		close(fd);
		if (status)
			return status;
	}
	return 0;
}

int pin_maps(struct lb_bpf *skeleton, const char *directory, struct err *err)
{
	struct lb_layout layout = {.version = LB_LAYOUT};
	struct bpf_map *map;
	char path[PATH_MAX];
	uint32_t key = 0;

	bpf_object__for_each_map(map, skeleton->obj)
	{
		if (!is_pinned_map(map))
			continue;
		pin_join(path, directory, bpf_map__name(map));
		if (!access(path, F_OK))
			continue;
		if (bpf_obj_pin(bpf_map__fd(map), path))
			return err_set(err, -errno, "%s: cannot pin the map: %s", path,
				       strerror(errno));
	}
	if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.layout), &key, &layout, BPF_ANY))
		return err_set(err, -errno, "cannot write the layout version: %s", strerror(errno));
	return 0;
}

uint32_t pin_owner(const char *directory)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	char path[PATH_MAX];
	int fd;

	pin_join(path, directory, "services");
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		info.id = 0;
	close(fd);
	return info.id;
}

/* Removes everything in the directory, also what an older hairpind pinned, and the directory. */
void pin_remove(const char *directory, bool *found)
{
	DIR *listing = opendir(directory);
	struct dirent *entry;
	char path[PATH_MAX];

	if (!listing)
		return;
	while ((entry = readdir(listing))) {
		if (entry->d_name[0] == '.')
			continue;
		pin_join(path, directory, entry->d_name);
		if (!unlink(path))
			*found = true;
	}
	closedir(listing);
	rmdir(directory);
}
