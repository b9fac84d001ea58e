/* SPDX-License-Identifier: GPL-2.0-only */
/* For api.c: the API in a child process, and a client that sends bytes as they are. */
#ifndef HAIRPIN_API_CLIENT_H
#define HAIRPIN_API_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct server {
	char directory[64];   /* temporary */
	char socket_path[96]; /* in it, one directory down */
	pid_t pid;
};

struct answer {
	const char *bytes; /* all that came until the server closed; until the next answer */
	size_t length;
	int status;
	const char *body; /* in bytes */
};

/* server_start(): NULL catalog: fake_catalog; timeout_s as of api_new(). */
struct server *server_start(const char *catalog, unsigned int timeout_s);

/* server_stop(): returns its exit status (sanitizers make it fail), -1 if it died. */
int server_stop(struct server *server);

int client_connect(const struct server *server);
void client_send(int fd, const char *bytes, size_t length);

/* client_receive(): reads until the server closes (and fails the test when it does not). */
struct answer client_receive(int fd);

/* client_exchange(): all in one, with HTTP/1.1, Host, Connection: close and the body's length. */
struct answer client_exchange(const struct server *server, const char *method, const char *target,
			      const char *headers, const char *body);

#endif
