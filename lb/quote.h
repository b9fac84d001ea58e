/* SPDX-License-Identifier: GPL-2.0-only */
/* A user's words and values within a message: short, in ASCII, harmless to a terminal. */
#ifndef HAIRPIN_QUOTE_H
#define HAIRPIN_QUOTE_H

#include <stddef.h>

#include <jansson.h>

#define QUOTE_SIZE 80

/* quote_text(): text as a JSON string, cut if long. Returns buffer (QUOTE_SIZE bytes). */
const char *quote_text(const char *text, char *buffer);

/* quote_json(): the value as it is written, or "an object", "an array". Returns buffer. */
const char *quote_json(const json_t *json, char *buffer);

/*
 * quote_nearest(): the first of count words that is nearest to key and that key may be a
 * misspelling of (one letter wrong, two in a long word; case does not count); NULL if none is.
 */
const char *quote_nearest(const char *key, const char *const *words, size_t count);

#endif
