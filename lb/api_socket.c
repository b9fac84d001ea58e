// SPDX-License-Identifier: GPL-2.0-only
#include "api_socket.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

#define GROUP   "hairpin"
#define BACKLOG 64

static int make_directory(const struct sockaddr_un *name, struct err *err)
{
	char copy[sizeof(name->sun_path)];
	const char *directory;
	mode_t mask;
	int code = 0;

	memcpy(copy, name->sun_path, sizeof(copy));
	directory = dirname(copy);
	mask = umask(0022);
	if (mkdir(directory, 0755) < 0 && errno != EEXIST)
		code = errno;
	umask(mask);
	if (code)
		return err_set(err, -code, "%s: cannot make the directory: %s", directory,
			       strerror(code));
	return 0;
}

/* 0: nothing is there any more, so that bind() can go on. */
static int clear_place(const struct sockaddr_un *name, struct err *err)
{
	const char *path = name->sun_path;
	struct stat st;
	int fd, code;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, -EEXIST, "%s: is there and is not a socket", path);

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	code = connect(fd, (const struct sockaddr *)name, sizeof(*name)) < 0 ? errno : 0;
	close(fd);

	/* Only a refused connection proves that nobody listens; EAGAIN is a full backlog. */
	if (!code || code == EAGAIN)
		return err_set(err, -EADDRINUSE, "%s: another hairpind answers there", path);
	if (code != ECONNREFUSED && code != ENOENT)
		return err_set(err, -code, "%s: %s", path, strerror(code));
	if (unlink(path) < 0 && errno != ENOENT)
		return err_set(err, -errno, "%s: cannot remove the stale socket: %s", path,
			       strerror(errno));
	return 0;
}

static int bind_and_listen(struct api_socket *sock, struct err *err)
{
	const char *path = sock->name.sun_path;
	const struct group *group;
	struct stat st;
	mode_t mask;
	int code = 0;

	mask = umask(0117);
	if (bind(sock->fd, (const struct sockaddr *)&sock->name, sizeof(sock->name)) < 0)
		code = errno;
	umask(mask);
	if (code)
		return err_set(err, -code, "%s: cannot bind: %s", path, strerror(code));

	group = getgrnam(GROUP);
	if (group && lchown(path, -1, group->gr_gid) < 0)
		log_warn("%s: cannot give it to group %s: %s", path, GROUP, strerror(errno));
	if (lstat(path, &st) < 0 || listen(sock->fd, BACKLOG) < 0) {
		code = errno;
		unlink(path);
		return err_set(err, -code, "%s: cannot listen: %s", path, strerror(code));
	}
	sock->device = st.st_dev;
	sock->inode = st.st_ino;
	return 0;
}

int api_socket_open(const char *path, struct api_socket *out, struct err *err)
{
	struct api_socket sock = {.name.sun_family = AF_UNIX};
	size_t length = strlen(path);
	int ret;

	if (!length)
		return err_set(err, -EINVAL, "the path of the API's socket is empty");
	if (length >= sizeof(sock.name.sun_path))
		return err_set(err, -ENAMETOOLONG,
			       "%s: too long for a socket: %zu bytes, at most %zu", path, length,
			       sizeof(sock.name.sun_path) - 1);
	memcpy(sock.name.sun_path, path, length);

	ret = make_directory(&sock.name, err);
	if (ret)
		return ret;
	ret = clear_place(&sock.name, err);
	if (ret)
		return ret;
	sock.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock.fd < 0)
		return err_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	ret = bind_and_listen(&sock, err);
	if (ret) {
		close(sock.fd);
		return ret;
	}
	*out = sock;
	return 0;
}

void api_socket_unlink(const struct api_socket *sock)
{
	struct stat st;

	if (lstat(sock->name.sun_path, &st) < 0)
		return;
	if (st.st_dev == sock->device && st.st_ino == sock->inode)
		unlink(sock->name.sun_path);
}
