// SPDX-License-Identifier: GPL-2.0-only
/* What moves: backends that leave, and the timer that looks for what has settled. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "address.h"
#include "balancer_internal.h"

/* How often to look, in seconds: a part of the shortest idle timeout, within bounds. */
#define LOOK_PART    16
#define LOOK_LEAST_S 1
#define LOOK_MOST_S  10

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool is_in_catalog(const struct catalog *catalog, const struct lb_identity *identity)
{
	const struct catalog_pool *pool = catalog_find_pool(catalog, identity->pool);
	const struct catalog_backend *backend =
		pool ? catalog_find_backend(pool, identity->name) : NULL;
	struct lb_identity wanted;

	if (!backend)
		return false;
	wanted = wanted_backend_identity(pool, backend);
	return !memcmp(&wanted, identity, sizeof(wanted));
}

/* The backend at an index, if it is leaving. */
static const struct lb_identity *leaving_at(const struct balancer *balancer,
					    const struct catalog *catalog, uint32_t index)
{
	const struct state *state = datapath_state(balancer->datapath);
	const struct lb_identity *identity = state->identities[LB_IDENTITY_BACKEND][index];

	return identity && !is_in_catalog(catalog, identity) ? identity : NULL;
}

size_t balancer_leaving_addresses(const struct balancer *balancer, const struct catalog *catalog,
				  struct lb_address *out)
{
	size_t count = 0;

	for (uint32_t i = 1; balancer->datapath && i < state_capacity(LB_IDENTITY_BACKEND); i++) {
		const struct lb_identity *identity = leaving_at(balancer, catalog, i);

		if (!identity)
			continue;
		if (out)
			out[count] = identity->address;
		count++;
	}
	return count;
}

size_t balancer_leaving_count(const struct balancer *balancer, const struct catalog *catalog)
{
	return balancer_leaving_addresses(balancer, catalog, NULL);
}

int balancer_set_leaving(struct balancer *balancer, struct build *build, struct err *err)
{
	const struct catalog *catalog = build->wanted.catalog;
	size_t count = balancer_leaving_count(balancer, catalog), at = 0;
	struct wanted_leaving *leaving = calloc(count + 1, sizeof(*leaving));

	if (!leaving)
		return err_set(err, -ENOMEM, "out of memory");
	for (uint32_t i = 1; at < count && i < state_capacity(LB_IDENTITY_BACKEND); i++) {
		const struct lb_identity *identity = leaving_at(balancer, catalog, i);

		if (!identity)
			continue;
		leaving[at].index = i;
		build_leaving_record(&balancer->surroundings, identity, &leaving[at].record);
		build_add_features(build, &leaving[at++].record);
	}
	free(balancer->leaving);
	balancer->leaving = leaving;
	balancer->leaving_count = count;
	build->wanted.leaving = leaving;
	build->wanted.leaving_count = count;
	build->wanted.now_ns = monotonic_ns();
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t now, void *user)
{
	(void)source;
	(void)now;
	balancer_reconcile(user);
	return 0;
}

int balancer_add_timer(struct balancer *balancer, sd_event *event, struct err *err)
{
	int status = sd_event_add_time_relative(event, &balancer->timer, CLOCK_MONOTONIC, 0, 0,
						on_timer, balancer);

	if (status >= 0)
		status = sd_event_source_set_enabled(balancer->timer, SD_EVENT_OFF);
	return status < 0 ? err_set(err, status, "cannot make a timer: %s", strerror(-status)) : 0;
}

static uint64_t interval_us(const struct catalog *catalog)
{
	uint32_t shortest = LOOK_MOST_S * LOOK_PART;

	for (size_t i = 0; i < catalog->pool_count; i++)
		if (catalog->pools[i].idle_timeout_s < shortest)
			shortest = catalog->pools[i].idle_timeout_s;
	shortest /= LOOK_PART;
	return (shortest < LOOK_LEAST_S ? LOOK_LEAST_S : shortest) * 1000000ULL;
}

