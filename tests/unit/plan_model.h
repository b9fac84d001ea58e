/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps in plain memory, and packets on their way through them: applies a plan and checks after
 * each operation what any packet could meet.
 *
 * A packet reads the entries of a service one after another as in bpf/select.h, then the slot,
 * then the record. It may stop for any time between two reads, but not past the next PLAN_GRACE,
 * which waits for it. A probe is a key with all packets for it that may
 * be under way: the reads that they may have before them, and the targets that they may hold.
 */
#ifndef HAIRPIN_TEST_PLAN_MODEL_H
#define HAIRPIN_TEST_PLAN_MODEL_H

#include "plan.h"

#define MODEL_READS 8 /* two buckets of the exact port, two of any port */

struct probe {
	struct lb_service_key keys[2]; /* exact, any port */
	uint32_t entries[MODEL_READS];
	int reads; /* 8; 4 when there is no any port to fall back on */

	uint32_t under_way; /* bit n: some packet is about to read entry n; bit reads: found none */
	uint64_t targets[32];
	unsigned int target_count;

	/* What may be found: what was there before the plan, or what the catalog says. */
	uint64_t before;
	const struct catalog_service *wanted;
	bool wanted_vip;
};

struct model {
	struct state state;
	const struct wanted *wanted;
	struct probe *probes; /* borrowed */
	size_t probe_count;
	unsigned int window;   /* counts waits for packets */
	unsigned int *emptied; /* by entry: the window in which it was */
	unsigned int *left;    /* by backend: the window in which a slot last ceased to name it */
	uint32_t *uses[LB_IDENTITY_BACKEND + 1];
	unsigned int operations; /* so far */
};

struct model *model_new(void);
void model_free(struct model *model);

void probe_init(struct probe *probe, const struct lb_service_key *key);

/* model_begin(): a plan for wanted comes next; packets of before are long gone. */
void model_begin(struct model *model, const struct wanted *wanted, struct probe *probes,
		 size_t probe_count);

/* model_reserve(): room for so many slots, as datapath_reserve() makes before a plan is applied. */
void model_reserve(struct model *model, uint32_t slot_count);

/* model_apply(): one operation; fails the test when a packet could meet something wrong. */
void model_apply(struct model *model, const struct plan_op *op);

/* model_assert_converged(): the maps hold what is wanted, and (settled) nothing else: nothing that old
 * flows may need. */
void model_assert_converged(const struct model *model, bool settled);

/* model_lookup(): the target of a packet that meets no change on its way; 0: none. */
uint64_t model_lookup(const struct model *model, const struct probe *probe);

/* model_is_wanted(): whether a target (0: none) is what the catalog says of a probe. */
bool model_is_wanted(const struct model *model, const struct probe *probe, uint64_t word);

struct lb_service *model_entry(const struct model *model, uint32_t entry);

#endif
