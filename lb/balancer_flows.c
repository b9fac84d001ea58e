// SPDX-License-Identifier: GPL-2.0-only
/* The flows that are stored: as JSON, and away with them. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "address.h"
#include "balancer_internal.h"

#define MOST_LISTED 1000

struct listing {
	const struct state *state;
	const char *pool; /* NULL: all */
	bool flush;
	json_t *flows;
	json_int_t established, half_open;
	uint64_t now_ns;
};

/* The pool and name of the backend that a flow is on; NULL: that is not there any more. */
static const struct lb_identity *backend_of(const struct listing *listing,
					    const struct lb_flow *flow)
{
	const struct lb_identity *identity =
		listing->state->identities[LB_IDENTITY_BACKEND][flow->backend];

	if (!identity || listing->state->lives[flow->backend].number != flow->life)
		return NULL;
	return identity;
}

static void list_flow(struct listing *listing, bool half_open, const struct lb_flow_key *key,
		      const struct lb_flow *flow, const struct lb_identity *backend)
{
	char client[ADDRESS_TEXT_SIZE], vip[ADDRESS_TEXT_SIZE];
	uint16_t ports[2];

	if (json_array_size(listing->flows) == MOST_LISTED)
		return;
	memcpy(ports, &key->ports, sizeof(ports));
	json_array_append_new(
		listing->flows,
		json_pack("{s:s, s:s, s:i, s:s, s:i, s:s, s:s, s:s, s:I, s:I}", "protocol",
			  key->protocol == IPPROTO_TCP ? "tcp" : "udp", "client",
			  address_format(&key->source, client), "client_port", ntohs(ports[0]),
			  "address", address_format(&key->destination, vip), "port",
			  ntohs(ports[1]), "pool", backend->pool, "backend", backend->name, "state",
			  flow->closed ? "closed"
			  : half_open  ? "half-open"
				       : "open",
			  "age_s", (json_int_t)((listing->now_ns - flow->stored_ns) / 1000000000),
			  "seen_s", (json_int_t)(listing->now_ns / 1000000000) - flow->seen_s));
}

static bool on_flow(void *user, bool half_open, const struct lb_flow_key *key,
		    const struct lb_flow *flow)
{
	struct listing *listing = user;
	const struct lb_identity *backend = backend_of(listing, flow);

	if (!backend)
		return listing->flush && !listing->pool;
	if (listing->pool && strcmp(listing->pool, backend->pool) != 0)
		return false;
	if (half_open)
		listing->half_open++;
	else
		listing->established++;
	if (!listing->flush)
		list_flow(listing, half_open, key, flow, backend);
	return listing->flush;
}

static json_t *walk(struct balancer *balancer, const char *pool, bool flush, struct err *err)
{
	struct listing listing = {
		.state = datapath_state(balancer->datapath),
		.pool = pool,
		.flush = flush,
		.flows = json_array(),
	};
	struct timespec now;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &now);
	listing.now_ns = (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	status = datapath_each_flow(balancer->datapath, on_flow, &listing);
	if (status) {
		json_decref(listing.flows);
		err_set(err, status, "cannot read the stored flows: %s", strerror(-status));
		return NULL;
	}
	return json_pack("{s:I, s:I, s:o}", "established", listing.established, "half_open",
			 listing.half_open, "flows", listing.flows);
}

json_t *balancer_flows(struct balancer *balancer, const char *pool, struct err *err)
{
	return walk(balancer, pool, false, err);
}

json_t *balancer_flush(struct balancer *balancer, const char *pool, struct err *err)
{
	return walk(balancer, pool, true, err);
}
