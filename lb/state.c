// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "table.h"

uint32_t state_capacity(enum lb_identity_kind kind)
{
	switch (kind) {
	case LB_IDENTITY_SERVICE:
		return LB_MAX_SERVICES + 1;
	case LB_IDENTITY_POOL:
		return LB_POOLS;
	case LB_IDENTITY_BACKEND:
		return LB_MAX_BACKENDS + 1;
	}
	return 0;
}

int state_init(struct state *state)
{
	*state = (struct state){0};
	for (int kind = LB_IDENTITY_SERVICE; kind <= LB_IDENTITY_BACKEND; kind++) {
		state->identities[kind] =
			calloc(state_capacity(kind), sizeof(*state->identities[kind]));
		if (!state->identities[kind]) {
			state_done(state);
			return -ENOMEM;
		}
	}
	return 0;
}

void state_done(struct state *state)
{
	for (int kind = LB_IDENTITY_SERVICE; kind <= LB_IDENTITY_BACKEND; kind++) {
		if (!state->identities[kind])
			continue;
		for (uint32_t i = 0; i < state_capacity(kind); i++)
			free(state->identities[kind][i]);
		free(state->identities[kind]);
		state->identities[kind] = NULL;
	}
}

bool state_is_moving(const struct state *state)
{
	for (uint32_t pool = 1; pool < LB_POOLS; pool++)
		if (state->moves[pool])
			return true;
	for (uint32_t i = 0; i < LB_SERVICE_ENTRIES; i++)
		if (state->services[i / LB_SERVICE_BUCKET_SIZE]
			    .entries[i % LB_SERVICE_BUCKET_SIZE]
			    .target.origin)
			return true;
	return false;
}

uint16_t state_find(const struct state *state, enum lb_identity_kind kind,
		    const struct lb_identity *identity)
{
	for (uint32_t i = 1; i < state_capacity(kind); i++) {
		const struct lb_identity *known = state->identities[kind][i];

		if (known && !memcmp(known, identity, sizeof(*known)))
			return i;
	}
	return LB_NONE;
}

struct lb_identity wanted_service_identity(const char *name)
{
	struct lb_identity identity = {0};

	snprintf(identity.name, sizeof(identity.name), "%s", name);
	return identity;
}

struct lb_identity wanted_pool_identity(const struct catalog *catalog,
					const struct catalog_pool *pool)
{
	struct lb_identity identity = wanted_service_identity(pool->name);

	identity.table_size = pool->table_size;
	identity.table_seed = table_hash(catalog->seed, 0);
	return identity;
}

struct lb_identity wanted_backend_identity(const struct catalog_pool *pool,
					   const struct catalog_backend *backend)
{
	struct lb_identity identity = wanted_service_identity(backend->name);

	snprintf(identity.pool, sizeof(identity.pool), "%s", pool->name);
	identity.address = backend->address;
	identity.encapsulation = pool_encapsulation_id(pool);
	return identity;
}

bool features_lean(const struct lb_features *features)
{
	return !(features->any_port | features->affinity_client | features->source_varied |
		 features->many_interfaces | features->track_all | features->not_plain |
		 features->quic | features->frags | features->spread);
}

struct lb_features features_union(const struct lb_features *a, const struct lb_features *b)
{
	struct lb_features both;

	for (size_t i = 0; i < sizeof(both); i++)
		((uint8_t *)&both)[i] = ((const uint8_t *)a)[i] | ((const uint8_t *)b)[i];
	return both;
}
