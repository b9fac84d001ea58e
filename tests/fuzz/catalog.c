// SPDX-License-Identifier: GPL-2.0-only
/* Any text is either a catalog whose text makes the same catalog again, or has errors with places.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                \
	do {                                                                              \
		if (!(condition)) {                                                       \
			fprintf(stderr, "line %d: not true: %s\n", __LINE__, #condition); \
			abort();                                                          \
		}                                                                         \
	} while (0)

static void require_same_pool(const struct catalog_pool *a, const struct catalog_pool *b)
{
	REQUIRE(strcmp(a->name, b->name) == 0);
	REQUIRE(a->encapsulation == b->encapsulation && a->table_size == b->table_size);
	REQUIRE(pool_encapsulation_id(a) == pool_encapsulation_id(b));
	REQUIRE(a->vni == 0 || a->encapsulation == ENCAPSULATION_VXLAN);
	REQUIRE(a->backend_count == b->backend_count);
	for (size_t i = 0; i < a->backend_count; i++) {
		const struct catalog_backend *left = &a->backends[i], *right = &b->backends[i];

		REQUIRE(strcmp(left->name, right->name) == 0);
		REQUIRE(memcmp(&left->address, &right->address, sizeof(left->address)) == 0);
		REQUIRE(left->weight == right->weight && left->state == right->state);
		REQUIRE(left->server_id_length == right->server_id_length);
		REQUIRE(memcmp(left->server_id, right->server_id, sizeof(left->server_id)) == 0);
		REQUIRE(catalog_find_backend(a, left->name) == left);
	}
}

/* What the data plane relies on. */
static void require_quic(const struct catalog *catalog, const struct catalog_service *service)
{
	const struct catalog_pool *pool = &catalog->pools[service->pool];
	const struct catalog_quic *quic = &service->quic;

	if (!quic->server_id_length)
		return;
	REQUIRE(service->protocol == IPPROTO_UDP && quic->config <= 6);
	REQUIRE(quic->nonce_length >= 4 && quic->server_id_length + quic->nonce_length <= 19);
	for (size_t i = 0; i < pool->backend_count; i++)
		REQUIRE(pool->backends[i].server_id_length == quic->server_id_length);
}

static void require_same(const struct catalog *a, const struct catalog *b)
{
	REQUIRE(strcmp(a->seed, b->seed) == 0 && a->echo == b->echo);
	REQUIRE(a->pool_count == b->pool_count && a->service_count == b->service_count);
	for (size_t i = 0; i < a->pool_count; i++) {
		require_same_pool(&a->pools[i], &b->pools[i]);
		REQUIRE(catalog_find_pool(a, a->pools[i].name) == &a->pools[i]);
	}
	for (size_t i = 0; i < a->service_count; i++) {
		const struct catalog_service *left = &a->services[i], *right = &b->services[i];

		REQUIRE(strcmp(left->name, right->name) == 0);
		REQUIRE(memcmp(&left->address, &right->address, sizeof(left->address)) == 0);
		REQUIRE(left->protocol == right->protocol && left->port == right->port);
		REQUIRE(left->pool == right->pool && left->pool < a->pool_count);
		REQUIRE(left->affinity == right->affinity);
		REQUIRE(memcmp(&left->quic, &right->quic, sizeof(left->quic)) == 0);
		require_quic(a, left);
	}
}

static void require_good(struct catalog *catalog)
{
	char *text = catalog_text(catalog->json), *again_text;
	struct err_list errors = {0};
	struct catalog *again = NULL;

	REQUIRE(catalog_parse(text, strlen(text), "again", &again, &errors) == 0);
	REQUIRE(errors.count == 0);
	require_same(catalog, again);
	again_text = catalog_text(again->json);
	REQUIRE(strcmp(text, again_text) == 0);
	free(again_text);
	free(text);
	catalog_free(again);
}

static void require_errors(const struct err_list *errors)
{
	const struct err *before = NULL;
	char line[2048];

	REQUIRE(errors->count > 0);
	for (size_t i = 0; i < errors->count; i++) {
		const struct err *err = &errors->errors[i];
		json_t *json = err_json(err);

		json_decref(json);
		REQUIRE(err->text[0]);
		REQUIRE(strcmp(err->file, "fuzz") == 0);
		for (const char *c = err_format(err, line, sizeof(line)); *c; c++)
			REQUIRE(*c >= 0x20 && *c < 0x7f);
		if (i == 10000) /* the one that counts the rest has no place */
			continue;
		REQUIRE(err->line > 0 && err->column > 0);
		REQUIRE(!before || before->line < err->line ||
			(before->line == err->line && before->column <= err->column));
		before = err;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err_list errors = {0};
	struct catalog *catalog = NULL;
	int code = catalog_parse((const char *)data, size, "fuzz", &catalog, &errors);

	if (code == 0) {
		REQUIRE(errors.count == 0);
		require_good(catalog);
	} else {
		REQUIRE(code == -EINVAL && !catalog);
		require_errors(&errors);
	}
	catalog_free(catalog);
	err_list_done(&errors);
	return 0;
}
