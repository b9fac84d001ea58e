// SPDX-License-Identifier: GPL-2.0-only
/*
 * forward: packets per second of the loaded program without a network card, beside those of
 * programs that do less, in the same run.
 *
 * Two network namespaces and one veth pair for each program under test. A generator, fed by
 * BPF_PROG_RUN with live frames, writes every frame anew and sends it through the pair; the program
 * at the other end answers with XDP_TX; a sink at this end counts, and in a pass of its own
 * verifies. All of it runs on one CPU. Rounds of the programs are interleaved.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <jansson.h>

#include "forward_mix.h"
#include "stage.h"
#include "wire.skel.h"

#define MAX_ROUNDS    31
#define ROUND_FRAMES  1000000
#define VERIFY_FRAMES 4000000
#define WARM_FRAMES   200000

struct series {
	double mpps[MAX_ROUNDS];
	int count;
};

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(const struct series *series)
{
	double sorted[MAX_ROUNDS];

	memcpy(sorted, series->mpps, sizeof(sorted));
	qsort(sorted, series->count, sizeof(*sorted), compare_double);
	return sorted[series->count / 2];
}

static json_t *series_json(const struct series *series)
{
	double sorted[MAX_ROUNDS];

	memcpy(sorted, series->mpps, sizeof(sorted));
	qsort(sorted, series->count, sizeof(*sorted), compare_double);
	return json_pack("{s:f, s:f, s:f}", "min", sorted[0], "median", median(series), "max",
			 sorted[series->count - 1]);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Sends frames through a device; returns million frames per second that came back. */
static double run_round(struct wire_bpf *wire, int device, uint32_t frames)
{
	static uint8_t frame[128];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame,
		    .data_size_in = wire->bss->traffic.ipv6 ? 74 : 60, .repeat = frames,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = 64);
	uint64_t before = wire->bss->result.frames;
	double start, seconds;

	wire->bss->traffic.device = device;
	start = now_s();
	if (bpf_prog_test_run_opts(bpf_program__fd(wire->progs.generate), &options)) {
		perror("forward: BPF_PROG_RUN with live frames");
		exit(1);
	}
	seconds = now_s() - start;
	usleep(2000); /* the last frames are on their way */
	return (wire->bss->result.frames - before) / seconds / 1e6;
}

static void wait_for_answers(struct wire_bpf *wire)
{
	for (int i = 0; i < 500; i++) {
		if (run_round(wire, DEVICE_HAIRPIN, 64) > 0)
			return;
		usleep(20000);
	}
	fprintf(stderr, "forward: no frame comes back through hairpin; its log is in %s\n",
		stage_log());
	exit(1);
}

static void verify(struct wire_bpf *wire, uint32_t frames)
{
	uint32_t zero = 0;
	int fd = bpf_map__fd(wire->maps.seen);

	for (uint32_t flow = 0; flow < WIRE_MAX_FLOWS; flow++)
		if (bpf_map_update_elem(fd, &flow, &zero, BPF_ANY))
			break;
	wire->bss->result = (struct wire_result){0};
	wire->bss->verify = true;
	run_round(wire, DEVICE_HAIRPIN, frames);
	wire->bss->verify = false;
}

static json_t *measure(struct wire_bpf *wire, const struct mix *mix, int rounds)
{
	int reference = mix->traffic.ipv6 ? DEVICE_PUSH40 : DEVICE_PUSH20;
	struct series hairpin = {0}, pushed = {0}, bare = {0};
	double ratio, ns;

	wire->bss->traffic = mix->traffic;
	wait_for_answers(wire);
	for (int round = -1; round < rounds; round++) {
		uint32_t frames = round < 0 ? WARM_FRAMES : ROUND_FRAMES;
		double values[3] = {run_round(wire, DEVICE_HAIRPIN, frames),
				    run_round(wire, reference, frames),
				    run_round(wire, DEVICE_TX, frames)};

		if (round < 0)
			continue;
		hairpin.mpps[hairpin.count++] = values[0];
		pushed.mpps[pushed.count++] = values[1];
		bare.mpps[bare.count++] = values[2];
	}
	verify(wire, mix->traffic.fresh ? ROUND_FRAMES : VERIFY_FRAMES);
	ratio = median(&hairpin) / median(&pushed);
	ns = 1e3 / median(&hairpin) - 1e3 / median(&pushed);
	fprintf(stderr,
		"%-14s %6.2f M/s, constant header %6.2f, bare XDP_TX %6.2f: %5.1f%%, %+5.1f ns, "
		"%llu verified, %llu faults\n",
		mix->name, median(&hairpin), median(&pushed), median(&bare), 100 * ratio, ns,
		wire->bss->result.verified, wire->bss->result.faults);
	return json_pack("{s:s, s:o, s:o, s:o, s:f, s:f, s:I, s:I}", "mix", mix->name, "mpps",
			 series_json(&hairpin), "reference_mpps", series_json(&pushed),
			 "bare_tx_mpps", series_json(&bare), "ratio", ratio, "ns_above_reference",
			 ns, "verified", (json_int_t)wire->bss->result.verified, "faults",
			 (json_int_t)wire->bss->result.faults);
}

static void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		perror("forward: sched_setaffinity");
}

int main(int argc, char **argv)
{
	const char *hairpind = argc > 1 ? argv[1] : "build/lb/hairpind";
	const char *only = argc > 2 ? argv[2] : NULL;
	int rounds = argc > 3 ? atoi(argv[3]) : 7;
	json_t *results = json_array();
	struct wire_bpf *wire;

	if (rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "forward: rounds: 1 to %d\n", MAX_ROUNDS);
		return 2;
	}
	wire = stage_open();
	pin_to_cpu(sysconf(_SC_NPROCESSORS_ONLN) - 1);
	for (const struct mix *mix = mixes; mix->name; mix++) {
		if (only && strcmp(only, mix->name))
			continue;
		stage_serve(hairpind, mix);
		json_array_append_new(results, measure(wire, mix, rounds));
		stage_unserve();
	}
	json_dumpf(results, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	puts("");
	return 0;
}
