// SPDX-License-Identifier: GPL-2.0-only
/* Whether the maps hold what a catalog says, and nothing else. */
#include "plan_model.h"

#include <arpa/inet.h>

#include "test.h"

static void assert_table(const struct model *model, size_t pool)
{
	const struct wanted_pool *wanted = &model->wanted->pools[pool];
	const struct catalog_pool *catalog_pool = &model->wanted->catalog->pools[pool];
	struct lb_identity identity = wanted_pool_identity(model->wanted->catalog, catalog_pool);
	uint16_t index = state_find(&model->state, LB_IDENTITY_POOL, &identity);
	const struct lb_slot *table = state_table(&model->state, index);

	assert_true(index);
	assert_int_equal(model->state.pools[index].size, catalog_pool->table_size);
	for (uint32_t slot = 0; slot < catalog_pool->table_size; slot++) {
		uint16_t owner = wanted->owners[slot], backend = table[slot].backend;

		assert_int_equal(!owner, !backend);
		if (!owner)
			continue;
		identity =
			wanted_backend_identity(catalog_pool, &catalog_pool->backends[owner - 1]);
		assert_memory_equal(model->state.identities[LB_IDENTITY_BACKEND][backend],
				    &identity, sizeof(identity));
	}
}

static size_t assert_records(const struct model *model, size_t pool)
{
	const struct catalog_pool *catalog_pool = &model->wanted->catalog->pools[pool];

	for (size_t i = 0; i < catalog_pool->backend_count; i++) {
		struct lb_identity identity =
			wanted_backend_identity(catalog_pool, &catalog_pool->backends[i]);
		uint16_t index = state_find(&model->state, LB_IDENTITY_BACKEND, &identity);

		assert_true(index);
		assert_memory_equal(&model->state.backends[index],
				    &model->wanted->pools[pool].records[i],
				    sizeof(struct lb_backend));
	}
	return catalog_pool->backend_count;
}

static size_t count_identities(const struct model *model, enum lb_identity_kind kind)
{
	size_t count = 0;

	for (uint32_t i = 0; i < state_capacity(kind); i++)
		count += !!model->state.identities[kind][i];
	return count;
}

/* The number of different VIP addresses. */
static size_t count_vips(const struct catalog *catalog)
{
	size_t count = 0;

	for (size_t i = 0; i < catalog->service_count; i++) {
		size_t j = 0;

		while (memcmp(&catalog->services[j].address, &catalog->services[i].address, 16))
			j++;
		count += j == i;
	}
	return count;
}

/* Nothing is left of what was: entries, tables and records that are not wanted. */
static void assert_nothing_else(const struct model *model, size_t backends)
{
	static const struct lb_backend no_record;
	static const struct lb_service no_service;
	const struct catalog *catalog = model->wanted->catalog;
	size_t entries = 0, tables = 0, records = 0;

	for (uint32_t i = 0; i < LB_SERVICE_ENTRIES; i++) {
		if (model_entry(model, i)->target.word)
			entries++;
		else
			assert_memory_equal(model_entry(model, i), &no_service, sizeof(no_service));
	}
	for (uint32_t i = 0; i < LB_POOL_ROOM; i++)
		tables += !!model->state.pools[i].size;
	for (uint32_t i = 0; i <= LB_MAX_BACKENDS; i++)
		records += !!memcmp(&model->state.backends[i], &no_record, sizeof(no_record));
	for (uint32_t i = 0; i < LB_POOLS; i++)
		assert_null(model->state.moves[i]);
	for (uint32_t i = 0; i <= LB_MAX_BACKENDS; i++)
		if (!model->state.identities[LB_IDENTITY_BACKEND][i])
			assert_int_equal(model->state.lives[i].number, 0);
	assert_int_equal(entries, catalog->service_count + count_vips(catalog));
	assert_int_equal(tables, catalog->pool_count);
	assert_int_equal(records, backends);
	assert_int_equal(count_identities(model, LB_IDENTITY_SERVICE), catalog->service_count);
	assert_int_equal(count_identities(model, LB_IDENTITY_POOL), catalog->pool_count);
	assert_int_equal(count_identities(model, LB_IDENTITY_BACKEND), backends);
}

void model_assert_converged(const struct model *model, bool settled)
{
	const struct catalog *catalog = model->wanted->catalog;
	size_t backends = 0;

	for (size_t i = 0; i < catalog->pool_count; i++) {
		assert_table(model, i);
		backends += assert_records(model, i);
	}
	for (size_t i = 0; i < model->probe_count; i++) {
		uint64_t word = model_lookup(model, &model->probes[i]);

		if (!model_is_wanted(model, &model->probes[i], word))
			fail_msg("probe %zu finds %#llx after the plan", i,
				 (unsigned long long)word);
	}
	if (settled)
		assert_nothing_else(model, backends);
}
