/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data plane: loads the program, pins its maps, attaches it, applies plans. Only datapath*.c,
 * pin.c and attach.c see libbpf and libxdp.
 */
#ifndef HAIRPIN_DATAPATH_H
#define HAIRPIN_DATAPATH_H

#include <stdint.h>

#include "abi.h"
#include "attach.h"
#include "config.h"
#include "err.h"
#include "plan.h"
#include "reasons.h"

struct datapath;

/*
 * datapath_open(): locks the pin directory and the interfaces, loads the program (over the pinned
 * maps where there are some) and attaches it; a program of ours that runs there is replaced
 * atomically. slot_count: room for so many slots, where the maps are new. On failure nothing that
 * ran before has changed.
 */
int datapath_open(const struct config *config, const struct lb_features *features,
		  uint32_t slot_count, struct datapath **out, struct err *err);

/* datapath_close(): gives up the locks; program and maps stay. NULL is fine. */
void datapath_close(struct datapath *datapath);

/* datapath_detach(): --detach: takes our program off every interface of this network namespace and
 * removes the pins. Nothing there is no error; *found tells. */
int datapath_detach(const struct config *config, bool *found, struct err *err);

/* datapath_set_features(): swaps in a program with these features, over the same maps, without a
 * packet lost, where one runs: see datapath_attach(). Does nothing when they are the loaded ones. */
int datapath_set_features(struct datapath *datapath, const struct lb_features *features,
			  struct err *err);

/* datapath_features(): of the loaded program; borrowed. After datapath_open() those of the pinned maps are
 * among them. */
const struct lb_features *datapath_features(const struct datapath *datapath);

/* datapath_reserve(): makes room for count slots; swaps in a program if there is less. */
int datapath_reserve(struct datapath *datapath, uint32_t count, struct err *err);

/* datapath_state(): what is in the maps; borrowed, follows every datapath_apply(). */
const struct state *datapath_state(const struct datapath *datapath);

/* datapath_apply(): the operations of plan in order. Stops at the first that fails; those before it
 * stay done, and the data plane is correct as after every operation. */
int datapath_apply(struct datapath *datapath, const struct plan *plan, struct err *err);

/* Counters of a service or backend, and of all reasons, summed over CPUs. */
struct lb_counter datapath_read_counter(const struct datapath *datapath, enum lb_identity_kind kind,
					uint16_t index);
void datapath_read_reasons(struct datapath *datapath, uint64_t out[LB_REASON_COUNT]);
void datapath_read_flow_events(const struct datapath *datapath, uint64_t out[LB_FLOW_EVENTS]);

/* Called for each stored flow; half_open: of that table. True: the flow is to be forgotten. */
typedef bool (*datapath_flow_fn)(void *user, bool half_open, const struct lb_flow_key *key,
				 const struct lb_flow *flow);

/* A backend that QUIC connection ids name. */
struct quic_server {
	struct lb_quic_key key;
	struct lb_quic_server server;
};

/* datapath_set_quic(): from now on these are all; zeroes where structs have gaps. Does nothing when
 * they are so already. */
int datapath_set_quic(struct datapath *datapath, const struct quic_server *servers, size_t count,
		      struct err *err);

/* datapath_each_flow(): packets go on meanwhile: a flow may be missed, or come twice. Returns 0 or a
 * negative errno. */
int datapath_each_flow(struct datapath *datapath, datapath_flow_fn fn, void *user);

struct trace_run {
	const uint8_t *frame; /* in */
	uint32_t frame_length;
	uint32_t interface; /* in: ifindex of arrival */
	uint8_t out[2048];
	uint32_t out_length;
	uint32_t action; /* enum xdp_action */
	struct lb_trace trace;
};

/* datapath_trace(): runs the loaded stages on one frame; counts nothing. */
int datapath_trace(struct datapath *datapath, struct trace_run *run, struct err *err);

/* datapath_is_attached(): whether the program runs on interface i now: somebody may have taken it off,
 * or the interface may be another one of the same name. */
bool datapath_is_attached(const struct datapath *datapath, unsigned int i);

/* datapath_fits(): whether the program on interface i is one for its MTU of now. */
bool datapath_fits(const struct datapath *datapath, unsigned int i);

/* datapath_attach(): puts the program on interface i, which has come back, or from which it was taken
 * off, or whose program does not fit any more; in place of one of ours if there is one. The others do not notice. */
int datapath_attach(struct datapath *datapath, unsigned int i, struct err *err);

/* datapath_interfaces(): borrowed. */
const struct attached_interface *datapath_interfaces(const struct datapath *datapath,
						     unsigned int *count);

#endif
