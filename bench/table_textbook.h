/* SPDX-License-Identifier: GPL-2.0-only */
/* The reference of the table benchmark: Maglev as its paper gives it, without weights. */
#ifndef HAIRPIN_TABLE_TEXTBOOK_H
#define HAIRPIN_TABLE_TEXTBOOK_H

#include "table.h"

/* table_build_textbook(): as table_build_maglev(); weights are only looked at for being 0. */
int table_build_textbook(const struct table_backend *backends, size_t count, const char *seed,
			 uint32_t size, uint16_t *owners);

#endif
