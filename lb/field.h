/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads JSON objects by tables of their keys, and the plain values within. */
#ifndef HAIRPIN_FIELD_H
#define HAIRPIN_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "abi.h"
#include "report.h"

/* A key that an object may have. read() stores the value in row, or reports an error. */
struct field {
	const char *name;
	const char *required; /* what it is, for the error when it is missing; NULL: optional */
	bool (*read)(struct report *report, const struct at *at, json_t *value, void *row);
};

/*
 * fields_read(): reads an object into row; what says what it is. Reports unknown, missing and wrong
 * keys. Returns a bit (1 << index) for each field that was read.
 */
unsigned int fields_read(struct report *report, const struct at *at, json_t *object,
			 const char *what, const struct field *fields, size_t count, void *row);

/* field_object(): whether value is an object; reports it if not. */
bool field_object(struct report *report, const struct at *at, const json_t *value,
		  const char *what);

/* field_name(): whether the last key of path is a name (1 to 63 of a-z, A-Z, 0-9, ., _, -). */
bool field_name(struct report *report, const struct at *at);

/* field_integer(): an integer from low to high; what is in words with the limits. */
bool field_integer(struct report *report, const struct at *at, const json_t *value,
		   const char *what, json_int_t low, json_int_t high, json_int_t *out);

/* field_address(): an address that a VIP or a backend can have: unicast and routed. */
bool field_address(struct report *report, const struct at *at, const json_t *value,
		   struct lb_address *out);

/* A word of the catalog and what it stands for; tables end with an empty one. */
struct word {
	const char *text;
	int value;
};

/* field_word(): one of the words. */
bool field_word(struct report *report, const struct at *at, const json_t *value, const char *what,
		const struct word *words, int *out);

const char *word_text(const struct word *words, int value); /* "unknown" for an unknown value */
int word_value(const struct word *words, const char *text); /* 0 for an unknown word */

#endif
