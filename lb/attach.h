/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where XDP programs run. Through libxdp's dispatcher beside other XDP programs where the kernel
 * can (it needs programs of type EXT), alone where it cannot.
 */
#ifndef HAIRPIN_ATTACH_H
#define HAIRPIN_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include <bpf/libbpf.h>

#include "config.h"
#include "err.h"

struct attached_interface {
	char name[16];
	uint32_t index;
	enum attach_mode mode; /* as attached: never ATTACH_AUTO */
	bool dispatcher;       /* beside other programs, by libxdp's dispatcher */
	uint32_t program_id;
	bool frags; /* takes frames of several pages; of attach_interface(), not of attach_find() */
};

/* What to attach. owner: the id of a map that our programs use; 0: none of ours runs. */
struct attachable {
	struct bpf_object *object;
	const char *program; /* its name in object */
	uint32_t owner;
	bool direct;           /* object is loaded, no dispatcher; else libxdp loads it */
	bool frags;            /* see attach_needs_frags() */
	unsigned int priority; /* in the dispatcher: lower ones run first */
};

/*
 * attach_needs_frags(): whether frames of interface may be too long for one page with XDP's headroom.
 * Drivers then only accept a program that knows of frames of several pages, and which sees no more
 * than the first of them by data_end.
 */
bool attach_needs_frags(const char *interface);

/* attach_prepare(): before object is loaded. */
void attach_prepare(const struct attachable *what);

/* attach_lock(): reserves interface for this process; *lock is to be closed. */
int attach_lock(const char *interface, int *lock, struct err *err);

/* attach_runs_direct(): whether a program of ours runs on interface without a dispatcher; its
 * successor has to do so too. */
bool attach_runs_direct(const char *interface, uint32_t owner);

/* attach_is_empty(): whether no XDP program runs on interface. */
bool attach_is_empty(const char *interface);

/*
 * attach_interface(): puts the program on one interface, atomically in place of one of ours. *fresh
 * (may be NULL) tells that there was none of ours before. -ENOEXEC: not by the dispatcher.
 */
int attach_interface(const struct attachable *what, const char *interface, enum attach_mode mode,
		     struct attached_interface *out, bool *fresh, struct err *err);

/* attach_find(): what of ours runs on interface. Returns false when nothing does. */
bool attach_find(const char *interface, uint32_t owner, struct attached_interface *out);

/* attach_is_there(): whether what attach_interface() or attach_find() told still holds. */
bool attach_is_there(const struct attached_interface *attached, uint32_t owner);

/* attach_in_use(): whether any program uses the map whose id is owner, attached or not, in this
 * network namespace or in another. */
bool attach_in_use(uint32_t owner);

/* attach_remove(): takes a program of ours off interface; *found is set when there was one. */
int attach_remove(const char *interface, uint32_t owner, bool *found, struct err *err);

/* attach_quiet(): libbpf's and libxdp's messages go to the log at debug level. */
void attach_quiet(void);

#endif
