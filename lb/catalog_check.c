// SPDX-License-Identifier: GPL-2.0-only
/* What only shows between the rows of a catalog. Sorted once, so that no check is quadratic. */
#include "catalog_draft.h"

#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "xalloc.h"

#define BIT(n) (1u << (n))

/* What must not come twice, and whose it is. */
struct identity {
	struct lb_address address;
	uint8_t protocol;
	uint16_t port;
	const char *name;
	size_t index; /* in the order of the text */
};

static int identity_compare_key(const struct identity *a, const struct identity *b)
{
	int order = memcmp(&a->address, &b->address, sizeof(a->address));

	if (order)
		return order;
	return a->protocol != b->protocol ? a->protocol - b->protocol : a->port - b->port;
}

static int identity_compare(const void *left, const void *right)
{
	const struct identity *a = left, *b = right;
	int order = identity_compare_key(a, b);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static void identity_sort(struct identity *identities, size_t count)
{
	if (count)
		qsort(identities, count, sizeof(*identities), identity_compare);
}

/* The first service of the text that has this address; NULL if none has. vips are sorted. */
static const struct identity *find_vip(const struct identity *vips, size_t count,
				       const struct lb_address *address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(&vips[middle].address, address, sizeof(*address)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && memcmp(&vips[low].address, address, sizeof(*address)) == 0
		       ? &vips[low]
		       : NULL;
}

static void check_limit(struct report *report, const char *key, size_t count, size_t limit,
			const char *what)
{
	struct at at = {.key = key};

	if (count > limit)
		report_add(report, &at, "%zu %s; at most %zu can be served", count, what, limit);
}

static void check_limits(const struct draft *draft, struct report *report)
{
	size_t backends = 0;

	for (size_t i = 0; i < draft->pool_count; i++)
		backends += draft->pools[i].backend_count;
	check_limit(report, "services", draft->service_count, LB_MAX_SERVICES, "services");
	check_limit(report, "pools", draft->pool_count, LB_MAX_POOLS, "pools");
	check_limit(report, "pools", backends, LB_MAX_BACKENDS, "backends in all pools");
}

static void check_services(const struct draft *draft, struct report *report)
{
	const unsigned int wanted =
		BIT(SERVICE_ADDRESS) | BIT(SERVICE_PROTOCOL) | BIT(SERVICE_PORT);
	const struct at services = {.key = "services"};
	struct identity *seen = xcalloc(draft->service_count, sizeof(*seen));
	const struct identity *first = seen;
	char name[QUOTE_SIZE];
	size_t count = 0;

	for (size_t i = 0; i < draft->service_count; i++) {
		const struct service_row *row = &draft->services[i];

		if ((row->read & wanted) == wanted)
			seen[count++] =
				(struct identity){row->service.address, row->service.protocol,
						  row->service.port, row->name, i};
	}
	identity_sort(seen, count);
	for (size_t i = 1; i < count; i++) {
		struct at at = {.up = &services, .key = seen[i].name};

		if (identity_compare_key(first, &seen[i]) == 0)
			report_add(report, &at, "has the address, protocol and port of service %s",
				   quote_text(first->name, name));
		else
			first = &seen[i];
	}
	free(seen);
}

static void add_missing_pool(const struct draft *draft, struct report *report, const struct at *at,
			     const char *name)
{
	const char *names[LB_MAX_POOLS];
	const char *nearest = NULL;
	char text[QUOTE_SIZE], other[QUOTE_SIZE];
	size_t count = 0;

	/* to look for the nearest of many names for each of many services could take minutes */
	if (report->count < 100) {
		for (; count < draft->pool_count && count < LB_MAX_POOLS; count++)
			names[count] = draft->pools[count].name;
		nearest = quote_nearest(name, names, count);
	}
	if (nearest)
		report_add(report, at, "there is no pool %s; did you mean %s?",
			   quote_text(name, text), quote_text(nearest, other));
	else
		report_add(report, at, "there is no pool %s", quote_text(name, text));
}

static void check_service_pools(const struct draft *draft, struct report *report)
{
	const struct at services = {.key = "services"};
	json_t *pools = json_object_get(draft->json, "pools");

	/* without pools every service would be wrong, which would only hide the one real error */
	if (!(draft->read & BIT(TOP_POOLS)))
		return;
	for (size_t i = 0; i < draft->service_count; i++) {
		const struct service_row *row = &draft->services[i];
		struct at service = {.up = &services, .key = row->name};
		struct at at = {.up = &service, .key = "pool"};

		if ((row->read & BIT(SERVICE_POOL)) && !json_object_get(pools, row->pool))
			add_missing_pool(draft, report, &at, row->pool);
	}
}

static void check_pool(const struct pool_row *pool, struct report *report,
		       const struct identity *vips, size_t vip_count)
{
	const struct at top = {.key = "pools"};
	const struct at pool_at = {.up = &top, .key = pool->name};
	const struct at backends = {.up = &pool_at, .key = "backends"};
	struct identity *seen = xcalloc(pool->backend_count, sizeof(*seen));
	const struct identity *first = seen;
	char name[QUOTE_SIZE];
	size_t count = 0;

	for (size_t i = 0; i < pool->backend_count; i++) {
		const struct backend_row *row = &pool->backends[i];

		if (row->read & BIT(BACKEND_ADDRESS))
			seen[count++] = (struct identity){
				.address = row->backend.address, .name = row->name, .index = i};
	}
	identity_sort(seen, count);
	for (size_t i = 0; i < count; i++) {
		struct at backend = {.up = &backends, .key = seen[i].name};
		struct at at = {.up = &backend, .key = "address"};
		const struct identity *vip = find_vip(vips, vip_count, &seen[i].address);

		if (vip)
			report_add(report, &at, "is also the address of service %s",
				   quote_text(vip->name, name));
		if (i > 0 && identity_compare_key(first, &seen[i]) == 0)
			report_add(report, &at, "is also the address of backend %s",
				   quote_text(first->name, name));
		else
			first = &seen[i];
	}
	free(seen);
}

static void check_vni(const struct pool_row *pool, struct report *report)
{
	const struct at top = {.key = "pools"};
	const struct at pool_at = {.up = &top, .key = pool->name};
	const struct at at = {.up = &pool_at, .key = "vni"};
	enum encapsulation encapsulation = pool->pool.encapsulation;

	if (encapsulation == ENCAPSULATION_VXLAN && !pool->has_vni)
		report_add(report, &at, "is missing (0-%d, for encapsulation \"vxlan\")",
			   CATALOG_VNI_MAX);
	if (encapsulation && encapsulation != ENCAPSULATION_VXLAN && pool->has_vni)
		report_add(report, &at, "is only for encapsulation \"vxlan\", not \"%s\"",
			   encapsulation_name(encapsulation));
}

static void check_pools(const struct draft *draft, struct report *report)
{
	struct identity *vips = xcalloc(draft->service_count, sizeof(*vips));
	size_t count = 0;

	for (size_t i = 0; i < draft->service_count; i++) {
		const struct service_row *row = &draft->services[i];

		if (row->read & BIT(SERVICE_ADDRESS))
			vips[count++] = (struct identity){
				.address = row->service.address, .name = row->name, .index = i};
	}
	identity_sort(vips, count);
	for (size_t i = 0; i < draft->pool_count; i++) {
		check_pool(&draft->pools[i], report, vips, count);
		check_vni(&draft->pools[i], report);
	}
	free(vips);
}

void draft_check(const struct draft *draft, struct report *report)
{
	check_limits(draft, report);
	check_services(draft, report);
	check_service_pools(draft, report);
	check_pools(draft, report);
	draft_check_quic(draft, report);
}
