// SPDX-License-Identifier: GPL-2.0-only
#include "catalog_draft.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "xalloc.h"

#define TABLE_SIZE_MIN 251
#define TABLE_SIZE_MAX 4194301

const struct word catalog_encapsulations[] = {
	{"ipip", ENCAPSULATION_IPIP},   {"gue", ENCAPSULATION_GUE},   {"gre", ENCAPSULATION_GRE},
	{"vxlan", ENCAPSULATION_VXLAN}, {"none", ENCAPSULATION_NONE}, {0}};
const struct word catalog_backend_states[] = {
	{"up", BACKEND_UP}, {"drain", BACKEND_DRAIN}, {"down", BACKEND_DOWN}, {0}};
const struct word catalog_affinities[] = {
	{"flow", AFFINITY_FLOW}, {"client", AFFINITY_CLIENT}, {0}};

const struct word catalog_tables[] = {
	{"rendezvous", TABLE_RENDEZVOUS}, {"maglev", TABLE_MAGLEV}, {0}};
const struct word catalog_trackings[] = {
	{"moved", TRACKING_MOVED}, {"all", TRACKING_ALL}, {"none", TRACKING_NONE}, {0}};

static const struct word protocols[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {0}};

static bool is_prime(json_int_t number)
{
	for (json_int_t i = 2; i * i <= number; i++) {
		if (number % i == 0)
			return false;
	}
	return number > 1;
}

static bool read_encapsulation(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct pool_row *pool = row;
	int found = 0; /* nothing is said of a VNI then */
	bool ok = field_word(report, at, value, "an encapsulation", catalog_encapsulations, &found);

	pool->pool.encapsulation = found;
	return ok;
}

static bool read_vni(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct pool_row *pool = row;
	json_int_t vni;

	pool->has_vni = true;
	if (!field_integer(report, at, value, "a VXLAN network identifier (0-16777215)", 0,
			   CATALOG_VNI_MAX, &vni))
		return false;
	pool->pool.vni = vni;
	return true;
}

static bool read_table(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct pool_row *pool = row;
	int found;

	if (!field_word(report, at, value, "a kind of table", catalog_tables, &found))
		return false;
	pool->pool.table = found;
	return true;
}

static bool read_tracking(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct pool_row *pool = row;
	int found;

	if (!field_word(report, at, value, "a way to track flows", catalog_trackings, &found))
		return false;
	pool->pool.tracking = found;
	return true;
}

static bool read_idle_timeout(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct pool_row *pool = row;
	json_int_t seconds;

	if (!field_integer(report, at, value, "an idle timeout in seconds (1-604800)", 1, 604800,
			   &seconds))
		return false;
	pool->pool.idle_timeout_s = seconds;
	return true;
}

static bool read_udp_hold(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct pool_row *pool = row;
	json_int_t seconds;

	if (!field_integer(report, at, value, "a time to hold UDP in seconds (0-86400)", 0, 86400,
			   &seconds))
		return false;
	pool->pool.udp_hold_s = seconds;
	return true;
}

static bool read_table_size(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct pool_row *pool = row;
	json_int_t size, below, above;

	if (!field_integer(report, at, value, "a table size (a prime, 251-4194301)", TABLE_SIZE_MIN,
			   TABLE_SIZE_MAX, &size))
		return false;
	if (!is_prime(size)) {
		/* both limits are primes: neither search leaves them */
		for (below = size; !is_prime(below); below--)
			;
		for (above = size; !is_prime(above); above++)
			;
		report_add(report, at, "%lld is not a prime; the nearest are %lld and %lld",
			   (long long)size, (long long)below, (long long)above);
		return false;
	}
	pool->pool.table_size = size;
	return true;
}

static bool read_backend_address(struct report *report, const struct at *at, json_t *value,
				 void *row)
{
	return field_address(report, at, value, &((struct backend_row *)row)->backend.address);
}

static bool read_weight(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct backend_row *backend = row;
	json_int_t weight;

	if (!field_integer(report, at, value, "a weight (0-65535)", 0, UINT16_MAX, &weight))
		return false;
	backend->backend.weight = weight;
	return true;
}

static bool read_state(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct backend_row *backend = row;
	int found;

	if (!field_word(report, at, value, "a state", catalog_backend_states, &found))
		return false;
	backend->backend.state = found;
	return true;
}

static bool read_backends(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct pool_row *pool = row;
	const char *name;
	json_t *json;

	if (!field_object(report, at, value, "a set of backends"))
		return false;
	pool->backends = xcalloc(json_object_size(value), sizeof(*pool->backends));
	json_object_foreach(value, name, json) {
		struct at here = {.up = at, .key = name};
		struct backend_row *backend = &pool->backends[pool->backend_count++];

		backend->name = name;
		backend->backend.weight = CATALOG_WEIGHT;
		backend->backend.state = BACKEND_UP;
		field_name(report, &here);
		backend->read = fields_read(report, &here, json, "a backend",
					    catalog_backend_fields, BACKEND_FIELDS, backend);
	}
	return true;
}

static bool read_service_address(struct report *report, const struct at *at, json_t *value,
				 void *row)
{
	return field_address(report, at, value, &((struct service_row *)row)->service.address);
}

static bool read_protocol(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct service_row *service = row;
	int found;

	if (!field_word(report, at, value, "a protocol", protocols, &found))
		return false;
	service->service.protocol = found;
	return true;
}

static bool read_port(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct service_row *service = row;
	const char *what =
		json_is_integer(value) ? "a port (1-65535)" : "a port (1-65535, or \"any\")";
	json_int_t port = 0;

	if ((!json_is_string(value) || strcmp(json_string_value(value), "any") != 0) &&
	    !field_integer(report, at, value, what, 1, UINT16_MAX, &port))
		return false;
	service->service.port = port;
	return true;
}

