/* SPDX-License-Identifier: GPL-2.0-only */
/* Members of the daemon's JSON, with something harmless for what an older or newer one leaves out.
 */
#ifndef HAIRPIN_ANSWER_H
#define HAIRPIN_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

static inline const char *answer_text(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

static inline uint64_t answer_number(const json_t *json, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(json, key));

	return number > 0 ? number : 0;
}

static inline bool answer_true(const json_t *json, const char *key)
{
	return json_is_true(json_object_get(json, key));
}

/* answer_find(): the object of array whose key is text, or NULL. */
static inline json_t *answer_find(const json_t *array, const char *key, const char *text)
{
	size_t i;
	json_t *value;

	json_array_foreach(array, i, value) {
		const char *found = json_string_value(json_object_get(value, key));

		if (found && !__builtin_strcmp(found, text))
			return value;
	}
	return NULL;
}

#endif
