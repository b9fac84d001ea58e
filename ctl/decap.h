/* SPDX-License-Identifier: GPL-2.0-only */
/* What the verbs of hairpinctl decap share. */
#ifndef HAIRPIN_CTL_DECAP_H
#define HAIRPIN_CTL_DECAP_H

#include <stdint.h>

#include <jansson.h>

#include "ctl.h"
#include "err.h"

#define DECAP_DEFAULT_PIN "/sys/fs/bpf/hairpin-decap"
#define DECAP_OWNER_MAP   "decap_addresses" /* what all programs of ours use */

/* decap_pin_directory(): where the maps are pinned; --pin is the first flag of every verb. */
static inline const char *decap_pin_directory(const struct ctl *ctl)
{
	return ctl->flags[0] ?: DECAP_DEFAULT_PIN;
}

/* decap_parse_kinds(): "ipip,gue" -> bits by enum decap_kind; NULL -> all of them. Returns 0, or a
 * negative errno with err set. */
int decap_parse_kinds(const char *text, uint32_t *kinds, struct err *err);

/* decap_write_kinds(): from now on the program unwraps these. decap_read_kinds(): 0: no maps. */
int decap_write_kinds(const char *directory, uint32_t kinds, struct err *err);
uint32_t decap_read_kinds(const char *directory);

/* decap_kinds_json(): their words, to be freed. decap_print_kinds(): "ipip, gue", of these. */
json_t *decap_kinds_json(uint32_t kinds);
void decap_print_kinds(const json_t *words);

int decap_status(const struct ctl *ctl, char **args);

#endif
