/* SPDX-License-Identifier: GPL-2.0-only */
/* Pinned maps: how BPF state outlives its process. For the balancer's and the backend's program. */
#ifndef HAIRPIN_PIN_H
#define HAIRPIN_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include <bpf/libbpf.h>

#include "err.h"

/* pin_make_directory(): makes directory in a bpf file system; mounts that on /sys/fs/bpf if need
 * be. Returns 0 or a negative errno with err set. */
int pin_make_directory(const char *directory, struct err *err);

/* pin_lock_directory(): makes and locks it for this process; *lock is to be closed. */
int pin_lock_directory(const char *directory, int *lock, struct err *err);

/*
 * pin_reuse_maps(): the maps of object (opened, not loaded) that are pinned in directory are taken
 * from there, but for those that have a descriptor already, and for global variables that are not
 * zero, and for the one whose name is but (may be NULL). A map that does not fit is refused.
 */
int pin_reuse_maps(struct bpf_object *object, const char *directory, const char *but,
		   struct err *err);

/* pin_maps(): pins the maps of object that are not pinned yet. */
int pin_maps(struct bpf_object *object, const char *directory, struct err *err);

/* pin_open_map(): an fd of the pinned map, or -1. */
int pin_open_map(const char *directory, const char *name);

/*
 * pin_owner(): the id of the pinned map, 0 when there is none. A program that uses it is ours,
 * whichever process attached it, and whenever that one died.
 */
uint32_t pin_owner(const char *directory, const char *map);

/* pin_remove(): removes all pins and the directory; *found is set when there was any. */
void pin_remove(const char *directory, bool *found);

#endif
