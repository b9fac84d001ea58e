// SPDX-License-Identifier: GPL-2.0-only
#include "wanted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "table.h"

static const struct template_source *configured_source(const struct config *config,
						       const struct lb_address *destination)
{
	const struct template_source *source =
		address_is_ipv4(destination) ? &config->source_ipv4 : &config->source_ipv6;

	return source->prefix_length ? source : NULL;
}

static bool is_served(const struct config *config, const char *interface)
{
	for (unsigned int i = 0; i < config->interface_count; i++)
		if (!strcmp(config->interfaces[i], interface))
			return true;
	return false;
}

const char *backend_obstacle(const struct surroundings *surroundings, uint32_t encapsulation,
			     const struct catalog_backend *backend, char *buffer, size_t size)
{
	const bool plain = (encapsulation & 0xff) == LB_ENCAP_NONE;
	static const struct lb_address none;
	const struct nexthop *hop = nexthop_find(surroundings->nexthops, &backend->address);
	char via[ADDRESS_TEXT_SIZE];

	if (!hop)
		return "its route has not been looked up yet";
	if (!hop->resolved)
		return hop->reason;
	if (!is_served(surroundings->config, hop->interface_name)) {
		snprintf(buffer, size,
			 "it is behind %s, which is not an interface of this hairpind (-i)",
			 hop->interface_name);
		return buffer;
	}
	if (plain && !address_equal(&hop->via, &backend->address)) {
		address_format(&hop->via, via);
		snprintf(buffer, size,
			 "it is behind the gateway %s, and encapsulation none needs it on the same "
			 "layer 2",
			 via);
		return buffer;
	}
	if (!plain && !configured_source(surroundings->config, &backend->address) &&
	    address_equal(&hop->source, &none)) {
		snprintf(buffer, size,
			 "%s has no address of its family to send from; add one, or use --source",
			 hop->interface_name);
		return buffer;
	}
	return NULL;
}

static void make_record(const struct surroundings *surroundings, uint32_t encapsulation,
			const struct catalog_backend *backend, struct lb_backend *record)
{
	const struct nexthop *hop = nexthop_find(surroundings->nexthops, &backend->address);
	const struct template_source *source =
		configured_source(surroundings->config, &backend->address);
	struct template_source own = {0};
	struct template_link link = {0};
	char buffer[160];

	if (backend_obstacle(surroundings, encapsulation, backend, buffer, sizeof(buffer))) {
		template_unresolved(record);
		return;
	}
	if (!source) {
		own.address = hop->source;
		own.prefix_length = address_is_ipv4(&backend->address) ? 32 : 128;
		source = &own;
	}
	link.interface = hop->interface;
	link.mtu = hop->mtu;
	link.vlan_count = hop->vlan_count;
	for (int i = 0; i < hop->vlan_count; i++)
		link.vlans[i] = (struct template_vlan){hop->vlans[i].protocol, hop->vlans[i].id};
	memcpy(link.source_mac, hop->source_mac, sizeof(link.source_mac));
	memcpy(link.destination_mac, hop->destination_mac, sizeof(link.destination_mac));
	template_make(encapsulation, source, &backend->address, &link, record);
}

void build_leaving_record(const struct surroundings *surroundings,
			  const struct lb_identity *identity, struct lb_backend *record)
{
	struct catalog_backend backend = {.address = identity->address};

	make_record(surroundings, identity->encapsulation, &backend, record);
}

static void add_pool_features(struct lb_features *features, const struct catalog_pool *pool,
			      const struct config *config)
{
	features->moved |= pool->tracking != TRACKING_NONE;
	features->track_all |= pool->tracking == TRACKING_ALL;
	features->gue |= pool->encapsulation == ENCAPSULATION_GUE;
	features->gre |= pool->encapsulation == ENCAPSULATION_GRE;
	features->vxlan |= pool->encapsulation == ENCAPSULATION_VXLAN;
	features->layer2 |= pool->encapsulation == ENCAPSULATION_NONE;
	features->not_plain |= pool->encapsulation != ENCAPSULATION_IPIP;
	for (size_t i = 0; i < pool->backend_count; i++) {
		const struct lb_address *address = &pool->backends[i].address;
		const struct template_source *source = configured_source(config, address);
		bool ipv4 = address_is_ipv4(address);

		features->outer_ipv4 |= ipv4;
		features->outer_ipv6 |= !ipv4;
		features->source_varied |= source && source->prefix_length < (ipv4 ? 32 : 128);
	}
}

