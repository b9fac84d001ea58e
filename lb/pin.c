// SPDX-License-Identifier: GPL-2.0-only
#include "pin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

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

static int make_directories(const char *path, struct err *err)
{
	char parent[PATH_MAX];
	char *slash;

	if (!mkdir(path, 0700) || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return err_set(err, -errno, "%s: cannot make the directory: %s", path,
			       strerror(errno));
	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return err_set(err, -ENOENT, "%s: not an absolute path", path);
	*slash = 0;
	if (make_directories(parent, err))
		return -ENOENT;
	if (mkdir(path, 0700))
		return err_set(err, -errno, "%s: cannot make the directory: %s", path,
			       strerror(errno));
	return 0;
}

int pin_make_directory(const char *directory, struct err *err)
{
	int status;

	if (!strcmp(directory, BPFFS) || !strcmp(directory, BPFFS "/"))
		return err_set(err, -EINVAL,
			       "%s: has the pins of other programs too; name a directory in it",
			       directory);
	if (!strncmp(directory, BPFFS "/", sizeof(BPFFS)))
		mount_bpffs();
	status = make_directories(directory, err);
	if (status || is_bpffs(directory))
		return status;
	return err_set(err, -EINVAL,
		       "%s: not in a bpf file system; mount one: mount -t bpf bpf " BPFFS,
		       directory);
}

int pin_lock_directory(const char *directory, int *lock, struct err *err)
{
	int status = pin_make_directory(directory, err), fd;

	if (status)
		return status;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "%s: %s", directory, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return err_set(err, -EBUSY,
			       "%s: another hairpind has its maps there; stop that one, or give "
			       "this one a directory of its own (--pin)",
			       directory);
	}
	*lock = fd;
	return 0;
}

/*
 * The zeroed global variables are one map, .bss, which is pinned as "arrays". Those that the program
 * is loaded with belong to one program: NULL.
 */
static const char *pin_name(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map), *section = strchr(name, '.');

	if (!bpf_map__is_internal(map))
		return name;
	return section && !strcmp(section, ".bss") ? "arrays" : NULL;
}

/* A pinned map that differs from ours would be misread. */
static int check_fit(const struct bpf_map *map, int fd, const char *directory, struct err *err)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return err_set(err, -errno, "%s/%s: %s", directory, pin_name(map), strerror(errno));
	if (info.type == (uint32_t)bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
	    info.value_size == bpf_map__value_size(map) &&
	    info.max_entries == bpf_map__max_entries(map))
		return 0;
	return err_set(err, -EPROTO,
		       "%s/%s: is not the map that this version needs (type, sizes); detach the "
		       "program that uses it first",
		       directory, pin_name(map));
}

int pin_open_map(const char *directory, const char *name)
{
	char path[PATH_MAX];

	pin_join(path, directory, name);
	return bpf_obj_get(path);
}

int pin_reuse_maps(struct bpf_object *object, const char *directory, const char *but,
		   struct err *err)
{
	struct bpf_map *map;
	int status = 0;

	bpf_object__for_each_map(map, object)
	{
		const char *name = pin_name(map);
		int fd;

		if (!name || bpf_map__fd(map) >= 0 || !bpf_map__autocreate(map) ||
		    (but && !strcmp(name, but)))
			continue;
		fd = pin_open_map(directory, name);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_set(err, -errno, "%s/%s: %s", directory, name, strerror(errno));
		status = check_fit(map, fd, directory, err);
		if (!status && bpf_map__reuse_fd(map, fd))
			status =
				err_set(err, -errno, "%s/%s: %s", directory, name, strerror(errno));
		close(fd);
		if (status)
			return status;
	}
	return 0;
}

int pin_maps(struct bpf_object *object, const char *directory, struct err *err)
{
	struct bpf_map *map;
	char path[PATH_MAX];

	bpf_object__for_each_map(map, object)
	{
		if (!pin_name(map) || !bpf_map__autocreate(map))
			continue;
		pin_join(path, directory, pin_name(map));
		if (!access(path, F_OK))
			continue;
		if (bpf_obj_pin(bpf_map__fd(map), path))
			return err_set(err, -errno, "%s: cannot pin the map: %s", path,
				       strerror(errno));
	}
	return 0;
}

uint32_t pin_owner(const char *directory, const char *map)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	int fd = pin_open_map(directory, map);

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
