// SPDX-License-Identifier: GPL-2.0-only
#include "plan_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"

/* A copy of the map as it will be when the plan so far has been applied. */
struct filler {
	struct lb_service *entries; /* LB_SERVICE_ENTRIES */
	bool *wanted;               /* of each entry */
	struct plan *plan;
	struct maker *maker;
};

#define NOWHERE   UINT32_MAX
#define MAX_KICKS 8 /* moves on the way to a free place; a filled quarter hardly ever needs one */

static void buckets_of(const struct lb_service_key *key, uint32_t buckets[2])
{
	uint64_t hash = hash_service(key);

	buckets[0] = hash_first_bucket(hash);
	buckets[1] = hash_second_bucket(hash);
}

static uint32_t find_entry(const struct lb_service *entries, const struct lb_service_key *key)
{
	uint32_t buckets[2];

	buckets_of(key, buckets);
	for (int i = 0; i < 2 * LB_SERVICE_BUCKET_SIZE; i++) {
		uint32_t at = buckets[i / LB_SERVICE_BUCKET_SIZE] * LB_SERVICE_BUCKET_SIZE +
			      i % LB_SERVICE_BUCKET_SIZE;

		if (entries[at].target.word && !memcmp(&entries[at].key, key, sizeof(*key)))
			return at;
	}
	return NOWHERE;
}

static uint32_t filler_find(const struct filler *filler, const struct lb_service_key *key)
{
	return find_entry(filler->entries, key);
}

static uint32_t free_entry(const struct filler *filler, uint32_t bucket)
{
	for (uint32_t i = 0; i < LB_SERVICE_BUCKET_SIZE; i++)
		if (!filler->entries[bucket * LB_SERVICE_BUCKET_SIZE + i].target.word)
			return bucket * LB_SERVICE_BUCKET_SIZE + i;
	return NOWHERE;
}

static int filler_write(struct filler *filler, uint32_t at, const struct lb_service *service)
{
	filler->entries[at] = *service;
	return plan_add(filler->plan,
			(struct plan_op){.kind = PLAN_SERVICE, .index = at, .service = *service});
}

static int filler_grace(struct filler *filler)
{
	return plan_add(filler->plan, (struct plan_op){.kind = PLAN_GRACE});
}

/*
 * The tenant is found at one of its places at any moment: it is written at the new one before it
 * goes from the old one, and a packet that looked at the new place too early still sees the old one
 * until the grace is over.
 */
static int filler_move(struct filler *filler, uint32_t from, uint32_t to)
{
	static const struct lb_service empty;
	struct lb_service tenant = filler->entries[from];

	filler->wanted[to] = filler->wanted[from];
	filler->wanted[from] = false;
	return filler_write(filler, to, &tenant) ?: filler_grace(filler)
						 ?: filler_write(filler, from, &empty)
						 ?: filler_grace(filler);
}

static uint32_t other_bucket(const struct lb_service_key *key, uint32_t bucket)
{
	uint32_t buckets[2];

	buckets_of(key, buckets);
	return buckets[0] == bucket ? buckets[1] : buckets[0];
}

/*
 * *at is a free entry of bucket. With depth left, one is freed by moving its tenant to the tenant's
 * other bucket, which may have to be freed first. Returns 0, -ENOSPC or -ENOMEM.
 */
static int make_room(struct filler *filler, uint32_t bucket, int depth, uint32_t *at)
{
	*at = free_entry(filler, bucket);
	if (*at != NOWHERE)
		return 0;
	for (uint32_t i = 0; depth && i < LB_SERVICE_BUCKET_SIZE; i++) {
		uint32_t from = bucket * LB_SERVICE_BUCKET_SIZE + i, to;
		uint32_t other = other_bucket(&filler->entries[from].key, bucket);
		int status = make_room(filler, other, depth - 1, &to);

		if (status == -ENOSPC)
			continue;
		*at = from;
		return status ?: filler_move(filler, from, to);
	}
	return -ENOSPC;
}

