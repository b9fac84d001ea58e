// SPDX-License-Identifier: GPL-2.0-only
/* Requests that are understood to the last byte, and refused; and a balancer that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "api_assert.h"

#define WWW_JSON "{\"address\":\"203.0.113.10\",\"protocol\":\"tcp\",\"port\":443,\"pool\":\"web\"}"

static int setup(void **state)
{
	*state = server_start(NULL, 10);
	return 0;
}

static int teardown(void **state)
{
	return server_stop(*state);
}

static void invalid_catalog_names_every_place(void **state)
{
	struct answer answer =
		client_exchange(*state, "PUT", "/v1/catalog", NULL,
				"{\"version\": 1,\n"
				" \"pools\": {\"p\": {\"backends\": {}}},\n"
				" \"services\": {\"a\": {\"address\": \"203.0.113.1\",\n"
				"   \"protocol\": \"tcp\", \"port\": 70000, \"pool\": \"p\"},\n"
				"  \"b\": {\"address\": \"203.0.113.1\",\n"
				"   \"protocol\": \"icmp\", \"port\": 1, \"pool\": \"p\"}}}\n");
	json_t *json = json_loads(answer.body, 0, NULL), *errors, *error;

	assert_int_equal(answer.status, 422);
	errors = json_object_get(json, "errors");
	assert_int_equal(json_array_size(errors), 2);
	error = json_array_get(errors, 0);
	assert_string_equal(json_string_value(json_object_get(error, "path")), "services.a.port");
	assert_int_equal(json_integer_value(json_object_get(error, "line")), 4);
	assert_true(json_equal(error, json_object_get(json, "error")));
	error = json_array_get(errors, 1);
	assert_string_equal(json_string_value(json_object_get(error, "path")),
			    "services.b.protocol");
	assert_int_equal(json_integer_value(json_object_get(error, "line")), 6);
	json_decref(json);
	assert_catalog_has(*state, "203.0.113.10", true);
}

static void malformed_json(void **state)
{
	static const char *const targets[] = {"/v1/catalog", "/v1/services/x", "/v1/pools/x",
					      "/v1/pools/web/backends/x"};

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		static const char *const bodies[] = {
			"",         "{\n\"a\": }", "{} {}",           "nul",
			"{\"a\":1", "\"\\ud800\"", "{\"\\u0000\": 1}"};

		for (size_t j = 0; j < sizeof(bodies) / sizeof(*bodies); j++) {
			struct answer answer =
				client_exchange(*state, "PUT", targets[i], NULL, bodies[j]);

			if (answer.status != 400)
				fail_msg("%s: %s: %s", targets[i], bodies[j], answer.bytes);
		}
	}
	assert_error(client_exchange(*state, "PUT", "/v1/services/x", NULL, "{\n\"a\": }"),
		     (struct expected_error){400, "", 2, 6, "unexpected token near '}'"});
	assert_error(
		client_exchange(*state, "PUT", "/v1/services/x", NULL, "\"\xff\""),
		(struct expected_error){400, "", 1, 1, "unable to decode byte 0xff near '\"'"});
	assert_error(client_exchange(*state, "PUT", "/v1/services/x", NULL, "{\"a\":1,\"a\":2}"),
		     (struct expected_error){422, "", 1, 10, "duplicate object key near '\"a\"'"});
}

/* The document that the daemon makes has lines too, but nobody has seen it. */
static void invalid_edit_has_a_path_and_no_line(void **state)
{
	assert_error(client_exchange(*state, "PUT", "/v1/services/x", NULL,
				     "{\"address\": \"203.0.113.9\", \"protocol\": \"tcp\", "
				     "\"port\": 70000, \"pool\": \"web\"}"),
		     (struct expected_error){422, "services.x.port", 0, 0,
					     "70000 is not a port (1-65535)"});
	for (int i = 0; i < 6; i++) {
		static const char *const bodies[] = {"null", "1", "[]", "\"x\"", "true", "{}"};

		assert_int_equal(
			client_exchange(*state, "PUT", "/v1/services/www", NULL, bodies[i]).status,
			422);
	}
	assert_catalog_has(*state, "\"www\":" WWW_JSON, true);
}

