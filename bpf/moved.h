/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moved slots: which backend a packet goes to whose slot's backend changed while flows may still
 * live on the old one.
 *
 *   A SYN begins a flow: it goes to the slot's backend now, and the flow is stored. If it is stored
 *   already and open, the SYN is a retransmission, or forged, and goes where the flow is.
 *   Any other TCP packet goes where its flow is stored. If it is not stored, the flow began before
 *   the slot moved, and lives on the slot's origin.
 *   UDP goes to the origin until udp_hold_s after the last change.
 *
 * Of each class of a slot's flows is known whether one was stored since the mark was set. While none was,
 * none is looked up, but where flows count that were not stored by packets of the slot: of a service that
 * moved, and where all are stored.
 *
 * A stored flow counts only if it was stored after the mark was set: what is left of an earlier mark
 * would catch a later flow of the same ports. It ends with its backend's life. The daemon clears a
 * mark when no packet has gone to another backend than the slot's for the pool's idle timeout; last_s
 * tells.
 *
 * A service whose pool changes (or whose pool gets another table) is moved as a whole: its flows are
 * stored, and those that are not are on the table of the pool that it had before all such changes.
 *
 * All of it is a function of its own, which packets of other slots do not call. It is a global one,
 * which the verifier looks at once and not for each way that leads there, and what it is told lies in
 * a map: the stack, 512 bytes for the longest chain of calls, would not do.
 */
#ifndef HAIRPIN_MOVED_H
#define HAIRPIN_MOVED_H

#include "maps.h"
#include "packet.h"

#define MOVED_SECOND 1000000000ULL

/* One side of a move: a slot and what is known of it. */
struct moved_side {
	__u16 backend; /* of the slot */
	__u16 origin;
	struct lb_move *move; /* NULL: it is not moved */
	__u64 since_ns;       /* flows stored before do not count */
};

static __always_inline bool moved_alive(__u16 backend)
{
	return backend && arrays.lives[backend].number;
}

/*
 * mark: lb_slot.moved, which is 1. The daemon writes the move before the mark. On machines where a load may
 * overtake another (arm64) it does not overtake the one that its address depends on.
 */
static __always_inline struct lb_move *moved_find(__u32 pool, __u32 slot, __u16 mark)
{
	void *of_pool = bpf_map_lookup_elem(&moves, &pool);

	slot += mark - 1;
	return of_pool ? bpf_map_lookup_elem(of_pool, &slot) : NULL;
}

/* The side that the service had before it was given another pool. */
static __noinline int moved_old_side(const struct lb_moved *m, struct moved_side *side)
{
	const struct lb_pool *pool = &arrays.pools[m->target.origin & (LB_POOL_ROOM - 1)];
	struct flow flow = {
		.source = m->key.source,
		.destination = m->key.destination,
		.ports = m->key.ports,
		.protocol = m->key.protocol,
	};
	__u32 zero = 0, index, at;
	struct lb_slot slot;
	const struct lb_slot *all = bpf_map_lookup_elem(&slots, &zero);
	__u64 hash;

	if (m->target.flags & LB_SERVICE_ORIGIN_CLIENT)
		hash = hash_client(&flow, pool->seed);
	else
		hash = hash_flow(&flow, m->ipv6, pool->seed);
	index = (hash >> 32) * pool->size >> 32;
	at = pool->first + index;
	if (!all || at >= slot_count)
		return 0;
	slot = slot_read(&all[at]);
	side->backend = side->origin = slot.backend;
	if (pool->flags & LB_POOL_TRACK_ALL)
		side->since_ns = pool->tracked_since_ns;
	if (!slot.moved)
		return 0;
	side->move = moved_find(m->target.origin, index, slot.moved);
	if (side->move && side->move->since_ns < side->since_ns)
		side->since_ns = side->move->since_ns;
	if (side->move && moved_alive(side->move->origin))
		side->origin = side->move->origin;
	return 0;
}

static __always_inline void moved_count(enum lb_flow_event event)
{
	struct lb_counters *own = counters_own();

	if (own)
		own->flows[event]++;
}

