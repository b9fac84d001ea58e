// SPDX-License-Identifier: GPL-2.0-only
/*
 * table: what each kind of table costs to build, how even it is, and how many slots move when one
 * backend changes, beside Maglev without weights as its paper gives it, and beside the share of
 * slots that any table would have to move.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "table.h"
#include "table_textbook.h"

#define SEED       "bench"
#define MAX_ROUNDS 7
#define VICTIMS    5 /* disturbance is the mean over this many backends that change */

typedef int table_build(const struct table_backend *backends, size_t count, const char *seed,
			uint32_t size, uint16_t *owners);

static const struct kind {
	const char *name;
	table_build *build;
	bool weighted;
} kinds[] = {
	{"textbook", table_build_textbook, false},
	{"maglev", table_build_maglev, true},
	{"rendezvous", table_build_rendezvous, true},
};

/* What happens to one backend: its new weight is weight * numerator / denominator. */
static const struct change {
	const char *name;
	uint32_t numerator, denominator;
	bool grows; /* slots may only go to it; else only away from it */
	bool added; /* the backend is a newcomer */
} changes[] = {
	{"remove", 0, 1, false, false}, {"add", 1, 1, true, true},
	{"halve", 1, 2, false, false},  {"plus-1pct", 101, 100, true, false},
	{"double", 2, 1, true, false},
};

/* The last of the backends is the newcomer, whose weight is 0 until it comes. */
struct set {
	struct table_backend *backends;
	char (*names)[32];
	size_t count;
	bool skewed;
};

static void *must(void *memory)
{
	if (memory)
		return memory;
	perror("table");
	exit(1);
}

/* Weights that are halved and grow by 1% without a rest. */
static struct set set_new(size_t count, bool skewed)
{
	struct set set = {.count = count, .skewed = skewed};

	set.backends = must(calloc(count + 1, sizeof(*set.backends)));
	set.names = must(calloc(count + 1, sizeof(*set.names)));
	set.backends[count].name = set.names[count];
	for (size_t i = 0; i < count; i++) {
		snprintf(set.names[i], sizeof(set.names[i]), "backend-%zu", i + 1);
		set.backends[i].name = set.names[i];
		set.backends[i].weight = 100 * (skewed ? i * 100 / count + 1 : 1);
	}
	return set;
}

