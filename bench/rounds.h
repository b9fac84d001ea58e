/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rounds: programs take turns at the same work. A round that other load disturbed is repeated.
 */
#ifndef HAIRPIN_ROUNDS_H
#define HAIRPIN_ROUNDS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#define ROUNDS_MAX     31
#define ROUNDS_MAX_SET 4 /* programs that take turns */

/* A turn: how much came out of it, in which time. */
struct turn {
	uint64_t frames;
	double seconds;
};

struct contestant {
	const char *key; /* its series in the JSON */
	struct turn (*run)(const struct contestant *contestant, uint32_t frames);
	struct wire_bpf *wire; /* for run(), as all below */
	uint32_t device;
	int program;
};

/* Who takes turns; the last two need not. */
enum { ROUNDS_HAIRPIN, ROUNDS_REFERENCE, ROUNDS_LOOKUP, ROUNDS_BARE };

struct rounds {
	const struct contestant *contestants;
	int contestant_count;
	int wanted;      /* rounds; 1 to ROUNDS_MAX */
	uint32_t frames; /* of each contestant in a round */

	/* Set by rounds_run(): million frames per second. */
	double mpps[ROUNDS_MAX][ROUNDS_MAX_SET];
	int repeated;  /* rounds that were thrown away */
	int disturbed; /* rounds that were kept although disturbed: there were no better ones */
};

void rounds_run(struct rounds *rounds);

/* rounds_quiet_cpu(): this thread on one CPU, and before others that want that CPU. */
void rounds_quiet_cpu(void);

/* rounds_json(): a series for each contestant, and what compares the first with the others: medians
 * of the differences within a round. */
json_t *rounds_json(const struct rounds *rounds);

/* rounds_ns(): how much longer one takes for a frame than another; rounds_ratio(): hairpin against
 * the reference; rounds_median(): million frames per second. */
double rounds_ns(const struct rounds *rounds, int contestant, int other);
double rounds_ratio(const struct rounds *rounds);
double rounds_median(const struct rounds *rounds, int contestant);

#endif
