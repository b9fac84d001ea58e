// SPDX-License-Identifier: GPL-2.0-only
#include "table_textbook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct turn {
	uint32_t next, skip;
	uint16_t owner;
};

static size_t make_turns(const struct table_backend *backends, size_t count, uint64_t seed,
			 uint32_t size, struct turn *turns)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		if (!backends[i].weight)
			continue;
		turns[used++] = (struct turn){
			.next = table_hash(backends[i].name, seed) % size,
			.skip = table_hash(backends[i].name, ~seed) % (size - 1) + 1,
			.owner = i + 1,
		};
	}
	return used;
}

/* Eisenbud et al., "Maglev", NSDI 2016, pseudocode 1: everybody takes a free slot in turn. */
int table_build_textbook(const struct table_backend *backends, size_t count, const char *seed,
			 uint32_t size, uint16_t *owners)
{
	struct turn *turns = calloc(count + 1, sizeof(*turns));
	uint32_t filled = 0;
	size_t used;

	if (!turns)
		return -ENOMEM;
	memset(owners, 0, size * sizeof(*owners));
	used = make_turns(backends, count, table_hash(seed, 0), size, turns);
	for (size_t i = 0; used && filled < size; i = i + 1 < used ? i + 1 : 0) {
		struct turn *turn = &turns[i];

		while (owners[turn->next])
			turn->next = ((uint64_t)turn->next + turn->skip) % size;
		owners[turn->next] = turn->owner;
		filled++;
	}
	free(turns);
	return 0;
}
