// SPDX-License-Identifier: GPL-2.0-only
#include "rounds.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quantile.h"

/*
 * Between turns others have the CPU. Without that the kernel interrupts a turn on their behalf: it
 * keeps 5% of each second for them (Documentation/scheduler/sched-deadline).
 */
#define BREAK_US 500

/*
 * A turn is quiet when it takes at most this much longer than the program's turns at their best:
 * this quantile of all turns of a program that stays where it is, and the second of the round for
 * hairpin. What disturbs most is a busy second thread of the same core: a frame then takes half as
 * long again, for all programs. A busy machine still has some quiet moments.
 */
#define QUIET 1.02
#define BEST  0.03

/* A round goes on until it has its quiet turns, for so many times as many cycles. */
#define PATIENCE 6

/* A round has this share of its turns quiet, or is disturbed and uses as many of the best. */
#define ENOUGH 0.25

#define MAX_TRIES (PATIENCE * ROUNDS_MAX_CYCLES)

/* The turns of one program, in ns for a frame: of all rounds, one behind the other. */
struct series {
	double *turns;
};

struct log {
	struct series of[ROUNDS_MAX_SET];
	int ends[ROUNDS_MAX]; /* of each round */
	int count;
};

static void cycle_run(const struct rounds *rounds, struct log *log)
{
	for (int i = 0; i < rounds->contestant_count; i++) {
		int who = (i + log->count) % rounds->contestant_count;
		const struct contestant *contestant = &rounds->contestants[who];

		log->of[who].turns[log->count] = contestant->run(contestant);
		usleep(BREAK_US);
	}
	log->count++;
}

/* The time up to which a turn in the round from start to end is quiet. */
static double quiet_limit(const struct log *log, int who, int start, int end)
{
	double *turns, limit;

	if (who != ROUNDS_HAIRPIN) {
		start = 0;
		end = log->count;
	}
	turns = calloc(end - start, sizeof(*turns));
	memcpy(turns, log->of[who].turns + start, (end - start) * sizeof(*turns));
	limit = quantile(turns, end - start, BEST);
	if (who == ROUNDS_HAIRPIN && end - start > 1)
		limit = turns[1];
	free(turns);
	return limit * QUIET;
}

static int count_quiet(const struct log *log, int who, int start, int end)
{
	double limit = quiet_limit(log, who, start, end);
	int quiet = 0;

	for (int i = start; i < end; i++)
		quiet += log->of[who].turns[i] <= limit;
	return quiet;
}

static bool is_complete(const struct rounds *rounds, const struct log *log, int start)
{
	if (log->count - start >= PATIENCE * rounds->cycles)
		return true;
	for (int who = 0; who < rounds->contestant_count; who++)
		if (count_quiet(log, who, start, log->count) < rounds->cycles)
			return false;
	return true;
}

/* The median over the quiet turns of a round. */
static void sum_up(struct rounds *rounds, const struct log *log, int round)
{
	int start = round ? log->ends[round - 1] : 0, end = log->ends[round];
	int enough = ENOUGH * rounds->cycles + 1;
	double turns[MAX_TRIES];
	bool disturbed = false;

	for (int who = 0; who < rounds->contestant_count; who++) {
		int used = count_quiet(log, who, start, end);

		disturbed |= used < enough;
		if (used < enough)
			used = enough;
		memcpy(turns, log->of[who].turns + start, (end - start) * sizeof(*turns));
		qsort(turns, end - start, sizeof(*turns), quantile_compare);
		rounds->ns[round][who] = quantile_median(turns, used);
	}
	rounds->repeated += end - start - rounds->cycles;
	rounds->disturbed += disturbed;
}

void rounds_run(struct rounds *rounds)
{
	struct log log = {0};

	for (int who = 0; who < rounds->contestant_count; who++)
		log.of[who].turns =
			calloc((size_t)rounds->wanted * PATIENCE * rounds->cycles, sizeof(double));
	cycle_run(rounds, &log); /* warms up */
	log.count = 0;
	for (int round = 0, start = 0; round < rounds->wanted; start = log.ends[round++]) {
		if (round)
			rounds->move(rounds->context);
		do
			cycle_run(rounds, &log);
		while (!is_complete(rounds, &log, start));
		log.ends[round] = log.count;
	}
	rounds->repeated = rounds->disturbed = 0;
	for (int round = 0; round < rounds->wanted; round++)
		sum_up(rounds, &log, round);
	for (int who = 0; who < rounds->contestant_count; who++)
		free(log.of[who].turns);
}

void rounds_quiet_cpu(void)
{
	struct sched_param priority = {.sched_priority = 1};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		perror("forward: cannot stay on one CPU");
	/* Not for children: hairpind is to run as it always does. */
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority))
		perror("forward: cannot run before others");
}

double rounds_mpps(const struct rounds *rounds, int contestant)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < rounds->wanted; i++)
		values[i] = 1e3 / rounds->ns[i][contestant];
	return quantile_median(values, rounds->wanted);
}

double rounds_ns(const struct rounds *rounds, int contestant, int other)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < rounds->wanted; i++)
		values[i] = rounds->ns[i][contestant] - rounds->ns[i][other];
	return quantile_median(values, rounds->wanted);
}

double rounds_ratio(const struct rounds *rounds)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < rounds->wanted; i++)
		values[i] = rounds->ns[i][ROUNDS_REFERENCE] / rounds->ns[i][ROUNDS_HAIRPIN];
	return quantile_median(values, rounds->wanted);
}

static json_t *series_json(double *values, int count)
{
	double middle = quantile_median(values, count);

	return json_pack("{s:f, s:f, s:f}", "min", values[0], "median", middle, "max",
			 values[count - 1]);
}

static json_t *mpps_json(const struct rounds *rounds, int contestant)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < rounds->wanted; i++)
		values[i] = 1e3 / rounds->ns[i][contestant];
	return series_json(values, rounds->wanted);
}

static json_t *above_json(const struct rounds *rounds)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < rounds->wanted; i++)
		values[i] = rounds->ns[i][ROUNDS_HAIRPIN] - rounds->ns[i][ROUNDS_REFERENCE];
	return series_json(values, rounds->wanted);
}

json_t *rounds_json(const struct rounds *rounds)
{
	json_t *json = json_object();

	for (int i = 0; i < rounds->contestant_count; i++)
		json_object_set_new(json, rounds->contestants[i].key, mpps_json(rounds, i));
	json_object_set_new(json, "ratio", json_real(rounds_ratio(rounds)));
	json_object_set_new(json, "ns_above_reference",
			    json_real(rounds_ns(rounds, ROUNDS_HAIRPIN, ROUNDS_REFERENCE)));
	json_object_set_new(json, "ns_above_reference_rounds", above_json(rounds));
	json_object_set_new(json, "rounds", json_integer(rounds->wanted));
	json_object_set_new(json, "cycles", json_integer(rounds->cycles));
	json_object_set_new(json, "repeated", json_integer(rounds->repeated));
	json_object_set_new(json, "disturbed", json_integer(rounds->disturbed));
	return json;
}
