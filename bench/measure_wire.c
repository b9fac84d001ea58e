// SPDX-License-Identifier: GPL-2.0-only
/* Frames from the generator through a balancer or a reference to the sink. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "answer.h"
#include "measure.h"
#include "quantile.h"
#include "wire.skel.h"

/* hairpind has this long to build its tables and to resolve its backends. */
#define PATIENCE_S 120

/* On a CPU that others want, the last frames can be on their way for so long. */
#define STRAGGLERS_US 200000

/* Frames on their way: veth's queue, which all CPUs' frames come back through, takes 256. */
#define WINDOW 192

#define TURN_FRAMES (WIRE_BATCHES * WIRE_BATCH)
#define MAX_TRIES   10

/* Of a turn's batches; those before them fill the caches. */
#define COUNTED_BATCHES (WIRE_BATCHES / 2)

/* Until no frame is on its way that the next turn would count. Returns how many came back. */
static uint64_t await_frames(const struct wire_bpf *wire, uint64_t before, uint32_t frames)
{
	const volatile struct wire_result *result = &wire->bss->result;

	for (int us = 0; us < STRAGGLERS_US && result->frames - before < frames; us += 500)
		usleep(500);
	return result->frames - before;
}

/* Returns how many came back. */
static uint64_t send_frames(struct wire_bpf *wire, uint32_t device, uint32_t frames)
{
	static uint8_t frame[128];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame,
		    .data_size_in = answer_sent((struct wire_traffic *)&wire->bss->traffic),
		    .repeat = frames, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = WIRE_BATCH);
	uint64_t before = wire->bss->result.frames;

	wire->bss->traffic.device = device;
	wire->bss->turn_frames = 0;
	wire->bss->frames_before = before;
	wire->bss->generator_cpu = sched_getcpu();
	if (bpf_prog_test_run_opts(bpf_program__fd(wire->progs.generate), &options))
		stage_fail("BPF_PROG_RUN with live frames: %s", strerror(errno));
	return await_frames(wire, before, frames);
}

/*
 * Sends the frames of a turn, again if another CPU had a part in them: when a frame of the kernel's
 * own makes it poll an interface just then, it goes on polling as long as frames come, and takes work
 * off the generator's CPU; or it is too slow for it, and veth's queue runs over. Where other CPUs are
 * to have a part, once. Returns how many came back.
 */
static uint64_t send_turn(struct wire_bpf *wire, uint32_t device, uint32_t frames)
{
	const struct wire_result before = wire->bss->result;
	const uint32_t flow = wire->bss->fresh_flow;
	uint64_t back;

	for (int tries = 0; tries < MAX_TRIES; tries++) {
		wire->bss->result = before;
		wire->bss->fresh_flow = flow;
		back = send_frames(wire, device, frames);
		if (wire->bss->window ||
		    wire->bss->result.elsewhere - before.elsewhere <= WIRE_BATCH)
			break;
	}
	return back;
}

/*
 * The time for a frame: the lower fifth of the batches' times. A batch takes some 10 us, so that
 * what disturbs the machine for a moment disturbs few of them. The first ones fill the caches, which
 * others had, and do not count; nor does what BPF_PROG_RUN does before and after all frames.
 */
static double run_wire(const struct contestant *contestant)
{
	const __u64 *start = contestant->wire->bss->batch_start;
	double batches[COUNTED_BATCHES];

	send_turn(contestant->wire, contestant->device, TURN_FRAMES);
	start += WIRE_BATCHES - COUNTED_BATCHES - 1;
	for (int i = 0; i < COUNTED_BATCHES; i++)
		batches[i] = (double)(start[i + 1] - start[i]) / WIRE_BATCH;
	return quantile(batches, COUNTED_BATCHES, 0.2);
}

/* Where other CPUs have a part, batches overlap: the time from the first frame to the last that came
 * back, for each. */
static double run_spread(const struct contestant *contestant)
{
	struct wire_bpf *wire = contestant->wire;
	uint64_t back = send_turn(wire, contestant->device, TURN_FRAMES);

	return (double)(wire->bss->back_ns - wire->bss->batch_start[0]) / (back ? back : 1);
}

