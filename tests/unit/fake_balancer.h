/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A balancer without a data plane: lb/balancer.h over a real catalog in memory. What it tells of
 * next hops, counters and packets is made up here, and the same each time.
 *
 * A backend whose address ends in .99 has no route. A seed of "fail-put" cannot be put (-EIO), one
 * of "fail-stats" has no stats, one of "fail-trace" no trace, and one of "fail-file" has a catalog
 * file that was refused.
 */
#ifndef HAIRPIN_FAKE_BALANCER_H
#define HAIRPIN_FAKE_BALANCER_H

#include "balancer.h"

extern const char fake_catalog[]; /* pools web and spare, services www and www6 */

struct balancer *fake_balancer_new(const char *text);

#endif
