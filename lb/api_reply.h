/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers of the API: always JSON, whatever goes wrong. */
#ifndef HAIRPIN_API_REPLY_H
#define HAIRPIN_API_REPLY_H

#include <jansson.h>

#include "err.h"

struct api_reply {
	unsigned int status;
	char *text;     /* JSON and a newline; malloc()ed, NULL when memory ran out */
	char allow[64]; /* of a 405: the methods that there are; else empty */
};

/* api_reply_json(): takes json; NULL (no memory) becomes an error. */
void api_reply_json(struct api_reply *reply, unsigned int status, json_t *json);

/* api_reply_errors(): all of errors, of which there is at least one. */
void api_reply_errors(struct api_reply *reply, unsigned int status, const struct err_list *errors);

/*
 * api_reply_error(): one error. No byte of the request may be in it that was not checked: it may
 * not be UTF-8, which JSON cannot carry.
 */
void api_reply_error(struct api_reply *reply, unsigned int status, const char *path,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