static void set_done(struct set *set)
{
	free(set->backends);
	free(set->names);
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static double build(const struct kind *kind, const struct set *set, uint32_t size, uint16_t *owners)
{
	double start = now_ms();

	if (kind->build(set->backends, set->count + 1, SEED, size, owners)) {
		fprintf(stderr, "table: out of memory\n");
		exit(1);
	}
	return now_ms() - start;
}

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Several times, but not for more than a second or so. */
static json_t *measure_build(const struct kind *kind, const struct set *set, uint32_t size,
			     uint16_t *owners)
{
	double ms[MAX_ROUNDS], sum = 0;
	int rounds = 0;

	while (rounds < MAX_ROUNDS && (rounds < 3 || sum < 1000)) {
		ms[rounds] = build(kind, set, size, owners);
		sum += ms[rounds++];
	}
	qsort(ms, rounds, sizeof(*ms), compare_double);
	return json_pack("{s:f, s:f, s:f}", "min", ms[0], "median", ms[rounds / 2], "max",
			 ms[rounds - 1]);
}

static double total_weight(const struct set *set)
{
	double total = 0;

	for (size_t i = 0; i <= set->count; i++)
		total += set->backends[i].weight;
	return total;
}

/* Slots of the backends against their exact shares. */
static json_t *balance(const struct set *set, uint32_t size, const uint16_t *owners)
{
	uint32_t *slots = must(calloc(set->count + 1, sizeof(*slots)));
	double total = total_weight(set), least = INFINITY, most = 0;

	for (uint32_t slot = 0; slot < size; slot++)
		slots[owners[slot]]++;
	for (size_t i = 0; i < set->count; i++) {
		double ratio = slots[i + 1] / (size * (set->backends[i].weight / total));

		least = fmin(least, ratio);
		most = fmax(most, ratio);
	}
	free(slots);
	return json_pack("{s:f, s:f}", "max_over_share", most, "min_over_share", least);
}

/* The share of slots that has to move: what the backends that win get more of. */
static double necessary_share(const struct set *set, size_t victim, double before, double after)
{
	double total = total_weight(set) - set->backends[victim].weight;
	double change = after / (total + after) - before / (total + before);

	return fabs(change);
}

struct moves {
	double moved, necessary, excess; /* shares of all slots */
};

static void count_moves(struct moves *moves, const uint16_t *before, const uint16_t *after,
			uint32_t size, uint16_t victim, bool grows)
{
	uint32_t moved = 0, excess = 0;

	for (uint32_t slot = 0; slot < size; slot++) {
		if (before[slot] == after[slot])
			continue;
		moved++;
		excess += (grows ? after[slot] : before[slot]) != victim;
	}
	moves->moved += (double)moved / size / VICTIMS;
	moves->excess += (double)excess / size / VICTIMS;
}

/* Weights are back as they were when it returns. */
static void disturb_one(const struct kind *kind, struct set *set, uint32_t size,
			const struct change *change, size_t victim, uint16_t *tables[2],
			struct moves *moves)
{
	struct table_backend *backend = &set->backends[change->added ? set->count : victim];
	uint32_t weight = set->backends[victim].weight, old = backend->weight;
	uint32_t before = change->added ? 0 : weight;
	uint32_t after = weight * change->numerator / change->denominator;

	snprintf(set->names[set->count], sizeof(*set->names), "newcomer-%zu", victim);
	moves->necessary += necessary_share(set, backend - set->backends, before, after) / VICTIMS;
	build(kind, set, size, tables[0]);
	backend->weight = after;
	build(kind, set, size, tables[1]);
	backend->weight = old;
	count_moves(moves, tables[0], tables[1], size, backend - set->backends + 1, change->grows);
}

static json_t *disturb(const struct kind *kind, struct set *set, uint32_t size,
		       const struct change *change, uint16_t *tables[2])
{
	struct moves moves = {0};

	for (size_t i = 0; i < VICTIMS; i++)
		disturb_one(kind, set, size, change, (2 * i + 1) * set->count / (2 * VICTIMS),
			    tables, &moves);
	return json_pack("{s:f, s:f, s:f}", "moved", moves.moved, "necessary", moves.necessary,
			 "excess", moves.excess);
}

static json_t *measure(const struct kind *kind, struct set *set, uint32_t size)
{
	uint16_t *tables[2] = {must(calloc(size, sizeof(uint16_t))),
			       must(calloc(size, sizeof(uint16_t)))};
	json_t *result = json_pack("{s:s, s:I, s:s, s:I, s:o}", "kind", kind->name, "backends",
				   (json_int_t)set->count, "weights",
				   set->skewed ? "skewed" : "equal", "size", (json_int_t)size,
				   "build_ms", measure_build(kind, set, size, tables[0]));
	json_t *disturbance = json_object();

	json_object_set_new(result, "balance", balance(set, size, tables[0]));
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		bool reweighs =
			changes[i].numerator != changes[i].denominator && changes[i].numerator;

		if (kind->weighted || !reweighs)
			json_object_set_new(disturbance, changes[i].name,
					    disturb(kind, set, size, &changes[i], tables));
	}
	json_object_set_new(result, "disturbance", disturbance);
	free(tables[0]);
	free(tables[1]);
	return result;
}

static void tell(const json_t *result)
{
	const json_t *balance = json_object_get(result, "balance");
	const json_t *disturbance = json_object_get(result, "disturbance"), *moves;
	const char *name;

	fprintf(stderr, "%-10s %6lld backends, %-6s %8lld slots: %8.2f ms, slots/share %.3f-%.3f",
		json_string_value(json_object_get(result, "kind")),
		json_integer_value(json_object_get(result, "backends")),
		json_string_value(json_object_get(result, "weights")),
		json_integer_value(json_object_get(result, "size")),
		json_real_value(json_object_get(json_object_get(result, "build_ms"), "median")),
		json_real_value(json_object_get(balance, "min_over_share")),
		json_real_value(json_object_get(balance, "max_over_share")));
	json_object_foreach((json_t *)disturbance, name, moves)
		fprintf(stderr, ", %s %.4f%% (%.4f%%)", name,
			100 * json_real_value(json_object_get(moves, "moved")),
			100 * json_real_value(json_object_get(moves, "necessary")));
	fputs("\n", stderr);
}

static void run(json_t *results, size_t count, uint32_t size, bool skewed)
{
	struct set set = set_new(count, skewed);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		json_t *result;

		if (skewed && !kinds[i].weighted)
			continue;
		result = measure(&kinds[i], &set, size);
		tell(result);
		json_array_append_new(results, result);
	}
	set_done(&set);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {16381, 65537, 1048573};
	static const size_t counts[] = {10, 100, 1000, 10000};
	bool quick = argc == 2 && !strcmp(argv[1], "--quick");
	json_t *results;

	if (argc > 1 && !quick) {
		fprintf(stderr, "usage: table [--quick]\n");
		return 2;
	}
	results = json_array();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (size_t j = 0; j < sizeof(counts) / sizeof(*counts); j++)
			for (int skewed = 0; skewed < 2; skewed++)
				if (!quick || (sizes[i] == 65537 && counts[j] <= 1000))
					run(results, counts[j], sizes[i], skewed);
	json_dumpf(results, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	puts("");
	json_decref(results);
	return 0;
}
