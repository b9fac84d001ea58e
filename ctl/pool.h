/* SPDX-License-Identifier: GPL-2.0-only */
/* How pools are shown, by `pool list` and by `status`. */
#ifndef HAIRPIN_POOL_H
#define HAIRPIN_POOL_H

#include <stddef.h>

#include <jansson.h>

/* pool_table(): the first most of the status's pools, those first where a backend does not serve.
 */
void pool_table(const json_t *pools, size_t most);

#endif
