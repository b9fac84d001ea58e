// SPDX-License-Identifier: GPL-2.0-only
/* Which backend a QUIC connection id names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balancer_internal.h"

static bool has_quic(const struct catalog *catalog, size_t pool)
{
	for (size_t i = 0; i < catalog->service_count; i++)
		if (catalog->services[i].pool == pool && catalog->services[i].quic.server_id_length)
			return true;
	return false;
}

/* The servers of one pool; a backend that is down has no life, and is left out. */
static size_t add_pool(const struct state *state, const struct catalog *catalog, size_t at,
		       struct quic_server *out)
{
	const struct catalog_pool *pool = &catalog->pools[at];
	struct lb_identity identity = wanted_pool_identity(catalog, pool);
	uint16_t index = state_find(state, LB_IDENTITY_POOL, &identity);
	size_t count = 0;

	for (size_t i = 0; i < pool->backend_count; i++) {
		const struct catalog_backend *backend = &pool->backends[i];
		struct quic_server *server = &out[count];

		identity = wanted_backend_identity(pool, backend);
		*server = (struct quic_server){
			.key = {.pool = index, .length = backend->server_id_length},
			.server.backend = state_find(state, LB_IDENTITY_BACKEND, &identity),
		};
		server->server.life = state->lives[server->server.backend].number;
		memcpy(server->key.id, backend->server_id, backend->server_id_length);
		if (backend->server_id_length && server->server.backend && server->server.life)
			count++;
	}
	return count;
}

int balancer_set_quic(struct balancer *balancer, const struct catalog *catalog, struct err *err)
{
	const struct state *state = datapath_state(balancer->datapath);
	struct quic_server *servers;
	size_t count = 0, room = 1;
	int status;

	for (size_t i = 0; i < catalog->pool_count; i++)
		room += catalog->pools[i].backend_count;
	servers = calloc(room, sizeof(*servers));
	if (!servers)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < catalog->pool_count; i++)
		if (has_quic(catalog, i))
			count += add_pool(state, catalog, i, servers + count);
	status = datapath_set_quic(balancer->datapath, servers, count, err);
	free(servers);
	return status;
}
