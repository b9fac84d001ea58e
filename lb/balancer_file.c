// SPDX-License-Identifier: GPL-2.0-only
/* The catalog file: whether it is what is in force, and what takes its place. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "balancer_internal.h"

bool balancer_file_is_ours(const struct balancer *balancer)
{
	size_t length = balancer->written ? strlen(balancer->written) : 0;
	int fd = open(balancer->config->catalog_path, O_RDONLY | O_CLOEXEC);
	char *text = malloc(length + 1);
	bool ours = false;

	if (fd >= 0 && text && length)
		ours = read(fd, text, length + 1) == (ssize_t)length &&
		       !memcmp(text, balancer->written, length);
	if (fd >= 0)
		close(fd);
	free(text);
	return ours;
}

static bool file_in_force(const struct balancer *balancer)
{
	json_t *on_disk;
	bool same;

	if (balancer_file_is_ours(balancer))
		return true;
	on_disk = json_load_file(balancer->config->catalog_path, JSON_REJECT_DUPLICATES, NULL);
	same = on_disk && json_equal(on_disk, balancer->catalog->json);
	json_decref(on_disk);
	return same;
}

int balancer_check_file(const struct balancer *balancer, struct err *err)
{
	if (file_in_force(balancer))
		return 0;
	return err_set(err, -EBUSY,
		       "%s is not what is in force; correct it (hairpinctl status tells what is "
		       "wrong) or put back what is in force (hairpinctl catalog show), then try "
		       "again",
		       balancer->config->catalog_path);
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		length -= written;
	}
	return fsync(fd) ? -errno : 0;
}

int balancer_write_beside(const char *path, const char *text, char temporary[PATH_MAX],
			  struct err *err)
{
	struct stat old;
	int fd, status;

	if (snprintf(temporary, PATH_MAX, "%s.XXXXXX", path) >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "%s: the name is too long", path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "%s: cannot write beside it: %s", path,
			       strerror(errno));
	status = write_all(fd, text, strlen(text));
	if (!status && !stat(path, &old) &&
	    (fchmod(fd, old.st_mode & 07777) || fchown(fd, old.st_uid, old.st_gid)))
		status = -errno;
	close(fd);
	if (status) {
		unlink(temporary);
		return err_set(err, status, "%s: cannot write: %s", temporary, strerror(-status));
	}
	return 0;
}
