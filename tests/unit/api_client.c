// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "api.h"
#include "api_client.h"
#include "fake_balancer.h"

#define PATIENCE_S 10

static void remove_directories(const struct server *server)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/run", server->directory);
	rmdir(path);
	rmdir(server->directory);
}

static void serve(const struct server *server, const char *catalog, unsigned int timeout_s,
		  int ready)
{
	struct balancer *balancer = fake_balancer_new(catalog ? catalog : fake_catalog);
	struct api *api = NULL;
	struct err err = {};
	sigset_t set;
	sd_event *event;

	prctl(PR_SET_PDEATHSIG, SIGTERM); /* cleans up after a killed test too */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (sd_event_new(&event) < 0 || sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL) < 0)
		exit(10);
	if (api_new(event, balancer, server->socket_path, timeout_s, &api, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(11);
	}
	if (write(ready, "r", 1) != 1)
		exit(12);
	close(ready);
	sd_event_loop(event);
	api_free(api);
	balancer_free(balancer);
	sd_event_unref(event);
	remove_directories(server);
	exit(0);
}

struct server *server_start(const char *catalog, unsigned int timeout_s)
{
	struct server *server = calloc(1, sizeof(*server));
	int fds[2];
	char byte;

	assert_non_null(server);
	strcpy(server->directory, "/tmp/hairpin-api-XXXXXX");
	assert_non_null(mkdtemp(server->directory));
	snprintf(server->socket_path, sizeof(server->socket_path), "%s/run/api.sock",
		 server->directory);
	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (!server->pid) {
		close(fds[0]);
		serve(server, catalog, timeout_s, fds[1]);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	return server;
}

int server_stop(struct server *server)
{
	int status;

	kill(server->pid, SIGTERM);
	waitpid(server->pid, &status, 0);
	unlink(server->socket_path);
	remove_directories(server);
	free(server);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int client_connect(const struct server *server)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(name.sun_path, server->socket_path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

/* A server that refuses the rest may have closed: then there is an answer to read. */
void client_send(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent < 0)
			return;
		bytes += sent;
		length -= sent;
	}
}

struct answer client_receive(int fd)
{
	static char bytes[4 * API_MAX_BODY];
	struct answer answer = {.bytes = bytes};
	const char *body;
	ssize_t got;

	while ((got = recv(fd, bytes + answer.length, sizeof(bytes) - 1 - answer.length, 0)) > 0)
		answer.length += got;
	bytes[answer.length] = '\0';
	if (got < 0 && errno != ECONNRESET)
		fail_msg("the server neither answered nor closed: %s", bytes);
	close(fd);
	sscanf(bytes, "HTTP/1.1 %d", &answer.status);
	body = strstr(bytes, "\r\n\r\n");
	answer.body = body ? body + 4 : bytes + answer.length;
	return answer;
}

struct answer client_exchange(const struct server *server, const char *method, const char *target,
			      const char *headers, const char *body)
{
	int fd = client_connect(server);
	char *request;
	int length;

	length = asprintf(&request,
			  "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s"
			  "Content-Length: %zu\r\n\r\n%s",
			  method, target, headers ? headers : "", body ? strlen(body) : 0,
			  body ? body : "");
	assert_true(length > 0);
	client_send(fd, request, length);
	free(request);
	return client_receive(fd);
}
