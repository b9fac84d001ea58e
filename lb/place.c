// SPDX-License-Identifier: GPL-2.0-only
#include "place.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "xalloc.h"

struct cursor {
	const char *text;
	size_t length;
	size_t offset;
};

/* The character under the cursor; NUL at the end, which no accepted text contains. */
static char peek(const struct cursor *cursor)
{
	return cursor->offset < cursor->length ? cursor->text[cursor->offset] : '\0';
}

static bool one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static void skip_space(struct cursor *cursor)
{
	while (one_of(peek(cursor), " \t\r\n"))
		cursor->offset++;
}

/* Returns whether the string has an end. */
static bool skip_string(struct cursor *cursor)
{
	cursor->offset++;
	while (cursor->offset < cursor->length) {
		char c = cursor->text[cursor->offset++];

		if (c == '"')
			return true;
		if (c == '\\' && cursor->offset < cursor->length)
			cursor->offset++;
	}
	return false;
}

/* Numbers, true, false, null, and in broken texts anything else. At least one character. */
static void skip_word(struct cursor *cursor)
{
	do
		cursor->offset++;
	while (cursor->offset < cursor->length && !one_of(peek(cursor), " \t\r\n,:\"[]{}"));
}

static void skip_value(struct cursor *cursor)
{
	size_t depth = 0;

	do {
		char c;

		skip_space(cursor);
		c = peek(cursor);
		if (c == '"') {
			skip_string(cursor);
		} else if (one_of(c, "[]{},:")) {
			depth += one_of(c, "[{");
			depth -= one_of(c, "]}");
			cursor->offset++;
		} else {
			skip_word(cursor);
		}
	} while (depth && cursor->offset < cursor->length);
}

/* The string as jansson reads it; NULL if it does not. */
static char *decode(const char *text, size_t length)
{
	json_t *json = json_loadb(text, length, JSON_DECODE_ANY, NULL);
	char *decoded = json_is_string(json) ? xstrdup(json_string_value(json)) : NULL;

	json_decref(json);
	return decoded;
}

static int place_compare(const void *left, const void *right)
{
	const struct place *a = left, *b = right;
	int order = strcmp(a->key, b->key);

	return order ? order : (a->key_offset > b->key_offset) - (a->key_offset < b->key_offset);
}

static void scan_value(struct cursor *cursor, int depth, struct place *place);

static void scan_member(struct cursor *cursor, int depth, struct place *member)
{
	member->key_offset = cursor->offset;
	skip_string(cursor);
	member->key = xcheck(
		decode(cursor->text + member->key_offset, cursor->offset - member->key_offset));
	skip_space(cursor);
	cursor->offset++; /* the colon */
	skip_space(cursor);
	scan_value(cursor, depth, member);
	skip_space(cursor);
	if (peek(cursor) == ',')
		cursor->offset++;
	skip_space(cursor);
}

static void scan_object(struct cursor *cursor, int depth, struct place *place)
{
	size_t room = 0;

	cursor->offset++;
	skip_space(cursor);
	while (peek(cursor) == '"') {
		struct place member = {0};

		scan_member(cursor, depth, &member);
		if (place->count == room) {
			room = room ? 2 * room : 4;
			place->members = xrealloc_array(place->members, room, sizeof(member));
		}
		place->members[place->count++] = member;
	}
	cursor->offset++;
	if (place->count)
		qsort(place->members, place->count, sizeof(*place->members), place_compare);
}

static void scan_value(struct cursor *cursor, int depth, struct place *place)
{
	place->value_offset = cursor->offset;
	if (peek(cursor) == '{' && depth < PLACE_DEPTH)
		scan_object(cursor, depth + 1, place);
	else
		skip_value(cursor);
}

struct place *place_index(const char *text, size_t length)
{
	struct cursor cursor = {.text = text, .length = length};
	struct place *document = xcalloc(1, sizeof(*document));

	skip_space(&cursor);
	scan_value(&cursor, 0, document);
	return document;
}

