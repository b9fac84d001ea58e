/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real program, loaded and never attached, over maps that hold the world of world.c; packets go
 * through it by BPF_PROG_RUN.
 */
#ifndef HAIRPIN_TESTS_RIG_H
#define HAIRPIN_TESTS_RIG_H

#include "abi.h"
#include "frame.h"
#include "reasons.h"

/* Which features the loaded program has. */
enum rig_name {
	RIG_ALL, /* of IP-in-IP on one interface, but source_varied */
	RIG_VARIED,
	RIG_INTERFACES,
	RIG_PLAIN, /* no IPv6 VIPs, no any port, no affinity */
	RIG_NO_OUTER_IPV4,
	RIG_NO_OUTER_IPV6,
	RIG_FULL,   /* echo and each encapsulation */
	RIG_SPREAD, /* packets go on to other CPUs */
	RIG_NO_CPU, /* which are not there */
	RIG_COUNT,
};

/* The counters of these indices are looked at after each packet, those of the others at the end. */
#define RIG_SERVICES 64
#define RIG_BACKENDS 400

#define RIG_FRAGMENTS 4096 /* datagrams in fragments that a rig remembers */

struct rig {
	struct lb_bpf *skeleton;
	struct lb_arrays *arrays;
	struct lb_counters *counters; /* of each CPU */
	struct lb_slot *slots;
	uint32_t slots_used;
	int lb, trace, cpu; /* program descriptors */
};

struct rig_counts {
	uint64_t reasons[LB_REASON_COUNT];
	struct lb_counter services[RIG_SERVICES], backends[RIG_BACKENDS];
};

/* What BPF_PROG_RUN is told of the packet's arrival. */
#define RIG_LOOPBACK 1
#define RIG_VETH     2

/* rig_network(): a network namespace of our own, with interfaces 1 (lo) and 2 (hp-a). */
void rig_network(void);

/* rig_get(): loads the program when it is first asked for. */
struct rig *rig_get(enum rig_name name);
struct rig *rig_open(enum rig_name name);

/* rig_load(): one over empty maps, whose packets go to cpus CPUs if they are spread. */
struct rig *rig_load(const struct lb_features *features, uint32_t cpus);

void rig_close(struct rig *rig);
void rig_close_all(void);

/* rig_run(): returns the action. interface 0: not said. */
int rig_run(int program, const struct frame *in, uint32_t interface, struct frame *out);

/* rig_wrap(): a program that leaves room bytes of headroom to frames of length bytes, then calls
 * program. Returns its descriptor; the caller closes it. */
int rig_wrap(int program, uint32_t room, uint32_t length);

void rig_count(const struct rig *rig, struct rig_counts *out);
struct lb_trace rig_trace(const struct rig *rig);

/* rig_table(): a new table for a pool; slot i names first + i * step. What lies before and behind it
 * must never be read. */
void rig_table(struct rig *rig, uint32_t pool, uint32_t size, uint16_t first, uint16_t step);

/* rig_place(): puts a service into one of the four places where a lookup may find it. */
struct lb_service *rig_place(const struct rig *rig, const struct lb_service *service, int place);

/* rig_service(): puts it into the first place that is free. */
struct lb_service *rig_service(const struct rig *rig, const struct lb_service *service);

#endif