/* The shortest way to a place is found first, so that no way crosses itself. */
static int place_for(struct filler *filler, const struct lb_service_key *key, uint32_t *at)
{
	int status = -ENOSPC;
	uint32_t buckets[2];

	buckets_of(key, buckets);
	for (int i = 0; status == -ENOSPC && i < 2 * (MAX_KICKS + 1); i++)
		status = make_room(filler, buckets[i % 2], i / 2, at);
	return status;
}

static int filler_put(struct filler *filler, const struct lb_service *service, const char *name,
		      struct err *err)
{
	uint32_t at = filler_find(filler, &service->key);
	int status = at == NOWHERE ? place_for(filler, &service->key, &at) : 0;

	if (status == -ENOSPC)
		return err_set(err, status, "services.%s: no room in the services map", name);
	if (status)
		return status;
	filler->wanted[at] = true;
	if (!memcmp(&filler->entries[at], service, sizeof(*service)))
		return 0;
	return filler_write(filler, at, service);
}

/*
 * Whether a service's move is over. Not while slots of its pool are marked: flows that came with the service
 * and are not stored may live on such a slot's backend, and would be taken for older ones than its mark.
 */
static bool is_idle(const struct maker *maker, const struct catalog_service *service, uint16_t pool,
		    const struct lb_service_move *move)
{
	uint32_t last = move->last_s > move->changed_s ? move->last_s : move->changed_s;
	uint32_t timeout = maker->wanted->catalog->pools[service->pool].idle_timeout_s;

	return maker_now_s(maker) > last + timeout && !maker->marked[pool];
}

/*
 * The origin of a live entry's flows, when target is its next target: the pool that it had before the
 * first move since all was settled. Sets what is known of the move; false: there is no origin.
 */
static bool find_origin(struct maker *maker, const struct catalog_service *service,
			union lb_service_target live, union lb_service_target *target,
			struct lb_service_move *move)
{
	const uint16_t client = LB_SERVICE_AFFINITY_CLIENT;
	bool moves = live.pool != target->pool || (live.flags ^ target->flags) & client;

	*move = maker->state->service_moves[live.service];
	if (live.origin) {
		if (!moves && is_idle(maker, service, live.pool, move)) {
			maker->cleared = true;
			return false;
		}
		target->origin = live.origin;
		target->flags |= live.flags & LB_SERVICE_ORIGIN_CLIENT;
		if (moves)
			move->changed_s = maker_now_s(maker);
		return true;
	}
	if (!moves || maker->wanted->catalog->pools[service->pool].tracking == TRACKING_NONE)
		return false;
	target->origin = live.pool;
	if (live.flags & client)
		target->flags |= LB_SERVICE_ORIGIN_CLIENT;
	*move = (struct lb_service_move){
		.since_ns = maker->wanted->now_ns,
		.changed_s = maker_now_s(maker),
		.last_s = maker_now_s(maker),
	};
	return true;
}

static void refer(struct maker *maker, uint16_t pool, uint64_t since_ns)
{
	maker->referred[pool] = true;
	if (pool && since_ns < maker->oldest_ns[pool])
		maker->oldest_ns[pool] = since_ns;
}

/* What is known of a move is written before the entry that makes packets look at it; live: the service
 * that the entry is of now. */
static int put_move(struct maker *maker, uint16_t service, uint16_t live_service,
		    const struct lb_service_move *move)
{
	const struct lb_service_move *live = &maker->state->service_moves[service];
	struct plan_op op = {.kind = PLAN_SERVICE_MOVE, .index = service, .service_move = *move};
	int status = plan_remember(maker);

	/* The program writes last_s: it is ours to write only when the move is new, or another
	 * service's, which packets write until the entry changes. */
	if (service != live_service)
		op.service_move.last_s = maker_now_s(maker);
	else if (live->since_ns == move->since_ns && live->changed_s == move->changed_s)
		return status;
	return status ?: plan_add(maker->plan, op);
}

/* Packets write the move of the service that the entry is of now. entry: without the origin; or none. */
static int clear_origin(struct filler *filler, uint32_t at, const struct lb_service *entry,
			const struct lb_service_move *move)
{
	union lb_service_target live = filler->entries[at].target;

	refer(filler->maker, live.pool, move->since_ns);
	refer(filler->maker, live.origin, move->since_ns);
	filler->wanted[at] = true;
	filler->entries[at] = *entry;
	return plan_add(filler->plan, (struct plan_op){.kind = PLAN_SERVICE,
						       .index = at,
						       .clears = true,
						       .last_s = move->last_s,
						       .service = *entry});
}

