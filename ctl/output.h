/* SPDX-License-Identifier: GPL-2.0-only */
/* What commands print: aligned columns, numbers, sizes, times; colour on a terminal only. */
#ifndef HAIRPIN_OUTPUT_H
#define HAIRPIN_OUTPUT_H

#include <stdint.h>

#include <jansson.h>

#include "ctl.h"

#define OUTPUT_SIZE 64 /* of the buffers below */

enum output_colour { OUTPUT_PLAIN, OUTPUT_GOOD, OUTPUT_WARN, OUTPUT_BAD, OUTPUT_BOLD };

/* output_begin(), output_end(): the escapes of colour, or "". */
const char *output_begin(enum output_colour colour);
const char *output_end(enum output_colour colour);

/* output_number(): 1,234,567. output_bytes(): 1.2 MB, decimal. They return buffer. */
const char *output_number(uint64_t number, char *buffer);
const char *output_bytes(uint64_t bytes, char *buffer);

/* output_count(): "1 pool", "2 pools". Returns buffer. */
const char *output_count(uint64_t count, const char *noun, char *buffer);

/* output_since(): "3m ago (2026-01-01T00:00:00Z)" of such a time; "" of none. Returns buffer. */
const char *output_since(const char *time, char *buffer);

/* output_json(): prints json as every --json does. */
void output_json(const json_t *json);

/* output_names(): the names of array's objects, one a line. */
void output_names(const json_t *array);

/*
 * output_diff(): what a change did, or (dry_run) would do, as balancer_put() tells it. pool: the
 * pool that was added or removed (verb), which a diff does not tell; or NULL.
 */
void output_diff(const struct ctl *ctl, const json_t *diff, bool dry_run, const char *pool,
		 const char *verb);

/*
 * A table: output_table_new(), then output_cell() for each cell in rows, then output_table_print(),
 * which frees it. A title that starts with '>' aligns its column to the right. A column whose cells
 * are all empty is left out, and a table without rows prints nothing.
 */
struct output_table *output_table_new(const char *const *titles, int columns);
void output_cell(struct output_table *table, enum output_colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void output_table_print(struct output_table *table);

#endif
