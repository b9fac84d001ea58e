// SPDX-License-Identifier: GPL-2.0-only
#include "quote.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xalloc.h"

#define NEAREST_LENGTH 63 /* longer words are not compared */

const char *quote_json(const json_t *json, char *buffer)
{
	char *text;

	if (json_is_object(json))
		return strcpy(buffer, "an object");
	if (json_is_array(json))
		return strcpy(buffer, "an array");
	text = xcheck(
		json_dumps(json, JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15)));
	if (snprintf(buffer, QUOTE_SIZE, "%s", text) >= QUOTE_SIZE)
		strcpy(buffer + QUOTE_SIZE - 5, json_is_string(json) ? "...\"" : "...");
	for (char *c = buffer; *c; c++) {
		if (*c == 0x7f) /* the only control character that JSON need not escape */
			*c = '?';
	}
	free(text);
	return buffer;
}

const char *quote_text(const char *text, char *buffer)
{
	json_t *json = xcheck(json_string(text));

	quote_json(json, buffer);
	json_decref(json);
	return buffer;
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Optimal string alignment: letters inserted, left out, changed, or swapped with the next. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][NEAREST_LENGTH + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *spare = before;

		now[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			now[j] = min(min(last[j], now[j - 1]) + 1,
				     last[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				now[j] = min(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[b_length];
}

const char *quote_nearest(const char *key, const char *const *words, size_t count)
{
	size_t length = strnlen(key, NEAREST_LENGTH + 1);
	size_t best = length < 6 ? 2 : 3; /* the first distance that is too far */
	const char *nearest = NULL;

	if (length > NEAREST_LENGTH)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t word_length = strnlen(words[i], NEAREST_LENGTH + 1);
		size_t found;

		if (word_length > NEAREST_LENGTH || word_length + best <= length ||
		    length + best <= word_length)
			continue;
		found = distance(key, length, words[i], word_length);
		if (found < best) {
			best = found;
			nearest = words[i];
		}
	}
	return nearest;
}