static uint16_t service_flags(const struct catalog_service *service)
{
	const struct catalog_quic *quic = &service->quic;
	uint16_t flags = LB_SERVICE_USED;

	if (service->affinity == AFFINITY_CLIENT)
		flags |= LB_SERVICE_AFFINITY_CLIENT;
	if (quic->server_id_length)
		flags |= LB_SERVICE_QUIC | quic->config << LB_QUIC_CONFIG_SHIFT |
			 quic->server_id_length << LB_QUIC_SERVER_ID_SHIFT |
			 (quic->nonce_length - LB_QUIC_NONCE_MIN) << LB_QUIC_NONCE_SHIFT;
	return flags;
}

static uint32_t find_any_port(const struct filler *filler, struct lb_service_key key)
{
	key.port = 0;
	return filler_find(filler, &key);
}

static int put_service(struct filler *filler, const struct catalog_service *service, uint16_t index,
		       uint16_t pool, struct err *err)
{
	struct lb_service entry = {
		.key = {.address = service->address,
			.port = htons(service->port),
			.protocol = service->protocol},
		.target = {.service = index, .flags = service_flags(service), .pool = pool},
	};
	struct lb_service vip = {
		.key.address = service->address,
		.target.flags = LB_SERVICE_USED | LB_SERVICE_VIP,
	};
	uint32_t at = filler_find(filler, &entry.key);
	/* A new exact port takes over what flows "any port" has there. */
	uint32_t from = at == NOWHERE ? find_any_port(filler, entry.key) : at;
	struct lb_service_move move = {.since_ns = UINT64_MAX};
	int status = 0;

	if (from != NOWHERE &&
	    find_origin(filler->maker, service, filler->entries[from].target, &entry.target, &move))
		status =
			put_move(filler->maker, index, filler->entries[from].target.service, &move);
	else if (at != NOWHERE && filler->entries[at].target.origin)
		return clear_origin(filler, at, &entry, &move)
			       ?: filler_put(filler, &vip, service->name, err);
	else
		move.since_ns = UINT64_MAX;
	refer(filler->maker, pool, move.since_ns);
	refer(filler->maker, entry.target.origin, move.since_ns);
	return status ?: filler_put(filler, &entry, service->name, err)
		      ?: filler_put(filler, &vip, service->name, err);
}

/*
 * Exact ports before "any port": a packet looks for its exact port first, and would otherwise meet
 * a changed "any port" before the new exact one.
 */
static int put_services(struct filler *filler, bool any_port)
{
	const struct maker *maker = filler->maker;
	const struct catalog *catalog = maker->wanted->catalog;
	int status = 0;

	for (size_t i = 0; !status && i < catalog->service_count; i++)
		if (!catalog->services[i].port == any_port)
			status = put_service(filler, &catalog->services[i], maker->services[i],
					     maker->pools[catalog->services[i].pool], maker->err);
	return status;
}

/* Waits for the packets that may have missed, or still hold, what was written since the last wait.
 */
static int settle(struct filler *filler)
{
	const struct plan *plan = filler->plan;

	if (!plan->count || plan->ops[plan->count - 1].kind != PLAN_SERVICE)
		return 0;
	return filler_grace(filler);
}

/* The service of the catalog that takes any port of an address and protocol. */
static const struct catalog_service *any_port_of(const struct maker *maker,
						 const struct lb_service_key *key)
{
	const struct catalog *catalog = maker->wanted->catalog;

	for (size_t i = 0; i < catalog->service_count; i++)
		if (!catalog->services[i].port && catalog->services[i].protocol == key->protocol &&
		    !memcmp(&catalog->services[i].address, &key->address, sizeof(key->address)))
			return &catalog->services[i];
	return NULL;
}

/* Whether flows to "any port" of an address may be on another pool's table, where those of an exact port
 * never were: before this plan, as its origin may be cleared too late, or after it. */
