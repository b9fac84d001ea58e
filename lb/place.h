/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where things are in a JSON text.
 *
 * jansson tells line and column of syntax errors only. When anything else is wrong the text is
 * scanned once more and the members of its objects are indexed, so that any number of errors finds
 * its places without scanning again for each.
 */
#ifndef HAIRPIN_PLACE_H
#define HAIRPIN_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#define PLACE_DEPTH 8 /* objects nested deeper have no place; nothing of a catalog is that deep */

/* A path, on the stack of whoever walks the document. NULL is the document itself. */
struct at {
	const struct at *up;
	const char *key;
};

struct place {
	char *key; /* NULL: the document */
	size_t key_offset;
	size_t value_offset;
	struct place *members; /* of an object: sorted by key, then in the order of the text */
	size_t count;
};

/* place_index(): text must be one that jansson accepts. Free with place_free(). */
struct place *place_index(const char *text, size_t length);
void place_free(struct place *place); /* NULL is fine */

/*
 * place_offset(): the offset of what is at path: of its key, or else of its value. Of duplicate
 * keys it is the last, the one that jansson keeps. What is missing is at the value of its parent.
 */
size_t place_offset(const struct place *document, const struct at *at, bool of_key);

/* A token of a text that may be broken, and the keys on the way to it. */
struct place_token {
	size_t offset;
	size_t length;
	bool open;               /* a string without its closing quote */
	char *keys[PLACE_DEPTH]; /* from the document down */
	int key_count;
};

/*
 * place_last_token(): the last token that starts before end. With end behind the text the keys are
 * those of the end of the text, not of the token. Free with place_token_done().
 */
void place_last_token(const char *text, size_t length, size_t end, struct place_token *token);
void place_token_done(struct place_token *token);

struct place_position {
	size_t offset;
	int line;
	int column; /* in characters, a tab is one; as jansson counts */
};

#define PLACE_START ((struct place_position){.line = 1, .column = 1})

/* place_advance(): moves position on to offset. */
void place_advance(struct place_position *position, const char *text, size_t offset);

#endif
