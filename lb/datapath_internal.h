/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by datapath.c (loading, tracing), datapath_maps.c (applying plans) and datapath_tables.c.
 */
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
	struct state state; /* services, backends and tables are mappings of the maps themselves */
	int empty_table;    /* fd of a table without backends */
	int cpus;           /* possible CPUs: values of a per-CPU map */
};

/* Maps (datapath_maps.c). */
int maps_attach_state(struct datapath *datapath, struct err *err);
void maps_detach_state(struct datapath *datapath);
void *maps_memory(int fd, size_t bytes, struct err *err); /* mapped; NULL with err set */

/* Tables (datapath_tables.c). */
int tables_load(struct datapath *datapath, struct err *err); /* identities are there already */
void tables_unload(struct datapath *datapath);

/* tables_apply(): the operations of one kind, TABLE or UNTABLE, at the head of ops; *done tells how
 * many were done. */
int tables_apply(struct datapath *datapath, const struct plan_op *ops, size_t count, size_t *done,
		 struct err *err);

int tables_grace(struct datapath *datapath); /* PLAN_GRACE */

#endif
