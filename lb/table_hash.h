/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the kinds of tables. */
#ifndef HAIRPIN_TABLE_HASH_H
#define HAIRPIN_TABLE_HASH_H

#include <stdint.h>

/* table_mix(): the 64-bit finalizer of MurmurHash3, a bijection. */
static inline uint64_t table_mix(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ULL;
	return h ^ (h >> 33);
}

#endif
