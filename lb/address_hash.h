/* SPDX-License-Identifier: GPL-2.0-only */
/* A hash of an address, for tables of chains whose number of buckets is fixed. */
#ifndef HAIRPIN_ADDRESS_HASH_H
#define HAIRPIN_ADDRESS_HASH_H

#include <stdint.h>

#include "abi.h"

#define ADDRESS_BUCKETS 16384 /* four addresses a bucket when all 65,535 are in use */

/* address_hash(): a bucket, from 0 to ADDRESS_BUCKETS - 1. The same address with another salt (an
 * ifindex) is another key. */
static inline uint32_t address_hash(const struct lb_address *address, uint32_t salt)
{
	uint64_t hash = (address->halves[0] + salt) * 0x9e3779b97f4a7c15ull;

	hash = (hash ^ (hash >> 32) ^ address->halves[1]) * 0x9e3779b97f4a7c15ull;
	return (hash >> 40) % ADDRESS_BUCKETS;
}

#endif
