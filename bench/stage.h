/* SPDX-License-Identifier: GPL-2.0-only */
/* The stage of the forward benchmark: namespaces, wires, programs, a hairpind. */
#ifndef HAIRPIN_STAGE_H
#define HAIRPIN_STAGE_H

#include "forward_mix.h"

struct wire_bpf;

/* Entries of the generator's devmap; a veth pair each. */
enum stage_device { DEVICE_HAIRPIN, DEVICE_TX, DEVICE_PUSH20, DEVICE_PUSH40, DEVICE_COUNT };

/* stage_open(): moves this process to a network namespace of its own, makes the balancer's, wires
 * both, attaches sinks and references. Everything goes when the process exits. */
struct wire_bpf *stage_open(void);

/* stage_serve(): starts hairpind with the services and backends of mix. */
void stage_serve(const char *hairpind, const struct mix *mix);
void stage_unserve(void);

const char *stage_log(void); /* hairpind's */

#endif
