// SPDX-License-Identifier: GPL-2.0-only
/* examples/: every catalog is good, and the schema says what the parser does. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <regex.h>

#include "catalog_draft.h"

#define EXAMPLES SOURCE_ROOT "/examples/"

/* Has every key there is, so that one of them can be changed. */
static const char full[] =
	"{\"version\": 1, \"seed\": \"\", \"echo\": false, \"pools\": {\"p\": {\"encapsulation\":"
	" \"vxlan\", \"vni\": 1, \"table\": \"maglev\", \"table_size\": 251, \"tracking\": \"all\","
	" \"idle_timeout_s\": 1, \"udp_hold_s\": 1, \"backends\": {\"b\": {\"address\":"
	" \"10.0.0.1\", \"weight\": 1, \"state\": \"up\", \"server_id\": \"0a\"}}}}, \"services\":"
	" {\"s\": {\"address\": \"203.0.113.10\", \"protocol\": \"udp\", \"port\": 1, \"pool\": "
	"\"p\","
	" \"affinity\": \"flow\", \"quic\": {\"server_id_length\": 1, \"nonce_length\": 4,"
	" \"config\": 1}}}}";

/* An object of the catalog: its fields in the parser, and where it is in schema and document. */
struct object {
	const char *definition; /* NULL: the top */
	const struct field *fields;
	size_t count;
	const char *path[5];
};

enum { OBJECT_TOP, OBJECT_POOL, OBJECT_BACKEND, OBJECT_SERVICE, OBJECT_QUIC, OBJECT_COUNT };

static const struct object objects[OBJECT_COUNT] = {
	[OBJECT_TOP] = {NULL, catalog_top_fields, TOP_FIELDS, {NULL}},
	[OBJECT_POOL] = {"pool", catalog_pool_fields, POOL_FIELDS, {"pools", "p"}},
	[OBJECT_BACKEND] = {"backend",
			    catalog_backend_fields,
			    BACKEND_FIELDS,
			    {"pools", "p", "backends", "b"}},
	[OBJECT_SERVICE] = {"service", catalog_service_fields, SERVICE_FIELDS, {"services", "s"}},
	[OBJECT_QUIC] = {"quic", catalog_quic_fields, QUIC_FIELDS, {"services", "s", "quic"}},
};

static json_t *schema;

static json_t *definition(const char *name)
{
	return name ? json_object_get(json_object_get(schema, "$defs"), name) : schema;
}

static json_t *property(const struct object *object, const char *name)
{
	json_t *properties = json_object_get(definition(object->definition), "properties");

	return json_object_get(properties, name);
}

/* Takes out what the changed value does not go with, which is none of this test's. */
static void make_room(json_t *json, const struct object *object, const char *key,
		      const json_t *value)
{
	json_t *pool = json_object_get(json_object_get(json, "pools"), "p");
	json_t *service = json_object_get(json_object_get(json, "services"), "s");
	const char *word = json_string_value(value) ?: "";

	if (!strcmp(key, "encapsulation") && strcmp(word, "vxlan") != 0)
		json_object_del(pool, "vni");
	if (!strcmp(key, "vni") && !value)
		json_object_del(pool, "encapsulation");
	if (!strcmp(key, "server_id") || !strcmp(word, "tcp"))
		json_object_del(service, "quic");
	if (object == &objects[OBJECT_QUIC])
		json_object_clear(json_object_get(pool, "backends"));
}

/* Parses the full catalog with one value (borrowed; NULL: left out) changed. errors may be NULL. */
static struct catalog *parse_with(const struct object *object, const char *key, json_t *value,
				  struct err_list *errors)
{
	json_t *json = json_loads(full, 0, NULL), *inner = json;
	struct err_list ignored = {0};
	struct catalog *catalog = NULL;
	char *text;

