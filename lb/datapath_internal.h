/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by datapath.c (loading, tracing), datapath_maps.c (applying plans) and datapath_slots.c. */
#ifndef HAIRPIN_DATAPATH_INTERNAL_H
#define HAIRPIN_DATAPATH_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "datapath.h"
#include "lb.skel.h"

struct datapath {
	const struct config *config; /* borrowed of main.c */
	/* Holds the maps and the trace program. The attached program comes from a second skeleton,
	 * since libxdp loads it as type EXT, which cannot be run by BPF_PROG_TEST_RUN. */
	struct lb_bpf *skeleton;
	struct lb_features features;
	int pin_lock;
	int interface_locks[CONFIG_MAX_INTERFACES];
	struct attached_interface interfaces[CONFIG_MAX_INTERFACES];
	struct state state; /* but for identities, mappings of the maps themselves */
	struct lb_arrays *arrays;
	struct lb_counters *counters; /* of each CPU */
	int slots;                    /* the map */
	uint32_t slot_count;
	bool stale;             /* some interface may run another program than the last one */
	int grace, grace_inner; /* maps: see datapath_grace() */
	int cpus;               /* possible CPUs */
	uint32_t old_layout;    /* of the pinned maps; 0: they are of LB_LAYOUT, or new */
	uint64_t overrun;       /* packets that no CPU took, as far as known */
	/* What is in the map of QUIC servers. */
	struct quic_server *quic;
	size_t quic_count;
	bool quic_known;
};

/* datapath_reload(): swaps in a program with these features, over the maps as they are now. */
int datapath_reload(struct datapath *datapath, const struct lb_features *features, struct err *err);

int datapath_not_permitted(struct err *err); /* -EPERM, and what is needed */

/* Maps (datapath_maps.c). */
int maps_attach_state(struct datapath *datapath, struct err *err);
void maps_detach_state(struct datapath *datapath);
void *maps_memory(int fd, size_t bytes, struct err *err); /* mapped; NULL with err set */

/* The array of slots (datapath_slots.c). */
int slots_open(struct datapath *datapath, uint32_t count, struct err *err); /* pinned, or new */
int slots_make(struct datapath *datapath, uint32_t count, struct err *err);
int slots_map(struct datapath *datapath, struct err *err);
void slots_unmap(struct state *state);

/* Stored flows and moved slots (datapath_flows.c). */
int flows_load(struct datapath *datapath, struct err *err); /* identities are there already */
void flows_unload(struct datapath *datapath);
int flows_make(struct datapath *datapath);
int flows_remove(struct datapath *datapath);
int moves_make(struct datapath *datapath, uint32_t pool, uint32_t size);
int moves_remove(struct datapath *datapath, uint32_t pool);

/* Interfaces and CPUs that packets are redirected to (datapath_ports.c). */
int ports_fill(struct datapath *datapath, struct err *err);
int cpus_fill(struct datapath *datapath, const struct lb_bpf *skeleton, struct err *err);
void cpus_trim(struct datapath *datapath); /* the others get nothing any more */
uint64_t cpus_overrun(struct datapath *datapath);

/* Pinned maps of an older version (datapath_layout.c). */
int layout_check(struct datapath *datapath, struct err *err);
int layout_write(const struct lb_bpf *skeleton, const struct lb_features *features,
		 struct err *err);
void layout_convert(struct datapath *datapath);
int layout_replace(struct datapath *datapath, struct err *err);

/* datapath_grace(): returns when no packet sees any more what was in the maps before. */
int grace_open(struct datapath *datapath, struct err *err);
int datapath_grace(struct datapath *datapath);

#endif
