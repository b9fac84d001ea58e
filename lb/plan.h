/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * (wanted state, state in the maps) -> an ordered list of map operations. Pure.
 *
 * The order keeps the data plane correct after every single operation: a backend is written before
 * the slots that name it, a table before the services that use it, and removal goes the other way.
 * What packets may still be looking at is reused only after a PLAN_GRACE. What a mark kept is taken away
 * by the plan after the one that clears it: a packet of an old flow may come in between, and keep it.
 */
#ifndef HAIRPIN_PLAN_H
#define HAIRPIN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "catalog.h"
#include "err.h"

/* What is in the maps, as plan.c sees it. */
struct state {
	struct lb_service_bucket *services;    /* LB_SERVICE_BUCKETS */
	struct lb_backend *backends;           /* LB_MAX_BACKENDS + 1 */
	struct lb_pool *pools;                 /* LB_POOL_ROOM */
	struct lb_slot *slots;                 /* of all pools */
	uint32_t slot_count;                   /* room for so many */
	struct lb_life *lives;                 /* of backends */
	struct lb_service_move *service_moves; /* LB_SERVICE_ROOM */
	struct lb_move *moves[LB_POOLS];       /* of each slot of a pool; NULL: none has moved */
	bool remembers;                        /* there are tables of flows */
	/* By kind (enum lb_identity_kind) and index; owned by the state; NULL: the index is free.
	 */
	struct lb_identity **identities[LB_IDENTITY_BACKEND + 1];
};

/* state_init(): identities empty, the rest NULL. Returns 0 or -ENOMEM. */
int state_init(struct state *state);
void state_done(struct state *state); /* frees identities only */

/* state_is_moving(): some slot, or all flows of some service, may have flows on another backend. */
bool state_is_moving(const struct state *state);

/* state_capacity(): the number of indices of a kind, with index 0, which is never used. */
uint32_t state_capacity(enum lb_identity_kind kind);

/* state_find(): the index of an identity, or LB_NONE. */
uint16_t state_find(const struct state *state, enum lb_identity_kind kind,
		    const struct lb_identity *identity);

/* state_table(): the slots of a pool that has a table. */
static inline struct lb_slot *state_table(const struct state *state, uint16_t pool)
{
	return &state->slots[state->pools[pool].first];
}

/* What should be in the maps. */
struct wanted_pool {
	const uint16_t *owners; /* of each slot: position in the pool's backends plus one, or 0 */
	const struct lb_backend *records; /* of each backend of the pool, in the catalog's order */
	bool table_known;                 /* owners is what the maps have: no need to compare */
};

/* A backend that is not in the catalog any more, and that old flows still go to. */
struct wanted_leaving {
	uint16_t index;
	struct lb_backend record;
};

struct wanted {
	const struct catalog *catalog;
	const struct wanted_pool *pools;      /* of each pool of the catalog */
	const struct wanted_leaving *leaving; /* those of the state; others keep their records */
	size_t leaving_count;
	uint64_t now_ns; /* CLOCK_MONOTONIC */
};

/* wanted_backend_identity(): who a backend is; another address or encapsulation is another one. */
struct lb_identity wanted_backend_identity(const struct catalog_pool *pool,
					   const struct catalog_backend *backend);
/* wanted_pool_identity(): a pool with another size or seed of its table is another one; of the same
 * size and seed, its slots can change one by one. */
struct lb_identity wanted_pool_identity(const struct catalog *catalog,
					const struct catalog_pool *pool);
struct lb_identity wanted_service_identity(const char *name);

enum plan_kind {
	PLAN_CLAIM,        /* give an index an owner; its counters start at 0 */
	PLAN_BACKEND,      /* write a backend's record */
	PLAN_LIFE,         /* begin or end a backend's life */
	PLAN_TABLE,        /* write the table of a pool that no service uses yet */
	PLAN_POOL,         /* write flags and times of a pool in use */
	PLAN_REMEMBER,     /* make the tables of flows */
	PLAN_MOVES,        /* make the array of what is known of a pool's moved slots */
	PLAN_SLOTS,        /* change slots of a table in use, one after another */
	PLAN_SERVICE_MOVE, /* write since when a service's flows are on another pool's table */
	PLAN_SERVICE,      /* write one entry of the services map; a word of 0 empties it */
	PLAN_GRACE,        /* wait until no packet sees what was there before */
	PLAN_UNMOVES,      /* take the array away again */
	PLAN_FORGET,       /* take the tables of flows away again */
	PLAN_UNTABLE,      /* take away a pool's table */
	PLAN_RELEASE,      /* the index has no owner any more */
};

#define PLAN_KINDS (PLAN_RELEASE + 1)

/* A slot, and what it and its move are to be. */
struct plan_slot {
	uint32_t slot; /* of the pool's table */
	struct lb_slot value;
	bool marks;          /* all of move is new: it was not moved, or more flows are stored */
	bool clears;         /* it was, and is to be settled, if last_s is still that of move */
	struct lb_move move; /* if value.moved; written before the slot */
};

struct plan_op {
	enum plan_kind kind;
	enum lb_identity_kind identity_kind; /* CLAIM, RELEASE */
	/* CLAIM, RELEASE, BACKEND, LIFE, SERVICE_MOVE: of it; *TABLE, POOL, *MOVES, SLOTS: of the
	 * pool; SERVICE: of the entry. */
	uint32_t index;
	/* SERVICE: the entry loses its origin; not if the service's move has another last_s by now. */
	bool clears;
	uint32_t last_s;
	union {
		struct lb_identity *identity; /* CLAIM */
		struct lb_backend backend;    /* BACKEND */
		struct lb_life life;          /* LIFE */
		struct {                      /* TABLE; POOL: without a table */
			struct lb_pool pool;
			struct lb_slot *table;
		};
		struct { /* SLOTS */
			struct plan_slot *changes;
			uint32_t count;
		};
		struct lb_service_move service_move; /* SERVICE_MOVE */
		struct lb_service service;           /* SERVICE */
	};
};

struct plan {
	struct plan_op *ops; /* and what they point to: owned */
	size_t count;
	size_t room;
	uint32_t slot_count; /* room that the array of slots has to have before */
};

/*
 * plan_make(): fills *out (plan_done() frees it). Returns 0; -ENOSPC when an index or a place in
 * the services map cannot be had, with err set; -ENOMEM.
 */
int plan_make(const struct wanted *wanted, const struct state *state, struct plan *out,
	      struct err *err);
void plan_done(struct plan *plan);

/* features_lean(): whether the program can do without the tests of USES() in bpf/packet.h. */
bool features_lean(const struct lb_features *features);

/* features_union(): what either uses. */
struct lb_features features_union(const struct lb_features *a, const struct lb_features *b);

/* plan_count(): the operations of one kind. */
size_t plan_count(const struct plan *plan, enum plan_kind kind);

const char *plan_kind_name(enum plan_kind kind);

#endif
