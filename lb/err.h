/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors that a user can act on: what, where, and where possible the way out.
 *
 * struct err lives on the caller's stack, is untouched on success and is set once. Functions that
 * can report several (the catalog) take a struct err_list.
 */
#ifndef HAIRPIN_ERR_H
#define HAIRPIN_ERR_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct err {
	char file[256]; /* or empty */
	int line;       /* from 1; 0: none */
	int column;     /* from 1; 0: none */
	char path[320]; /* services.www.port; or empty */
	char text[512];
};

/* err_set(): fills err (which may be NULL) with text alone. Returns code, a negative errno. */
int err_set(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* err_format(): "file:line:column: path: text", parts that are empty left out. Returns buffer. */
const char *err_format(const struct err *err, char *buffer, size_t size);

/* err_json(): {"path", "line", "column", "text"} (and "file" where there is one); owned by caller.
 */
json_t *err_json(const struct err *err);

struct err_list {
	struct err *errors;
	size_t count;
	size_t room;
};

void err_list_done(struct err_list *list);

/* err_list_add(): a new zeroed entry at the end; aborts when memory runs out. */
struct err *err_list_add(struct err_list *list);

/* err_list_json(): {"error": first, "errors": [all]}; owned by the caller. */
json_t *err_list_json(const struct err_list *list);

#endif
