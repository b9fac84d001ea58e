/* SPDX-License-Identifier: GPL-2.0-only */
/* How services are shown, by `service list` and by `status`. */
#ifndef HAIRPIN_SERVICE_H
#define HAIRPIN_SERVICE_H

#include <stddef.h>

#include <jansson.h>

/* service_table(): the first most of the status's services. */
void service_table(const json_t *services, size_t most);

#endif
