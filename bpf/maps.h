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

/* Two-choice hash table of services; see abi.h. Written by the daemon, read for every packet. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LB_SERVICE_BUCKETS);
	__type(key, __u32);
	__type(value, struct lb_service_bucket);
} services SEC(".maps");

/* Pool -> its table. Written by the daemon, a whole table at a time; read for a service's packets.
 */
struct table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct lb_slot_pair));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, LB_MAX_POOLS + 1);
	__type(key, __u32);
	__array(values, struct table);
} tables SEC(".maps");

/* Backends by index. Written by the daemon, read for a service's packets. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LB_MAX_BACKENDS + 1);
	__type(key, __u32);
	__type(value, struct lb_backend);
} backends SEC(".maps");

/* Counters. Written by the program, zeroed by the daemon when it gives an index to a new owner. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LB_MAX_SERVICES + 1);
	__type(key, __u32);
	__type(value, struct lb_counter);
} service_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LB_MAX_BACKENDS + 1);
	__type(key, __u32);
	__type(value, struct lb_counter);
} backend_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LB_REASON_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} reason_counters SEC(".maps");

/* Who owns an index. Written and read by the daemon alone: its memory across restarts. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LB_MAX_SERVICES + LB_MAX_POOLS + LB_MAX_BACKENDS);
	__type(key, struct lb_identity_key);
	__type(value, struct lb_identity);
} identities SEC(".maps");

#endif
