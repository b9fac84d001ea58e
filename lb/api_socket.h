/* SPDX-License-Identifier: GPL-2.0-only */
/* The API's listening socket in the file system. */
#ifndef HAIRPIN_API_SOCKET_H
#define HAIRPIN_API_SOCKET_H

#include <sys/types.h>
#include <sys/un.h>

#include "err.h"

struct api_socket {
	int fd;                  /* listening, non-blocking */
	struct sockaddr_un name; /* where it is in the file system */
	dev_t device;            /* and which file that is */
	ino_t inode;
};

/*
 * api_socket_open(): binds and listens on path, mode 0660, group hairpin if it exists. Makes the
 * directory (not its parents), replaces a socket that nobody answers on, and refuses one that
 * somebody does. Returns 0 and fills *out, or a negative errno with err set and nothing changed.
 */
int api_socket_open(const char *path, struct api_socket *out, struct err *err);

/* api_socket_unlink(): removes the file if it is still this socket's. Does not close fd. */
void api_socket_unlink(const struct api_socket *sock);

#endif