static void members_free(struct place *place)
{
	for (size_t i = 0; i < place->count; i++) {
		members_free(&place->members[i]);
		free(place->members[i].key);
	}
	free(place->members);
}

void place_free(struct place *place)
{
	if (!place)
		return;
	members_free(place);
	free(place);
}

/* The last member of that key; NULL if there is none. */
static const struct place *find_member(const struct place *place, const char *key)
{
	size_t low = 0, high = place->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(place->members[middle].key, key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && strcmp(place->members[low - 1].key, key) == 0 ? &place->members[low - 1]
									: NULL;
}

/* The place at path, or with *exact false the nearest one above that there is. */
static const struct place *find(const struct place *document, const struct at *at, bool *exact)
{
	const struct place *up, *member;

	if (!at)
		return document;
	up = find(document, at->up, exact);
	member = *exact ? find_member(up, at->key) : NULL;
	*exact = member;
	return member ? member : up;
}

size_t place_offset(const struct place *document, const struct at *at, bool of_key)
{
	bool exact = true;
	const struct place *place = find(document, at, &exact);

	return exact && of_key && place->key ? place->key_offset : place->value_offset;
}

/* For each level the key whose value comes or has just come; length 0: none. */
struct trail {
	struct place_token keys[PLACE_DEPTH + 1];
	bool valued[PLACE_DEPTH + 1]; /* the value has come: the next token is not part of it */
	struct place_token string;
	size_t depth; /* keys[0] stays empty; keys[PLACE_DEPTH] is of all that is deeper */
};

static size_t trail_level(const struct trail *trail)
{
	return trail->depth < PLACE_DEPTH ? trail->depth : PLACE_DEPTH;
}

static void trail_next(struct trail *trail)
{
	size_t level = trail_level(trail);

	if (trail->valued[level])
		trail->keys[level].length = 0;
	trail->valued[level] = false;
}

static void trail_step(struct trail *trail, const struct place_token *token, char c)
{
	size_t level;

	trail_next(trail);
	if (one_of(c, "]}"))
		trail->depth -= trail->depth > 0;
	else if (one_of(c, "[{"))
		trail->depth++;
	level = trail_level(trail);
	if (c == '"')
		trail->string = *token;
	if (c == ':')
		trail->keys[level] = trail->string;
	else if (one_of(c, "[{"))
		trail->keys[level].length = 0;
	trail->valued[level] = !one_of(c, ":[{");
}

void place_last_token(const char *text, size_t length, size_t end, struct place_token *token)
{
	struct cursor cursor = {.text = text, .length = length};
	struct trail trail = {0};

	memset(token, 0, sizeof(*token));
	for (skip_space(&cursor); cursor.offset < end && cursor.offset < length;
	     skip_space(&cursor)) {
		char c = peek(&cursor);

		token->offset = cursor.offset;
		token->open = false;
		if (c == '"')
			token->open = !skip_string(&cursor);
		else if (one_of(c, "[]{},:"))
			cursor.offset++;
		else
			skip_word(&cursor);
		token->length = cursor.offset - token->offset;
		trail_step(&trail, token, c);
	}
	if (end > length && !token->open)
		trail_next(&trail);
	for (size_t i = 1; i <= trail.depth && i < PLACE_DEPTH && trail.keys[i].length; i++) {
		char *key = decode(text + trail.keys[i].offset, trail.keys[i].length);

		if (!key)
			break;
		token->keys[token->key_count++] = key;
	}
}

void place_token_done(struct place_token *token)
{
	for (int i = 0; i < token->key_count; i++)
		free(token->keys[i]);
	token->key_count = 0;
}

void place_advance(struct place_position *position, const char *text, size_t offset)
{
	for (; position->offset < offset; position->offset++) {
		unsigned char c = text[position->offset];

		if (c == '\n') {
			position->line++;
			position->column = 1;
		} else if ((c & 0xc0) != 0x80) {
			position->column++;
		}
	}
}
