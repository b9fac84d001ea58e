/* SPDX-License-Identifier: GPL-2.0-only */
/* The stage of the forward benchmark: namespaces, wires, programs, a hairpind. */
#ifndef HAIRPIN_STAGE_H
#define HAIRPIN_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "mix.h"

struct wire_bpf;

/* Entries of the generator's devmap; a veth pair each. */
enum stage_device {
	DEVICE_HAIRPIN,
	DEVICE_TX,
	DEVICE_PUSH,
	DEVICE_LOOKUP,
	DEVICE_SECOND, /* the balancer's other interface, in some mixes */
	DEVICE_WAY,    /* to the reference that takes the same way as the mix */
	DEVICE_COUNT,
	DEVICE_IDLE = DEVICE_COUNT, /* a pair that no frame goes through; see stage.c */
};

/* Initializers of the addresses: of the pairs' ends, and of a backend on the balancer's link, whose
 * number is the last two bytes. */
#define STAGE_MAC_NEAR(device)                    \
	{                                         \
		0x02, 0, 0, 0, 0, 0x10 + (device) \
	}
#define STAGE_MAC_FAR(device)                     \
	{                                         \
		0x02, 0, 0, 0, 0, 0x20 + (device) \
	}
#define STAGE_MAC_BACKEND              \
	{                              \
		0x02, 0, 0, 0x01, 0, 0 \
	}

/*
 * stage_open(): moves this process to a network namespace of its own, makes the balancer's, wires
 * both, attaches sinks and references. Everything goes when the process exits. Waits until no other
 * process has a stage. lines: of reference_lookup's array, at most.
 */
struct wire_bpf *stage_open(uint32_t lines);

/* stage_reference(): attaches a reference, by its program's name, to the balancer's end of a pair. */
void stage_reference(const struct wire_bpf *wire, enum stage_device device, const char *name);

/* stage_redirect(): references redirect to the balancer's end of a pair. */
void stage_redirect(const struct wire_bpf *wire, enum stage_device device);

/* stage_same_way(): sets up the reference that takes the same way as mix; false: XDP_TX is its way. */
bool stage_same_way(struct wire_bpf *wire, const struct mix *mix);

/* stage_serve(): starts hairpind with the services and backends of mix. */
void stage_serve(const char *hairpind, const struct mix *mix);
void stage_unserve(void);
void stage_move(const struct mix *mix); /* makes hairpind move slots, and waits until it has */
bool stage_serves(void);                /* it has not exited */

/*
 * stage_hasten_cpus(): what takes packets on other CPUs comes before the generator, which stands for a
 * card that would not wait.
 */
void stage_hasten_cpus(void);

/*
 * stage_occupy(): takes some of the memory for machine code, so that what is loaded next lies
 * elsewhere. stage_vacate(): gives all of it back.
 */
void stage_occupy(void);
void stage_vacate(void);

/* What hairpind has made. */
struct stage_loaded {
	int program; /* what runs on the balancer's interface: a dispatcher where that is used */
	uint32_t instructions, jited_bytes; /* of hairpin's program; 0: not known */
	uint64_t map_bytes;                 /* memory of all maps, tables among them */
};

/* stage_loaded(): program is to be closed. */
struct stage_loaded stage_loaded(void);

/* stage_fail(): says so with the last of what hairpind said, and exits. */
void stage_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* For stage_loaded.c. */
#define STAGE_PIN "/sys/fs/bpf/hp-bench"
int stage_balancer_program(void); /* the id of what runs on its interface */

#endif
