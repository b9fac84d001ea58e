// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "table_hash.h"

/* FNV-1a (draft-eastlake-fnv), then a finalizer, since FNV alone leaves the upper bits of short names
 * alike. */
uint64_t table_hash(const char *text, uint64_t seed)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
	return table_mix(h ^ table_mix(seed + 0x9e3779b97f4a7c15ULL));
}

/*
 * One backend at work: its permutation of the slots (next, skip), and its place in the queue. due
 * is the virtual time of its next turn, a turn lasting 2^40 / weight: weights up to 65,535 and
 * tables up to 2^22 slots stay within 63 bits.
 */
struct worker {
	uint64_t due;
	uint64_t step;
	uint64_t tie; /* by name, so that the order of backends does not matter */
	uint32_t next;
	uint32_t skip;
	uint32_t quota;
	uint64_t remainder;
	uint16_t owner;
};

static bool worker_before(const struct worker *a, const struct worker *b)
{
	return a->due != b->due ? a->due < b->due : a->tie < b->tie;
}

static void heap_sift(struct worker *heap, size_t count, size_t at)
{
	struct worker moving = heap[at];
	size_t child;

	for (; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && worker_before(&heap[child + 1], &heap[child]))
			child++;
		if (!worker_before(&heap[child], &moving))
			break;
		heap[at] = heap[child];
	}
	heap[at] = moving;
}

static int compare_remainder(const void *left, const void *right)
{
	const struct worker *a = left, *b = right;

	if (a->remainder != b->remainder)
		return a->remainder > b->remainder ? -1 : 1;
	return a->tie < b->tie ? -1 : a->tie > b->tie;
}

/* Exact shares, rounded by largest remainder so that they add up to size. */
static void set_quotas(struct worker *workers, size_t count, const struct table_backend *backends,
		       uint32_t size)
{
	uint64_t total = 0;
	uint32_t left = size;

	for (size_t i = 0; i < count; i++)
		total += backends[workers[i].owner - 1].weight;
	for (size_t i = 0; i < count; i++) {
		uint64_t exact = (uint64_t)size * backends[workers[i].owner - 1].weight;

		workers[i].quota = exact / total;
		workers[i].remainder = exact % total;
		left -= workers[i].quota;
	}
	qsort(workers, count, sizeof(*workers), compare_remainder);
	for (size_t i = 0; i < left; i++)
		workers[i].quota++;
}

static size_t make_workers(const struct table_backend *backends, size_t count, const char *seed,
			   uint32_t size, struct worker *workers)
{
	uint64_t seed_hash = table_hash(seed, 0);
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t hash = table_hash(backends[i].name, seed_hash);

		if (!backends[i].weight)
			continue;
		workers[used++] = (struct worker){
			.step = (1ULL << 40) / backends[i].weight,
			.due = (1ULL << 40) / backends[i].weight,
			.tie = hash,
			.next = hash % size,
			.skip = table_mix(hash) % (size - 1) + 1,
			.owner = i + 1,
		};
	}
	if (used)
		set_quotas(workers, used, backends, size);
	return used;
}

static void take_slot(struct worker *worker, uint32_t size, uint16_t *owners)
{
	while (owners[worker->next]) {
		worker->next += worker->skip;
		if (worker->next >= size)
			worker->next -= size;
	}
	owners[worker->next] = worker->owner;
	worker->quota--;
	worker->due += worker->step;
}

int table_build_maglev(const struct table_backend *backends, size_t count, const char *seed,
		       uint32_t size, uint16_t *owners)
{
	struct worker *heap = calloc(count ?: 1, sizeof(*heap));
	size_t waiting;

	if (!heap)
		return -ENOMEM;
	memset(owners, 0, size * sizeof(*owners));
	waiting = make_workers(backends, count, seed, size, heap);
	for (size_t i = waiting / 2; i-- > 0;)
		heap_sift(heap, waiting, i);
	while (waiting) {
		if (heap[0].quota)
			take_slot(&heap[0], size, owners);
		if (!heap[0].quota)
			heap[0] = heap[--waiting];
		heap_sift(heap, waiting, 0);
	}
	free(heap);
	return 0;
}

uint64_t table_digest(const struct table_backend *backends, size_t count, const uint16_t *owners,
		      uint32_t size)
{
	uint64_t digest = table_mix(size);
	uint64_t *names = calloc(count + 1, sizeof(*names));

	if (!names)
		return 0;
	for (size_t i = 0; i < count; i++)
		names[i + 1] = table_hash(backends[i].name, 0);
	for (uint32_t slot = 0; slot < size; slot++)
		digest = table_mix(digest ^ names[owners[slot]]);
	free(names);
	return digest;
}