/* Until all frames come back: every service is there, every backend resolved. */
void wire_wait(const struct measure *measure, const struct mix *mix)
{
	struct wire_bpf *wire = measure->wire;
	double start = measure_now();
	const uint32_t frames = 1 << 16;

	wire->bss->traffic = mix_traffic(mix);
	wire->bss->answer = answer_make(mix);
	wire->bss->window = mix->cpus ? WINDOW : 0;
	stage_same_way(wire, mix);
	while (measure_now() - start < PATIENCE_S) {
		if (!stage_serves())
			stage_fail("hairpind exited");
		if (send_frames(wire, DEVICE_HAIRPIN, 64) == 64) {
			if (mix->cpus)
				stage_hasten_cpus();
			if (send_frames(wire, DEVICE_HAIRPIN, frames) == frames)
				return;
		}
		usleep(20000);
	}
	stage_fail("not all frames come back through hairpind");
}

int wire_set(const struct measure *measure, const struct mix *mix, struct contestant *contestants)
{
	const struct contestant set[] = {
		[ROUNDS_HAIRPIN] = {.key = "mpps", .device = DEVICE_HAIRPIN},
		[ROUNDS_REFERENCE] = {.key = "reference_mpps", .device = DEVICE_PUSH},
		[ROUNDS_LOOKUP] = {.key = "lookup_mpps", .device = DEVICE_LOOKUP},
		[ROUNDS_BARE] = {.key = "bare_tx_mpps", .device = DEVICE_TX},
		[ROUNDS_SAME_WAY] = {.key = "same_way_mpps", .device = DEVICE_WAY},
	};
	const int count =
		stage_same_way(measure->wire, mix) ? ROUNDS_SAME_WAY + 1 : ROUNDS_SAME_WAY;
	char name[32];

	snprintf(name, sizeof(name), "reference_push%u", answer_growth(mix));
	stage_reference(measure->wire, DEVICE_PUSH, name);
	snprintf(name, sizeof(name), "lookup_push%u", answer_growth(mix));
	stage_reference(measure->wire, DEVICE_LOOKUP, name);
	measure->wire->bss->lookup = mix_lookup(mix);
	for (int i = 0; i < count; i++) {
		contestants[i] = set[i];
		contestants[i].run = run_wire;
		contestants[i].wire = measure->wire;
	}
	if (mix->cpus)
		contestants[ROUNDS_HAIRPIN].run = contestants[ROUNDS_SAME_WAY].run = run_spread;
	return count;
}

static void forget_flows(const struct wire_bpf *wire)
{
	size_t size = WIRE_MAX_FLOWS * 8; /* array maps round values up to 8 bytes */
	void *seen = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  bpf_map__fd(wire->maps.seen), 0);

	if (seen == MAP_FAILED)
		stage_fail("seen: %s", strerror(errno));
	memset(seen, 0, size);
	munmap(seen, size);
}

static void look_at_flows(struct wire_bpf *wire, uint32_t frames)
{
	wire->bss->fresh_flow = 0;
	wire->bss->verify = true;
	for (uint32_t sent = 0; sent < frames; sent += TURN_FRAMES)
		send_turn(wire, DEVICE_HAIRPIN,
			  frames - sent < TURN_FRAMES ? frames - sent : TURN_FRAMES);
	wire->bss->verify = false;
}

/* Of every flow its SYN, and soon what makes it more than half open. */
static void begin_flows(struct wire_bpf *wire, const struct mix *mix)
{
	struct wire_traffic *traffic = (struct wire_traffic *)&wire->bss->traffic;

	traffic->fresh = 1;
	for (uint32_t flow = 0; flow < traffic->flows; flow += TURN_FRAMES) {
		for (traffic->syn = 1;; traffic->syn = 0) {
			wire->bss->fresh_flow = flow;
			send_turn(wire, DEVICE_HAIRPIN, TURN_FRAMES);
			if (!traffic->syn)
				break;
		}
	}
	*traffic = mix_traffic(mix);
}

void wire_move(const struct measure *measure, const struct mix *mix)
{
	forget_flows(measure->wire);
	if (!mix->anew)
		look_at_flows(measure->wire, measure->verify);
	stage_move(mix);
	if (mix->anew && !mix->traffic.fresh)
		begin_flows(measure->wire, mix);
}

struct verdict wire_verify(const struct measure *measure, const struct mix *mix)
{
	struct wire_bpf *wire = measure->wire;
	const struct wire_result *result = &wire->bss->result;

	if (!mix->moved || mix->anew)
		forget_flows(wire);
	wire->bss->result = (struct wire_result){0};
	for (int pass = 0; pass < 2; pass++)
		look_at_flows(wire, measure->verify);
	return (struct verdict){.verified = result->verified,
				.bad_outer = result->bad_outer,
				.bad_inner = result->bad_inner,
				.bad_backend = result->bad_backend,
				.lost = 2ULL * measure->verify - result->frames};
}