	for (int i = 0; object->path[i]; i++)
		inner = json_object_get(inner, object->path[i]);
	assert_non_null(json_object_get(inner, key));
	if (value)
		json_object_set(inner, key, value);
	else
		json_object_del(inner, key);
	make_room(json, object, key, value);
	text = catalog_text(json);
	catalog_parse(text, strlen(text), "full", &catalog, errors ? errors : &ignored);
	err_list_done(&ignored);
	free(text);
	json_decref(json);
	return catalog;
}

static bool accepts(const struct object *object, const char *key, json_t *value)
{
	struct catalog *catalog = parse_with(object, key, value, NULL);

	json_decref(value);
	catalog_free(catalog);
	return catalog;
}

static void examples_are_good(void **state)
{
	DIR *folder = opendir(EXAMPLES);
	struct err_list errors = {0};
	struct dirent *entry;
	char path[1024], line[2048];
	int count = 0;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		size_t length = strlen(entry->d_name);
		struct catalog *catalog = NULL;

		if (length < 5 || strcmp(entry->d_name + length - 5, ".json") != 0 ||
		    strstr(entry->d_name, ".schema."))
			continue;
		snprintf(path, sizeof(path), EXAMPLES "%s", entry->d_name);
		if (catalog_load(path, &catalog, &errors) != 0)
			fail_msg("%s", err_format(&errors.errors[0], line, sizeof(line)));
		catalog_free(catalog);
		count++;
	}
	closedir(folder);
	assert_true(count >= 2);
}

static void keys_are_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < OBJECT_COUNT; i++) {
		const struct object *object = &objects[i];
		json_t *here = definition(object->definition);

		assert_true(json_is_false(json_object_get(here, "additionalProperties")));
		assert_int_equal(json_object_size(json_object_get(here, "properties")),
				 object->count);
		for (size_t j = 0; j < object->count; j++) {
			const char *name = object->fields[j].name;

			if (!property(object, name))
				fail_msg("the schema does not know %s", name);
			if (!json_object_get(property(object, name), "description"))
				fail_msg("the schema does not describe %s", name);
		}
	}
}

static void required_keys_are_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < OBJECT_COUNT; i++) {
		const struct object *object = &objects[i];
		json_t *required = json_object_get(definition(object->definition), "required");
		size_t count = 0, index;
		json_t *name;

		for (size_t j = 0; j < object->count; j++) {
			if (object->fields[j].required)
				count++;
			assert_int_equal(accepts(object, object->fields[j].name, NULL),
					 !object->fields[j].required);
		}
		assert_int_equal(json_array_size(required), count);
		json_array_foreach(required, index, name)
			assert_false(accepts(object, json_string_value(name), NULL));
	}
}

/* How many words a message like `"?" is not a state ("up", "drain" or "down")` knows. */
static size_t count_words(const char *text)
{
	size_t quotes = 0;

	for (text = strchr(text, '('); text && *text; text++)
		quotes += *text == '"';
	return quotes / 2;
}

static void words_are_the_same(void **state)
{
	int checked = 0;

	(void)state;
	for (size_t i = 0; i < OBJECT_COUNT; i++) {
		const struct object *object = &objects[i];

		for (size_t j = 0; j < object->count; j++) {
			const char *name = object->fields[j].name;
			json_t *words = json_object_get(property(object, name), "enum");
			json_t *word, *unknown = json_string("?");
			struct err_list errors = {0};
			size_t index;

			json_array_foreach(words, index, word) {
				if (!accepts(object, name, json_incref(word)))
					fail_msg("%s may be %s only in the schema", name,
						 json_string_value(word));
			}
			if (words) {
				assert_null(parse_with(object, name, unknown, &errors));
				assert_int_equal(count_words(errors.errors[0].text),
						 json_array_size(words));
				checked++;
			}
			err_list_done(&errors);
			json_decref(unknown);
		}
	}
	assert_int_equal(checked, 6);
}

