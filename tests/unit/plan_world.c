// SPDX-License-Identifier: GPL-2.0-only
#include "plan_world.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "hash.h"
#include "table.h"
#include "test.h"

struct world *world_new(const char *seed)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->catalog.seed = strdup(seed);
	assert_non_null(world->catalog.seed);
	world->tracking = TRACKING_NONE;
	world->wanted.catalog = &world->catalog;
	world->wanted.now_ns = 1000 * 1000000000ULL;
	return world;
}

void world_free(struct world *world)
{
	for (size_t i = 0; i < world->catalog.pool_count; i++) {
		if (world->pools) {
			free((void *)world->pools[i].owners);
			free((void *)world->pools[i].records);
		}
		free(world->catalog.pools[i].backends);
	}
	free(world->pools);
	free(world->catalog.pools);
	free(world->catalog.services);
	free(world->catalog.seed);
	free(world);
}

/* Room for one more element; grows at powers of two. */
static void *grown(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	array = realloc(array, (count ? 2 * count : 1) * size);
	assert_non_null(array);
	return array;
}

void world_add_pool(struct world *world, const char *name, uint32_t table_size)
{
	struct catalog *catalog = &world->catalog;
	struct catalog_pool pool = {
		.encapsulation = ENCAPSULATION_IPIP,
		.table_size = table_size,
		.tracking = world->tracking,
		.idle_timeout_s = WORLD_IDLE_S,
	};

	snprintf(pool.name, sizeof(pool.name), "%s", name);
	catalog->pools = grown(catalog->pools, catalog->pool_count, sizeof(pool));
	catalog->pools[catalog->pool_count++] = pool;
}

void world_add_backend(struct world *world, const char *name, uint32_t address, uint16_t weight)
{
	struct catalog_pool *pool = &world->catalog.pools[world->catalog.pool_count - 1];
	struct catalog_backend backend = {
		.address = world_key(address, 0, 0).address,
		.weight = weight,
		.state = BACKEND_UP,
	};

	snprintf(backend.name, sizeof(backend.name), "%s", name);
	pool->backends = grown(pool->backends, pool->backend_count, sizeof(backend));
	pool->backends[pool->backend_count++] = backend;
}

void world_add_service(struct world *world, const char *name, const struct lb_service_key *key,
		       uint32_t pool, enum affinity affinity)
{
	struct catalog *catalog = &world->catalog;
	struct catalog_service service = {
		.address = key->address,
		.protocol = key->protocol,
		.port = ntohs(key->port),
		.pool = pool,
		.affinity = affinity,
	};

	snprintf(service.name, sizeof(service.name), "%s", name);
	catalog->services = grown(catalog->services, catalog->service_count, sizeof(service));
	catalog->services[catalog->service_count++] = service;
}

/* A record says whose it is by the address in its header, and some cannot be sent to. */
static struct lb_backend make_record(const struct catalog_backend *backend, unsigned int generation)
{
	struct lb_backend record = {.flags = LB_BACKEND_USED};

	if ((backend->address.bytes[15] + generation) % 8 == 7)
		return record;
	record.flags |= LB_BACKEND_RESOLVED;
	memcpy(record.header, &backend->address, 16);
	record.header[16] = generation;
	return record;
}

static void finish_pool(struct world *world, size_t i)
{
	const struct catalog_pool *pool = &world->catalog.pools[i];
	struct table_backend *backends = calloc(pool->backend_count + 1, sizeof(*backends));
	struct lb_backend *records = calloc(pool->backend_count + 1, sizeof(*records));
	uint16_t *owners = calloc(pool->table_size, sizeof(*owners));

	assert_true(backends && records && owners);
	for (size_t j = 0; j < pool->backend_count; j++) {
		backends[j].name = pool->backends[j].name;
		backends[j].weight = pool->backends[j].weight;
		records[j] = make_record(&pool->backends[j], world->generation);
	}
	assert_int_equal(table_build_maglev(backends, pool->backend_count, world->catalog.seed,
					    pool->table_size, owners),
			 0);
	world->pools[i] = (struct wanted_pool){.owners = owners, .records = records};
	free(backends);
}

void world_finish(struct world *world)
{
	world->pools = calloc(world->catalog.pool_count + 1, sizeof(*world->pools));
	assert_non_null(world->pools);
	for (size_t i = 0; i < world->catalog.pool_count; i++)
		finish_pool(world, i);
	world->wanted.pools = world->pools;
}

struct lb_service_key world_key(uint32_t address, uint16_t port, uint8_t protocol)
{
	return (struct lb_service_key){
		.address.words = {0, 0, htonl(0xffff), htonl(address)},
		.port = htons(port),
		.protocol = protocol,
	};
}

/* Of an odd number, modulo 2^64, by Newton. */
static uint64_t inverse(uint64_t x)
{
	uint64_t y = x;

	for (int i = 0; i < 6; i++)
		y *= 2 - x * y;
	return y;
}

/* hash_service() backwards: every step of it can be undone. */
struct lb_service_key world_key_in(uint32_t first, uint32_t second, uint32_t nonce)
{
	struct lb_service_key key = {.port = htons(80), .protocol = IPPROTO_TCP};
	uint64_t h = (uint64_t)first << 48 | (uint64_t)second << 32 | nonce;

	key.address.words[0] = htonl(0x20010db8);
	h *= inverse(HASH_M1);
	h ^= h >> 32;
	h *= inverse(HASH_M3);
	key.address.halves[1] = h ^ key.address.halves[0] * HASH_M2 ^ key.port_protocol;
	h = hash_service(&key);
	assert_int_equal(hash_first_bucket(h), first);
	assert_int_equal(hash_second_bucket(h), second);
	return key;
}

static void reach_with(struct model *model, const struct world *world, struct plan *plan,
		       struct probe *probes, size_t probe_count)
{
	model_reserve(model, plan->slot_count);
	model_begin(model, &world->wanted, probes, probe_count);
	for (size_t i = 0; i < plan->count; i++)
		model_apply(model, &plan->ops[i]);
	plan_done(plan);
}

int world_reach(struct model *model, const struct world *world, struct probe *probes,
		size_t probe_count, struct err *err)
{
	bool settled = world->tracking == TRACKING_NONE;
	struct plan plan = {0};
	int status = plan_make(&world->wanted, &model->state, &plan, err);
	size_t count = plan.count;

	if (status)
		return status;
	reach_with(model, world, &plan, probes, probe_count);
	model_assert_converged(model, settled);
	/* Marks go first, then services' moves, then what both kept. */
	for (int i = 0; !settled && i < 2; i++) {
		assert_int_equal(plan_make(&world->wanted, &model->state, &plan, err), 0);
		reach_with(model, world, &plan, probes, probe_count);
	}
	assert_int_equal(plan_make(&world->wanted, &model->state, &plan, err), 0);
	assert_int_equal(plan.count, 0);
	plan_done(&plan);
	return count;
}
