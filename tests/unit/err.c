// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>

#include "err.h"

static void set_fills_text_alone_and_returns_code(void **state)
{
	struct err err = {.file = "old", .line = 1, .column = 2, .path = "old", .text = "old"};

	(void)state;
	assert_int_equal(err_set(&err, -ENOENT, "no %s, %d", "thing", 5), -ENOENT);
	assert_string_equal(err.text, "no thing, 5");
	assert_string_equal(err.file, "");
	assert_string_equal(err.path, "");
	assert_int_equal(err.line, 0);
	assert_int_equal(err.column, 0);
	assert_int_equal(err_set(NULL, -EINVAL, "nobody listens"), -EINVAL);
}

static void set_cuts_a_long_text_between_characters(void **state)
{
	char text[1024] = "";
	struct err err;

	(void)state;
	memset(text, 'a', 510);
	strcpy(text + 510, "\xc3\xa9 and more"); /* e with an accent: bytes 510 and 511 */
	err_set(&err, 0, "%s", text);
	assert_int_equal(strlen(err.text), 510);

	strcpy(text + 509, "\xc3\xa9 and more");
	err_set(&err, 0, "%s", text);
	assert_int_equal(strlen(err.text), 511);
	assert_string_equal(err.text + 509, "\xc3\xa9");
}

static void format_leaves_out_what_is_empty(void **state)
{
	static const struct {
		struct err err;
		const char *expected;
	} rows[] = {
		{{"lb.json", 5, 15, "services.www.port", "70000 is not a port (1-65535)"},
		 "lb.json:5:15: services.www.port: 70000 is not a port (1-65535)"},
		{{"lb.json", 5, 15, "", "not JSON"}, "lb.json:5:15: not JSON"},
		{{"lb.json", 5, 0, "", "not JSON"}, "lb.json:5: not JSON"},
		{{"lb.json", 0, 0, "", "cannot be opened"}, "lb.json: cannot be opened"},
		{{"lb.json", 0, 7, "a", "text"}, "lb.json: a: text"},
		{{"", 5, 15, "version", "is missing"}, "5:15: version: is missing"},
		{{"", 0, 0, "version", "is missing"}, "version: is missing"},
		{{"", 0, 0, "", "text"}, "text"},
	};
	char buffer[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_ptr_equal(err_format(&rows[i].err, buffer, sizeof(buffer)), buffer);
		assert_string_equal(buffer, rows[i].expected);
	}
	assert_string_equal(err_format(&rows[0].err, buffer, 8), "lb.json");
}

static void assert_json(json_t *json, const char *expected)
{
	char *text = json_dumps(json, 0);

	assert_string_equal(text, expected);
	free(text);
	json_decref(json);
}

static void json_has_the_same_fields(void **state)
{
	struct err err = {"lb.json", 5, 15, "services.www.port", "70000 is not \"a port\""};

	(void)state;
	assert_json(err_json(&err),
		    "{\"path\": \"services.www.port\", \"line\": 5, \"column\": 15, "
		    "\"text\": \"70000 is not \\\"a port\\\"\", \"file\": \"lb.json\"}");
	memset(&err, 0, sizeof(err));
	strcpy(err.text, "bad");
	assert_json(err_json(&err),
		    "{\"path\": \"\", \"line\": 0, \"column\": 0, \"text\": \"bad\"}");
	strcpy(err.file, "l\xff.json"); /* a file name may be any bytes */
	assert_json(err_json(&err),
		    "{\"path\": \"\", \"line\": 0, \"column\": 0, \"text\": \"bad\", "
		    "\"file\": \"l?.json\"}");
}

static void list_grows_with_zeroed_entries(void **state)
{
	struct err_list list = {0};

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct err *err = err_list_add(&list);

		assert_int_equal(err->line, 0);
		assert_string_equal(err->text, "");
		err->line = i + 1;
		strcpy(err->text, "text");
	}
	assert_int_equal(list.count, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(list.errors[i].line, i + 1);
	err_list_done(&list);
	assert_int_equal(list.count, 0);
	assert_null(list.errors);
	err_list_done(&list);
}

static void list_json_has_the_first_and_all(void **state)
{
	struct err_list list = {0};

	(void)state;
	assert_json(err_list_json(&list), "{\"error\": null, \"errors\": []}");
	err_set(err_list_add(&list), 0, "one");
	err_set(err_list_add(&list), 0, "two");
	assert_json(err_list_json(&list),
		    "{\"error\": {\"path\": \"\", \"line\": 0, \"column\": 0, \"text\": \"one\"}, "
		    "\"errors\": [{\"path\": \"\", \"line\": 0, \"column\": 0, \"text\": \"one\"}, "
		    "{\"path\": \"\", \"line\": 0, \"column\": 0, \"text\": \"two\"}]}");
	err_list_done(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_fills_text_alone_and_returns_code),
		cmocka_unit_test(set_cuts_a_long_text_between_characters),
		cmocka_unit_test(format_leaves_out_what_is_empty),
		cmocka_unit_test(json_has_the_same_fields),
		cmocka_unit_test(list_grows_with_zeroed_entries),
		cmocka_unit_test(list_json_has_the_first_and_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
