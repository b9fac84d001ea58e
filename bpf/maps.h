/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps. All are pinned by the daemon and outlive it. Those that packets read are written
 * through mmap(), one aligned 8-byte store at a time.
 */
#ifndef HAIRPIN_MAPS_H
#define HAIRPIN_MAPS_H

#include "abi.h"
#include "reasons.h"

/* Version of the maps' layout. Written once by the daemon that made them, read by its successors.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lb_layout);
} layout SEC(".maps");

/* Services, backends and pools. Written by the daemon, read for every packet. */
struct lb_arrays arrays __attribute__((aligned(64))) = {};

/*
 * ELEMENT(): the address of an element, in a register. Without it the compiler folds the offset of
 * the array, which no instruction has room for, into the address of each field: three more
 * instructions for each read.
 */
#define ELEMENT(element)                           \
	({                                         \
		typeof(element) *at_ = &(element); \
		asm volatile("" : "+r"(at_));      \
		at_;                               \
	})

/*
 * The slots of all pools: one value, as long as the daemon makes it (slot_count). Written by
 * the daemon, read for a service's packets.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct lb_slot));
} slots SEC(".maps");

static __always_inline struct lb_slot slot_read(const struct lb_slot *slot)
{
	return (struct lb_slot){.word = *(const volatile __u32 *)&slot->word};
}

/* Pool -> struct lb_move of each slot, while some slot of it is moved. Written by the daemon and,
 * two fields of it, by the program; read for packets of moved slots. */
struct moves {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct lb_move));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, LB_POOLS);
	__uint(key_size, sizeof(__u32));
	__array(values, struct moves);
} moves SEC(".maps");

/* enum lb_flow_table -> flows, while there is anything to remember; the daemon decides how many.
 * Written and read by the program for packets of moved slots, or of pools that store all flows. */
struct flows {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct lb_flow_key));
	__uint(value_size, sizeof(struct lb_flow));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, LB_FLOW_TABLES);
	__uint(key_size, sizeof(__u32));
	__array(values, struct flows);
} flows SEC(".maps");

/* Datagrams in fragments. Written and read by the program; the daemon decides how many. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct lb_fragment_key);
	__type(value, struct lb_fragment);
} fragments SEC(".maps");

/* 0 -> the servers of all QUIC pools, while there are some. Written by the daemon, which replaces it
 * as a whole; read for packets of QUIC services. */
struct quic_servers {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct lb_quic_key));
	__uint(value_size, sizeof(struct lb_quic_server));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, struct quic_servers);
} quic_servers SEC(".maps");

/* The interfaces by ifindex. Written by the daemon, read for packets that leave by another interface
 * than that of arrival, or from another CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, LB_MAX_PORTS);
	__type(key, __u32);
	__type(value, __u32);
} redirect_ports SEC(".maps");

/* The CPUs of --cpus, by number. Written by the daemon, which also sets the largest number. */
struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} redirect_cpus SEC(".maps");

/* By CPU; the daemon sets their number. Written by the program, read by the daemon, which zeroes
 * the counters of an index when it gives it to a new owner. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lb_counters);
} counters SEC(".maps");

static __always_inline struct lb_counters *counters_own(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&counters, &cpu);
}

/* Who owns an index. Written and read by the daemon alone: its memory across restarts. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LB_MAX_SERVICES + LB_POOLS + LB_MAX_BACKENDS);
	__type(key, struct lb_identity_key);
	__type(value, struct lb_identity);
} identities SEC(".maps");

#endif
