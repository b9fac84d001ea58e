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
static __always_inline __u64 service_in_bucket(__u32 bucket, const struct lb_service_key *key)
{
	struct lb_service_bucket *found = bpf_map_lookup_elem(&services, &bucket);

	if (!found)
		return 0;
	if (service_matches(&found->entries[0], key))
		return found->entries[0].target.word;
	if (service_matches(&found->entries[1], key))
		return found->entries[1].target.word;
	return 0;
}

static __always_inline __u64 service_find(const struct lb_service_key *key)
{
	__u64 hash = hash_service(key);
	__u64 word = service_in_bucket(hash_first_bucket(hash), key);

	return word ?: service_in_bucket(hash_second_bucket(hash), key);
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

	if (features.any_port && !word) {
		key.port = 0;
		word = service_find(&key);
	}
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

/* The kernel's own struct, as far as we read it: the size of a table comes with the table. */
struct bpf_map {
	__u32 max_entries;
} __attribute__((preserve_access_index));

/* select_slot(): sets pkt->hash, pkt->slot and pkt->backend (LB_NONE: an empty slot). */
static __always_inline enum lb_reason select_slot(struct packet *pkt)
{
	__u32 pool = pkt->target.pool, pair_index;
	struct lb_slot_pair *pair;
	struct bpf_map *table;

	if (features.affinity_client && pkt->target.flags & LB_SERVICE_AFFINITY_CLIENT)
		pkt->hash = hash_client(&pkt->flow, pkt->target.seed);
	else
		pkt->hash = hash_flow(&pkt->flow, pkt->ipv6, pkt->target.seed);

	table = bpf_map_lookup_elem(&tables, &pool);
	if (!table)
		return LB_NO_BACKEND;
	pkt->table_size = 2 * table->max_entries - 1;
	/* Scales the hash to the table without a division. */
	pkt->slot = (pkt->hash >> 32) * pkt->table_size >> 32;
	pair_index = pkt->slot / 2;
	pair = bpf_map_lookup_elem(table, &pair_index);
	if (!pair)
		return LB_NO_BACKEND;
	pkt->backend = pair->slots[pkt->slot & 1].backend;
	return pkt->backend ? LB_CONTINUE : LB_NO_BACKEND;
}

#endif
