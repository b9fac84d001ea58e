// SPDX-License-Identifier: GPL-2.0-only
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

void assert_answer(struct answer answer, int status, const char *body)
{
	assert_string_equal(answer.body, body);
	assert_int_equal(answer.status, status);
}

void assert_done(struct answer answer)
{
	assert_int_equal(answer.status, 200);
}

static void assert_error_at(const json_t *error, const struct expected_error *expected)
{
	assert_non_null(error);
	assert_string_equal(json_string_value(json_object_get(error, "path")), expected->path);
	assert_int_equal(json_integer_value(json_object_get(error, "line")), expected->line);
	assert_int_equal(json_integer_value(json_object_get(error, "column")), expected->column);
	assert_string_equal(json_string_value(json_object_get(error, "text")), expected->text);
	assert_null(json_object_get(error, "file"));
}

void assert_error(struct answer answer, struct expected_error expected)
{
	json_t *json = json_loads(answer.body, 0, NULL);

	assert_non_null(json);
	assert_error_at(json_object_get(json, "error"), &expected);
	assert_error_at(json_array_get(json_object_get(json, "errors"), 0), &expected);
	assert_int_equal(answer.status, expected.status);
	assert_non_null(strstr(answer.bytes, "\r\nContent-Type: application/json\r\n"));
	assert_int_equal(answer.body[strlen(answer.body) - 1], '\n');
	json_decref(json);
}

char *catalog_of(const struct server *server)
{
	struct answer answer = client_exchange(server, "GET", "/v1/catalog", NULL, NULL);
	json_t *json = json_loads(answer.body, 0, NULL);
	char *text = json_dumps(json, JSON_COMPACT);

	assert_non_null(text);
	json_decref(json);
	return text;
}

void assert_catalog_has(const struct server *server, const char *part, bool has)
{
	char *text = catalog_of(server);

	if (!strstr(text, part) == has)
		fail_msg("%s %s %s", text, has ? "lacks" : "has", part);
	free(text);
}
