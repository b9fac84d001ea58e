// SPDX-License-Identifier: GPL-2.0-only
/*
 * Weighted rendezvous hashing with bounded loads, without computing all size * count scores.
 *
 * Every backend draws slots from an endless stream of hashes of its own. The score of a backend for
 * a slot is the time of the first of its draws that names the slot; draw k happens at a time within
 * [k, k+1) / weight. The number of draws up to the first that names a slot is geometric, which is
 * -ln(hash) rounded: the smallest of the scores is a backend's with a chance in proportion to its
 * weight, and another weight of a backend scales its own scores and nobody else's. No logarithm is
 * needed, and no floating point: every machine computes the same table.
 *
 * Slots prefer backends by score, and backends that are full prefer slots by the same score. With
 * one score for both sides, deferred acceptance has one result, and it is the one of looking at all
 * pairs in the order of their scores and joining those where the slot is free and the backend has
 * room: the best pair of all is each other's first choice, and so on with what is left. So the draws
 * are made in the order of time, and what is left when all slots have an owner is never computed:
 * size * (ln(size) + 0.58) draws of backends with room are expected, whatever their number.
 */
#include "table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "table_hash.h"

struct backend {
	uint64_t hash;   /* of its name; also breaks ties */
	uint64_t draws;  /* made so far */
	uint64_t weight; /* 1 to 65535 */
	uint32_t room;   /* slots that it can still take */
	uint16_t owner;
};

/*
 * The age of a draw is its number in units of 2^-16, its time is age * 2^16 / weight. With up to
 * 2^22 slots a backend makes fewer than 2^31 draws, all but surely.
 */
#define AGE_BITS 16

struct draw {
	uint64_t time;
	uint32_t slot;
	uint32_t backend;
};

struct maker {
	struct backend *backends; /* with room */
	size_t count;
	struct draw *draws; /* of one step of time, on free slots */
	size_t draw_count;
	uint16_t *owners;
	uint32_t size;
	uint32_t free; /* slots */
	uint64_t now;  /* all draws before have been made */
};

static int backend_compare(const void *left, const void *right)
{
	const struct backend *a = left, *b = right;

	return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static int draw_compare(const void *left, const void *right)
{
	const struct draw *a = left, *b = right;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->backend < b->backend ? -1 : a->backend > b->backend;
}

/* 1.02 times the exact share, rounded up. */
static uint32_t capacity(uint32_t size, uint64_t weight, uint64_t total)
{
	return (size * weight * 102 + total * 100 - 1) / (total * 100);
}

static size_t make_backends(const struct table_backend *backends, size_t count, const char *seed,
			    uint32_t size, struct backend *out)
{
	uint64_t seed_hash = table_hash(seed, 0), total = 0;
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		total += backends[i].weight;
	for (size_t i = 0; i < count; i++)
		if (backends[i].weight)
			out[used++] = (struct backend){
				.hash = table_hash(backends[i].name, seed_hash),
				.weight = backends[i].weight,
				.room = capacity(size, backends[i].weight, total),
				.owner = i + 1,
			};
	if (used)
		qsort(out, used, sizeof(*out), backend_compare);
	return used;
}

/*
 * The hash is a bijection of the number of the draw, so that every slot is named by some draw. Its
 * upper half is the slot, its lowest bits are the moment within the draw's turn.
 */
static void draw_until(struct maker *maker, uint32_t number, uint64_t end)
{
	struct backend *backend = &maker->backends[number];
	/* Rounded up: an age below it is a time before end, and no other is. */
	uint64_t end_age = (((unsigned __int128)end * backend->weight - 1) >> AGE_BITS) + 1;

	for (;; backend->draws++) {
		uint64_t hash = table_mix(backend->hash + backend->draws * 0x9e3779b97f4a7c15ULL);
		uint64_t age = backend->draws << AGE_BITS | (hash & ((1 << AGE_BITS) - 1));
		uint32_t slot = (hash >> 32) * maker->size >> 32;

		if (age >= end_age)
			return;
		if (!maker->owners[slot])
			maker->draws[maker->draw_count++] = (struct draw){
				.time = (age << AGE_BITS) / backend->weight,
				.slot = slot,
				.backend = number,
			};
	}
}

static void take_draws(struct maker *maker)
{
	qsort(maker->draws, maker->draw_count, sizeof(*maker->draws), draw_compare);
	for (size_t i = 0; i < maker->draw_count; i++) {
		const struct draw *draw = &maker->draws[i];
		struct backend *backend = &maker->backends[draw->backend];

		if (maker->owners[draw->slot] || !backend->room)
			continue;
		maker->owners[draw->slot] = backend->owner;
		backend->room--;
		maker->free--;
	}
	maker->draw_count = 0;
}

/* Drops the backends that are full. Returns the weight of the others. */
static uint64_t drop_full(struct maker *maker)
{
	uint64_t weight = 0;
	size_t left = 0;

	for (size_t i = 0; i < maker->count; i++) {
		if (!maker->backends[i].room)
			continue;
		weight += maker->backends[i].weight;
		maker->backends[left++] = maker->backends[i];
	}
	maker->count = left;
	return weight;
}

/* The draws of a step of time: about a quarter of the slots, and one more for each backend. */
static size_t step_draws(uint32_t size)
{
	return size / 4 + 1;
}

static void fill(struct maker *maker)
{
	uint64_t weight;

	/* Rooms add up to more than the slots: there is a backend while there is a free slot. */
	while (maker->free && (weight = drop_full(maker))) {
		uint64_t end = maker->now + ((uint64_t)step_draws(maker->size) << 32) / weight;

		for (size_t i = 0; i < maker->count; i++)
			draw_until(maker, i, end);
		take_draws(maker);
		maker->now = end;
	}
}

int table_build_rendezvous(const struct table_backend *backends, size_t count, const char *seed,
			   uint32_t size, uint16_t *owners)
{
	size_t room = step_draws(size) + 2 * count + 1;
	struct maker maker = {
		.backends = calloc(count + 1, sizeof(*maker.backends)),
		.draws = calloc(room, sizeof(*maker.draws)),
		.owners = owners,
		.size = size,
		.free = size,
	};

	if (!maker.backends || !maker.draws) {
		free(maker.backends);
		free(maker.draws);
		return -ENOMEM;
	}
	memset(owners, 0, size * sizeof(*owners));
	maker.count = make_backends(backends, count, seed, size, maker.backends);
	if (maker.count)
		fill(&maker);
	free(maker.backends);
	free(maker.draws);
	return 0;
}
