// SPDX-License-Identifier: GPL-2.0-only
#include "output.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "quote.h"
#include "xalloc.h"

#define MAX_LISTED 20

static bool coloured(void)
{
	static int known = -1;

	if (known < 0) {
		const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

		known = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0 &&
			!(no_color && *no_color);
	}
	return known;
}

const char *output_begin(enum output_colour colour)
{
	static const char *const escapes[] = {
		[OUTPUT_PLAIN] = "",         [OUTPUT_GOOD] = "\033[32m", [OUTPUT_WARN] = "\033[33m",
		[OUTPUT_BAD] = "\033[1;31m", [OUTPUT_BOLD] = "\033[1m",
	};

	return coloured() ? escapes[colour] : "";
}

const char *output_end(enum output_colour colour)
{
	return coloured() && colour != OUTPUT_PLAIN ? "\033[0m" : "";
}

const char *output_number(uint64_t number, char *buffer)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	char *at = buffer;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return buffer;
}

const char *output_bytes(uint64_t bytes, char *buffer)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	double value = bytes;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(buffer, OUTPUT_SIZE, "%" PRIu64 " B", bytes);
		return buffer;
	}
	/* 999.95 would be printed as 1000.0. */
	for (value /= 1000; value >= 999.95 && unit + 1 < sizeof(units) / sizeof(*units); unit++)
		value /= 1000;
	snprintf(buffer, OUTPUT_SIZE, "%.1f %s", value, units[unit]);
	return buffer;
}

const char *output_count(uint64_t count, const char *noun, char *buffer)
{
	char number[OUTPUT_SIZE];

	snprintf(buffer, OUTPUT_SIZE, "%.30s %.20s%s", output_number(count, number), noun,
		 count == 1 ? "" : "s");
	return buffer;
}

const char *output_since(const char *text, char *buffer)
{
	struct tm tm = {};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	long long age;
	char ago[24];

	if (!end || *end) {
		snprintf(buffer, OUTPUT_SIZE, "%s", text);
		return buffer;
	}
	age = (long long)time(NULL) - timegm(&tm);
	if (age < 0)
		age = 0;
	if (age < 60)
		snprintf(ago, sizeof(ago), "%llds", age);
	else if (age < 60 * 60)
		snprintf(ago, sizeof(ago), "%lldm", age / 60);
	else if (age < 48 * 60 * 60)
		snprintf(ago, sizeof(ago), "%lldh", age / (60 * 60));
	else
		snprintf(ago, sizeof(ago), "%lldd", age / (24 * 60 * 60));
	snprintf(buffer, OUTPUT_SIZE, "%s ago (%s)", ago, text);
	return buffer;
}

void output_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
}

void output_names(const json_t *array)
{
	json_t *value;
	size_t i;

	json_array_foreach(array, i, value)
		puts(answer_text(value, "name"));
}

/* Tables. */

struct cell {
	char *text;
	enum output_colour colour;
};

struct output_table {
	const char *const *titles; /* of the caller */
	int columns;
	struct cell *cells; /* row after row */
	size_t count, room;
};

struct output_table *output_table_new(const char *const *titles, int columns)
{
	struct output_table *table = xcalloc(1, sizeof(*table));

	table->titles = titles;
	table->columns = columns;
	return table;
}

void output_cell(struct output_table *table, enum output_colour colour, const char *format, ...)
{
	struct cell cell = {.colour = colour};
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&cell.text, format, args);
	va_end(args);
	if (length < 0)
		xcheck(NULL);
	/* Names of interfaces may be anything: not to the terminal. */
	for (char *c = cell.text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	}
	if (table->count == table->room) {
		table->room = table->room ? 2 * table->room : 64;
		table->cells = xrealloc_array(table->cells, table->room, sizeof(*table->cells));
	}
	table->cells[table->count++] = cell;
}

/* 0: no cell of the column has anything in it. */
static int column_width(const struct output_table *table, int column)
{
	const char *title = table->titles[column];
	size_t width = 0, least = strlen(title + (*title == '>'));

	for (size_t i = column; i < table->count; i += table->columns) {
		size_t length = strlen(table->cells[i].text);

		width = length > width ? length : width;
	}
	return width && width < least ? least : width;
}