static __always_inline void *moved_flows(__u32 table)
{
	return bpf_map_lookup_elem(&flows, &table);
}

/* A stored flow counts if it is no older than since and its backend's life goes on. */
static __always_inline bool moved_counts(const struct lb_flow *flow, __u64 since)
{
	return flow && flow->stored_ns >= since && flow->life &&
	       arrays.lives[flow->backend].number == flow->life;
}

/* Functions of their own also keep the stack small: 512 bytes have to do for the longest chain. */
static __noinline int moved_store(const struct lb_moved *m, __u16 backend, __u64 now,
				  enum lb_flow_table into)
{
	struct lb_flow flow = {
		.stored_ns = now,
		.seen_s = now / MOVED_SECOND,
		.life = arrays.lives[backend].number,
		.backend = backend,
		.closed = !!(m->tcp_flags & (TCP_FIN | TCP_RST)),
	};
	void *table = moved_flows(into);

	if (!table || bpf_map_update_elem(table, &m->key, &flow, BPF_ANY))
		moved_count(LB_FLOW_UNSTORED);
	else
		moved_count(LB_FLOW_STORED);
	return 0;
}

/* A packet of a half-open flow that is no SYN: it is open. What half_open points to may be another flow's
 * as soon as it is deleted. */
static __noinline int moved_promote(const struct lb_moved *m, __u32 now_s)
{
	void *from = moved_flows(LB_FLOWS_HALF_OPEN), *to = moved_flows(LB_FLOWS_ESTABLISHED);
	struct lb_flow *half_open = from ? bpf_map_lookup_elem(from, &m->key) : NULL;
	struct lb_flow flow;

	if (!half_open || !to)
		return 0;
	flow = *half_open;
	flow.seen_s = now_s;
	if (m->tcp_flags & (TCP_FIN | TCP_RST))
		flow.closed = 1;
	if (bpf_map_update_elem(to, &m->key, &flow, BPF_ANY)) {
		moved_count(LB_FLOW_UNSTORED);
		return 0;
	}
	bpf_map_delete_elem(from, &m->key);
	moved_count(LB_FLOW_PROMOTED);
	return 0;
}

#define MOVED_HALF_OPEN (1u << 16) /* beside the index of a backend: its flow is to be promoted */

/*
 * The backend of the flow as it is stored, if it counts. A packet that is no SYN makes a half-open flow an
 * established one, and FIN and RST close it.
 */
static __noinline __u32 moved_stored(const struct lb_moved *m, __u64 since, __u64 now)
{
	bool syn = m->tcp_flags & TCP_SYN, half_open = false;
	void *established = moved_flows(LB_FLOWS_ESTABLISHED);
	void *half_opens = moved_flows(LB_FLOWS_HALF_OPEN);
	struct lb_flow *flow = NULL;
	__u32 backend;

	if (!established || !half_opens)
		return LB_NONE;
	if (!m->dry)
		moved_count(LB_FLOW_ASKED);
	flow = bpf_map_lookup_elem(established, &m->key);
	if (!moved_counts(flow, since)) {
		flow = bpf_map_lookup_elem(half_opens, &m->key);
		if (!moved_counts(flow, since))
			return LB_NONE;
		half_open = true;
	}
	if (syn && flow->closed)
		return LB_NONE;
	backend = flow->backend;
	if (m->dry)
		return backend;
	if (half_open && !syn)
		return backend | MOVED_HALF_OPEN;
	if (m->tcp_flags & (TCP_FIN | TCP_RST))
		flow->closed = 1;
	/* A SYN may begin another flow of the same ports, which is as young as it is. */
	if (syn)
		flow->stored_ns = now;
	if (flow->seen_s != now / MOVED_SECOND)
		flow->seen_s = now / MOVED_SECOND;
	return backend;
}

static __always_inline void moved_touch(__u32 *last_s, __u32 now_s)
{
	if (*last_s != now_s)
		*last_s = now_s;
}