static void long_keys_are_answered_in_utf8(void **state)
{
	char body[4096] = "{\"";

	for (int i = 0; i < 600; i++)
		strcat(body, i % 7 ? "\xe2\x82\xac" : "x");
	strcat(body, "\": 1}");
	for (int i = 0; i < 3; i++) {
		static const char *const rows[][2] = {
			{"PUT", "/v1/pools/web"}, {"PUT", "/v1/catalog"}, {"POST", "/v1/trace"}};
		struct answer answer = client_exchange(*state, rows[i][0], rows[i][1], NULL, body);
		json_t *json = json_loads(answer.body, 0, NULL);

		assert_non_null(json);
		assert_int_equal(answer.status, 422);
		json_decref(json);
	}
}

static void trace_refuses(void **state)
{
	static const struct {
		const char *from, *to; /* what to change in a good body */
		const char *path, *text;
	} rows[] = {
		{"\"tcp\"", "\"icmp\"", "protocol", "is not a protocol (\"tcp\", \"udp\")"},
		{"\"tcp\"", "6", "protocol", "is not a protocol (\"tcp\", \"udp\")"},
		{"198.51.100.7", "198.51.100", "source", "is not an IPv4 or IPv6 address"},
		{"\"203.0.113.10\"", "null", "destination", "is not an IPv4 or IPv6 address"},
		{"203.0.113.10", "2001:db8::1", "destination", "is not of the source's family"},
		{"40000", "0", "source_port", "is not a port (1-65535)"},
		{"443", "65536", "destination_port", "is not a port (1-65535)"},
		{"443", "443.0", "destination_port", "is not a port (1-65535)"},
		{"\"destination_port\":443", "\"syn\":true", "destination_port", "is missing"},
		{"443", "443,\"syn\":1", "syn", "is not true or false"},
		{"443", "443,\"sync\":true", "sync",
		 "is not a key of a trace (protocol, source, source_port, destination, "
		 "destination_port, syn)"},
	};
	static const char good[] = "{\"protocol\":\"tcp\",\"source\":\"198.51.100.7\","
				   "\"source_port\":40000,\"destination\":\"203.0.113.10\","
				   "\"destination_port\":443}";

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *at = strstr(good, rows[i].from);
		char body[400];

		snprintf(body, sizeof(body), "%.*s%s%s", (int)(at - good), good, rows[i].to,
			 at + strlen(rows[i].from));
		assert_error(client_exchange(*state, "POST", "/v1/trace", NULL, body),
			     (struct expected_error){422, rows[i].path, 0, 0, rows[i].text});
	}
	assert_error(client_exchange(*state, "POST", "/v1/trace", NULL, "[]"),
		     (struct expected_error){422, "", 0, 0, "is not an object"});
}

static int setup_fail_stats(void **state)
{
	*state = server_start("{\"version\": 1, \"seed\": \"fail-stats\", \"pools\": {}, "
			      "\"services\": {}}",
			      10);
	return 0;
}

static void stats_that_cannot_be_read(void **state)
{
	assert_error(
		client_exchange(*state, "GET", "/v1/stats", NULL, NULL),
		(struct expected_error){500, "", 0, 0, "cannot read the map verdict_counters"});
}

static void catalog_that_cannot_be_written(void **state)
{
	assert_error(client_exchange(*state, "PUT", "/v1/catalog", NULL,
				     "{\"version\": 1, \"seed\": \"fail-put\", \"pools\": {}, "
				     "\"services\": {}}"),
		     (struct expected_error){500, "", 0, 0, "lb.json: cannot write"});
	assert_catalog_has(*state, "\"seed\":\"site-a\"", true);
}

static int setup_fail_trace(void **state)
{
	*state = server_start("{\"version\": 1, \"seed\": \"fail-trace\", \"pools\": {}, "
			      "\"services\": {}}",
			      10);
	return 0;
}

static void trace_that_cannot_be_run(void **state)
{
	assert_error(client_exchange(*state, "POST", "/v1/trace", NULL,
				     "{\"protocol\":\"tcp\",\"source\":\"198.51.100.7\","
				     "\"source_port\":40000,\"destination\":\"203.0.113.10\","
				     "\"destination_port\":443}"),
		     (struct expected_error){500, "", 0, 0, "cannot run the program"});
}

#define ROW(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(invalid_catalog_names_every_place),
		ROW(malformed_json),
		ROW(invalid_edit_has_a_path_and_no_line),
		ROW(long_keys_are_answered_in_utf8),
		ROW(trace_refuses),
		ROW(catalog_that_cannot_be_written),
		cmocka_unit_test_setup_teardown(stats_that_cannot_be_read, setup_fail_stats,
						teardown),
		cmocka_unit_test_setup_teardown(trace_that_cannot_be_run, setup_fail_trace,
						teardown),
	};

	return cmocka_run_group_tests_name("api_errors", tests, NULL, NULL);
}
