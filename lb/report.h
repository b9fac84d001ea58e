/* SPDX-License-Identifier: GPL-2.0-only */
/* Collects the errors of one JSON text by path, and tells them in the order of the text. */
#ifndef HAIRPIN_REPORT_H
#define HAIRPIN_REPORT_H

#include <stddef.h>

#include "err.h"
#include "place.h"

#define REPORT_MAX 10000 /* errors that are told; of more only their number is */

struct report {
	const char *text; /* borrowed of the caller */
	size_t length;
	const char *file;     /* borrowed of the caller; may be NULL */
	struct place *places; /* NULL until somebody asks */
	struct report_entry *entries;
	size_t count;
	size_t room;
	size_t untold;
};

void report_done(struct report *report);

/* report_places(): the index of the text, made at the first call; the report owns it. */
const struct place *report_places(struct report *report);

/* report_add(): an error of the value at path; a missing one is placed at its parent. */
void report_add(struct report *report, const struct at *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* report_add_key(): an error of the key itself: unknown, or not a name. */
void report_add_key(struct report *report, const struct at *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* report_add_offset(): an error at an offset that the caller knows; needs no index. */
void report_add_offset(struct report *report, size_t offset, const struct at *at,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* report_tell(): appends all errors to the list, sorted by their places. */
void report_tell(struct report *report, struct err_list *errors);

#endif
