// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "api_client.h"
#include "api_socket.h"

static int setup(void **state)
{
	*state = server_start(NULL, 10);
	return 0;
}

static int teardown(void **state)
{
	return server_stop(*state);
}

static void socket_has_its_mode(void **state)
{
	const struct server *server = *state;
	char directory[96];
	struct stat st;

	assert_int_equal(stat(server->socket_path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	snprintf(directory, sizeof(directory), "%s/run", server->directory);
	assert_int_equal(stat(directory, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
}

static void live_socket_is_refused(void **state)
{
	const struct server *server = *state;
	struct api_socket sock;
	struct err err = {};
	char text[200];

	assert_int_equal(api_socket_open(server->socket_path, &sock, &err), -EADDRINUSE);
	snprintf(text, sizeof(text), "%s: another hairpind answers there", server->socket_path);
	assert_string_equal(err.text, text);
	assert_int_equal(client_exchange(server, "GET", "/v1/status", NULL, NULL).status, 200);
}

static void socket_leaves_another_ones_file(void **state)
{
	const struct server *server = *state;
	struct api_socket first, second;
	struct err err = {};
	char path[120];

	snprintf(path, sizeof(path), "%s.other", server->socket_path);
	assert_int_equal(api_socket_open(path, &first, &err), 0);
	assert_int_equal(unlink(path), 0); /* by somebody who thinks that it is stale */
	assert_int_equal(api_socket_open(path, &second, &err), 0);
	api_socket_unlink(&first);
	assert_int_equal(access(path, F_OK), 0);
	close(first.fd);
	close(second.fd);
	/* Stale now. */
	assert_int_equal(api_socket_open(path, &first, &err), 0);
	api_socket_unlink(&first);
	assert_int_equal(access(path, F_OK), -1);
	close(first.fd);
}

static void socket_keeps_what_is_not_a_socket(void **state)
{
	const struct server *server = *state;
	struct api_socket sock;
	struct err err = {};
	char path[120], text[200];
	FILE *file;
	int ret;

	snprintf(path, sizeof(path), "%s.file", server->socket_path);
	file = fopen(path, "we");
	assert_non_null(file);
	fclose(file);
	ret = api_socket_open(path, &sock, &err);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ret, -EEXIST);
	snprintf(text, sizeof(text), "%s: is there and is not a socket", path);
	assert_string_equal(err.text, text);
}

static void socket_paths_that_cannot_be(void **state)
{
	static const char longest[] = "/tmp/0123456789012345678901234567890123456789012345678901234"
				      "567890123456789012345678901234567890123456789012";
	struct api_socket sock;
	struct err err = {};

	(void)state;
	assert_int_equal(strlen(longest), 108);
	assert_int_equal(api_socket_open(longest, &sock, &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.text, ": too long for a socket: 108 bytes, at most 107"));
	assert_int_equal(api_socket_open("/nonexistent/a/b.sock", &sock, &err), -ENOENT);
	assert_string_equal(err.text, "/nonexistent/a: cannot make the directory: No such file or "
				      "directory");
	assert_int_equal(api_socket_open("", &sock, &err), -EINVAL);
}

static void socket_is_removed_at_the_end(void **state)
{
	struct server *server = server_start(NULL, 10);
	char path[96];

	(void)state;
	strcpy(path, server->socket_path);
	kill(server->pid, SIGTERM);
	for (int i = 0; i < 300 && !access(path, F_OK); i++)
		usleep(10000);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(server_stop(server), 0);
}

#define ROW(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(socket_has_its_mode),
		ROW(live_socket_is_refused),
		ROW(socket_leaves_another_ones_file),
		ROW(socket_keeps_what_is_not_a_socket),
		ROW(socket_paths_that_cannot_be),
		cmocka_unit_test(socket_is_removed_at_the_end),
	};

	return cmocka_run_group_tests_name("api_socket", tests, NULL, NULL);
}
