/* SPDX-License-Identifier: GPL-2.0-only */
/* For api.c and api_errors.c: what an answer must be. */
#ifndef HAIRPIN_API_ASSERT_H
#define HAIRPIN_API_ASSERT_H

#include <stdbool.h>

#include "api_client.h"

struct expected_error {
	int status;
	const char *path;
	int line, column;
	const char *text;
};

void assert_answer(struct answer answer, int status, const char *body);
void assert_done(struct answer answer); /* 200 */
void assert_error(struct answer answer, struct expected_error expected);

/* catalog_of(): the document in force, compact; owned by the caller. */
char *catalog_of(const struct server *server);
void assert_catalog_has(const struct server *server, const char *part, bool has);

#endif
