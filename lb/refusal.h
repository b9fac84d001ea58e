/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a driver refuses an XDP program, and what to change: pure. */
#ifndef HAIRPIN_REFUSAL_H
#define HAIRPIN_REFUSAL_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"

struct refusal {
	const char *interface;
	enum attach_mode mode; /* that was refused; not ATTACH_AUTO */
	int code;              /* a negative errno */
	const char *words;     /* the driver's or the kernel's own; empty: it gave none */
	uint32_t mtu;          /* of interface; 0: not known */
};

/* refusal_is_of_stack(): whether words are about a bond or team and its parts, and not about another
 * program on the interface itself. */
bool refusal_is_of_stack(const char *words);

/* refusal_describe(): a sentence with the reason and the way out, for a user. Returns buffer. */
const char *refusal_describe(const struct refusal *refusal, char *buffer, size_t size);

#endif