static bool read_service_pool(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct service_row *service = row;
	char text[QUOTE_SIZE];

	if (!json_is_string(value)) {
		report_add(report, at, "%s is not the name of a pool", quote_json(value, text));
		return false;
	}
	service->pool = json_string_value(value);
	return true;
}

static bool read_affinity(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct service_row *service = row;
	int found;

	if (!field_word(report, at, value, "an affinity", catalog_affinities, &found))
		return false;
	service->service.affinity = found;
	return true;
}

static bool read_version(struct report *report, const struct at *at, json_t *value, void *row)
{
	json_int_t version;

	(void)row;
	return field_integer(report, at, value, "a version that is known here (1)", 1, 1, &version);
}

static bool read_seed(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct draft *draft = row;
	char text[QUOTE_SIZE];

	if (!json_is_string(value)) {
		report_add(report, at, "%s is not a string", quote_json(value, text));
		return false;
	}
	draft->seed = json_string_value(value);
	return true;
}

static bool read_echo(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct draft *draft = row;
	char text[QUOTE_SIZE];

	if (!json_is_boolean(value)) {
		report_add(report, at, "%s is not true or false", quote_json(value, text));
		return false;
	}
	draft->echo = json_is_true(value);
	return true;
}

static bool read_pools(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct draft *draft = row;
	const char *name;
	json_t *json;

	if (!field_object(report, at, value, "a set of pools"))
		return false;
	draft->pools = xcalloc(json_object_size(value), sizeof(*draft->pools));
	json_object_foreach(value, name, json) {
		struct at here = {.up = at, .key = name};
		struct pool_row *pool = &draft->pools[draft->pool_count++];

		pool->name = name;
		pool->pool.encapsulation = ENCAPSULATION_IPIP;
		pool->pool.table = TABLE_RENDEZVOUS;
		pool->pool.table_size = CATALOG_TABLE_SIZE;
		pool->pool.tracking = TRACKING_MOVED;
		pool->pool.idle_timeout_s = CATALOG_IDLE_TIMEOUT_S;
		pool->pool.udp_hold_s = CATALOG_UDP_HOLD_S;
		field_name(report, &here);
		fields_read(report, &here, json, "a pool", catalog_pool_fields, POOL_FIELDS, pool);
	}
	return true;
}

static bool read_services(struct report *report, const struct at *at, json_t *value, void *row)
{
	struct draft *draft = row;
	const char *name;
	json_t *json;

	if (!field_object(report, at, value, "a set of services"))
		return false;
	draft->services = xcalloc(json_object_size(value), sizeof(*draft->services));
	json_object_foreach(value, name, json) {
		struct at here = {.up = at, .key = name};
		struct service_row *service = &draft->services[draft->service_count++];

		service->name = name;
		service->service.affinity = AFFINITY_FLOW;
		field_name(report, &here);
		service->read = fields_read(report, &here, json, "a service",
					    catalog_service_fields, SERVICE_FIELDS, service);
	}
	return true;
}

const struct field catalog_top_fields[TOP_FIELDS] = {
	[TOP_VERSION] = {"version", "1", read_version},
	[TOP_SEED] = {"seed", NULL, read_seed},
	[TOP_ECHO] = {"echo", NULL, read_echo},
	[TOP_POOLS] = {"pools", "an object", read_pools},
	[TOP_SERVICES] = {"services", "an object", read_services},
};

const struct field catalog_pool_fields[POOL_FIELDS] = {
	[POOL_ENCAPSULATION] = {"encapsulation", NULL, read_encapsulation},
	[POOL_VNI] = {"vni", NULL, read_vni},
	[POOL_TABLE] = {"table", NULL, read_table},
	[POOL_TABLE_SIZE] = {"table_size", NULL, read_table_size},
	[POOL_TRACKING] = {"tracking", NULL, read_tracking},
	[POOL_IDLE_TIMEOUT] = {"idle_timeout_s", NULL, read_idle_timeout},
	[POOL_UDP_HOLD] = {"udp_hold_s", NULL, read_udp_hold},
	[POOL_BACKENDS] = {"backends", NULL, read_backends},
};

const struct field catalog_backend_fields[BACKEND_FIELDS] = {
	[BACKEND_ADDRESS] = {"address", "an IPv4 or IPv6 address", read_backend_address},
	[BACKEND_WEIGHT] = {"weight", NULL, read_weight},
	[BACKEND_STATE] = {"state", NULL, read_state},
	[BACKEND_SERVER_ID] = {"server_id", NULL, draft_read_server_id},
};

const struct field catalog_service_fields[SERVICE_FIELDS] = {
	[SERVICE_ADDRESS] = {"address", "an IPv4 or IPv6 address", read_service_address},
	[SERVICE_PROTOCOL] = {"protocol", "\"tcp\" or \"udp\"", read_protocol},
	[SERVICE_PORT] = {"port", "1-65535, or \"any\"", read_port},
	[SERVICE_POOL] = {"pool", "the name of a pool", read_service_pool},
	[SERVICE_AFFINITY] = {"affinity", NULL, read_affinity},
	[SERVICE_QUIC] = {"quic", NULL, draft_read_quic},
};

void draft_read(struct draft *draft, struct report *report, json_t *json)
{
	*draft = (struct draft){.json = json, .seed = "", .echo = true};
	draft->read =
		fields_read(report, NULL, json, "a catalog", catalog_top_fields, TOP_FIELDS, draft);
}

void draft_done(struct draft *draft)
{
	for (size_t i = 0; i < draft->pool_count; i++)
		free(draft->pools[i].backends);
	free(draft->pools);
	free(draft->services);
	*draft = (struct draft){0};
}
