/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by datapath.c (loading, tracing), datapath_maps.c (applying plans) and datapath_attach.c.
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
	struct datapath_interface interfaces[CONFIG_MAX_INTERFACES];
	struct state state; /* services, backends and tables are mappings of the maps themselves */
	int grace_table;    /* fd of a table that no packet uses; see apply_grace() */
	int cpus;           /* possible CPUs: values of a per-CPU map */
};

/* Maps (datapath_maps.c). */
int maps_attach_state(struct datapath *datapath, struct err *err);
void maps_detach_state(struct datapath *datapath);

/* Pins (datapath_pin.c). */
int pin_open_directory(const char *path, int *lock, struct err *err);
int pin_reuse_maps(struct lb_bpf *skeleton, const char *directory, struct err *err);
int pin_maps(struct lb_bpf *skeleton, const char *directory, struct err *err);
void pin_remove(const char *directory, bool *found);

/*
 * pin_owner(): the id of the pinned services map, 0 when there is none. A program that uses this
 * map is ours, whichever hairpind attached it, and whenever that one died.
 */
uint32_t pin_owner(const char *directory);

/* Interfaces (datapath_attach.c). owner: from pin_owner(). */
int attach_lock(const char *interface, int *lock, struct err *err);

/* attach_is_direct(): whether a program of ours runs on one of these interfaces without a
 * dispatcher; its successor has to do so too. */
bool attach_is_direct(const struct config *config, uint32_t owner);

/*
 * attach_interface(): puts the program of skeleton on one interface, in place of one of ours.
 * direct: skeleton is loaded, and no dispatcher is to be used; else libxdp loads it. *fresh (may be
 * NULL): there was none of ours before.
 */
int attach_interface(struct lb_bpf *skeleton, const char *name, enum attach_mode mode, bool direct,
		     uint32_t owner, struct datapath_interface *out, bool *fresh, struct err *err);

/* attach_remove(): takes a program of ours off interface; *found is set when there was one. */
int attach_remove(const char *interface, uint32_t owner, bool *found, struct err *err);

#endif
