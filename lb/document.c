// SPDX-License-Identifier: GPL-2.0-only
#include "document.h"

#include <string.h>

#include "quote.h"
#include "xalloc.h"

/* The text without the space at its end, so that "too early" points at what is there. */
static size_t trimmed_length(const struct report *report)
{
	size_t length = report->length;

	while (length && strchr(" \t\r\n", report->text[length - 1]))
		length--;
	return length;
}

/* What jansson would accept, or complain about in a way that leads astray. */
static bool check_bytes(struct report *report)
{
	const char *nul = report->length ? memchr(report->text, '\0', report->length) : NULL;

	if (report->length >= 3 && memcmp(report->text, "\xef\xbb\xbf", 3) == 0)
		report_add_offset(report, 0, NULL, "a byte order mark; save the file without one");
	else if (nul)
		report_add_offset(report, nul - report->text, NULL,
				  "a NUL byte; a catalog is JSON in UTF-8");
	else if (trimmed_length(report) == 0)
		report_add_offset(report, 0, NULL, "empty; a catalog is a JSON object");
	return report->count == 0;
}

/* jansson quotes the text as it is: keep that harmless to a terminal. */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
	}
}

/* How much of a token is a number; in a broken text it may run on. */
static int number_length(const struct report *report, const struct place_token *token)
{
	int length = 0;

	while ((size_t)length < token->length &&
	       strchr("+-.0123456789eE", report->text[token->offset + length]))
		length++;
	return length;
}

static void add_at_token(struct report *report, const struct place_token *token,
			 json_error_t *error)
{
	struct at links[PLACE_DEPTH];
	const struct at *at = NULL;
	int length = number_length(report, token);
	size_t offset = token->offset;

	for (int i = 0; i < token->key_count; i++) {
		links[i] = (struct at){.up = at, .key = token->keys[i]};
		at = &links[i];
	}
	make_printable(error->text);
	switch (json_error_code(error)) {
	case json_error_numeric_overflow:
		report_add_offset(report, offset, at, "%.*s%s is too large a number",
				  length > 40 ? 40 : length, report->text + offset,
				  length > 40 ? "..." : "");
		break;
	case json_error_stack_overflow:
		report_add_offset(report, offset, at, "nested too deeply");
		break;
	case json_error_end_of_input_expected:
		report_add_offset(report, offset, at, "more text after the end of the document");
		break;
	case json_error_premature_end_of_input:
		if (token->open)
			report_add_offset(report, offset, at, "a string without its closing quote");
		else
			report_add_offset(report, trimmed_length(report), at,
					  "the text ends too early");
		break;
	case json_error_invalid_utf8:
		report_add_offset(report, error->position, at, "byte 0x%02x is not UTF-8",
				  (unsigned char)report->text[error->position]);
		break;
	case json_error_null_character:
		report_add_offset(report, offset, at, "\\u0000 is not allowed");
		break;
	default:
		if (report->text[offset] == '}' && strncmp(error->text, "string or", 9) == 0)
			strcpy(error->text, "a comma before '}'");
		report_add_offset(report, offset, at, "not JSON: %s", error->text);
	}
}

/* jansson's own place is the end of the token that it did not like; people look for its start. */
static void add_syntax_error(struct report *report, json_error_t *error)
{
	struct place_token token;
	size_t end = error->position;

	if (json_error_code(error) == json_error_out_of_memory)
		xcheck(NULL);
	if (json_error_code(error) == json_error_premature_end_of_input)
		end = report->length + 1;
	place_last_token(report->text, report->length, end, &token);
	add_at_token(report, &token, error);
	place_token_done(&token);
}

static void add_duplicates(struct report *report, const struct place *place, const struct at *at)
{
	const struct place *first = place->members;
	char key[QUOTE_SIZE];

	for (size_t i = 0; i < place->count; i++) {
		const struct place *member = &place->members[i];
		struct at here = {.up = at, .key = member->key};
		struct place_position position = PLACE_START;

		add_duplicates(report, member, &here);
		if (member == first || strcmp(member->key, first->key) != 0) {
			first = member;
			continue;
		}
		/* the search from the start for each could take hours in a text made for it */
		if (report->count < 100)
			place_advance(&position, report->text, first->key_offset);
		if (position.offset)
			report_add_offset(report, member->key_offset, &here,
					  "duplicate key %s; the first is in line %d",
					  quote_text(member->key, key), position.line);
		else
			report_add_offset(report, member->key_offset, &here, "duplicate key %s",
					  quote_text(member->key, key));
	}
}

json_t *document_parse(struct report *report)
{
	json_error_t error;
	json_t *json;

	if (!check_bytes(report))
		return NULL;
	json = json_loadb(report->text, report->length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
			  &error);
	if (json)
		return json;
	if (json_error_code(&error) == json_error_duplicate_key)
		json = json_loadb(report->text, report->length, JSON_DECODE_ANY, &error);
	if (json)
		add_duplicates(report, report_places(report), NULL);
	else
		add_syntax_error(report, &error);
	return json;
}
