// SPDX-License-Identifier: GPL-2.0-only
/* Catalogs of many services, pools, backends and errors. */
#include "test.h"

#include <errno.h>
#include <unistd.h>

#include "catalog.h"

#define HEAD   "{\"version\": 1, \"pools\": {"
#define MIDDLE "}, \"services\": {"
#define TAIL   "}}"

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

/* A catalog of many; the first backend of pool i is 10.0.i.1 and so on. Owned by the caller. */
static char *make_large(int pools, int backends, int services)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	fprintf(stream, HEAD);
	for (int i = 0; i < pools; i++) {
		fprintf(stream, "%s\"pool-%d\": {\"backends\": {", i ? ",\n" : "", i);
		for (int j = i; j < backends; j += pools)
			fprintf(stream,
				"%s\"b-%d\": {\"address\": \"10.%d.%d.%d\", \"weight\": %d}",
				j == i ? "" : ",\n", j, j >> 16, j >> 8 & 255, j & 255, j & 255);
		fprintf(stream, "}}");
	}
	fprintf(stream, MIDDLE);
	for (int i = 0; i < services; i++)
		fprintf(stream,
			"%s\"s-%d\": {\"address\": \"2001:db8::%x\", \"protocol\": \"tcp\", "
			"\"port\": 443, \"pool\": \"pool-%d\"}",
			i ? ",\n" : "", i, i, i % (pools ? pools : 1));
	fprintf(stream, TAIL);
	fclose(stream);
	return text;
}

static void many_services_and_backends_are_read(void **state)
{
	char *text = make_large(100, 10000, 4000);
	struct catalog *catalog = parse(text, strlen(text));

	(void)state;
	assert_int_equal(catalog->pool_count, 100);
	assert_int_equal(catalog->service_count, 4000);
	for (size_t i = 0; i < catalog->pool_count; i++) {
		const struct catalog_pool *pool = &catalog->pools[i];

		assert_int_equal(pool->backend_count, 100);
		assert_true(i == 0 || strcmp(pool[-1].name, pool->name) < 0);
		for (size_t j = 1; j < pool->backend_count; j++)
			assert_true(strcmp(pool->backends[j - 1].name, pool->backends[j].name) < 0);
	}
	for (size_t i = 0; i < catalog->service_count; i++) {
		const struct catalog_service *service = &catalog->services[i];
		int number = atoi(service->name + strlen("s-"));

		assert_int_equal(atoi(catalog->pools[service->pool].name + strlen("pool-")),
				 number % 100);
		assert_true(i == 0 || strcmp(service[-1].name, service->name) < 0);
	}
	catalog_free(catalog);
	free(text);
}

static void the_greatest_catalog_is_read_and_no_greater(void **state)
{
	static const struct {
		int pools, backends, services;
		const char *expected; /* NULL: good */
	} rows[] = {
		{1024, 65535, 4096, NULL},
		{1, 0, 4097, "lb.json:1:67: services: 4097 services; at most 4096 can be served"},
		{1025, 0, 0, "lb.json:1:25: pools: 1025 pools; at most 1024 can be served"},
		{2, 65536, 0,
		 "lb.json:1:25: pools: 65536 backends in all pools; at most 65535 can be served"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = make_large(rows[i].pools, rows[i].backends, rows[i].services);

		if (rows[i].expected)
			assert_errors(text, strlen(text), rows[i].expected);
		else
			catalog_free(parse(text, strlen(text)));
		free(text);
	}
}

/* 12,000 unknown keys: 10,000 are told, in order, and the number of the others. */
static void very_many_errors_are_counted(void **state)
{
	struct catalog *catalog = NULL;
	struct err_list errors = {0};
	char *text = NULL, line[1024];
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	(void)state;
	fprintf(stream, "{");
	for (int i = 0; i < 12000; i++)
		fprintf(stream, "\"k%d\": 0,\n", i);
	fprintf(stream, "\"version\": 1, \"pools\": {}, \"services\": {}}");
	fclose(stream);
	assert_int_equal(catalog_parse(text, size, "lb.json", &catalog, &errors), -EINVAL);
	assert_int_equal(errors.count, 10001);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(errors.errors[i].line, i + 1);
	assert_string_equal(err_format(&errors.errors[10000], line, sizeof(line)),
			    "lb.json: 2000 more errors are not shown");
	err_list_done(&errors);
	free(text);
}

static void a_large_file_is_read_whole(void **state)
{
	char path[] = "/tmp/hairpin-catalog-XXXXXX", *text = make_large(10, 5000, 1000);
	struct err_list errors = {0};
	struct catalog *catalog = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_true(strlen(text) > 256 * 1024); /* several reads */
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(catalog_load(path, &catalog, &errors), 0);
	assert_int_equal(catalog->service_count, 1000);
	catalog_free(catalog);
	unlink(path);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_services_and_backends_are_read),
		cmocka_unit_test(the_greatest_catalog_is_read_and_no_greater),
		cmocka_unit_test(very_many_errors_are_counted),
		cmocka_unit_test(a_large_file_is_read_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
