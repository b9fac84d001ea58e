// SPDX-License-Identifier: GPL-2.0-only
/* How requests may come in: too large, cut off, slow, several at once, garbage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "api_client.h"

#define BACKEND_TARGET "/v1/pools/web/backends/web-1"
#define BACKEND_BODY   "{\"address\": \"10.0.1.99\"}" /* 24 bytes */

static int setup(void **state)
{
	*state = server_start(NULL, 10);
	return 0;
}

static int setup_impatient(void **state)
{
	*state = server_start(NULL, 1);
	return 0;
}

static int teardown(void **state)
{
	return server_stop(*state);
}

static struct answer send_raw(const struct server *server, const char *bytes)
{
	int fd = client_connect(server);

	client_send(fd, bytes, strlen(bytes));
	return client_receive(fd);
}

static void assert_status(struct answer answer, int status)
{
	if (answer.status != status)
		fail_msg("not %d: %.500s", status, answer.bytes);
}

/* It answers, and nothing that was sent to it has changed the catalog. */
static void assert_untouched(const struct server *server)
{
	struct answer answer = client_exchange(server, "GET", "/v1/catalog", NULL, NULL);

	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.body, "10.0.1.11"));
	assert_null(strstr(answer.body, "10.0.1.99"));
}

static double seconds(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void large_length_is_refused_before_the_body(void **state)
{
	static const char *const methods[] = {"PUT", "PATCH", "POST", "GET", "DELETE"};

	for (int i = 0; i < 5; i++) {
		struct answer answer;
		char request[200];

		snprintf(request, sizeof(request),
			 "%s " BACKEND_TARGET " HTTP/1.1\r\nHost: x\r\nContent-Length: 4194305\r\n"
			 "\r\n",
			 methods[i]);
		answer = send_raw(*state, request);
		assert_non_null(strstr(answer.body, "\"text\":\"a request is at most 4194304 bytes"
						    "\""));
		assert_status(answer, 413);
	}
	/* What follows is not a second request. */
	assert_status(send_raw(*state, "PATCH " BACKEND_TARGET " HTTP/1.1\r\nHost: x\r\n"
				       "Content-Length: 4194305\r\n\r\n"
				       "DELETE " BACKEND_TARGET " HTTP/1.1\r\nHost: x\r\n\r\n"),
		      413);
	assert_untouched(*state);
}

static void largest_body_is_read(void **state)
{
	char *body = malloc(4194304 + 1);

	assert_non_null(body);
	memset(body, ' ', 4194304);
	memcpy(body, BACKEND_BODY, 24);
	body[4194304] = '\0';
	assert_status(client_exchange(*state, "PUT", BACKEND_TARGET "?dry-run=1", NULL, body), 200);
	free(body);
	assert_untouched(*state);
}

static struct answer send_chunks(const struct server *server, int count)
{
	static char chunk[65536 + 9];
	static const char head[] = "PUT " BACKEND_TARGET " HTTP/1.1\r\nHost: x\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n";
	int fd = client_connect(server);

	client_send(fd, head, strlen(head));
	memcpy(chunk, "10000\r\n", 7);
	memset(chunk + 7, ' ', 65536);
	memcpy(chunk + 7 + 65536, "\r\n", 2);
	for (int i = 0; i < count; i++)
		client_send(fd, chunk, sizeof(chunk));
	client_send(fd, "0\r\n\r\n", 5);
	return client_receive(fd);
}

static void large_chunked_body_is_refused(void **state)
{
	struct answer answer;

	assert_status(send_chunks(*state, 65), 413);
	/* One that never ends is not read for ever. */
	answer = send_chunks(*state, 200);
	assert_int_equal(answer.status, 0);
	assert_untouched(*state);
}

static void chunked_body_is_put_together(void **state)
{
	struct answer answer;

	assert_status(send_raw(*state, "PUT " BACKEND_TARGET " HTTP/1.1\r\nHost: x\r\n"
				       "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
				       "a\r\n{\"address\"\r\ne\r\n: \"10.0.1.99\"}\r\n0\r\n\r\n"),
		      200);
	answer = client_exchange(*state, "GET", "/v1/catalog", NULL, NULL);
	assert_non_null(strstr(answer.body, "10.0.1.99"));
}

/*
 * libmicrohttpd may notice only after the timeout that a client is gone whose last bytes came
 * together with its end. So the server is an impatient one.
 */
static void cut_off_requests_do_nothing(void **state)
{
	static const char request[] = "PUT " BACKEND_TARGET " HTTP/1.1\r\nHost: x\r\n"
				      "Content-Length: 24\r\n\r\n" BACKEND_BODY;
	/* A body that would be whole, had less been announced. */
	static const char longer[] = "PUT " BACKEND_TARGET " HTTP/1.1\r\nHost: x\r\n"
				     "Content-Length: 25\r\n\r\n" BACKEND_BODY;

	for (size_t length = 0; length < strlen(request); length++) {
		int fd = client_connect(*state);

		client_send(fd, request, length);
		close(fd);
	}
	for (int i = 0; i < 3; i++) {
		int fd = client_connect(*state);

		client_send(fd, longer, strlen(longer));
		shutdown(fd, SHUT_WR);
		assert_status(client_receive(fd), 0);
	}
	assert_untouched(*state);
}

static void byte_by_byte(void **state)
{
	static const char request[] =
		"PUT " BACKEND_TARGET "?dry-run=1 HTTP/1.1\r\nHost: x\r\n"
		"Connection: close\r\nContent-Length: 24\r\n\r\n" BACKEND_BODY;
	int fd = client_connect(*state);

	for (size_t i = 0; i < strlen(request); i++) {
		client_send(fd, request + i, 1);
		usleep(1000);
	}
	assert_status(client_receive(fd), 200);
}

static void assert_cut_off(const struct server *server, const char *bytes)
{
	double start = seconds(CLOCK_MONOTONIC), took;
	struct answer answer = send_raw(server, bytes);

	took = seconds(CLOCK_MONOTONIC) - start;
	if (answer.status == 200 || took < 0.9 || took > 6)
		fail_msg("%s: %d after %.1f s", bytes, answer.status, took);
}

static void silent_clients_are_cut_off(void **state)
{
	assert_cut_off(*state, "");
	assert_cut_off(*state, "GET /v1/sta");
	assert_cut_off(*state, "PUT " BACKEND_TARGET " HTTP/1.1\r\nHost: x\r\n"
			       "Content-Length: 24\r\n\r\n{\"address\":");
	assert_untouched(*state);
}

static void silent_clients_cost_no_time(void **state)
{
	const struct server *server = *state;
	double before, used;
	clockid_t clock;
	int fd = client_connect(server), other = client_connect(server);

	client_send(fd, "PUT /v1/cat", 11);
	assert_status(client_exchange(server, "GET", "/v1/status", NULL, NULL), 200);
	assert_int_equal(clock_getcpuclockid(server->pid, &clock), 0);
	before = seconds(clock);
	usleep(700 * 1000);
	used = seconds(clock) - before;
	close(fd);
	close(other);
	if (used > 0.1)
		fail_msg("%.3f s of CPU in 0.7 s of waiting", used);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct answer answer =
		send_raw(*state, "GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n"
				 "PUT " BACKEND_TARGET "?dry-run=1 HTTP/1.1\r\nHost: x\r\n"
				 "Content-Length: 24\r\n\r\n" BACKEND_BODY
				 "GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	const char *first = strstr(answer.bytes, "HTTP/1.1 404 ");
	const char *second = strstr(answer.bytes, "\"changed\":[\"web/web-1\"]");
	const char *third = strstr(answer.bytes, "\"pid\":4711");

	assert_true(first && second && third);
	assert_true(first < second && second < third);
	assert_untouched(*state);
}

static void parallel_connections(void **state)
{
	static const char request[] =
		"PUT " BACKEND_TARGET "?dry-run=1 HTTP/1.1\r\nHost: x\r\n"
		"Connection: close\r\nContent-Length: 24\r\n\r\n" BACKEND_BODY;
	int fds[10];

	for (int i = 0; i < 10; i++)
		fds[i] = client_connect(*state);
	for (size_t at = 0; at < strlen(request); at += 20) {
		size_t left = strlen(request) - at;

		for (int i = 0; i < 10; i++)
			client_send(fds[i], request + at, left < 20 ? left : 20);
	}
	for (int i = 9; i >= 0; i--)
		assert_status(client_receive(fds[i]), 200);
}

static void more_connections_than_fit_wait(void **state)
{
	static const char request[] = "GET /v1/stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
				      "\r\n";
	int fds[100];

	for (int i = 0; i < 100; i++)
		fds[i] = client_connect(*state);
	for (int i = 0; i < 100; i++)
		client_send(fds[i], request, strlen(request));
	for (int i = 0; i < 100; i++)
		assert_status(client_receive(fds[i]), 200);
}

static void garbage_is_refused(void **state)
{
	static const char *const rows[] = {
		"\r\n\r\n\r\n",
		"\n",
		"garbage\r\n\r\n",
		"GET\r\n\r\n",
		"GET /v1/status\r\n\r\n",
		"PUT /v1/catalog HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"PUT /v1/catalog HTTP/1.1\r\nHost: x\r\nContent-Length: "
		"99999999999999999999\r\n\r\n",
		"PUT /v1/catalog HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET http://x/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"GET v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"GET  HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"GET /v1/status?%00&&=&a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	};
	unsigned int seed = 1;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int fd = client_connect(*state);
		struct answer answer;

		client_send(fd, rows[i], strlen(rows[i]));
		shutdown(fd, SHUT_WR);
		answer = client_receive(fd);
		if (answer.status == 200)
			fail_msg("%s: %s", rows[i], answer.bytes);
	}
	for (int i = 0; i < 300; i++) {
		char request[] = "PUT " BACKEND_TARGET "?dry-run=1 HTTP/1.1\r\nHost: x\r\n"
				 "Connection: close\r\nContent-Length: 24\r\n\r\n" BACKEND_BODY;
		int fd = client_connect(*state);

		for (int j = 0; j < 3; j++)
			request[rand_r(&seed) % (sizeof(request) - 1)] = rand_r(&seed);
		client_send(fd, request, sizeof(request) - 1);
		usleep(2000);
		shutdown(fd, SHUT_WR);
		client_receive(fd);
	}
	assert_status(client_exchange(*state, "GET", "/v1/status", NULL, NULL), 200);
}

static void long_headers_are_refused(void **state)
{
	char *request = malloc(100000);

	assert_non_null(request);
	memset(request, 'a', 99999);
	request[99999] = '\0';
	memcpy(request, "GET /", 5);
	assert_status(send_raw(*state, request), 414);
	memcpy(request, "GET / HTTP/1.1\r\nHost: ", 22);
	assert_status(send_raw(*state, request), 431);
	free(request);
	assert_untouched(*state);
}

#define ROW(function)       cmocka_unit_test_setup_teardown(function, setup, teardown)
#define IMPATIENT(function) cmocka_unit_test_setup_teardown(function, setup_impatient, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(large_length_is_refused_before_the_body),
		ROW(largest_body_is_read),
		ROW(large_chunked_body_is_refused),
		ROW(chunked_body_is_put_together),
		IMPATIENT(cut_off_requests_do_nothing),
		ROW(byte_by_byte),
		IMPATIENT(silent_clients_are_cut_off),
		ROW(silent_clients_cost_no_time),
		ROW(pipelined_requests_are_answered_in_order),
		ROW(parallel_connections),
		ROW(more_connections_than_fit_wait),
		IMPATIENT(garbage_is_refused),
		ROW(long_headers_are_refused),
	};

	return cmocka_run_group_tests_name("api_wire", tests, NULL, NULL);
}
