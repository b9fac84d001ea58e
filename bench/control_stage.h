/* SPDX-License-Identifier: GPL-2.0-only */
/* The stage of the control benchmark: a hairpind behind one veth pair, and a wire to probe it. */
#ifndef HAIRPIN_CONTROL_STAGE_H
#define HAIRPIN_CONTROL_STAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include <jansson.h>

/* control_open(): moves this process to a network namespace of its own and makes the balancer's.
 * Everything goes when the process exits. */
void control_open(void);

struct control_size {
	int services, backends, pools;
};

/* control_catalog(): pools of equal size, services spread over them; owned by the caller. */
json_t *control_catalog(const struct control_size *size);

/* control_serve(): starts hairpind with a catalog; its process id. */
pid_t control_serve(const char *hairpind, const json_t *catalog);
void control_unserve(void); /* stops it, takes its program off, removes its maps */

/* control_forwards(): whether a packet for a service comes back with an outer header. */
bool control_forwards(int service);

/* Files in a directory that goes at the end: "catalog.json", "sock", "log". */
const char *control_path(const char *name);

double control_now(void); /* seconds, CLOCK_MONOTONIC */

/* control_fail(): says so, shows the last of what hairpind said, and exits. */
void control_fail(const char *what, const char *why) __attribute__((noreturn));

#endif
