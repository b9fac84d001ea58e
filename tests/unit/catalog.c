// SPDX-License-Identifier: GPL-2.0-only
/* Good catalogs, whole; and what the files of catalog_broken.c cannot hold. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address.h"
#include "catalog.h"

#define HEAD    "{\"version\": 1, \"pools\": {"
#define MIDDLE  "}, \"services\": {"
#define TAIL    "}}"
#define DEFAULT "{\"version\": 1, \"pools\": {}, \"services\": {}}"

static struct catalog *parse(const char *text, size_t length)
{
	struct err_list errors = {0};
	struct catalog *catalog = NULL;
	char line[2048];

	if (catalog_parse(text, length, "lb.json", &catalog, &errors) != 0)
		fail_msg("%s", err_format(&errors.errors[0], line, sizeof(line)));
	assert_int_equal(errors.count, 0);
	assert_null(errors.errors);
	return catalog;
}

/* The parse fails with exactly these lines. */
static void assert_errors(const char *text, size_t length, const char *expected)
{
	struct catalog *catalog = NULL;
	struct err_list errors = {0};
	char all[8192] = "", line[2048];

	assert_int_equal(catalog_parse(text, length, "lb.json", &catalog, &errors), -EINVAL);
	assert_null(catalog);
	for (size_t i = 0; i < errors.count; i++) {
		strcat(all, i ? "\n" : "");
		strcat(all, err_format(&errors.errors[i], line, sizeof(line)));
	}
	assert_string_equal(all, expected);
	err_list_done(&errors);
}

static void assert_address(const struct lb_address *address, const char *expected)
{
	char text[ADDRESS_TEXT_SIZE];

	assert_string_equal(address_format(address, text), expected);
}

static void assert_backend(const struct catalog_backend *backend, const char *name,
			   const char *address, int weight, enum backend_state state)
{
	assert_string_equal(backend->name, name);
	assert_address(&backend->address, address);
	assert_int_equal(backend->weight, weight);
	assert_int_equal(backend->state, state);
}

static void assert_service(const struct catalog_service *service, const char *name,
			   const char *address, int protocol, int port, int pool,
			   enum affinity affinity)
{
	assert_string_equal(service->name, name);
	assert_address(&service->address, address);
	assert_int_equal(service->protocol, protocol);
	assert_int_equal(service->port, port);
	assert_int_equal(service->pool, pool);
	assert_int_equal(service->affinity, affinity);
}

static void the_least_catalog_has_defaults(void **state)
{
	struct catalog *catalog = parse(DEFAULT, strlen(DEFAULT));

	(void)state;
	assert_string_equal(catalog->seed, "");
	assert_true(catalog->echo);
	assert_int_equal(catalog->pool_count, 0);
	assert_int_equal(catalog->service_count, 0);
	assert_int_equal(json_object_size(catalog->json), 3);
	assert_null(catalog_find_pool(catalog, "web"));
	catalog_free(catalog);
	catalog_free(NULL);
}

static void pools_have_defaults(void **state)
{
	static const char text[] =
		HEAD "\"b\": {}, \"a\": {\"backends\": {}}, "
		     "\"c\": {\"backends\": {\"x\": {\"address\": \"10.0.0.1\"}}}" MIDDLE
		     "\"s\": {\"address\": \"203.0.113.1\", \"protocol\": \"udp\", "
		     "\"port\": 1, \"pool\": \"c\"}" TAIL;
	struct catalog *catalog = parse(text, strlen(text));
	static const char *const names[] = {"a", "b", "c"};

	(void)state;
	assert_int_equal(catalog->pool_count, 3);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(catalog->pools[i].name, names[i]);
		assert_int_equal(catalog->pools[i].encapsulation, ENCAPSULATION_IPIP);
		assert_int_equal(catalog->pools[i].vni, 0);
		assert_int_equal(catalog->pools[i].table_size, 65537);
		assert_int_equal(catalog->pools[i].backend_count, i == 2);
	}
	assert_backend(&catalog->pools[2].backends[0], "x", "10.0.0.1", 100, BACKEND_UP);
	assert_int_equal(catalog->pools[2].backends[0].server_id_length, 0);
	assert_int_equal(catalog->service_count, 1);
	assert_service(&catalog->services[0], "s", "203.0.113.1", IPPROTO_UDP, 1, 2, AFFINITY_FLOW);
	assert_int_equal(catalog->services[0].quic.server_id_length, 0);
	catalog_free(catalog);
}

