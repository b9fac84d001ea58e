// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quote.h"
#include "xalloc.h"

struct report_entry {
	size_t offset;
	size_t order; /* of report_add(): keeps the order of errors at one place */
	char *path;
	char *text;
};

void report_done(struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->entries[i].path);
		free(report->entries[i].text);
	}
	free(report->entries);
	place_free(report->places);
	*report = (struct report){0};
}

const struct place *report_places(struct report *report)
{
	if (!report->places)
		report->places = place_index(report->text, report->length);
	return report->places;
}

static bool is_plain(const char *key)
{
	const char *c = key;

	while (isalnum((unsigned char)*c) || (*c && strchr("._-", *c)))
		c++;
	return c > key && !*c && c - key < QUOTE_SIZE;
}

/* Keys that could not be names are quoted, so that a path stays one readable word. */
static void write_path(FILE *stream, const struct at *at)
{
	char buffer[QUOTE_SIZE];

	if (!at)
		return;
	write_path(stream, at->up);
	fprintf(stream, "%s%s", at->up ? "." : "",
		is_plain(at->key) ? at->key : quote_text(at->key, buffer));
}

static char *path_text(const struct at *at)
{
	char *path = NULL;
	size_t size = 0;
	FILE *stream = xcheck(open_memstream(&path, &size));

	write_path(stream, at);
	if (fclose(stream))
		xcheck(NULL);
	return path;
}

static void add(struct report *report, size_t offset, const struct at *at, const char *format,
		va_list args)
{
	struct report_entry *entry;

	if (report->count == REPORT_MAX) {
		report->untold++;
		return;
	}
	if (report->count == report->room) {
		report->room = report->room ? 2 * report->room : 4;
		report->entries = xrealloc_array(report->entries, report->room, sizeof(*entry));
	}
	entry = &report->entries[report->count];
	*entry = (struct report_entry){.offset = offset, .order = report->count};
	entry->path = path_text(at);
	if (vasprintf(&entry->text, format, args) < 0)
		xcheck(NULL);
	report->count++;
}

void report_add(struct report *report, const struct at *at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(report, place_offset(report_places(report), at, false), at, format, args);
	va_end(args);
}

void report_add_key(struct report *report, const struct at *at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(report, place_offset(report_places(report), at, true), at, format, args);
	va_end(args);
}

void report_add_offset(struct report *report, size_t offset, const struct at *at,
		       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(report, offset, at, format, args);
	va_end(args);
}

static int entry_compare(const void *left, const void *right)
{
	const struct report_entry *a = left, *b = right;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

void report_tell(struct report *report, struct err_list *errors)
{
	struct place_position position = PLACE_START;
	const char *file = report->file ? report->file : "";
	struct err *err;

	if (report->count)
		qsort(report->entries, report->count, sizeof(*report->entries), entry_compare);
	for (size_t i = 0; i < report->count; i++) {
		const struct report_entry *entry = &report->entries[i];

		place_advance(&position, report->text, entry->offset);
		err = err_list_add(errors);
		err_set(err, 0, "%s", entry->text);
		snprintf(err->file, sizeof(err->file), "%s", file);
		snprintf(err->path, sizeof(err->path), "%s", entry->path);
		err->line = position.line;
		err->column = position.column;
	}
	if (report->untold) {
		err = err_list_add(errors);
		err_set(err, 0, "%zu more errors are not shown", report->untold);
		snprintf(err->file, sizeof(err->file), "%s", file);
	}
}
