/* SPDX-License-Identifier: GPL-2.0-only */
/* Packet -> service -> slot -> backend. */
#ifndef HAIRPIN_SELECT_H
#define HAIRPIN_SELECT_H

#include "maps.h"
#include "moved.h"
#include "packet.h"
#include "quic.h"

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
	const struct lb_service_bucket *bucket =
		ELEMENT(arrays.services[index & (LB_SERVICE_BUCKETS - 1)]);

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

static __always_inline struct lb_service_key select_key(const struct packet *pkt)
{
	return (struct lb_service_key){
		.address = pkt->flow.destination,
		.port = pkt->flow.destination_port,
		.protocol = pkt->flow.protocol,
	};
}

/* select_exact_service(): sets pkt->target to the service of the packet's very port, if there is one. */
static __always_inline bool select_exact_service(struct packet *pkt)
{
	struct lb_service_key key = select_key(pkt);

	pkt->target.word = service_find(&key);
	return pkt->target.word;
}

/* select_service(): sets pkt->target. The exact port wins over "any port". */
static __always_inline enum lb_reason select_service(struct packet *pkt)
{
	struct lb_service_key key = select_key(pkt);

	if (select_exact_service(pkt))
		return LB_CONTINUE;
	key.port = 0;
	if (features.any_port)
		pkt->target.word = service_find(&key);
	return pkt->target.word ? LB_CONTINUE : LB_NO_SERVICE;
}

/* select_is_vip(): whether some service has the destination's address. */
static __always_inline bool select_is_vip(const struct packet *pkt)
{
	struct lb_service_key vip = {.address = pkt->flow.destination};

	return service_find(&vip);
}

/* select_unfit(): the verdict on a packet that parsing refused: its reason, if it is for a VIP. */
static __always_inline enum lb_reason select_unfit(const struct packet *pkt, enum lb_reason reason)
{
	if (reason == LB_NOT_IP || reason == LB_TRUNCATED || reason == LB_NO_SERVICE)
		return reason;
	return select_is_vip(pkt) ? reason : LB_NO_SERVICE;
}

/* What the slot of a packet says of its backend. */
enum select_slot {
	SELECT_EMPTY,
	SELECT_SETTLED, /* pkt->backend it is */
	SELECT_MOVED,   /* the flow may live on another: see moved.h */
	SELECT_QUIC,    /* it is what the connection id says, or else */
};

/* select_slot(): sets pkt->hash, pkt->slot and pkt->backend. */
static __always_inline enum select_slot select_slot(struct packet *pkt)
{
	const struct lb_pool *pool = ELEMENT(arrays.pools[pkt->target.pool & (LB_POOL_ROOM - 1)]);
	struct lb_slot slot;
	__u32 at, zero = 0;
	const struct lb_slot *all = bpf_map_lookup_elem(&slots, &zero);

	if (!all)
		return SELECT_EMPTY;
	if (USES(pkt, affinity_client) && pkt->target.flags & LB_SERVICE_AFFINITY_CLIENT)
		pkt->hash = hash_client(&pkt->flow, pool->seed);
	else
		pkt->hash = hash_flow(&pkt->flow, pkt->ipv6, pool->seed);

	/* Scales the hash to the table without a division. */
	pkt->slot = (pkt->hash >> 32) * pool->size >> 32;
	at = pool->first + pkt->slot;
	if (at >= slot_count)
		return SELECT_EMPTY;
	slot = slot_read(&all[at]);
	pkt->backend = slot.backend;
	pkt->slot_moved = slot.moved;
	if (pkt->slot_moved | pkt->target.origin)
		return SELECT_MOVED; /* not without features.moved */
	if (USES(pkt, track_all) && pool->flags & LB_POOL_TRACK_ALL)
		return SELECT_MOVED;
	if (USES(pkt, quic) && pkt->target.flags & LB_SERVICE_QUIC)
		return SELECT_QUIC;
	return SELECT_SETTLED; /* an empty slot's backend is LB_NONE, whose record sends nothing */
}

/* The backend of a packet whose slot moved. An error that quotes the flow may be forged: it stores
 * nothing. */
static __always_inline __u16 select_moved(const struct packet *pkt)
{
	struct lb_counters *own = counters_own();

	if (!own)
		return LB_NONE;
	own->moved[pkt->dry & 1] = (struct lb_moved){
		.key = {.source = pkt->flow.source,
			.destination = pkt->flow.destination,
			.ports = pkt->flow.ports,
			.protocol = pkt->flow.protocol},
		.target = pkt->target,
		.slot = pkt->slot,
		.backend = pkt->backend,
		.slot_moved = pkt->slot_moved,
		.tcp_flags = pkt->tcp_flags,
		.ipv6 = pkt->ipv6,
		.dry = pkt->dry || pkt->kind == PACKET_QUOTED,
		.flow_class = hash_entropy(pkt->hash) % LB_FLOW_CLASSES,
	};
	return moved_select(pkt->dry);
}

/* select_backend(): sets pkt->backend, of moved slots and QUIC connections too. */
static __always_inline enum lb_reason select_backend(struct packet *pkt, struct xdp_md *ctx)
{
	enum select_slot slot = select_slot(pkt);

	if (features.quic && pkt->target.flags & LB_SERVICE_QUIC) {
		__u32 named = quic_backend(pkt, ctx);

		if (named) {
			pkt->backend = named;
			return LB_CONTINUE;
		}
	}
	if (features.moved && slot == SELECT_MOVED) {
		pkt->moved = true;
		pkt->backend = select_moved(pkt);
	}
	return slot != SELECT_EMPTY && pkt->backend ? LB_CONTINUE : LB_NO_BACKEND;
}

#endif