static void the_example_with_weights_is_read_whole(void **state)
{
	const char *path = SOURCE_ROOT "/examples/catalog-weights.json";
	struct err_list errors = {0};
	struct catalog *catalog = NULL;
	const struct catalog_pool *game, *web;
	const struct catalog_service *services;

	(void)state;
	assert_int_equal(catalog_load(path, &catalog, &errors), 0);
	assert_string_equal(catalog->seed, "site-b");
	assert_int_equal(catalog->pool_count, 2);
	game = &catalog->pools[0];
	assert_string_equal(game->name, "game");
	assert_int_equal(game->encapsulation, ENCAPSULATION_IPIP);
	assert_int_equal(game->table_size, 4099);
	assert_int_equal(game->backend_count, 3);
	assert_backend(&game->backends[0], "game-1", "10.0.2.11", 10, BACKEND_UP);
	assert_backend(&game->backends[1], "game-2", "10.0.2.12", 10, BACKEND_UP);
	assert_backend(&game->backends[2], "game-3", "10.0.2.13", 10, BACKEND_DOWN);
	web = &catalog->pools[1];
	assert_string_equal(web->name, "web");
	assert_int_equal(web->table_size, 65537);
	assert_int_equal(web->backend_count, 4);
	assert_backend(&web->backends[0], "web-1", "10.0.1.11", 200, BACKEND_UP);
	assert_backend(&web->backends[1], "web-2", "10.0.1.12", 100, BACKEND_UP);
	assert_backend(&web->backends[2], "web-3", "10.0.1.13", 100, BACKEND_DRAIN);
	assert_backend(&web->backends[3], "web-4", "2001:db8:1::14", 50, BACKEND_UP);
	services = catalog->services;
	assert_int_equal(catalog->service_count, 5);
	assert_service(&services[0], "game", "203.0.113.20", IPPROTO_UDP, 0, 0, AFFINITY_CLIENT);
	assert_service(&services[1], "game-status", "203.0.113.20", IPPROTO_UDP, 27015, 1,
		       AFFINITY_FLOW);
	assert_service(&services[2], "www", "203.0.113.10", IPPROTO_TCP, 443, 1, AFFINITY_CLIENT);
	assert_service(&services[3], "www-plain", "203.0.113.10", IPPROTO_TCP, 80, 1,
		       AFFINITY_CLIENT);
	assert_service(&services[4], "www6", "2001:db8::10", IPPROTO_TCP, 443, 1, AFFINITY_FLOW);

	assert_ptr_equal(catalog_find_pool(catalog, "web"), web);
	assert_null(catalog_find_pool(catalog, "we"));
	assert_ptr_equal(catalog_find_backend(web, "web-3"), &web->backends[2]);
	assert_null(catalog_find_backend(web, "game-1"));
	assert_null(catalog_find_backend(web, "0123456789012345678901234567890123456789"
					      "0123456789012345678901234567890123456789"));
	catalog_free(catalog);
}

/* The numbers are in pinned maps: a daemon must understand those of the one before it. */
static void encapsulations_have_numbers(void **state)
{
	static const struct {
		const char *pool;
		int encapsulation;
		uint32_t vni, id;
	} rows[] = {
		{"\"encapsulation\": \"ipip\"", 1, 0, 1},
		{"\"encapsulation\": \"gue\"", 2, 0, 2},
		{"\"encapsulation\": \"gre\"", 3, 0, 3},
		{"\"encapsulation\": \"vxlan\", \"vni\": 0", 4, 0, 4},
		{"\"vni\": 66051, \"encapsulation\": \"vxlan\"", 4, 0x010203, 0x01020304},
		{"\"encapsulation\": \"vxlan\", \"vni\": 16777215", 4, 0xffffff, 0xffffff04},
		{"\"encapsulation\": \"none\"", 5, 0, 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];
		struct catalog *catalog;

		snprintf(text, sizeof(text), HEAD "\"p\": {%s}" MIDDLE TAIL, rows[i].pool);
		catalog = parse(text, strlen(text));
		assert_int_equal(catalog->pools[0].encapsulation, rows[i].encapsulation);
		assert_int_equal(catalog->pools[0].vni, rows[i].vni);
		assert_int_equal(pool_encapsulation_id(&catalog->pools[0]), rows[i].id);
		catalog_free(catalog);
	}
}