static void ranges_are_the_same(void **state)
{
	int checked = 0;

	(void)state;
	for (size_t i = 0; i < OBJECT_COUNT; i++) {
		const struct object *object = &objects[i];

		for (size_t j = 0; j < object->count; j++) {
			const char *name = object->fields[j].name;
			json_t *range = property(object, name);
			json_int_t low, high;

			if (json_object_get(range, "anyOf"))
				range = json_array_get(json_object_get(range, "anyOf"), 0);
			if (!json_object_get(range, "minimum"))
				continue;
			low = json_integer_value(json_object_get(range, "minimum"));
			high = json_integer_value(json_object_get(range, "maximum"));
			assert_true(accepts(object, name, json_integer(low)));
			assert_true(accepts(object, name, json_integer(high)));
			assert_false(accepts(object, name, json_integer(low - 1)));
			assert_false(accepts(object, name, json_integer(high + 1)));
			checked++;
		}
	}
	assert_int_equal(checked, 9);
	assert_true(accepts(&objects[OBJECT_SERVICE], "port", json_string("any")));
	assert_true(accepts(&objects[OBJECT_TOP], "version", json_integer(1)));
	assert_false(accepts(&objects[OBJECT_TOP], "version", json_integer(2)));
	assert_int_equal(json_integer_value(json_object_get(
				 property(&objects[OBJECT_TOP], "version"), "const")),
			 1);
}

/* The bytes of what a catalog means, without its document. */
static void assert_same_catalog(const struct catalog *a, const struct catalog *b)
{
	const struct catalog_pool *pool = a->pools, *other = b->pools;

	assert_string_equal(a->seed, b->seed);
	assert_int_equal(a->echo, b->echo);
	assert_int_equal(pool->encapsulation, other->encapsulation);
	assert_int_equal(pool->table, other->table);
	assert_int_equal(pool->table_size, other->table_size);
	assert_int_equal(pool->tracking, other->tracking);
	assert_int_equal(pool->idle_timeout_s, other->idle_timeout_s);
	assert_int_equal(pool->udp_hold_s, other->udp_hold_s);
	assert_int_equal(pool->backend_count, other->backend_count);
	for (size_t i = 0; i < pool->backend_count; i++) {
		assert_int_equal(pool->backends[i].weight, other->backends[i].weight);
		assert_int_equal(pool->backends[i].state, other->backends[i].state);
	}
	assert_int_equal(a->services->affinity, b->services->affinity);
}

static void defaults_are_the_same(void **state)
{
	int checked = 0;

	(void)state;
	for (size_t i = 0; i < OBJECT_COUNT; i++) {
		const struct object *object = &objects[i];

		for (size_t j = 0; j < object->count; j++) {
			const char *name = object->fields[j].name;
			json_t *value = json_object_get(property(object, name), "default");
			struct catalog *given, *absent;

			if (!value)
				continue;
			given = parse_with(object, name, value, NULL);
			absent = parse_with(object, name, NULL, NULL);
			assert_non_null(given);
			assert_non_null(absent);
			assert_same_catalog(given, absent);
			catalog_free(given);
			catalog_free(absent);
			checked++;
		}
	}
	assert_int_equal(checked, 12);
}

static void limits_are_the_same(void **state)
{
	json_t *pools = property(&objects[OBJECT_TOP], "pools");
	json_t *services = property(&objects[OBJECT_TOP], "services");
	json_t *backends = property(&objects[OBJECT_POOL], "backends");

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(pools, "maxProperties")), LB_MAX_POOLS);
	assert_int_equal(json_integer_value(json_object_get(services, "maxProperties")),
			 LB_MAX_SERVICES);
	assert_int_equal(json_integer_value(json_object_get(backends, "maxProperties")),
			 LB_MAX_BACKENDS);
}

