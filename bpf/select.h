/* SPDX-License-Identifier: GPL-2.0-only */
/* Packet -> service -> slot -> backend. */
#ifndef HAIRPIN_SELECT_H
#define HAIRPIN_SELECT_H

#include "maps.h"
#include "packet.h"

static __always_inline bool service_matches(const struct lb_service *service,
					    const struct lb_service_key *key)
{
	return service->key.address.halves[1] == key->address.halves[1] &&
	       service->key.port_protocol == key->port_protocol &&
	       service->key.address.halves[0] == key->address.halves[0];
}

/* The target of key in one bucket; a word of 0 when it is not there. */
static __always_inline __u64 service_in_bucket(__u32 index, const struct lb_service_key *key)
{
	const struct lb_service_bucket *bucket = &arrays.services[index & (LB_SERVICE_BUCKETS - 1)];

	if (service_matches(&bucket->entries[0], key))
		return bucket->entries[0].target.word;
	if (service_matches(&bucket->entries[1], key))
		return bucket->entries[1].target.word;
	return 0;
}

static __always_inline __u64 service_find(const struct lb_service_key *key)
{
	__u64 hash = hash_service(key);
	__u64 word = service_in_bucket(hash_first_bucket(hash), key);

	return word ?: service_in_bucket(hash_second_bucket(hash), key);
}

/* A service that takes any port. Apart, since it would double the code of each lookup. */
static __noinline __u64 service_find_any_port(__u64 high, __u64 low, __u8 protocol)
{
	struct lb_service_key key = {.address.halves = {high, low}, .protocol = protocol};

	return service_find(&key);
}

/* select_service(): sets pkt->target. The exact port wins over "any port". */
static __always_inline enum lb_reason select_service(struct packet *pkt)
{
	struct lb_service_key key = {
		.address = pkt->flow.destination,
		.port = pkt->flow.destination_port,
		.protocol = pkt->flow.protocol,
	};
	__u64 word = service_find(&key);

	if (features.any_port && !word)
		word = service_find_any_port(key.address.halves[0], key.address.halves[1],
					     key.protocol);
	if (!word)
		return LB_NO_SERVICE;
	pkt->target.word = word;
	return LB_CONTINUE;
}

/* select_unfit(): the verdict on a packet that parsing refused: its reason, if it is for a VIP. */
static __always_inline enum lb_reason select_unfit(const struct packet *pkt, enum lb_reason reason)
{
	struct lb_service_key vip = {.address = pkt->flow.destination};

	if (reason == LB_TRUNCATED || reason == LB_NO_SERVICE)
		return reason;
	return service_find(&vip) ? reason : LB_NO_SERVICE;
}

/* select_slot(): sets pkt->hash, pkt->slot and pkt->backend (LB_NONE: an empty slot). */
static __always_inline enum lb_reason select_slot(struct packet *pkt)
{
	const struct lb_pool *pool = &arrays.pools[pkt->target.pool & (LB_POOL_ROOM - 1)];
	__u32 slot, zero = 0;
	const struct lb_slot *all = bpf_map_lookup_elem(&slots, &zero);

	if (!all)
		return LB_NO_BACKEND;
	if (features.affinity_client && pkt->target.flags & LB_SERVICE_AFFINITY_CLIENT)
		pkt->hash = hash_client(&pkt->flow, pool->seed);
	else
		pkt->hash = hash_flow(&pkt->flow, pkt->ipv6, pool->seed);

	/* Scales the hash to the table without a division. */
	pkt->slot = (pkt->hash >> 32) * pool->size >> 32;
	slot = pool->first + pkt->slot;
	if (slot >= slot_count)
		return LB_NO_BACKEND;
	pkt->backend = all[slot].backend;
	return pkt->backend ? LB_CONTINUE : LB_NO_BACKEND;
}

#endif