static void quic_is_read_whole(void **state)
{
	static const char text[] = HEAD
		"\"p\": {\"backends\": {"
		"\"b\": {\"address\": \"10.0.0.2\", \"server_id\": \"0fA0\"}, "
		"\"a\": {\"address\": \"10.0.0.1\", \"server_id\": \"00ff\"}}}, "
		"\"q\": {\"backends\": {\"c\": {\"address\": \"10.0.0.3\", "
		"\"server_id\": \"000102030405060708090a0b0c0d0e\"}, "
		"\"d\": {\"address\": \"10.0.0.4\"}}}" MIDDLE
		"\"s\": {\"address\": \"203.0.113.1\", \"protocol\": \"udp\", \"port\": 443, "
		"\"pool\": \"p\", \"quic\": {\"config\": 6, \"nonce_length\": 17, "
		"\"server_id_length\": 2}}, "
		"\"t\": {\"address\": \"203.0.113.2\", \"protocol\": \"udp\", \"port\": \"any\", "
		"\"pool\": \"p\"}" TAIL;
	struct catalog *catalog = parse(text, strlen(text));
	const struct catalog_backend *p = catalog->pools[0].backends;
	const struct catalog_backend *q = catalog->pools[1].backends;

	(void)state;
	assert_int_equal(p[0].server_id_length, 2);
	assert_memory_equal(p[0].server_id, "\x00\xff\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
	assert_int_equal(p[1].server_id_length, 2);
	assert_memory_equal(p[1].server_id, "\x0f\xa0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
	assert_int_equal(q[0].server_id_length, 15);
	assert_memory_equal(q[0].server_id, "\0\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe", 15);
	assert_int_equal(q[1].server_id_length, 0);
	assert_int_equal(catalog->services[0].quic.server_id_length, 2);
	assert_int_equal(catalog->services[0].quic.nonce_length, 17);
	assert_int_equal(catalog->services[0].quic.config, 6);
	assert_int_equal(catalog->services[1].quic.server_id_length, 0);
	catalog_free(catalog);
}

static void echo_can_be_switched_off(void **state)
{
	static const char text[] =
		"{\"version\": 1, \"echo\": false, \"pools\": {}, \"services\": {}}";
	struct catalog *catalog = parse(text, strlen(text));

	(void)state;
	assert_false(catalog->echo);
	catalog_free(catalog);
}

static void limits_are_within(void **state)
{
	static const char text[] = HEAD
		"\"A._-9aaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123\": "
		"{\"table_size\": 251, \"backends\": {"
		"\"1\": {\"address\": \"1.0.0.0\", \"weight\": 0}, "
		"\"2\": {\"address\": \"223.255.255.255\", \"weight\": 65535}, "
		"\"3\": {\"address\": \"240.0.0.1\"}, \"4\": {\"address\": \"fec0::1\"}, "
		"\"5\": {\"address\": \"feff::1\"}, \"6\": {\"address\": \"169.253.255.255\"}, "
		"\"7\": {\"address\": \"128.0.0.1\"}, \"8\": {\"address\": \"::2\"}}}, "
		"\"p\": {\"table_size\": 4194301, \"backends\": {"
		"\"1\": {\"address\": \"1.0.0.0\"}}}" MIDDLE
		"\"s\": {\"address\": \"10.0.0.1\", \"protocol\": \"tcp\", \"port\": 1, \"pool\": "
		"\"p\"}, "
		"\"t\": {\"address\": \"10.0.0.1\", \"protocol\": \"tcp\", \"port\": 65535, "
		"\"pool\": \"p\"}, "
		"\"u\": {\"address\": \"10.0.0.1\", \"protocol\": \"udp\", \"port\": 1, \"pool\": "
		"\"p\"}, "
		"\"v\": {\"address\": \"10.0.0.1\", \"protocol\": \"tcp\", \"port\": \"any\", "
		"\"pool\": \"p\"}" TAIL;
	struct catalog *catalog = parse(text, strlen(text));

	(void)state;
	assert_int_equal(strlen(catalog->pools[0].name), 63);
	assert_int_equal(catalog->pools[0].table_size, 251);
	assert_int_equal(catalog->pools[0].backend_count, 8);
	assert_int_equal(catalog->pools[0].backends[0].weight, 0);
	assert_int_equal(catalog->pools[0].backends[1].weight, 65535);
	assert_int_equal(catalog->pools[1].table_size, 4194301);
	assert_int_equal(catalog->service_count, 4);
	assert_int_equal(catalog->services[1].port, 65535);
	assert_int_equal(catalog->services[3].port, 0);
	catalog_free(catalog);
}

static void odd_bytes_are_errors(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *expected;
	} rows[] = {
#define ROW(text, expected) {text, sizeof(text) - 1, expected}
		ROW("", "lb.json:1:1: empty; a catalog is a JSON object"),
		ROW(" \n\t\n", "lb.json:1:1: empty; a catalog is a JSON object"),
		ROW("\0", "lb.json:1:1: a NUL byte; a catalog is JSON in UTF-8"),
		ROW("{\"version\": 1,\n\"seed\": \"a\0b\"}",
		    "lb.json:2:11: a NUL byte; a catalog is JSON in UTF-8"),
		ROW(DEFAULT "\0", "lb.json:1:44: a NUL byte; a catalog is JSON in UTF-8"),
		ROW("\xef\xbb\xbf" DEFAULT,
		    "lb.json:1:1: a byte order mark; save the file without one"),
		ROW("{\"seed\": \"\xc3\xa9\xff\"}", "lb.json:1:12: seed: byte 0xff is not UTF-8"),
		ROW("{\"seed\": \"\xc3\"}", "lb.json:1:11: seed: byte 0xc3 is not UTF-8"),
		ROW("{\"seed\": \"\xc0\x80\"}", "lb.json:1:11: seed: byte 0xc0 is not UTF-8"),
		ROW("{\"seed\": \"\xed\xa0\x80\"}", "lb.json:1:11: seed: byte 0xed is not UTF-8"),
		ROW("\xff", "lb.json:1:1: byte 0xff is not UTF-8"),
		ROW("{\"seed\": \"\x1b[31m\"}",
		    "lb.json:1:10: seed: not JSON: control character 0x1b near '\"'"),
		ROW("{", "lb.json:1:2: the text ends too early"),
		ROW("\"", "lb.json:1:1: a string without its closing quote"),
		ROW("{\"seed\": \"abc", "lb.json:1:10: seed: a string without its closing quote"),
		ROW("{\"seed\": \"abc\\",
		    "lb.json:1:10: seed: not JSON: invalid escape near '\"abc\\'"),
		ROW("{\"version\": 1, \"pools\": {\"web\": {}}, \"seed\": ",
		    "lb.json:1:45: seed: the text ends too early"),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_errors(rows[i].text, rows[i].length, rows[i].expected);
	assert_errors(NULL, 0, "lb.json:1:1: empty; a catalog is a JSON object");
}

static void deep_nesting_is_an_error(void **state)
{
	char text[100000];

	(void)state;
	memset(text, '[', sizeof(text));
	assert_errors(text, sizeof(text), "lb.json:1:2049: nested too deeply");
	memset(text + 2048, ']', 2048);
	assert_errors(text, 4096, "lb.json:1:1: an array is not a catalog (an object)");
}

static void errors_without_a_file_name_have_none(void **state)
{
	struct catalog *catalog = NULL;
	struct err_list errors = {0};
	char line[1024];

	(void)state;
	assert_int_equal(catalog_parse("[]", 2, NULL, &catalog, &errors), -EINVAL);
	assert_int_equal(errors.count, 1);
	assert_string_equal(err_format(&errors.errors[0], line, sizeof(line)),
			    "1:1: an array is not a catalog (an object)");
	err_list_done(&errors);
}

static void the_text_of_a_catalog_makes_the_same_one(void **state)
{
	static const char text[] = "{\"version\":1,\"services\":{},\"seed\":\"\\u00e9\","
				   "\"pools\":{\"b\":{},\"a\":{\"table_size\":251}}}";
	struct catalog *catalog = parse(text, strlen(text));
	char *written = catalog_text(catalog->json);

	(void)state;
	assert_string_equal(written, "{\n"
				     "  \"version\": 1,\n"
				     "  \"services\": {},\n"
				     "  \"seed\": \"\xc3\xa9\",\n"
				     "  \"pools\": {\n"
				     "    \"b\": {},\n"
				     "    \"a\": {\n"
				     "      \"table_size\": 251\n"
				     "    }\n"
				     "  }\n"
				     "}\n");
	free(written);
	catalog_free(catalog);
}

static void words_and_values_agree(void **state)
{
	(void)state;
	assert_string_equal(encapsulation_name(ENCAPSULATION_IPIP), "ipip");
	assert_string_equal(encapsulation_name(ENCAPSULATION_GUE), "gue");
	assert_string_equal(encapsulation_name(ENCAPSULATION_GRE), "gre");
	assert_string_equal(encapsulation_name(ENCAPSULATION_VXLAN), "vxlan");
	assert_string_equal(encapsulation_name(ENCAPSULATION_NONE), "none");
	assert_string_equal(encapsulation_name(0), "unknown");
	assert_string_equal(backend_state_name(BACKEND_UP), "up");
	assert_string_equal(backend_state_name(BACKEND_DRAIN), "drain");
	assert_string_equal(backend_state_name(BACKEND_DOWN), "down");
	assert_string_equal(backend_state_name(9), "unknown");
	assert_string_equal(affinity_name(AFFINITY_FLOW), "flow");
	assert_string_equal(affinity_name(AFFINITY_CLIENT), "client");
	assert_int_equal(backend_state_from("up"), BACKEND_UP);
	assert_int_equal(backend_state_from("drain"), BACKEND_DRAIN);
	assert_int_equal(backend_state_from("down"), BACKEND_DOWN);
	assert_int_equal(backend_state_from("Down"), 0);
	assert_int_equal(backend_state_from(""), 0);
}

static void assert_load_error(const char *path, int code, const char *expected)
{
	struct catalog *catalog = NULL;
	struct err_list errors = {0};
	char line[2048];

	assert_int_equal(catalog_load(path, &catalog, &errors), code);
	assert_null(catalog);
	assert_int_equal(errors.count, 1);
	assert_string_equal(err_format(&errors.errors[0], line, sizeof(line)), expected);
	err_list_done(&errors);
}

static void files_that_cannot_be_read_are_errors(void **state)
{
	char folder[] = "/tmp/hairpin-catalog-XXXXXX";
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_load_error("gone.json", -ENOENT,
			  "gone.json: cannot be opened: No such file or directory");
	assert_load_error(".", -EISDIR, ".: cannot be read: Is a directory");

	fd = creat("lb.json", 0600);
	assert_true(fd >= 0);
	assert_load_error("lb.json", -EINVAL, "lb.json:1:1: empty; a catalog is a JSON object");
	assert_int_equal(write(fd, "{}\n]", 4), 4);
	assert_load_error("lb.json", -EINVAL,
			  "lb.json:2:1: more text after the end of the document");
	assert_int_equal(ftruncate(fd, 64 * 1024 * 1024 + 1), 0);
	assert_load_error("lb.json", -EINVAL, "lb.json: larger than 64 MiB");
	close(fd);
	if (getuid() != 0) { /* root may read everything */
		chmod("lb.json", 0);
		assert_load_error("lb.json", -EACCES,
				  "lb.json: cannot be opened: Permission denied");
	}
	unlink("lb.json");
	assert_int_equal(chdir("/"), 0);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_catalog_has_defaults),
		cmocka_unit_test(pools_have_defaults),
		cmocka_unit_test(the_example_with_weights_is_read_whole),
		cmocka_unit_test(encapsulations_have_numbers),
		cmocka_unit_test(quic_is_read_whole),
		cmocka_unit_test(echo_can_be_switched_off),
		cmocka_unit_test(limits_are_within),
		cmocka_unit_test(odd_bytes_are_errors),
		cmocka_unit_test(deep_nesting_is_an_error),
		cmocka_unit_test(errors_without_a_file_name_have_none),
		cmocka_unit_test(the_text_of_a_catalog_makes_the_same_one),
		cmocka_unit_test(words_and_values_agree),
		cmocka_unit_test(files_that_cannot_be_read_are_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
