/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HAIRPIN_TESTS_ROWS_DECAP_H
#define HAIRPIN_TESTS_ROWS_DECAP_H

#include <linux/bpf.h>

#include "decap_abi.h"
#include "row.h"

/* A frame at the backend: an outer header before a packet. B4 and B6 are the host's addresses. */
struct decap_row {
	const char *name;
	struct ip outer;    /* without a source: none */
	struct input inner; /* its frame_length counts without the outer header */
	enum decap_reason reason;
	int action;
	struct patch patches[4]; /* of the whole frame */
	uint32_t length;         /* cut to it; 0: as long as it is */
	const char *options;     /* hex, behind the outer header */
};

extern const struct decap_row decap_rows[];
extern const size_t decap_row_count;

#endif
