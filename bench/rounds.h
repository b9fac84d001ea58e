/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs take turns at the same work. A cycle is one turn of each, in an order that rotates. A
 * round is some cycles with the same program in the same place.
 */
#ifndef HAIRPIN_ROUNDS_H
#define HAIRPIN_ROUNDS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#define ROUNDS_MAX        63
#define ROUNDS_MAX_CYCLES 200 /* of a round */
#define ROUNDS_MAX_SET    5   /* programs that take turns */

struct contestant {
	const char *key;                                    /* its series in the JSON */
	double (*run)(const struct contestant *contestant); /* a turn; returns ns for a frame */
	struct wire_bpf *wire;                              /* for run(), as all below */
	uint32_t device;
	int program;
};

/* Who takes turns; the last three need not. */
enum { ROUNDS_HAIRPIN, ROUNDS_REFERENCE, ROUNDS_LOOKUP, ROUNDS_BARE, ROUNDS_SAME_WAY };

struct rounds {
	const struct contestant *contestants;
	int contestant_count;
	int wanted; /* rounds; 1 to ROUNDS_MAX */
	int cycles; /* of a round; 1 to ROUNDS_MAX_CYCLES */
	/* Puts hairpin's program to another place, before each round but the first. */
	void (*move)(void *context);
	void *context;

	/* Set by rounds_run(): ns for a frame. */
	double ns[ROUNDS_MAX][ROUNDS_MAX_SET];
	int repeated;  /* cycles that were repeated since other load disturbed them */
	int disturbed; /* rounds with too few cycles that it did not */
};

void rounds_run(struct rounds *rounds);

/* rounds_quiet_cpu(): this thread on one CPU, and before others that want that CPU. */
void rounds_quiet_cpu(void);

/* rounds_json(): a series for each contestant, and what compares the first with the others: medians
 * of the differences within a round. */
json_t *rounds_json(const struct rounds *rounds);

/* rounds_ns(): how much longer one takes for a frame than another; rounds_ratio(): packets per
 * second of hairpin against those of the reference; rounds_mpps(): million frames per second. */
double rounds_ns(const struct rounds *rounds, int contestant, int other);
double rounds_ratio(const struct rounds *rounds);
double rounds_mpps(const struct rounds *rounds, int contestant);

#endif
