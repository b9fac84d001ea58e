// SPDX-License-Identifier: GPL-2.0-only
/* Rows of a sentence, an edit of one catalog, and the keys that it changes, word by word. */
#include "test.h"

#include "catalog_changes.h"

static const char before[] =
	"{\"version\": 1, \"seed\": \"a\","
	" \"pools\": {"
	"  \"web\": {\"backends\": {"
	"   \"b1\": {\"address\": \"10.0.0.1\", \"server_id\": \"0a01\"},"
	"   \"b2\": {\"address\": \"10.0.0.2\", \"server_id\": \"0a02\"}}},"
	"  \"other\": {\"encapsulation\": \"vxlan\", \"vni\": 7, \"backends\": {"
	"   \"b1\": {\"address\": \"10.0.0.1\"}}}},"
	" \"services\": {"
	"  \"h3\": {\"address\": \"203.0.113.1\", \"protocol\": \"udp\", \"port\": 443,"
	"   \"pool\": \"web\","
	"   \"quic\": {\"server_id_length\": 2, \"nonce_length\": 8, \"config\": 0}},"
	"  \"dns\": {\"address\": \"203.0.113.2\", \"protocol\": \"udp\", \"port\": 53,"
	"   \"pool\": \"other\"}}}";

/* What happens to the object at path: value is merged into it, with null for a key that goes. */
static const struct row {
	const char *name;
	const char *path[5];
	const char *value;
	const char *expected;
} rows[] = {
	{"nothing changes", {NULL}, "{}", ""},
	{"defaults that are written out are no change",
	 {"pools", "web"},
	 "{\"encapsulation\": \"ipip\", \"table\": \"rendezvous\", \"table_size\": 65537,"
	 " \"tracking\": \"moved\", \"idle_timeout_s\": 900, \"udp_hold_s\": 30}",
	 ""},
	{"the seed and echo",
	 {NULL},
	 "{\"seed\": \"\", \"echo\": false}",
	 "seed: \"a\" -> \"\"\n"
	 "echo: true -> false\n"},
	{"every key of a pool",
	 {"pools", "web"},
	 "{\"encapsulation\": \"vxlan\", \"vni\": 0, \"table\": \"maglev\", \"table_size\": 251,"
	 " \"tracking\": \"none\", \"idle_timeout_s\": 60, \"udp_hold_s\": 0}",
	 "pools.web.encapsulation: \"ipip\" -> \"vxlan\"\n"
	 "pools.web.vni: null -> 0\n"
	 "pools.web.table: \"rendezvous\" -> \"maglev\"\n"
	 "pools.web.table_size: 65537 -> 251\n"
	 "pools.web.tracking: \"moved\" -> \"none\"\n"
	 "pools.web.idle_timeout_s: 900 -> 60\n"
	 "pools.web.udp_hold_s: 30 -> 0\n"},
	{"another VNI", {"pools", "other"}, "{\"vni\": 8}", "pools.other.vni: 7 -> 8\n"},
	{"no VNI any more",
	 {"pools", "other"},
	 "{\"encapsulation\": \"none\", \"vni\": null}",
	 "pools.other.encapsulation: \"vxlan\" -> \"none\"\n"
	 "pools.other.vni: 7 -> null\n"},
	{"every key of a backend, and of no other of that name",
	 {"pools", "other", "backends", "b1"},
	 "{\"address\": \"2001:db8::1\", \"weight\": 0, \"state\": \"drain\","
	 " \"server_id\": \"0AFf\"}",
	 "pools.other.backends.b1.address: \"10.0.0.1\" -> \"2001:db8::1\"\n"
	 "pools.other.backends.b1.weight: 100 -> 0\n"
	 "pools.other.backends.b1.state: \"up\" -> \"drain\"\n"
	 "pools.other.backends.b1.server_id: null -> \"0aff\"\n"},
	{"another server id",
	 {"pools", "web", "backends", "b2"},
	 "{\"server_id\": \"0a03\"}",
	 "pools.web.backends.b2.server_id: \"0a02\" -> \"0a03\"\n"},
	{"a server id in capitals is the same",
	 {"pools", "web", "backends", "b2"},
	 "{\"server_id\": \"0A02\"}",
	 ""},
	{"every key of a service",
	 {"services", "dns"},
	 "{\"address\": \"203.0.113.3\", \"protocol\": \"tcp\", \"port\": \"any\","
	 " \"pool\": \"web\", \"affinity\": \"client\"}",
	 "services.dns.address: \"203.0.113.2\" -> \"203.0.113.3\"\n"
	 "services.dns.protocol: \"udp\" -> \"tcp\"\n"
	 "services.dns.port: 53 -> \"any\"\n"
	 "services.dns.pool: \"other\" -> \"web\"\n"
	 "services.dns.affinity: \"flow\" -> \"client\"\n"},
	{"QUIC goes",
	 {"services", "h3"},
	 "{\"quic\": null}",
	 "services.h3.quic: {\"server_id_length\": 2, \"nonce_length\": 8, \"config\": 0} -> "
	 "null\n"},
	{"a key of QUIC",
	 {"services", "h3", "quic"},
	 "{\"config\": 6}",
	 "services.h3.quic: {\"server_id_length\": 2, \"nonce_length\": 8, \"config\": 0} -> "
	 "{\"server_id_length\": 2, \"nonce_length\": 8, \"config\": 6}\n"},
	{"what is only in one of the two has no keys to compare",
	 {NULL},
	 "{\"pools\": {\"new\": {\"tracking\": \"all\"}}, \"services\": {}}",
	 ""},
};

