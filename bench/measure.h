/* SPDX-License-Identifier: GPL-2.0-only */
/* Measures one mix. */
#ifndef HAIRPIN_MEASURE_H
#define HAIRPIN_MEASURE_H

#include <stdint.h>

#include <jansson.h>

#include "mix.h"
#include "rounds.h"
#include "stage.h"

struct wire_bpf;

struct measure {
	struct wire_bpf *wire;
	const char *hairpind;
	int rounds, cycles;
	uint32_t verify; /* frames, twice */
};

/* What a look at every frame said; a frame has at most one fault. */
struct verdict {
	uint64_t verified, bad_outer, bad_inner, bad_backend;
	uint64_t lost; /* did not come back at all */
};

/* measure_mix(): the result as in result.schema.json; *faults, lost frames among them, are added
 * to. */
json_t *measure_mix(const struct measure *measure, const struct mix *mix, uint64_t *faults);

/* Over the wire, frames to and fro. wire_set(): contestants for the mix that hairpind serves;
 * returns how many. wire_verify(): measure->verify frames, twice the same flows. wire_move(): notes the
 * backend of each flow, which wire_verify() then expects, and moves slots. */
void wire_wait(const struct measure *measure, const struct mix *mix);
int wire_set(const struct measure *measure, const struct mix *mix, struct contestant *contestants);
struct verdict wire_verify(const struct measure *measure, const struct mix *mix);
void wire_move(const struct measure *measure, const struct mix *mix);

/* The program alone, for frames that it passes or, with spread_local, hands to another CPU. */
int alone_set(const struct measure *measure, int program, struct contestant *contestants);
struct verdict alone_verify(int program, const struct mix *mix, uint32_t frames);

/* measure_now(): seconds. */
double measure_now(void);

#endif
