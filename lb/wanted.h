/* SPDX-License-Identifier: GPL-2.0-only */
/* Catalog, next hops and config -> what should be in the maps. */
#ifndef HAIRPIN_WANTED_H
#define HAIRPIN_WANTED_H

#include "config.h"
#include "nexthop.h"
#include "plan.h"

/* A built table. Shared by successive builds while what it is made from stays the same. */
struct pool_table {
	unsigned int references;
	uint64_t inputs; /* digest of what it is made from */
	uint64_t digest; /* of who owns which slot: table_digest() */
	uint32_t size;
	uint32_t *slots; /* number of slots of each backend of the pool */
	uint16_t *owners;
	bool live; /* is what the maps have */
};

struct build {
	struct wanted wanted; /* borrows the catalog */
	struct wanted_pool *pools;
	struct lb_backend **records; /* by pool and backend */
	struct pool_table **tables;  /* by pool */
	struct lb_features features;
};

/* Whose next hops count, and how backends are reached. */
struct surroundings {
	const struct config *config;
	const struct nexthop_table *nexthops;
};

/*
 * build_new(): previous (may be NULL) lends its tables. Returns NULL when memory runs out.
 * The catalog has to outlive the build.
 */
struct build *build_new(const struct catalog *catalog, const struct surroundings *surroundings,
			const struct build *previous);
void build_free(struct build *build); /* NULL is fine */

/* build_add_features(): what a record needs of the program; a next hop behind a VLAN needs more, and
 * the backends that are leaving are in no catalog. */
void build_add_features(struct build *build, const struct lb_backend *record);

/* build_refresh_records(): records and features, after next hops changed. */
void build_refresh_records(struct build *build, const struct surroundings *surroundings);

/* build_leaving_record(): the record of a backend that is in no catalog any more. */
void build_leaving_record(const struct surroundings *surroundings,
			  const struct lb_identity *identity, struct lb_backend *record);

/* build_mark_tables(): whether the maps have all tables of build. */
void build_mark_tables(struct build *build, bool live);

/*
 * backend_obstacle(): why nothing can be sent to a backend now by this encapsulation (an id, see
 * pool_encapsulation_id()), in words (in buffer); NULL when nothing is in the way.
 */
const char *backend_obstacle(const struct surroundings *surroundings, uint32_t encapsulation,
			     const struct catalog_backend *backend, char *buffer, size_t size);

#endif