static void merge(json_t *object, const char *text)
{
	json_t *changes = json_loads(text, 0, NULL), *value;
	const char *key;

	assert_non_null(changes);
	json_object_foreach(changes, key, value) {
		if (json_is_null(value))
			json_object_del(object, key);
		else
			json_object_set(object, key, value);
	}
	json_decref(changes);
}

static struct catalog *catalog_of(json_t *json)
{
	char *text = catalog_text(json), line[2048];
	struct err_list errors = {0};
	struct catalog *catalog = NULL;

	if (catalog_parse(text, strlen(text), "lb.json", &catalog, &errors))
		fail_msg("%s", err_format(&errors.errors[0], line, sizeof(line)));
	free(text);
	json_decref(json);
	return catalog;
}

static void check_row(void **state)
{
	const struct row *row = *state;
	json_t *json = json_loads(before, 0, NULL), *inner = json, *changes, *change;
	struct catalog *old, *new;
	char all[2048] = "";
	size_t i;

	for (i = 0; row->path[i]; i++)
		inner = json_object_get(inner, row->path[i]);
	assert_non_null(inner);
	merge(inner, row->value);
	old = catalog_of(json_loads(before, 0, NULL));
	new = catalog_of(json);
	changes = catalog_changes(old, new);
	json_array_foreach(changes, i, change) {
		char *left = json_dumps(json_object_get(change, "old"), JSON_ENCODE_ANY);
		char *right = json_dumps(json_object_get(change, "new"), JSON_ENCODE_ANY);

		assert_int_equal(json_object_size(change), 3);
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s: %s -> %s\n",
			 json_string_value(json_object_get(change, "path")), left, right);
		free(left);
		free(right);
	}
	assert_string_equal(all, row->expected);
	json_decref(changes);
	catalog_free(old);
	catalog_free(new);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0])];
	size_t count = sizeof(rows) / sizeof(rows[0]);

	for (size_t i = 0; i < count; i++)
		tests[i] =
			(struct CMUnitTest){rows[i].name, check_row, NULL, NULL, (void *)&rows[i]};
	return _cmocka_run_group_tests("changes of catalogs", tests, count, NULL, NULL);
}