static bool any_port_moves(const struct filler *filler, struct lb_service_key key)
{
	const struct lb_service *live = (const void *)filler->maker->state->services;
	uint32_t before, after;

	key.port = 0;
	before = find_entry(live, &key);
	after = find_entry(filler->entries, &key);
	return (before != NOWHERE && live[before].target.origin) ||
	       (after != NOWHERE && filler->entries[after].target.origin);
}

/*
 * The entry of an exact port that is not wanted any more, where "any port" follows: while flows may
 * live on the pool that it had, it stays, with that as the origin and the pool of "any port", and keeps
 * its index, which is that of the move. While "any port" moves it stays in any case. Not if the index has
 * another port now.
 */
static int leave_to_any_port(struct filler *filler, uint32_t at)
{
	static const struct lb_service empty;
	struct maker *maker = filler->maker;
	struct lb_service entry = filler->entries[at];
	union lb_service_target live = entry.target;
	const struct catalog_service *any = any_port_of(maker, &entry.key);
	const bool moves = any_port_moves(filler, entry.key);
	struct lb_service_move move;
	int status;

	if (!any || maker->kept[LB_IDENTITY_SERVICE][live.service])
		return 0;
	entry.target = (union lb_service_target){
		.service = live.service,
		.flags = service_flags(any),
		.pool = maker->pools[any->pool],
	};
	if (find_origin(maker, any, live, &entry.target, &move)) {
		status = put_move(maker, live.service, live.service, &move);
		refer(maker, entry.target.pool, move.since_ns);
		refer(maker, entry.target.origin, move.since_ns);
		status = status ?: filler_put(filler, &entry, any->name, maker->err);
	} else if (live.origin) {
		status = clear_origin(filler, at, moves ? &entry : &empty, &move);
	} else if (moves) {
		refer(maker, entry.target.pool, UINT64_MAX);
		status = filler_put(filler, &entry, any->name, maker->err);
	} else {
		return 0;
	}
	maker->kept[LB_IDENTITY_SERVICE][live.service] = true;
	return status;
}

static int leave_to_any_ports(struct filler *filler)
{
	int status = 0;

	for (uint32_t at = 0; !status && at < LB_SERVICE_ENTRIES; at++)
		if (filler->entries[at].target.word && !filler->wanted[at] &&
		    filler->entries[at].key.port)
			status = leave_to_any_port(filler, at);
	return status;
}

static int empty_unwanted(struct filler *filler, bool any_port)
{
	static const struct lb_service empty;
	int status = 0;

	for (uint32_t at = 0; !status && at < LB_SERVICE_ENTRIES; at++)
		if (filler->entries[at].target.word && !filler->wanted[at] &&
		    !filler->entries[at].key.port == any_port)
			status = filler_write(filler, at, &empty);
	return status;
}

/* A daemon that died while it moved an entry left it at two places; packets find the first. */
static int empty_doubles(struct filler *filler)
{
	static const struct lb_service empty;
	int status = 0;

	for (uint32_t at = 0; !status && at < LB_SERVICE_ENTRIES; at++)
		if (filler->entries[at].target.word &&
		    filler_find(filler, &filler->entries[at].key) != at)
			status = filler_write(filler, at, &empty);
	return status;
}

int plan_services(struct maker *maker)
{
	size_t bytes = LB_SERVICE_ENTRIES * sizeof(struct lb_service);
	struct filler filler = {
		.entries = malloc(bytes),
		.wanted = calloc(LB_SERVICE_ENTRIES, sizeof(bool)),
		.plan = maker->plan,
		.maker = maker,
	};
	int status = filler.entries && filler.wanted ? 0 : -ENOMEM;

	if (!status)
		memcpy(filler.entries, maker->state->services, bytes);
	status = status ?: empty_doubles(&filler);
	status = status ?: settle(&filler);
	status = status ?: put_services(&filler, false);
	status = status ?: settle(&filler);
	status = status ?: put_services(&filler, true);
	status = status ?: settle(&filler);
	status = status ?: leave_to_any_ports(&filler);
	status = status ?: empty_unwanted(&filler, true);
	status = status ?: empty_unwanted(&filler, false);
	status = status ?: settle(&filler);
	free(filler.entries);
	free(filler.wanted);
	return status;
}
