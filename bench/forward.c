// SPDX-License-Identifier: GPL-2.0-only
/*
 * forward: packets per second of the loaded program without a network card, beside those of
 * programs that do less, in the same run.
 *
 * Two network namespaces and one veth pair for each program under test. A generator, fed by
 * BPF_PROG_RUN with live frames, writes every frame anew and sends it through the pair; the program
 * at the other end answers with XDP_TX; a sink at this end counts, and in a pass of its own
 * verifies. All of it runs on one CPU. The programs take turns.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "answer.h"
#include "measure.h"
#include "mix.h"
#include "rounds.h"
#include "stage.h"
#include "wire.skel.h"

#define DEFAULT_ROUNDS 15
#define DEFAULT_CYCLES 8
#define DEFAULT_VERIFY 2000000
#define LEAST_VERIFY   1000
#define MOST_VERIFY    100000000

static const char usage[] =
	"usage: forward [options]\n"
	"\n"
	"  --hairpind PATH      what to measure; default build/lb/hairpind\n"
	"  --scaling            the mixes of the scaling benchmark\n"
	"  --only MIX[,MIX...]  these mixes only\n"
	"  --rounds N           1 to 63; default 15\n"
	"  --cycles N           turns of each program in a round, 1 to 200; default 8\n"
	"  --verify N           frames that are looked at, twice; default 2000000\n"
	"  --plant FAULT        checksum, length, inner or backend: puts one into every\n"
	"                       997th frame that is verified, which has to be found\n"
	"  --list               print the mixes' names\n"
	"  --help\n"
	"\n"
	"Prints a JSON array of results; exit status 1 if a frame came back wrong, or not.\n";

static const char *const plants[] = {
	[WIRE_PLANT_CHECKSUM] = "checksum",
	[WIRE_PLANT_LENGTH] = "length",
	[WIRE_PLANT_INNER] = "inner",
	[WIRE_PLANT_BACKEND] = "backend",
};

struct options {
	const struct mix *mixes;
	const char *only; /* NULL: all */
	const char *hairpind;
	long rounds, cycles, verify;
	enum wire_plant plant;
	bool list;
};

static void refuse(const char *what, const char *value)
{
	fprintf(stderr, "forward: %s: %s; see forward --help\n", what, value);
	exit(2);
}

static long number(const char *what, const char *text, long least, long most)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*end || end == text || value < least || value > most) {
		fprintf(stderr, "forward: %s: %s is not a number from %ld to %ld\n", what, text,
			least, most);
		exit(2);
	}
	return value;
}

static enum wire_plant plant_by_name(const char *name)
{
	for (size_t i = 1; i < sizeof(plants) / sizeof(*plants); i++)
		if (!strcmp(plants[i], name))
			return i;
	refuse("no such fault", name);
	return WIRE_PLANT_NONE;
}

static void parse_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{"hairpind", required_argument, NULL, 'd'},
		{"scaling", no_argument, NULL, 's'},
		{"only", required_argument, NULL, 'o'},
		{"rounds", required_argument, NULL, 'r'},
		{"cycles", required_argument, NULL, 'c'},
		{"verify", required_argument, NULL, 'v'},
		{"plant", required_argument, NULL, 'p'},
		{"list", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'd':
			options->hairpind = optarg;
			break;
		case 's':
			options->mixes = scaling_mixes;
			break;
		case 'o':
			options->only = optarg;
			break;
		case 'r':
			options->rounds = number("--rounds", optarg, 1, ROUNDS_MAX);
			break;
		case 'c':
			options->cycles = number("--cycles", optarg, 1, ROUNDS_MAX_CYCLES);
			break;
		case 'v':
			options->verify = number("--verify", optarg, LEAST_VERIFY, MOST_VERIFY);
			break;
		case 'p':
			options->plant = plant_by_name(optarg);
			break;
		case 'l':
			options->list = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind < argc)
		refuse("not an option", argv[optind]);
}

static bool chosen(const struct options *options, const struct mix *mix)
{
	return !options->only || mix_named(mix, options->only);
}

/* Whether its frames have what the fault is in. */
static bool can_have(const struct mix *mix, enum wire_plant plant)
{
	struct wire_answer answer = answer_make(mix);

	if (plant != WIRE_PLANT_NONE && mix->for_no_service)
		return false;
	switch (plant) {
	case WIRE_PLANT_CHECKSUM:
		return answer.ipv4_at;
	case WIRE_PLANT_LENGTH:
		return answer.length_at;
	case WIRE_PLANT_BACKEND:
		return answer.backend_at;
	default:
		return true;
	}
}

/* Every name of --only is a mix's, and can have the fault. */
static void check_choice(const struct options *options)
{
	char *copy = options->only ? strdup(options->only) : NULL, *rest = copy, *name;

	while ((name = strsep(&rest, ","))) {
		const struct mix *mix = options->mixes;

		while (mix->name && strcmp(mix->name, name))
			mix++;
		if (!mix->name)
			refuse("no such mix", name);
	}
	free(copy);
	for (const struct mix *mix = options->mixes; mix->name; mix++) {
		if (chosen(options, mix) && !can_have(mix, options->plant))
			refuse("this mix cannot have that fault", mix->name);
	}
}

static uint32_t most_lines(const struct options *options)
{
	uint32_t most = 1;

	for (const struct mix *mix = options->mixes; mix->name; mix++)
		if (chosen(options, mix) && mix_lookup(mix).lines > most)
			most = mix_lookup(mix).lines;
	return most;
}

static void list(const struct options *options)
{
	for (const struct mix *mix = options->mixes; mix->name; mix++)
		if (chosen(options, mix))
			puts(mix->name);
}

/* Returns the number of faults. */
static uint64_t measure_all(const struct options *options)
{
	struct measure measure = {.wire = stage_open(most_lines(options)),
				  .hairpind = options->hairpind,
				  .rounds = options->rounds,
				  .cycles = options->cycles,
				  .verify = options->verify};
	json_t *results = json_array();
	uint64_t faults = 0;

	measure.wire->bss->plant = options->plant;
	rounds_quiet_cpu();
	for (const struct mix *mix = options->mixes; mix->name; mix++)
		if (chosen(options, mix))
			json_array_append_new(results, measure_mix(&measure, mix, &faults));
	json_dumpf(results, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	puts("");
	json_decref(results);
	return faults;
}

int main(int argc, char **argv)
{
	struct options options = {.mixes = mixes,
				  .hairpind = "build/lb/hairpind",
				  .rounds = DEFAULT_ROUNDS,
				  .cycles = DEFAULT_CYCLES,
				  .verify = DEFAULT_VERIFY};
	uint64_t faults;

	parse_options(argc, argv, &options);
	check_choice(&options);
	if (options.list) {
		list(&options);
		return 0;
	}
	faults = measure_all(&options);
	if (faults)
		fprintf(stderr, "forward: %llu frames came back wrong, or not at all\n",
			(unsigned long long)faults);
	return faults ? 1 : 0;
}