/* A SYN begins a flow; what is left in the table of established flows would be found before it. */
static __always_inline void moved_begin(const struct lb_moved *m, __u64 now)
{
	void *established = moved_flows(LB_FLOWS_ESTABLISHED);

	if (established)
		bpf_map_delete_elem(established, &m->key);
	moved_store(m, m->backend, now, LB_FLOWS_HALF_OPEN);
}

static __always_inline __u32 moved_class(const struct lb_moved *m)
{
	return 1u << (m->flow_class % LB_FLOW_CLASSES);
}

/* From now on a flow of the packet's class may be stored. */
static __always_inline void moved_note_class(const struct lb_moved *m, struct lb_move *move)
{
	if (!m->dry && move->unstored & moved_class(m))
		__sync_fetch_and_and(&move->unstored, ~moved_class(m));
}

static __always_inline __u32 moved_choose(const struct lb_moved *m)
{
	const struct lb_pool *pool = &arrays.pools[m->target.pool & (LB_POOL_ROOM - 1)];
	struct lb_service_move *service = NULL;
	struct moved_side old = {.since_ns = ~0ULL}, new = {.backend = m->backend};
	__u64 now = bpf_ktime_get_ns(), since = ~0ULL;
	__u32 now_s = now / MOVED_SECOND, changed_s = 0, chosen = LB_NONE;
	bool all = features.track_all && pool->flags & LB_POOL_TRACK_ALL;
	bool tcp = m->key.protocol == IPPROTO_TCP;
	bool begins = tcp && m->tcp_flags & TCP_SYN, asks = tcp || all;
	/* Then more may be found than what packets of the slot have stored since it was marked. */
	bool more = all || m->target.origin;

	if (all)
		since = pool->tracked_since_ns;
	if (m->slot_moved)
		new.move = moved_find(m->target.pool, m->slot, m->slot_moved);
	if (new.move) {
		since = new.move->since_ns < since ? new.move->since_ns : since;
		changed_s = new.move->changed_s;
		new.origin = new.move->origin;
		/* Right after a move nearly all flows are old ones: the two lookups that find nothing
		 * would be a third of the time of a packet. */
		asks = asks && (more || !(moved_class(m) & new.move->unstored));
		if (begins || more)
			moved_note_class(m, new.move);
	}
	/* Of a service that moved, what was stored before counts as it did on the table that it had
	 * then: this table's slots may have been marked when the service was not there. */
	if (m->target.origin) {
		service = &arrays.service_moves[m->target.service & (LB_SERVICE_ROOM - 1)];
		changed_s = service->changed_s;
		moved_old_side(m, &old);
		since = service->since_ns < old.since_ns ? service->since_ns : old.since_ns;
		new.origin = old.origin;
	}

	if (asks)
		chosen = moved_stored(m, since, now);
	if (chosen & MOVED_HALF_OPEN)
		moved_promote(m, now_s);
	chosen &= MOVED_HALF_OPEN - 1;
	if (!chosen && begins) {
		chosen = m->backend;
		if (chosen && !m->dry)
			moved_begin(m, now);
	} else if (!chosen) {
		chosen = m->backend;
		if (moved_alive(new.origin) && (tcp || now_s - changed_s < pool->udp_hold_s))
			chosen = new.origin;
		if (all && chosen && !m->dry)
			moved_store(m, chosen, now, LB_FLOWS_ESTABLISHED);
	}

	if (m->dry)
		return chosen;
	if (new.move && chosen != m->backend)
		moved_touch(&new.move->last_s, now_s);
	if (service && chosen != m->backend)
		moved_touch(&service->last_s, now_s);
	if (old.move && chosen != old.backend)
		moved_touch(&old.move->last_s, now_s);
	return chosen;
}

/* moved_select(): of what is in the CPU's own moved[dry]: the index of the backend, LB_NONE if there
 * is none. */
__noinline __u32 moved_select(__u32 dry)
{
	struct lb_counters *own = counters_own();

	return own ? moved_choose(&own->moved[dry & 1]) : LB_NONE;
}

#endif