static void names_are_the_same(void **state)
{
	static const char *const names[] = {
		"a",
		"Z",
		"0",
		".",
		"_",
		"-",
		"a.b_c-D9",
		"",
		" ",
		"a b",
		"a/b",
		"a:b",
		"a\n",
		"\xc3\xa9",
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123",
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234",
	};
	json_t *pattern = json_object_get(definition("name"), "pattern");
	regex_t regex;

	(void)state;
	assert_int_equal(regcomp(&regex, json_string_value(pattern), REG_EXTENDED | REG_NOSUB), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *json = json_pack("{s:{}}", names[i]);
		struct catalog *catalog;

		json_object_set_new(json, "p", json_object()); /* the service's */
		catalog = parse_with(&objects[OBJECT_TOP], "pools", json, NULL);
		assert_int_equal(regexec(&regex, names[i], 0, NULL, 0) == 0, catalog != NULL);
		catalog_free(catalog);
		json_decref(json);
	}
	regfree(&regex);
}

static void server_ids_are_the_same(void **state)
{
	static const char *const ids[] = {
		"00",
		"0a",
		"0A",
		"fF",
		"0a0b",
		"",
		"0",
		"0a0",
		"0g",
		" 0a",
		"0a ",
		"0x0a",
		"00112233445566778899aabbccddee",
		"00112233445566778899aabbccddeeff",
	};
	const struct object *backend = &objects[OBJECT_BACKEND];
	json_t *pattern = json_object_get(property(backend, "server_id"), "pattern");
	regex_t regex;

	(void)state;
	assert_int_equal(regcomp(&regex, json_string_value(pattern), REG_EXTENDED | REG_NOSUB), 0);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(regexec(&regex, ids[i], 0, NULL, 0) == 0,
				 accepts(backend, "server_id", json_string(ids[i])));
	regfree(&regex);
}

/* The schema's "if" of a pool and of a service: what goes with an encapsulation and a protocol. */
static void conditions_are_the_same(void **state)
{
	json_t *pool = definition("pool"), *service = definition("service");
	json_t *vxlan = json_pack("{s:[s], s:{s:{s:s}}}", "required", "encapsulation", "properties",
				  "encapsulation", "const", "vxlan");
	json_t *tcp = json_pack("{s:{s:{s:s}}}", "properties", "protocol", "const", "tcp");
	json_t *with_vni = json_pack("{s:[s]}", "required", "vni");
	json_t *no_vni = json_pack("{s:{s:b}}", "properties", "vni", 0);
	json_t *no_quic = json_pack("{s:{s:b}}", "properties", "quic", 0);

	(void)state;
	assert_true(json_equal(json_object_get(pool, "if"), vxlan));
	assert_true(json_equal(json_object_get(pool, "then"), with_vni));
	assert_true(json_equal(json_object_get(pool, "else"), no_vni));
	assert_true(json_equal(json_object_get(service, "if"), tcp));
	assert_true(json_equal(json_object_get(service, "then"), no_quic));
	json_decref(vxlan);
	json_decref(tcp);
	json_decref(with_vni);
	json_decref(no_vni);
	json_decref(no_quic);
}

static int load_schema(void **state)
{
	(void)state;
	schema = json_load_file(EXAMPLES "catalog.schema.json", JSON_REJECT_DUPLICATES, NULL);
	return schema ? 0 : -1;
}

static int free_schema(void **state)
{
	(void)state;
	json_decref(schema);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_are_good),
		cmocka_unit_test(keys_are_the_same),
		cmocka_unit_test(required_keys_are_the_same),
		cmocka_unit_test(words_are_the_same),
		cmocka_unit_test(ranges_are_the_same),
		cmocka_unit_test(defaults_are_the_same),
		cmocka_unit_test(limits_are_the_same),
		cmocka_unit_test(names_are_the_same),
		cmocka_unit_test(server_ids_are_the_same),
		cmocka_unit_test(conditions_are_the_same),
	};

	return cmocka_run_group_tests(tests, load_schema, free_schema);
}