/* What the catalog and the config use; next hops add to it: build_add_features(). */
static struct lb_features find_features(const struct catalog *catalog, const struct config *config)
{
	struct lb_features features = {
		.many_interfaces = config->interface_count > 1,
		.echo = catalog->echo,
		.spread = config->cpu_count > 0,
		.spread_local = config->spread_local,
	};

	for (size_t i = 0; i < catalog->service_count; i++) {
		const struct catalog_service *service = &catalog->services[i];

		features.ipv6 |= !address_is_ipv4(&service->address);
		features.any_port |= !service->port;
		features.affinity_client |= service->affinity == AFFINITY_CLIENT;
		features.quic |= service->quic.server_id_length > 0;
	}
	for (size_t i = 0; i < catalog->pool_count; i++)
		add_pool_features(&features, &catalog->pools[i], config);
	return features;
}

void build_add_features(struct build *build, const struct lb_backend *record)
{
	struct lb_features *features = &build->features;
	bool ipv4 = record->flags & LB_BACKEND_OUTER_IPV4;

	if (!(record->flags & LB_BACKEND_RESOLVED))
		return;
	features->not_plain |= !(record->flags & LB_BACKEND_PLAIN);
	features->gue |= record->encapsulation == LB_ENCAP_GUE;
	features->gre |= record->encapsulation == LB_ENCAP_GRE;
	features->vxlan |= record->encapsulation == LB_ENCAP_VXLAN;
	features->layer2 |= record->encapsulation == LB_ENCAP_NONE;
	features->outer_ipv4 |= ipv4;
	features->outer_ipv6 |= !ipv4 && record->encapsulation != LB_ENCAP_NONE;
	features->source_varied |= record->source_mask != 0;
}

void build_refresh_records(struct build *build, const struct surroundings *surroundings)
{
	const struct catalog *catalog = build->wanted.catalog;

	build->features = find_features(catalog, surroundings->config);
	for (size_t i = 0; i < catalog->pool_count; i++) {
		const struct catalog_pool *pool = &catalog->pools[i];

		for (size_t j = 0; j < pool->backend_count; j++) {
			struct lb_backend *record = &build->records[i][j];

			make_record(surroundings, pool_encapsulation_id(pool), &pool->backends[j],
				    record);
			build_add_features(build, record);
		}
	}
}

static uint32_t effective_weight(const struct catalog_backend *backend)
{
	return backend->state == BACKEND_UP ? backend->weight : 0;
}

/* Everything that decides what is in the slots; the addresses too, as a new one is a new backend.
 */
static uint64_t table_inputs(const struct catalog *catalog, const struct catalog_pool *pool)
{
	uint64_t digest = table_hash(catalog->seed, (uint64_t)pool->table << 32 | pool->table_size);

	for (size_t i = 0; i < pool->backend_count; i++) {
		const struct catalog_backend *backend = &pool->backends[i];
		char text[ADDRESS_TEXT_SIZE + 32];
		char address[ADDRESS_TEXT_SIZE];

		snprintf(text, sizeof(text), "%u %u %s", effective_weight(backend),
			 pool_encapsulation_id(pool), address_format(&backend->address, address));
		digest = table_hash(text, table_hash(backend->name, digest));
	}
	return digest;
}

static void pool_table_release(struct pool_table *table)
{
	if (!table || --table->references)
		return;
	free(table->owners);
	free(table->slots);
	free(table);
}

