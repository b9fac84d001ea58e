/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon's API, over its Unix socket (libcurl). Whatever goes wrong is printed here, once. */
#ifndef HAIRPIN_CLIENT_H
#define HAIRPIN_CLIENT_H

#include <stddef.h>

#include <jansson.h>

#include "ctl.h"

struct client_request {
	const char *method;
	char *path;       /* taken; from client_path() */
	const char *body; /* of the caller; or NULL */
	size_t length;
	bool dry_run;
	bool create_only; /* refuse to replace what exists */
	const char *pool; /* for output_diff(): that is added or removed; or NULL */
	const char *file; /* whose text the body is, for the places of errors; or NULL */
};

/* client_path(): pattern with each '*' replaced by the next argument, escaped. */
char *client_path(const char *pattern, ...);

/* client_call(): returns 0 and the answer in *out (owned by the caller), or CTL_REFUSED or
 * CTL_UNREACHABLE after printing why. */
int client_call(const struct ctl *ctl, const struct client_request *request, json_t **out);

/* client_get(): GET path. */
int client_get(const struct ctl *ctl, const char *path, json_t **out);

/* client_change(): sends json (taken; NULL: none) and prints what it changed. */
int client_change(const struct ctl *ctl, struct client_request request, json_t *json);

#endif
