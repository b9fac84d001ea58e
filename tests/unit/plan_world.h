/* SPDX-License-Identifier: GPL-2.0-only */
/* Catalogs built by hand for the tests of plans, and what is wanted for them. */
#ifndef HAIRPIN_TEST_PLAN_WORLD_H
#define HAIRPIN_TEST_PLAN_WORLD_H

#include "plan_model.h"

struct world {
	struct catalog catalog;
	struct wanted wanted;
	struct wanted_pool *pools;
	unsigned int generation; /* of the next hops: another one is other records */
	enum tracking tracking;  /* of pools that are added; world_new(): TRACKING_NONE */
};

#define WORLD_IDLE_S 60 /* the idle timeout of all pools */

struct world *world_new(const char *seed);
void world_free(struct world *world);

/* Each adds at the end; a backend goes to the last pool. */
void world_add_pool(struct world *world, const char *name, uint32_t table_size);
void world_add_backend(struct world *world, const char *name, uint32_t address, uint16_t weight);
void world_add_service(struct world *world, const char *name, const struct lb_service_key *key,
		       uint32_t pool, enum affinity affinity);

/* world_finish(): after the last addition: tables and records. */
void world_finish(struct world *world);

/* world_key(): of an IPv4 address in host order. */
struct lb_service_key world_key(uint32_t address, uint16_t port, uint8_t protocol);

/* world_key_in(): a key with this first and second bucket; nonce tells such keys apart. */
struct lb_service_key world_key_in(uint32_t first, uint32_t second, uint32_t nonce);

/*
 * world_reach(): plans for world, applies the plan and checks that it leads there and that nothing
 * is left to do. Returns the number of operations, or a negative errno of plan_make() with err.
 */
int world_reach(struct model *model, const struct world *world, struct probe *probes,
		size_t probe_count, struct err *err);

#endif