static void print_row(const struct output_table *table, const struct cell *row, const int *widths)
{
	int last = 0;
	bool first = true;

	for (int i = 0; i < table->columns; i++) {
		if (widths[i] && (!row || row[i].text[0]))
			last = i;
	}
	for (int i = 0; i <= last; i++) {
		const char *title = table->titles[i];
		bool right = *title == '>';
		const char *text = row ? row[i].text : title + right;
		enum output_colour colour = row ? row[i].colour : OUTPUT_BOLD;
		int pad = widths[i] - (int)strlen(text);

		if (!widths[i])
			continue;
		printf("%s%*s%s%s%s%*s", first ? "" : "  ", right ? pad : 0, "",
		       output_begin(colour), text, output_end(colour), right || i == last ? 0 : pad,
		       "");
		first = false;
	}
	putchar('\n');
}

void output_table_print(struct output_table *table)
{
	int widths[table->columns];

	for (int i = 0; i < table->columns; i++)
		widths[i] = column_width(table, i);
	if (table->count)
		print_row(table, NULL, widths);
	for (size_t i = 0; i < table->count; i += table->columns)
		print_row(table, &table->cells[i], widths);
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}

/* What changed. */

static size_t print_changes(const json_t *diff, const char *group, const char *noun,
			    const char *verb, bool dry_run)
{
	const json_t *names = json_object_get(json_object_get(diff, group), verb);
	char number[OUTPUT_SIZE];
	size_t i, count = json_array_size(names);
	json_t *name;

	json_array_foreach(names, i, name) {
		if (i == MAX_LISTED) {
			printf("... and %s more %s%s %s\n", output_number(count - i, number), group,
			       dry_run ? " would be" : "", verb);
			break;
		}
		printf("%s %s%s %s\n", noun, json_string_value(name), dry_run ? " would be" : "",
		       verb);
	}
	return count;
}

/* "none" is no value of the catalog that has no quotes. */
static const char *value_text(const json_t *value, char *buffer)
{
	char *text;

	if (json_is_null(value))
		return strcpy(buffer, "none");
	if (!json_is_object(value))
		return quote_json(value, buffer);
	text = xcheck(json_dumps(value, 0));
	snprintf(buffer, QUOTE_SIZE, "%s", text);
	free(text);
	return buffer;
}

static size_t print_keys(const json_t *diff)
{
	const json_t *keys = json_object_get(diff, "keys");
	char old[QUOTE_SIZE], new[QUOTE_SIZE], number[OUTPUT_SIZE];
	size_t i, count = json_array_size(keys);
	json_t *key;

	json_array_foreach(keys, i, key) {
		if (i == MAX_LISTED) {
			printf("... and %s more keys\n", output_number(count - i, number));
			break;
		}
		printf("%s: %s -> %s\n", answer_text(key, "path"),
		       value_text(json_object_get(key, "old"), old),
		       value_text(json_object_get(key, "new"), new));
	}
	return count;
}

void output_diff(const struct ctl *ctl, const json_t *diff, bool dry_run, const char *pool_name,
		 const char *verb)
{
	static const char *const verbs[] = {"added", "changed", "removed"};
	char moved[OUTPUT_SIZE], slots[OUTPUT_SIZE];
	size_t count = 0;
	const char *name;
	json_t *pool;

	if (ctl->json) {
		output_json(diff);
		return;
	}
	if (pool_name)
		count += printf("pool %s%s %s\n", pool_name, dry_run ? " would be" : "", verb);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		count += print_changes(diff, "services", "service", verbs[i], dry_run);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		count += print_changes(diff, "backends", "backend", verbs[i], dry_run);
	count += print_keys(diff);
	json_object_foreach(json_object_get(diff, "pools"), name, pool) {
		count++;
		if (!answer_number(pool, "slots")) {
			printf("pool %s: %s, with all of its %s slots\n", name,
			       dry_run ? "would go" : "goes",
			       output_number(answer_number(pool, "moved"), moved));
			continue;
		}
		printf("pool %s: %s of %s slots %s (%.1f%%)\n", name,
		       output_number(answer_number(pool, "moved"), moved),
		       output_number(answer_number(pool, "slots"), slots),
		       dry_run ? "would move" : "move",
		       100 * json_number_value(json_object_get(pool, "moved_share")));
	}
	if (!count)
		puts(dry_run ? "nothing would change" : "no service, backend or slot changes");
}
