/* SPDX-License-Identifier: GPL-2.0-only */
/* How backends are shown, by `backend list`, `pool show` and `status`. */
#ifndef HAIRPIN_BACKEND_H
#define HAIRPIN_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/*
 * backend_table(): the first most of the status's backends; with problems_first those first that
 * should serve and cannot, then those that somebody took out. Says how many are left out, and in
 * which state they are.
 */
void backend_table(const json_t *backends, size_t most, bool problems_first);

/* backend_select(): those of pool (NULL: of all pools), as a new array. */
json_t *backend_select(const json_t *backends, const char *pool);

#endif
