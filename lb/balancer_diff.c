// SPDX-License-Identifier: GPL-2.0-only
/* What a candidate would change against the catalog in force, in names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "balancer_internal.h"
#include "catalog_changes.h"

struct change_lists {
	json_t *added, *removed, *changed;
};

static json_t *change_lists_json(struct change_lists *lists)
{
	return json_pack("{s:o, s:o, s:o}", "added", lists->added, "removed", lists->removed,
			 "changed", lists->changed);
}

static struct change_lists change_lists_new(void)
{
	return (struct change_lists){json_array(), json_array(), json_array()};
}

static json_t *diff_services(const struct catalog *old, const struct catalog *new)
{
	struct change_lists lists = change_lists_new();

	for (size_t i = 0; i < new->service_count; i++) {
		const struct catalog_service *service = &new->services[i];
		const struct catalog_service *before = catalog_find_service(old, service->name);

		if (!before)
			json_array_append_new(lists.added, json_string(service->name));
		else if (!catalog_service_equal(old, before, new, service))
			json_array_append_new(lists.changed, json_string(service->name));
	}
	for (size_t i = 0; i < old->service_count; i++)
		if (!catalog_find_service(new, old->services[i].name))
			json_array_append_new(lists.removed, json_string(old->services[i].name));
	return change_lists_json(&lists);
}

/* Appends "pool/backend" of those in a pool of catalog that other lacks, or has otherwise. */
static void compare_pool(const struct catalog_pool *pool, const struct catalog_pool *other,
			 json_t *missing, json_t *changed)
{
	for (size_t i = 0; i < pool->backend_count; i++) {
		const struct catalog_backend *backend = &pool->backends[i];
		const struct catalog_backend *twin =
			other ? catalog_find_backend(other, backend->name) : NULL;
		json_t *list = !twin                                  ? missing
			       : catalog_backend_equal(backend, twin) ? NULL
								      : changed;

		if (list)
			json_array_append_new(list,
					      json_sprintf("%s/%s", pool->name, backend->name));
	}
}

static json_t *diff_backends(const struct catalog *old, const struct catalog *new)
{
	struct change_lists lists = change_lists_new();
	json_t *seen = json_array(); /* those changed, which the first pass has listed */

	for (size_t i = 0; i < new->pool_count; i++)
		compare_pool(&new->pools[i], catalog_find_pool(old, new->pools[i].name),
			     lists.added, lists.changed);
	for (size_t i = 0; i < old->pool_count; i++)
		compare_pool(&old->pools[i], catalog_find_pool(new, old->pools[i].name),
			     lists.removed, seen);
	json_decref(seen);
	return change_lists_json(&lists);
}

/* Slots of a pool that would lead to another backend than the one in force. */
static uint32_t moved_slots(const struct balancer *balancer, const struct catalog_pool *old,
			    const struct build *candidate, size_t pool)
{
	const struct catalog_pool *new = &candidate->wanted.catalog->pools[pool];
	const struct pool_table *after = candidate->tables[pool];
	const struct pool_table *before =
		old ? balancer->build->tables[old - balancer->catalog->pools] : NULL;
	uint32_t moved = 0;

	if (before == after)
		return 0;
	if (!before || before->size != after->size ||
	    pool_encapsulation_id(old) != pool_encapsulation_id(new) ||
	    strcmp(balancer->catalog->seed, candidate->wanted.catalog->seed))
		return after->size;
	for (uint32_t slot = 0; slot < after->size; slot++) {
		uint16_t from = before->owners[slot], to = after->owners[slot];

		if (!from || !to)
			moved += from != to;
		else
			moved += strcmp(old->backends[from - 1].name, new->backends[to - 1].name) ||
				 !address_equal(&old->backends[from - 1].address,
						&new->backends[to - 1].address);
	}
	return moved;
}

static json_t *diff_pools(const struct balancer *balancer, const struct build *candidate)
{
	const struct catalog *new = candidate->wanted.catalog;
	json_t *pools = json_object();

	for (size_t i = 0; i < new->pool_count; i++) {
		const struct catalog_pool *old =
			catalog_find_pool(balancer->catalog, new->pools[i].name);
		uint32_t size = new->pools[i].table_size;
		uint32_t moved = moved_slots(balancer, old, candidate, i);

		if (!old || moved)
			json_object_set_new(pools, new->pools[i].name,
					    json_pack("{s:I, s:I, s:f}", "slots", (json_int_t)size,
						      "moved", (json_int_t)moved, "moved_share",
						      (double)moved / size));
	}
	for (size_t i = 0; i < balancer->catalog->pool_count; i++) {
		const struct catalog_pool *old = &balancer->catalog->pools[i];

		if (!catalog_find_pool(new, old->name))
			json_object_set_new(pools, old->name,
					    json_pack("{s:i, s:I, s:f}", "slots", 0, "moved",
						      (json_int_t)old->table_size, "moved_share",
						      1.0));
	}
	return pools;
}

json_t *balancer_diff(const struct balancer *balancer, const struct build *candidate)
{
	const struct catalog *new = candidate->wanted.catalog;

	return json_pack("{s:o, s:o, s:o, s:o}", "pools", diff_pools(balancer, candidate),
			 "services", diff_services(balancer->catalog, new), "backends",
			 diff_backends(balancer->catalog, new), "keys",
			 catalog_changes(balancer->catalog, new));
}
