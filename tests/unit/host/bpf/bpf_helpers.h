/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In place of libbpf's header of this name: the headers of bpf/ as plain C, over maps and a clock that
 * the test holds. See moved_flows.c.
 */
#ifndef HAIRPIN_TEST_HOST_BPF_HELPERS_H
#define HAIRPIN_TEST_HOST_BPF_HELPERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEC(name)
#define __uint(name, value)  int(*name)[value]
#define __type(name, value)  typeof(value) *name
#define __array(name, value) typeof(value) *name[]
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#undef __noinline
#define __noinline __attribute__((noinline))

void *host_lookup(const void *map, const void *key);
long host_update(void *map, const void *key, const void *value);
long host_delete(void *map, const void *key);
uint64_t host_now_ns(void);

#define bpf_map_lookup_elem(map, key)               host_lookup(map, key)
#define bpf_map_update_elem(map, key, value, flags) host_update(map, key, value)
#define bpf_map_delete_elem(map, key)               host_delete(map, key)
#define bpf_ktime_get_ns()                          host_now_ns()
#define bpf_get_smp_processor_id()                  0

/* No frame is behind the packets of this test. */
#define bpf_xdp_get_buff_len(ctx)            ((void)(ctx), 0)
#define bpf_xdp_load_bytes(ctx, at, to, len) ((void)(ctx), (void)(to), -1)

#endif
