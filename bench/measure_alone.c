// SPDX-License-Identifier: GPL-2.0-only
/* A program alone, on a frame that it passes, or hands to another CPU, and leaves as it is, so that it can be run on it again
 * and again. */
#include <errno.h>
#include <string.h>

#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "measure.h"
#include "quantile.h"
#include "wire.skel.h"

#define SOURCE 26 /* the offset of the source address */

/* In each piece of a turn: so many that what BPF_PROG_RUN does before and after them does not
 * matter; it is the same for all programs. */
#define RUNS   10000
#define PIECES 20

/* TCP to 203.0.113.1, which is nobody's; the source address varies. */
static void put_foreign_frame(uint8_t *frame, uint32_t number)
{
	/* clang-format off */
	static const uint8_t start[] = {
		0x02, 0, 0, 0, 0, 0x20,  0x02, 0, 0, 0, 0, 0x10,  0x08, 0x00,
		0x45, 0, 0, 40,  0, 0, 0x40, 0,  64, 6, 0, 0,  10, 0, 0, 0,  203, 0, 113, 1,
		0x04, 0x00, 0x01, 0xbb,
	};
	/* clang-format on */

	memset(frame, 0, WIRE_FRAME);
	memcpy(frame, start, sizeof(start));
	memcpy(frame + SOURCE + 1, &number, 3);
}

/* The lower fifth of the pieces' times, as over the wire. */
static double run_alone(const struct contestant *contestant)
{
	uint8_t frame[WIRE_FRAME];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = RUNS);
	double pieces[PIECES], start;

	put_foreign_frame(frame, 1);
	for (int i = 0; i < PIECES; i++) {
		/* options.duration has whole nanoseconds only. */
		start = measure_now();
		if (bpf_prog_test_run_opts(contestant->program, &options))
			stage_fail("BPF_PROG_RUN: %s", strerror(errno));
		pieces[i] = (measure_now() - start) * 1e9 / RUNS;
	}
	return quantile(pieces, PIECES, 0.2);
}

int alone_set(const struct measure *measure, int program, struct contestant *contestants)
{
	contestants[ROUNDS_HAIRPIN] =
		(struct contestant){.key = "mpps", .run = run_alone, .program = program};
	contestants[ROUNDS_REFERENCE] = (struct contestant){
		.key = "reference_mpps",
		.run = run_alone,
		.program = bpf_program__fd(measure->wire->progs.reference_pass),
	};
	return 2;
}

struct verdict alone_verify(int program, const struct mix *mix, uint32_t frames)
{
	const uint32_t action = mix->spread_local ? XDP_REDIRECT : XDP_PASS;
	struct verdict verdict = {0};

	for (uint32_t i = 0; i < frames; i++) {
		uint8_t frame[WIRE_FRAME], after[WIRE_FRAME] = {0};
		LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame,
			    .data_size_in = sizeof(frame), .data_out = after,
			    .data_size_out = sizeof(after));

		put_foreign_frame(frame, i);
		if (bpf_prog_test_run_opts(program, &options))
			stage_fail("BPF_PROG_RUN: %s", strerror(errno));
		if (options.retval != action)
			verdict.bad_outer++;
		else if (options.data_size_out != sizeof(after) ||
			 memcmp(frame, after, sizeof(after)))
			verdict.bad_inner++;
		else
			verdict.verified++;
	}
	return verdict;
}
