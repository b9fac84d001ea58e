// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the resources answer. What they refuse is in api_errors.c, how bytes come in in api_wire.c.
 */
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

static void get_resources(void **state)
{
	struct answer answer = client_exchange(*state, "GET", "/v1/status", NULL, NULL);

	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.bytes, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(answer.body, "\"version\":\"0.1.0\",\"pid\":4711,"));
	assert_int_equal(answer.body[strlen(answer.body) - 1], '\n');

	answer = client_exchange(*state, "GET", "/v1/stats", NULL, NULL);
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.body, "\"reasons\":{\"too_big\":0,\"no_backend\":7,"));

	answer = client_exchange(*state, "GET", "/v1/catalog", NULL, NULL);
	assert_int_equal(answer.status, 200);
	assert_memory_equal(answer.body, "{\n  \"version\": 1,\n  \"seed\": \"site-a\",\n", 37);
	assert_int_equal(answer.body[strlen(answer.body) - 1], '\n');
}

static void head_has_no_body(void **state)
{
	assert_answer(client_exchange(*state, "HEAD", "/v1/status", NULL, NULL), 200, "");
}

static void other_methods(void **state)
{
	static const char *const rows[][3] = {
		{"POST", "/v1/status", "GET, HEAD"},
		{"OPTIONS", "/v1/stats", "GET, HEAD"},
		{"DELETE", "/v1/catalog", "GET, HEAD, PUT"},
		{"GET", "/v1/trace", "POST"},
		{"GET", "/v1/services/www", "PUT, DELETE"},
		{"PATCH", "/v1/pools/web", "PUT, DELETE"},
		{"POST", "/v1/pools/web/backends/web-1", "PUT, PATCH, DELETE"},
		{"get", "/v1/status", "GET, HEAD"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct answer answer = client_exchange(*state, rows[i][0], rows[i][1], NULL, NULL);
		char header[64];

		snprintf(header, sizeof(header), "\r\nAllow: %s\r\n", rows[i][2]);
		if (!strstr(answer.bytes, header) || answer.status != 405)
			fail_msg("%s %s: %s", rows[i][0], rows[i][1], answer.bytes);
	}
}

static void unknown_paths(void **state)
{
	static const char *const paths[] = {
		"/",
		"/v1",
		"/v1/",
		"/v2/status",
		"/v1/status/",
		"/v1/statu",
		"/v1//status",
		"/v1/pools",
		"/v1/services/a/b",
		"/v1/pools/a/b",
		"/v1/pools/a/b/c",
		"/v1/pools/a/backends",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		assert_error(client_exchange(*state, "GET", paths[i], NULL, NULL),
			     (struct expected_error){404, "", 0, 0, "no such resource"});
}

static void bad_names(void **state)
{
	static const char *const names[] = {
		"",
		"a%20b",
		"%00",
		"web%00",
		"web%2Fbackends%2Fweb-1",
		"%c3%a9",
		"%ff",
		"%",
		"a%zz",
		"0123456789012345678901234567890123456789012345678901234567890123",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct answer answer;
		char target[128];

		snprintf(target, sizeof(target), "/v1/pools/%s", names[i]);
		answer = client_exchange(*state, "PUT", target, NULL, "{\"backends\": {}}");
		if (answer.status != 400)
			fail_msg("%s: %s", names[i], answer.bytes);
	}
	assert_error(client_exchange(*state, "DELETE", "/v1/services/w+w", NULL, NULL),
		     (struct expected_error){400, "", 0, 0,
					     "a name is 1 to 63 of a-z, A-Z, 0-9, \".\", \"_\", "
					     "\"-\""});
	assert_catalog_has(*state, "\"web-1\":{\"address\":\"10.0.1.11\"}", true);
}

static void encoded_names_are_decoded(void **state)
{
	assert_answer(client_exchange(*state, "DELETE", "/v1/services/ww%77", NULL, NULL), 200,
		      "{\"pools\":{},\"services\":{\"added\":[],\"removed\":[\"www\"],"
		      "\"changed\":[]},\"backends\":{\"added\":[],\"removed\":[],\"changed\":[]},"
		      "\"keys\":[]}\n");
	assert_catalog_has(*state, "\"www\"", false);
}

static void longest_name(void **state)
{
	assert_answer(client_exchange(*state, "PUT",
				      "/v1/services/0123456789012345678901234567890123456789"
				      "01234567890123456789012",
				      NULL,
				      "{\"address\": \"203.0.113.11\", \"protocol\": \"udp\", "
				      "\"port\": 53, \"pool\": \"web\"}"),
		      200,
		      "{\"pools\":{},\"services\":{\"added\":[\"01234567890123456789012345678901234"
		      "5678901234567890123456789012\"],\"removed\":[],\"changed\":[]},"
		      "\"backends\":{\"added\":[],\"removed\":[],\"changed\":[]},\"keys\":[]}\n");
}

static void service_is_put_replaced_and_deleted(void **state)
{
	assert_answer(client_exchange(*state, "PUT", "/v1/services/dns", NULL,
				      "{\"address\": \"203.0.113.53\", \"protocol\": \"udp\", "
				      "\"port\": 53, \"pool\": \"web\"}"),
		      200,
		      "{\"pools\":{},\"services\":{\"added\":[\"dns\"],\"removed\":[],"
		      "\"changed\":[]},\"backends\":{\"added\":[],\"removed\":[],\"changed\":[]},"
		      "\"keys\":[]}\n");
	assert_catalog_has(*state,
			   "\"dns\":{\"address\":\"203.0.113.53\",\"protocol\":\"udp\","
			   "\"port\":53,\"pool\":\"web\"}",
			   true);
	assert_answer(client_exchange(*state, "PUT", "/v1/services/dns", NULL,
				      "{\"address\": \"203.0.113.54\", \"protocol\": \"udp\", "
				      "\"port\": 53, \"pool\": \"web\"}"),
		      200,
		      "{\"pools\":{},\"services\":{\"added\":[],\"removed\":[],"
		      "\"changed\":[\"dns\"]},\"backends\":{\"added\":[],\"removed\":[],"
		      "\"changed\":[]},\"keys\":[{\"path\":\"services.dns.address\","
		      "\"old\":\"203.0.113.53\",\"new\":\"203.0.113.54\"}]}\n");
	assert_catalog_has(*state, "203.0.113.53", false);
	assert_answer(client_exchange(*state, "DELETE", "/v1/services/dns", NULL, NULL), 200,
		      "{\"pools\":{},\"services\":{\"added\":[],\"removed\":[\"dns\"],"
		      "\"changed\":[]},\"backends\":{\"added\":[],\"removed\":[],\"changed\":[]},"
		      "\"keys\":[]}\n");
	assert_error(client_exchange(*state, "DELETE", "/v1/services/dns", NULL, NULL),
		     (struct expected_error){404, "services.dns", 0, 0, "does not exist"});
}

static void create_only(void **state)
{
	assert_error(client_exchange(*state, "PUT", "/v1/services/www", "If-None-Match: *\r\n",
				     WWW_JSON),
		     (struct expected_error){412, "services.www", 0, 0, "exists already"});
	assert_error(client_exchange(*state, "PUT", "/v1/pools/web", "If-None-Match: *\r\n", "{}"),
		     (struct expected_error){412, "pools.web", 0, 0, "exists already"});
	assert_error(
		client_exchange(*state, "PUT", "/v1/pools/web/backends/web-1",
				"If-None-Match: *\r\n", "{\"address\": \"10.0.1.13\"}"),
		(struct expected_error){412, "pools.web.backends.web-1", 0, 0, "exists already"});
	assert_catalog_has(*state, "\"web-1\":{\"address\":\"10.0.1.11\"}", true);
	assert_answer(client_exchange(*state, "PUT", "/v1/pools/new", "If-None-Match: *\r\n",
				      "{\"backends\": {}}"),
		      200,
		      "{\"pools\":{},\"services\":{\"added\":[],\"removed\":[],\"changed\":[]},"
		      "\"backends\":{\"added\":[],\"removed\":[],\"changed\":[]},\"keys\":[]}\n");
	assert_catalog_has(*state, "\"new\":{\"backends\":{}}", true);
}

static void dry_run_changes_nothing(void **state)
{
	char *before = catalog_of(*state), *after;

	assert_answer(client_exchange(*state, "DELETE", "/v1/services/www?dry-run=1", NULL, NULL),
		      200,
		      "{\"pools\":{},\"services\":{\"added\":[],\"removed\":[\"www\"],"
		      "\"changed\":[]},\"backends\":{\"added\":[],\"removed\":[],\"changed\":[]},"
		      "\"keys\":[]}\n");
	assert_error(client_exchange(*state, "DELETE", "/v1/services/www?dryrun=1", NULL, NULL),
		     (struct expected_error){400, "", 0, 0,
					     "the query can only be dry-run=1 or dry-run=0"});
	assert_error(client_exchange(*state, "GET", "/v1/status?dry-run=1", NULL, NULL),
		     (struct expected_error){400, "", 0, 0, "this resource takes no query"});
	after = catalog_of(*state);
	assert_string_equal(after, before);
	free(before);
	free(after);
	assert_done(client_exchange(*state, "DELETE", "/v1/services/www?dry-run=0", NULL, NULL));
	assert_catalog_has(*state, "\"www\"", false);
}

static void pool_in_use_stays(void **state)
{
	assert_error(
		client_exchange(*state, "DELETE", "/v1/pools/web", NULL, NULL),
		(struct expected_error){409, "pools.web", 0, 0, "is used by services www, www6"});
	assert_error(client_exchange(*state, "DELETE", "/v1/pools/none", NULL, NULL),
		     (struct expected_error){404, "pools.none", 0, 0, "does not exist"});
	assert_answer(client_exchange(*state, "DELETE", "/v1/pools/spare", NULL, NULL), 200,
		      "{\"pools\":{},\"services\":{\"added\":[],\"removed\":[],\"changed\":[]},"
		      "\"backends\":{\"added\":[],\"removed\":[],\"changed\":[]},\"keys\":[]}\n");
	assert_catalog_has(*state, "\"spare\"", false);
}

static void backend_is_put_and_deleted(void **state)
{
	assert_answer(client_exchange(*state, "PUT", "/v1/pools/web/backends/web-3", NULL,
				      "{\"address\": \"10.0.1.13\", \"weight\": 7}"),
		      200,
		      "{\"pools\":{\"web\":{\"slots\":65537,\"moved\":6554,"
		      "\"moved_share\":0.10000000000000001}},\"services\":{\"added\":[],"
		      "\"removed\":[],\"changed\":[]},\"backends\":{\"added\":[\"web/web-3\"],"
		      "\"removed\":[],\"changed\":[]},\"keys\":[]}\n");
	assert_catalog_has(*state, "\"web-3\":{\"address\":\"10.0.1.13\",\"weight\":7}", true);
	assert_error(client_exchange(*state, "PUT", "/v1/pools/none/backends/web-3", NULL,
				     "{\"address\": \"10.0.1.13\"}"),
		     (struct expected_error){404, "pools.none", 0, 0, "does not exist"});
	assert_done(client_exchange(*state, "DELETE", "/v1/pools/web/backends/web-3", NULL, NULL));
	assert_catalog_has(*state, "\"web-3\"", false);
	assert_error(
		client_exchange(*state, "DELETE", "/v1/pools/web/backends/web-3", NULL, NULL),
		(struct expected_error){404, "pools.web.backends.web-3", 0, 0, "does not exist"});
}

static void patch_merges(void **state)
{
	const char *const target = "/v1/pools/web/backends/web-2";

	assert_done(client_exchange(*state, "PATCH", target, NULL, "{\"state\": \"drain\"}"));
	assert_catalog_has(*state,
			   "\"web-2\":{\"address\":\"10.0.1.12\",\"weight\":50,"
			   "\"state\":\"drain\"}",
			   true);
	assert_done(client_exchange(*state, "PATCH", target, NULL, "{\"weight\": null}"));
	assert_catalog_has(*state, "\"web-2\":{\"address\":\"10.0.1.12\",\"state\":\"drain\"}",
			   true);
	assert_error(
		client_exchange(*state, "PATCH", target, NULL, "[]"),
		(struct expected_error){422, "pools.web.backends.web-2", 0, 0, "is not an object"});
	assert_error(
		client_exchange(*state, "PATCH", "/v1/pools/web/backends/web-9", NULL, "{}"),
		(struct expected_error){404, "pools.web.backends.web-9", 0, 0, "does not exist"});
}

static void whole_catalog(void **state)
{
	assert_answer(client_exchange(*state, "PUT", "/v1/catalog", NULL,
				      "{\"version\": 1, \"pools\": {}, \"services\": {}}"),
		      200,
		      "{\"pools\":{},\"services\":{\"added\":[],\"removed\":[\"www\",\"www6\"],"
		      "\"changed\":[]},\"backends\":{\"added\":[],\"removed\":[],\"changed\":[]},"
		      "\"keys\":[{\"path\":\"seed\",\"old\":\"site-a\",\"new\":\"\"}]}\n");
	assert_catalog_has(*state, "{\"version\":1,\"pools\":{},\"services\":{}}", true);
}

static void trace_passes_the_packet_on(void **state)
{
	struct answer answer =
		client_exchange(*state, "POST", "/v1/trace", NULL,
				"{\"protocol\":\"tcp\",\"source\":\"198.51.100.7\","
				"\"source_port\":40000,\"destination\":\"203.0.113.10\","
				"\"destination_port\":443,\"syn\":true}");

	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.body, "\"steps\":[\"protocol 6, 198.51.100.7 port 40000 to "
					    "203.0.113.10 port 443, SYN\","));
	answer = client_exchange(*state, "POST", "/v1/trace", NULL,
				 "{\"protocol\":\"udp\",\"source\":\"2001:db8::7\","
				 "\"source_port\":1,\"destination\":\"2001:db8::10\","
				 "\"destination_port\":65535}");
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.body, "\"steps\":[\"protocol 17, 2001:db8::7 port 1 to "
					    "2001:db8::10 port 65535\"]"));
}

#define ROW(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(get_resources),
		ROW(head_has_no_body),
		ROW(other_methods),
		ROW(unknown_paths),
		ROW(bad_names),
		ROW(encoded_names_are_decoded),
		ROW(longest_name),
		ROW(service_is_put_replaced_and_deleted),
		ROW(create_only),
		ROW(dry_run_changes_nothing),
		ROW(pool_in_use_stays),
		ROW(backend_is_put_and_deleted),
		ROW(patch_merges),
		ROW(whole_catalog),
		ROW(trace_passes_the_packet_on),
	};

	return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
