/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a request for one service, pool or backend makes of the catalog's document. The result need
 * not be valid: that is for the catalog's own check to say.
 */
#ifndef HAIRPIN_API_EDIT_H
#define HAIRPIN_API_EDIT_H

#include <stdbool.h>

#include <jansson.h>

#include "api_reply.h"

struct api_edit {
	json_t *catalog;  /* the document to edit: a copy of a valid one */
	const char *name; /* of the service, pool or backend */
	const char *pool; /* of a backend; else unused */
	json_t *body;     /* what to put; NULL: remove */
	bool merge;       /* backend: put only the keys that body has */
	bool create_only; /* refuse when it exists */
	struct api_reply *reply;
};

/* They return true with catalog edited, or false with reply saying why not. */
bool api_edit_service(const struct api_edit *edit);
bool api_edit_pool(const struct api_edit *edit);
bool api_edit_backend(const struct api_edit *edit);

#endif
