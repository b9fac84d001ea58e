/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lookup tables: which backend owns which slot. A pure function of names, weights, seed and size:
 * all balancers of one catalog compute the same one.
 */
#ifndef HAIRPIN_TABLE_H
#define HAIRPIN_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_backend {
	const char *name;
	uint32_t weight; /* 0: gets no slot */
};

/*
 * table_build_maglev(): Maglev (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load
 * Balancer", NSDI 2016, section 3.4), weighted: a backend takes its turns in proportion to its
 * weight, and owns floor or ceiling of its exact share of the slots.
 *
 * backends: in any order, names unique; count < 65,535. size: an odd prime. owners: size entries,
 * filled with the position of the owner in backends plus one, or 0 in every slot when no backend
 * has a weight. Returns 0 or -ENOMEM (owners untouched).
 */
int table_build_maglev(const struct table_backend *backends, size_t count, const char *seed,
		       uint32_t size, uint16_t *owners);

/*
 * table_build_rendezvous(): weighted rendezvous hashing with bounded loads: moves fewer slots than
 * Maglev when backends change. A slot ranks the backends by weighted scores; a backend owns at most
 * 1.02 times its exact share of the slots, rounded up, and a full one keeps the slots that it scores
 * best for (deferred acceptance). The rest is as for table_build_maglev(); weights up to 65,535.
 */
int table_build_rendezvous(const struct table_backend *backends, size_t count, const char *seed,
			   uint32_t size, uint16_t *owners);

/*
 * table_digest(): of who owns which slot, by name; equal on two balancers when all their slots are.
 */
uint64_t table_digest(const struct table_backend *backends, size_t count, const uint16_t *owners,
		      uint32_t size);

/* table_hash(): of a string; also makes the seed of the flow hash from the catalog's. */
uint64_t table_hash(const char *text, uint64_t seed);

#endif
