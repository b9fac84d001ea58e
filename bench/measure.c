// SPDX-License-Identifier: GPL-2.0-only
#include "measure.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"

#define ALONE_VERIFY_FRAMES 10000

double measure_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static uint64_t faults_of(const struct verdict *verdict)
{
	return verdict->bad_outer + verdict->bad_inner + verdict->bad_backend;
}

static void set_integer(json_t *json, const char *key, uint64_t value)
{
	json_object_set_new(json, key, json_integer(value));
}

static void put_mix(json_t *json, const struct mix *mix)
{
	struct wire_traffic traffic = mix_traffic(mix);

	json_object_set_new(json, "mix", json_string(mix->name));
	if (mix->axis) {
		json_object_set_new(json, "axis", json_string(mix->axis));
		set_integer(json, "value", mix->value);
	}
	if (mix->without)
		json_object_set_new(json, "without", json_string(mix->without));
	/* New flows: as many as the generator has numbers. */
	set_integer(json, "flows", traffic.fresh ? WIRE_MAX_FLOWS : traffic.flows);
	set_integer(json, "services", traffic.services);
	set_integer(json, "pools", traffic.pools);
	set_integer(json, "backends", traffic.backends);
}

static void put_loaded(json_t *json, const struct stage_loaded *loaded)
{
	set_integer(json, "map_bytes", loaded->map_bytes);
	set_integer(json, "instructions", loaded->instructions);
	set_integer(json, "jited_bytes", loaded->jited_bytes);
}

static void put_verdict(json_t *json, const struct verdict *verdict)
{
	set_integer(json, "verified", verdict->verified);
	set_integer(json, "faults", faults_of(verdict));
	set_integer(json, "lost", verdict->lost);
	json_object_set_new(json, "faults_by_kind",
			    json_pack("{s:I, s:I, s:I}", "outer", (json_int_t)verdict->bad_outer,
				      "inner", (json_int_t)verdict->bad_inner, "backend",
				      (json_int_t)verdict->bad_backend));
}

static void put_references(json_t *json, const struct mix *mix, const struct rounds *rounds)
{
	char reference[16];

	if (mix->for_no_service) {
		json_object_set_new(json, "reference", json_string("pass"));
		return;
	}
	snprintf(reference, sizeof(reference), "push%u", answer_growth(mix));
	json_object_set_new(json, "reference", json_string(reference));
	set_integer(json, "lookup_bytes", mix_lookup(mix).lines * 64ULL);
	json_object_set_new(json, "lookup_ns_above_reference",
			    json_real(rounds_ns(rounds, ROUNDS_LOOKUP, ROUNDS_REFERENCE)));
	json_object_set_new(json, "ns_above_lookup",
			    json_real(rounds_ns(rounds, ROUNDS_HAIRPIN, ROUNDS_LOOKUP)));
	if (rounds->contestant_count > ROUNDS_SAME_WAY)
		json_object_set_new(json, "ns_above_same_way",
				    json_real(rounds_ns(rounds, ROUNDS_HAIRPIN, ROUNDS_SAME_WAY)));
}

static void say(const struct mix *mix, const struct rounds *rounds, const struct verdict *verdict)
{
	fprintf(stderr,
		"%-14s %6.2f M/s, reference %6.2f: %5.1f%%, %+5.1f ns; %llu verified, %llu faults, "
		"%llu lost",
		mix->name, rounds_mpps(rounds, ROUNDS_HAIRPIN),
		rounds_mpps(rounds, ROUNDS_REFERENCE), 100 * rounds_ratio(rounds),
		rounds_ns(rounds, ROUNDS_HAIRPIN, ROUNDS_REFERENCE),
		(unsigned long long)verdict->verified, (unsigned long long)faults_of(verdict),
		(unsigned long long)verdict->lost);
	if (rounds->repeated || rounds->disturbed)
		fprintf(stderr, "; %d cycles repeated, %d rounds disturbed", rounds->repeated,
			rounds->disturbed);
	fputs("\n", stderr);
}

/* What runs. */
struct running {
	const struct measure *measure;
	const struct mix *mix;
	struct contestant contestants[ROUNDS_MAX_SET];
	int contestant_count;
	struct stage_loaded loaded;
};

static void start(struct running *running)
{
	const struct measure *measure = running->measure;
	const struct mix *mix = running->mix;

	stage_serve(measure->hairpind, mix);
	wire_wait(measure, mix);
	if (mix->moved)
		wire_move(measure, mix);
	running->loaded = stage_loaded();
	running->contestant_count =
		mix->for_no_service
			? alone_set(measure, running->loaded.program, running->contestants)
			: wire_set(measure, mix, running->contestants);
}

static void stop(struct running *running)
{
	close(running->loaded.program);
	stage_unserve();
}

/*
 * Where a program's machine code lies in memory decides about some ns: measured were 29 to 36 for
 * one and the same. So it lies elsewhere in each round.
 */
static void move(void *context)
{
	stop(context);
	stage_occupy();
	start(context);
}

json_t *measure_mix(const struct measure *measure, const struct mix *mix, uint64_t *faults)
{
	struct running running = {.measure = measure, .mix = mix};
	struct rounds rounds = {.contestants = running.contestants,
				.wanted = measure->rounds,
				.cycles = measure->cycles,
				.move = move,
				.context = &running};
	struct verdict verdict;
	json_t *json;

	start(&running);
	rounds.contestant_count = running.contestant_count;
	rounds_run(&rounds);
	if (mix->for_no_service)
		verdict = alone_verify(running.loaded.program, mix, ALONE_VERIFY_FRAMES);
	else
		verdict = wire_verify(measure, mix);
	say(mix, &rounds, &verdict);
	json = rounds_json(&rounds);
	put_mix(json, mix);
	put_loaded(json, &running.loaded);
	put_references(json, mix, &rounds);
	put_verdict(json, &verdict);
	*faults += faults_of(&verdict) + verdict.lost;
	stop(&running);
	stage_vacate();
	return json;
}
