// SPDX-License-Identifier: GPL-2.0-only
#include "rounds.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A contestant's frames of a round come in so many turns, so that all meet the same weather. */
#define TURNS 4

/* Before a turn counts, this part of it fills the caches: others had them. */
#define WARM_UP 4

/*
 * Between turns others have the CPU. Without that the kernel interrupts a turn on their behalf: it
 * keeps 5% of each second for them (Documentation/scheduler/sched-deadline).
 */
#define BREAK_US 8000

/* A round is disturbed if the CPU went to others for longer than this share of it, or if the
 * reference is further than this share from its median. */
#define MAX_WAITED  0.01
#define MAX_SCATTER 0.15

#define MAX_TRIES (3 * ROUNDS_MAX)

struct round {
	double mpps[ROUNDS_MAX_SET];
	bool waited;
	bool bad; /* waited, or too far from the median */
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Seconds that this thread was ready to run and did not (Documentation/scheduler/sched-stats). */
static double waited_s(void)
{
	FILE *file = fopen("/proc/thread-self/schedstat", "re");
	unsigned long long ran, waited = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%llu %llu", &ran, &waited) != 2)
		waited = 0;
	fclose(file);
	return waited / 1e9;
}

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, int count)
{
	qsort(values, count, sizeof(*values), compare_double);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static struct round round_run(const struct rounds *rounds, int shift)
{
	struct turn sums[ROUNDS_MAX_SET] = {0};
	double start = now_s(), waited = waited_s();
	struct round round = {0};

	for (int turn = 0; turn < TURNS; turn++) {
		for (int i = 0; i < rounds->contestant_count; i++) {
			int who = (i + turn + shift) % rounds->contestant_count;
			const struct contestant *contestant = &rounds->contestants[who];
			struct turn one;

			contestant->run(contestant, rounds->frames / TURNS / WARM_UP);
			one = contestant->run(contestant, rounds->frames / TURNS);
			sums[who].frames += one.frames;
			sums[who].seconds += one.seconds;
			usleep(BREAK_US);
		}
	}
	for (int i = 0; i < rounds->contestant_count; i++)
		round.mpps[i] = sums[i].frames / sums[i].seconds / 1e6;
	round.waited = waited_s() - waited > MAX_WAITED * (now_s() - start);
	return round;
}

/* Tells the bad rounds from the good ones; returns how many are good. */
static int judge(struct round *tries, int count)
{
	double references[MAX_TRIES], middle;
	int used = 0, good = 0;

	for (int i = 0; i < count; i++)
		if (!tries[i].waited)
			references[used++] = tries[i].mpps[ROUNDS_REFERENCE];
	middle = used ? median(references, used) : 0;
	for (int i = 0; i < count; i++) {
		double distance = tries[i].mpps[ROUNDS_REFERENCE] / middle - 1;

		tries[i].bad = tries[i].waited || distance < -MAX_SCATTER || distance > MAX_SCATTER;
		good += !tries[i].bad;
	}
	return good;
}

/* Good rounds first; then, if they are too few, what there is. */
static void keep(struct rounds *rounds, const struct round *tries, int count)
{
	int kept = 0;

	for (int bad = 0; bad < 2; bad++) {
		for (int i = 0; i < count && kept < rounds->wanted; i++) {
			if (tries[i].bad != bad)
				continue;
			memcpy(rounds->mpps[kept++], tries[i].mpps, sizeof(tries[i].mpps));
			rounds->disturbed += bad;
		}
	}
	rounds->repeated = count - kept;
}

void rounds_run(struct rounds *rounds)
{
	struct round tries[MAX_TRIES];
	int count = 0;

	rounds->disturbed = 0;
	round_run(rounds, 0); /* warms up */
	do {
		tries[count] = round_run(rounds, count);
		count++;
	} while (judge(tries, count) < rounds->wanted && count < 3 * rounds->wanted);
	keep(rounds, tries, count);
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

double rounds_median(const struct rounds *rounds, int contestant)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < rounds->wanted; i++)
		values[i] = rounds->mpps[i][contestant];
	return median(values, rounds->wanted);
}

double rounds_ns(const struct rounds *rounds, int contestant, int other)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < rounds->wanted; i++)
		values[i] = 1e3 / rounds->mpps[i][contestant] - 1e3 / rounds->mpps[i][other];
	return median(values, rounds->wanted);
}

double rounds_ratio(const struct rounds *rounds)
{
	double values[ROUNDS_MAX];

	for (int i = 0; i < rounds->wanted; i++)
		values[i] = rounds->mpps[i][ROUNDS_HAIRPIN] / rounds->mpps[i][ROUNDS_REFERENCE];
	return median(values, rounds->wanted);
}

static json_t *series_json(const struct rounds *rounds, int contestant)
{
	double least = rounds->mpps[0][contestant], most = least;

	for (int i = 1; i < rounds->wanted; i++) {
		double value = rounds->mpps[i][contestant];

		least = value < least ? value : least;
		most = value > most ? value : most;
	}
	return json_pack("{s:f, s:f, s:f}", "min", least, "median",
			 rounds_median(rounds, contestant), "max", most);
}

json_t *rounds_json(const struct rounds *rounds)
{
	json_t *json = json_object();

	for (int i = 0; i < rounds->contestant_count; i++)
		json_object_set_new(json, rounds->contestants[i].key, series_json(rounds, i));
	json_object_set_new(json, "ratio", json_real(rounds_ratio(rounds)));
	json_object_set_new(json, "ns_above_reference",
			    json_real(rounds_ns(rounds, ROUNDS_HAIRPIN, ROUNDS_REFERENCE)));
	json_object_set_new(json, "rounds", json_integer(rounds->wanted));
	json_object_set_new(json, "repeated", json_integer(rounds->repeated));
	json_object_set_new(json, "disturbed", json_integer(rounds->disturbed));
	return json;
}