static struct pool_table *pool_table_new(const struct catalog *catalog,
					 const struct catalog_pool *pool, uint64_t inputs)
{
	struct pool_table *table = calloc(1, sizeof(*table));
	struct table_backend *backends = calloc(pool->backend_count + 1, sizeof(*backends));
	int (*make)(const struct table_backend *backends, size_t count, const char *seed,
		    uint32_t size, uint16_t *owners) =
		pool->table == TABLE_MAGLEV ? table_build_maglev : table_build_rendezvous;

	if (!table || !backends)
		goto fail;
	table->references = 1;
	table->inputs = inputs;
	table->size = pool->table_size;
	table->owners = calloc(table->size, sizeof(*table->owners));
	table->slots = calloc(pool->backend_count + 1, sizeof(*table->slots));
	if (!table->owners || !table->slots)
		goto fail;
	for (size_t i = 0; i < pool->backend_count; i++)
		backends[i] = (struct table_backend){pool->backends[i].name,
						     effective_weight(&pool->backends[i])};
	if (make(backends, pool->backend_count, catalog->seed, table->size, table->owners))
		goto fail;
	for (uint32_t slot = 0; slot < table->size; slot++)
		if (table->owners[slot])
			table->slots[table->owners[slot] - 1]++;
	table->digest = table_digest(backends, pool->backend_count, table->owners, table->size);
	free(backends);
	return table;
fail:
	free(backends);
	if (table)
		table->references = 1;
	pool_table_release(table);
	return NULL;
}

static struct pool_table *previous_table(const struct build *previous, const char *name,
					 uint64_t inputs)
{
	const struct catalog *catalog = previous ? previous->wanted.catalog : NULL;
	const struct catalog_pool *pool = catalog ? catalog_find_pool(catalog, name) : NULL;
	struct pool_table *table = pool ? previous->tables[pool - catalog->pools] : NULL;

	if (!table || table->inputs != inputs)
		return NULL;
	table->references++;
	return table;
}

static int build_pool(struct build *build, size_t i, const struct build *previous)
{
	const struct catalog *catalog = build->wanted.catalog;
	const struct catalog_pool *pool = &catalog->pools[i];
	uint64_t inputs = table_inputs(catalog, pool);

	build->records[i] = calloc(pool->backend_count + 1, sizeof(**build->records));
	build->tables[i] = previous_table(previous, pool->name, inputs);
	if (!build->tables[i])
		build->tables[i] = pool_table_new(catalog, pool, inputs);
	if (!build->records[i] || !build->tables[i])
		return -1;
	build->pools[i] = (struct wanted_pool){
		.owners = build->tables[i]->owners,
		.records = build->records[i],
		.table_known = build->tables[i]->live,
	};
	return 0;
}

struct build *build_new(const struct catalog *catalog, const struct surroundings *surroundings,
			const struct build *previous)
{
	struct build *build = calloc(1, sizeof(*build));

	if (!build)
		return NULL;
	build->wanted.catalog = catalog;
	build->pools = calloc(catalog->pool_count + 1, sizeof(*build->pools));
	build->records = calloc(catalog->pool_count + 1, sizeof(*build->records));
	build->tables = calloc(catalog->pool_count + 1, sizeof(*build->tables));
	build->wanted.pools = build->pools;
	if (!build->pools || !build->records || !build->tables) {
		build_free(build);
		return NULL;
	}
	for (size_t i = 0; i < catalog->pool_count; i++) {
		if (build_pool(build, i, previous)) {
			build_free(build);
			return NULL;
		}
	}
	build_refresh_records(build, surroundings);
	return build;
}

void build_free(struct build *build)
{
	if (!build)
		return;
	for (size_t i = 0; i < build->wanted.catalog->pool_count; i++) {
		if (build->records)
			free(build->records[i]);
		if (build->tables)
			pool_table_release(build->tables[i]);
	}
	free(build->tables);
	free(build->records);
	free(build->pools);
	free(build);
}

void build_mark_tables(struct build *build, bool live)
{
	for (size_t i = 0; i < build->wanted.catalog->pool_count; i++) {
		build->tables[i]->live = live;
		build->pools[i].table_known = live;
	}
}