void balancer_set_timer(struct balancer *balancer, const struct catalog *catalog, bool was_moving)
{
	/* What the last mark kept is taken away by the plan after the one that cleared it. */
	bool moving = was_moving || state_is_moving(datapath_state(balancer->datapath)) ||
		      balancer->leaving_count;
	uint64_t next_us = balancer->out_of_step ? LOOK_LEAST_S * 1000000ULL : 0;

	if (moving && !next_us)
		next_us = interval_us(catalog);
	if (next_us)
		sd_event_source_set_time_relative(balancer->timer, next_us);
	sd_event_source_set_enabled(balancer->timer, next_us ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* Until a mark that was last used at last_s is cleared, if no packet uses it again. */
static json_int_t settles_in_s(uint32_t last_s, uint32_t idle_timeout_s)
{
	int64_t left =
		(int64_t)last_s + idle_timeout_s + 1 - (int64_t)(monotonic_ns() / 1000000000);

	return left > 0 ? left : 0;
}

static uint32_t idle_timeout_of(const struct balancer *balancer, const char *name)
{
	const struct catalog_pool *pool = catalog_find_pool(balancer->catalog, name);

	return pool ? pool->idle_timeout_s : CATALOG_IDLE_TIMEOUT_S;
}

static json_t *moving_pools(const struct balancer *balancer, const struct motion *motion)
{
	const struct state *state = motion->state;
	json_int_t now_s = monotonic_ns() / 1000000000;
	json_t *pools = json_array();

	for (uint32_t i = 1; i < LB_POOLS; i++) {
		const struct motion_pool *pool = &motion->pools[i];
		const struct lb_identity *identity = state->identities[LB_IDENTITY_POOL][i];
		uint32_t last_s = pool->last_s > pool->services_s ? pool->last_s : pool->services_s;

		if (pool->oldest_ns == UINT64_MAX || !identity)
			continue;
		json_array_append_new(
			pools,
			json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "name", identity->name,
				  "table_size", (json_int_t)state->pools[i].size, "moved",
				  (json_int_t)pool->moved, "services", (json_int_t)pool->services,
				  "since_s", now_s - (json_int_t)(pool->oldest_ns / 1000000000),
				  "idle_s", now_s - (json_int_t)last_s, "settles_in_s",
				  settles_in_s(last_s, idle_timeout_of(balancer, identity->name))));
	}
	return pools;
}

void balancer_add_departure(const struct motion *motion, uint16_t index, uint32_t idle_timeout_s,
			    json_t *backend)
{
	bool left = !index || motion_is_left(motion, index);
	uint32_t last_s = left ? 0 : motion_last_s(motion, index);

	json_object_set_new(backend, "old_slots", json_integer(index ? motion->origins[index] : 0));
	json_object_set_new(backend, "left", json_boolean(left));
	json_object_set_new(backend, "settles_in_s",
			    last_s ? json_integer(settles_in_s(last_s, idle_timeout_s))
				   : json_null());
}

static json_t *leaving_backends(const struct balancer *balancer, const struct motion *motion)
{
	json_t *backends = json_array();

	for (size_t i = 0; i < balancer->leaving_count; i++) {
		uint16_t index = balancer->leaving[i].index;
		const struct lb_identity *identity =
			motion->state->identities[LB_IDENTITY_BACKEND][index];
		char address[ADDRESS_TEXT_SIZE];
		json_t *backend;

		if (!identity)
			continue;
		backend =
			json_pack("{s:s, s:s, s:s}", "pool", identity->pool, "name", identity->name,
				  "address", address_format(&identity->address, address));
		balancer_add_departure(motion, index, idle_timeout_of(balancer, identity->pool),
				       backend);
		json_array_append_new(backends, backend);
	}
	return backends;
}

json_t *balancer_motion(const struct balancer *balancer, const struct motion *motion)
{
	return json_pack("{s:o, s:o}", "pools", moving_pools(balancer, motion), "leaving",
			 leaving_backends(balancer, motion));
}
