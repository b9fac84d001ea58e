// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys of a catalog that are about QUIC connection ids (draft-ietf-quic-load-balancers,
 * plaintext): a first byte, the backend's server id, a nonce; 20 bytes at most in all.
 */
#include "catalog_draft.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "xalloc.h"

#define BIT(n)          (1u << (n))
#define CONTENT_MAX     19 /* bytes of server id and nonce: QUIC's 20 without the first */
#define NONCE_MIN       4
#define NONCE_MAX       18
#define CONFIG_MAX      6 /* 7 marks connection ids that no load balancer can read */
#define ALL_QUIC_FIELDS (BIT(QUIC_FIELDS) - 1)

static bool read_server_id_length(struct report *report, const struct at *at, json_t *value,
				  void *row)
{
	struct catalog_quic *quic = row;
	json_int_t length;

	if (!field_integer(report, at, value, "the length of a server id in bytes (1-15)", 1,
			   CATALOG_SERVER_ID_MAX, &length))
		return false;
	quic->server_id_length = length;
	return true;
}

static bool read_nonce_length(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct catalog_quic *quic = row;
	json_int_t length;

	if (!field_integer(report, at, value, "the length of a nonce in bytes (4-18)", NONCE_MIN,
			   NONCE_MAX, &length))
		return false;
	quic->nonce_length = length;
	return true;
}

static bool read_config(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct catalog_quic *quic = row;
	json_int_t config;

	if (!field_integer(report, at, value, "the number of a configuration (0-6)", 0, CONFIG_MAX,
			   &config))
		return false;
	quic->config = config;
	return true;
}

const struct field catalog_quic_fields[QUIC_FIELDS] = {
	[QUIC_SERVER_ID_LENGTH] = {"server_id_length", "1-15", read_server_id_length},
	[QUIC_NONCE_LENGTH] = {"nonce_length", "4-18", read_nonce_length},
	[QUIC_CONFIG] = {"config", "0-6", read_config},
};

bool draft_read_quic(struct report *report, const struct at *at, json_t *value, void *row)
{
	const struct at nonce = {.up = at, .key = "nonce_length"};
	struct service_row *service = row;
	struct catalog_quic quic = {0};

	if (fields_read(report, at, value, "the form of connection ids", catalog_quic_fields,
			QUIC_FIELDS, &quic) != ALL_QUIC_FIELDS)
		return false;
	if (quic.server_id_length + quic.nonce_length > CONTENT_MAX) {
		report_add(report, &nonce,
			   "%u bytes and a server id of %u are %u; a connection id has room for %d",
			   quic.nonce_length, quic.server_id_length,
			   quic.server_id_length + quic.nonce_length, CONTENT_MAX);
		return false;
	}
	service->service.quic = quic;
	return true;
}

static unsigned int hex_value(char digit)
{
	return isdigit((unsigned char)digit) ? digit - '0'
					     : tolower((unsigned char)digit) - 'a' + 10;
}

bool draft_read_server_id(struct report *report, const struct at *at, json_t *value, void *row)
{
	const char *digits = json_is_string(value) ? json_string_value(value) : "";
	struct backend_row *backend = row;
	size_t length = 0;
	char text[QUOTE_SIZE];

	backend->has_server_id = true;
	while (isxdigit((unsigned char)digits[length]))
		length++;
	if (digits[length] || length % 2 || length < 2 || length > 2 * CATALOG_SERVER_ID_MAX) {
		report_add(report, at, "%s is not a server id (2 to 30 hex digits, two a byte)",
			   quote_json(value, text));
		return false;
	}
	for (size_t i = 0; i < length / 2; i++)
		backend->backend.server_id[i] =
			hex_value(digits[2 * i]) << 4 | hex_value(digits[2 * i + 1]);
	backend->backend.server_id_length = length / 2;
	return true;
}

static int compare_server_ids(const struct backend_row *a, const struct backend_row *b)
{
	int order = a->backend.server_id_length - b->backend.server_id_length;

	return order ? order
		     : memcmp(a->backend.server_id, b->backend.server_id,
			      sizeof(a->backend.server_id));
}

/* Those of one server id in the order of the text. */
static int compare_backends(const void *left, const void *right)
{
	const struct backend_row *a = *(const struct backend_row *const *)left;
	const struct backend_row *b = *(const struct backend_row *const *)right;
	int order = compare_server_ids(a, b);

	return order ? order : (a > b) - (a < b);
}

static void check_unique(const struct pool_row *pool, const struct at *backends,
			 struct report *report)
{
	const struct backend_row **sorted = xcalloc(pool->backend_count, sizeof(*sorted));
	char name[QUOTE_SIZE];
	size_t count = 0, first = 0;

