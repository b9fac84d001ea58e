// SPDX-License-Identifier: GPL-2.0-only
#include "catalog_changes.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "xalloc.h"

/* Takes both, which have the same keys. */
static void add_changes(json_t *changes, const char *path, json_t *old, json_t *new)
{
	const char *key;
	json_t *value;

	json_object_foreach(xcheck(new), key, value) {
		json_t *before = json_object_get(xcheck(old), key);

		if (!json_equal(before, value))
			json_array_append_new(changes,
					      xcheck(json_pack("{s:o, s:O, s:O}", "path",
							       json_sprintf("%s%s", path, key),
							       "old", before, "new", value)));
	}
	json_decref(old);
	json_decref(new);
}

static json_t *catalog_values(const struct catalog *catalog)
{
	return json_pack("{s:s, s:b}", "seed", catalog->seed, "echo", catalog->echo);
}

static json_t *pool_values(const struct catalog_pool *pool)
{
	json_t *vni =
		pool->encapsulation == ENCAPSULATION_VXLAN ? json_integer(pool->vni) : json_null();

	return json_pack("{s:s, s:o, s:s, s:I, s:s, s:I, s:I}", "encapsulation",
			 encapsulation_name(pool->encapsulation), "vni", vni, "table",
			 table_kind_name(pool->table), "table_size", (json_int_t)pool->table_size,
			 "tracking", tracking_name(pool->tracking), "idle_timeout_s",
			 (json_int_t)pool->idle_timeout_s, "udp_hold_s",
			 (json_int_t)pool->udp_hold_s);
}

static json_t *server_id_value(const struct catalog_backend *backend)
{
	char text[2 * CATALOG_SERVER_ID_MAX + 1];

	if (!backend->server_id_length)
		return json_null();
	for (int i = 0; i < backend->server_id_length; i++)
		snprintf(text + 2 * i, sizeof(text) - 2 * i, "%02x", backend->server_id[i]);
	return json_string(text);
}

static json_t *backend_values(const struct catalog_backend *backend)
{
	char address[ADDRESS_TEXT_SIZE];

	return json_pack("{s:s, s:i, s:s, s:o}", "address",
			 address_format(&backend->address, address), "weight", backend->weight,
			 "state", backend_state_name(backend->state), "server_id",
			 server_id_value(backend));
}

static json_t *quic_value(const struct catalog_quic *quic)
{
	if (!quic->server_id_length)
		return json_null();
	return json_pack("{s:i, s:i, s:i}", "server_id_length", quic->server_id_length,
			 "nonce_length", quic->nonce_length, "config", quic->config);
}

static json_t *service_values(const struct catalog *catalog, const struct catalog_service *service)
{
	char address[ADDRESS_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:o}", "address",
			 address_format(&service->address, address), "protocol",
			 service->protocol == IPPROTO_TCP ? "tcp" : "udp", "port",
			 service->port ? json_integer(service->port) : json_string("any"), "pool",
			 catalog->pools[service->pool].name, "affinity",
			 affinity_name(service->affinity), "quic", quic_value(&service->quic));
}

bool catalog_backend_equal(const struct catalog_backend *a, const struct catalog_backend *b)
{
	return address_equal(&a->address, &b->address) && a->weight == b->weight &&
	       a->state == b->state && a->server_id_length == b->server_id_length &&
	       memcmp(a->server_id, b->server_id, sizeof(a->server_id)) == 0;
}

bool catalog_service_equal(const struct catalog *a_catalog, const struct catalog_service *a,
			   const struct catalog *b_catalog, const struct catalog_service *b)
{
	return address_equal(&a->address, &b->address) && a->protocol == b->protocol &&
	       a->port == b->port && a->affinity == b->affinity &&
	       memcmp(&a->quic, &b->quic, sizeof(a->quic)) == 0 &&
	       strcmp(a_catalog->pools[a->pool].name, b_catalog->pools[b->pool].name) == 0;
}

static void add_pool(json_t *changes, const struct catalog_pool *old,
		     const struct catalog_pool *new)
{
	char path[2 * LB_NAME_SIZE + 32];

	snprintf(path, sizeof(path), "pools.%s.", new->name);
	add_changes(changes, path, pool_values(old), pool_values(new));
	for (size_t i = 0; i < new->backend_count; i++) {
		const struct catalog_backend *backend = &new->backends[i];
		const struct catalog_backend *before = catalog_find_backend(old, backend->name);

		/* of tens of thousands few change */
		if (!before || catalog_backend_equal(before, backend))
			continue;
		snprintf(path, sizeof(path), "pools.%s.backends.%s.", new->name, backend->name);
		add_changes(changes, path, backend_values(before), backend_values(backend));
	}
}

json_t *catalog_changes(const struct catalog *old, const struct catalog *new)
{
	json_t *changes = xcheck(json_array());

	add_changes(changes, "", catalog_values(old), catalog_values(new));
	for (size_t i = 0; i < new->pool_count; i++) {
		const struct catalog_pool *before = catalog_find_pool(old, new->pools[i].name);

		if (before)
			add_pool(changes, before, &new->pools[i]);
	}
	for (size_t i = 0; i < new->service_count; i++) {
		const struct catalog_service *service = &new->services[i];
		const struct catalog_service *before = catalog_find_service(old, service->name);
		char path[LB_NAME_SIZE + 16];

		if (!before || catalog_service_equal(old, before, new, service))
			continue;
		snprintf(path, sizeof(path), "services.%s.", service->name);
		add_changes(changes, path, service_values(old, before),
			    service_values(new, service));
	}
	return changes;
}