	for (size_t i = 0; i < pool->backend_count; i++)
		if (pool->backends[i].read & BIT(BACKEND_SERVER_ID))
			sorted[count++] = &pool->backends[i];
	if (count)
		qsort(sorted, count, sizeof(*sorted), compare_backends);
	for (size_t i = 1; i < count; i++) {
		struct at backend = {.up = backends, .key = sorted[i]->name};
		struct at at = {.up = &backend, .key = "server_id"};

		if (compare_server_ids(sorted[first], sorted[i]) == 0)
			report_add(report, &at, "is also the server id of backend %s",
				   quote_text(sorted[first]->name, name));
		else
			first = i;
	}
	free(sorted);
}

/* service: the first of the pool with connection ids. */
static void check_lengths(const struct pool_row *pool, const struct service_row *service,
			  const struct at *backends, struct report *report)
{
	unsigned int wanted = service->service.quic.server_id_length;
	char name[QUOTE_SIZE];

	quote_text(service->name, name);
	for (size_t i = 0; i < pool->backend_count; i++) {
		const struct backend_row *row = &pool->backends[i];
		struct at backend = {.up = backends, .key = row->name};
		struct at at = {.up = &backend, .key = "server_id"};

		if (!row->has_server_id)
			report_add(report, &at,
				   "is missing (%u hex digits, for QUIC of service %s)", 2 * wanted,
				   name);
		else if ((row->read & BIT(BACKEND_SERVER_ID)) &&
			 row->backend.server_id_length != wanted)
			report_add(report, &at,
				   "has %u hex digits; %u are wanted for QUIC of service %s",
				   2 * row->backend.server_id_length, 2 * wanted, name);
	}
}

static int compare_pools(const void *left, const void *right)
{
	const struct pool_row *a = *(const struct pool_row *const *)left;
	const struct pool_row *b = *(const struct pool_row *const *)right;

	return strcmp(a->name, b->name);
}

/* Sorted by name, so that each service finds its own soon. */
static struct pool_row **sort_pools(const struct draft *draft)
{
	struct pool_row **sorted = xcalloc(draft->pool_count, sizeof(*sorted));

	for (size_t i = 0; i < draft->pool_count; i++)
		sorted[i] = &draft->pools[i];
	if (draft->pool_count)
		qsort(sorted, draft->pool_count, sizeof(*sorted), compare_pools);
	return sorted;
}

static struct pool_row *find_pool(struct pool_row *const *sorted, size_t count, const char *name)
{
	const struct pool_row key = {.name = name}, *key_pointer = &key;
	struct pool_row *const *found =
		bsearch(&key_pointer, sorted, count, sizeof(*sorted), compare_pools);

	return found ? *found : NULL;
}

/* Whether the service has connection ids, and nothing that speaks against them. */
static bool has_quic(const struct service_row *row, const struct at *quic, struct report *report)
{
	if (!(row->read & BIT(SERVICE_QUIC)))
		return false;
	if (!(row->read & BIT(SERVICE_PROTOCOL)) || row->service.protocol == IPPROTO_UDP)
		return true;
	report_add(report, quic, "is only for protocol \"udp\"");
	return false;
}

static void check_services(const struct draft *draft, struct report *report)
{
	const struct at services = {.key = "services"};
	struct pool_row **sorted = sort_pools(draft);
	char name[QUOTE_SIZE];

	for (size_t i = 0; i < draft->service_count; i++) {
		const struct service_row *row = &draft->services[i];
		struct at service = {.up = &services, .key = row->name};
		struct at quic = {.up = &service, .key = "quic"};
		struct at length = {.up = &quic, .key = "server_id_length"};
		struct pool_row *pool;

		if (!has_quic(row, &quic, report) || !(row->read & BIT(SERVICE_POOL)))
			continue;
		pool = find_pool(sorted, draft->pool_count, row->pool);
		if (!pool)
			continue;
		if (!pool->quic)
			pool->quic = row;
		else if (pool->quic->service.quic.server_id_length !=
			 row->service.quic.server_id_length)
			report_add(report, &length, "is %u, but %u in service %s of the same pool",
				   row->service.quic.server_id_length,
				   pool->quic->service.quic.server_id_length,
				   quote_text(pool->quic->name, name));
	}
	free(sorted);
}

void draft_check_quic(const struct draft *draft, struct report *report)
{
	const struct at top = {.key = "pools"};

	check_services(draft, report);
	for (size_t i = 0; i < draft->pool_count; i++) {
		const struct pool_row *pool = &draft->pools[i];
		struct at pool_at = {.up = &top, .key = pool->name};
		struct at backends = {.up = &pool_at, .key = "backends"};

		check_unique(pool, &backends, report);
		if (pool->quic)
			check_lengths(pool, pool->quic, &backends, report);
	}
}
