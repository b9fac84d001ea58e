/* SPDX-License-Identifier: GPL-2.0-only */
/* What each resource of the API does; knows nothing of sockets. */
#ifndef HAIRPIN_API_ROUTES_H
#define HAIRPIN_API_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "api_reply.h"
#include "api.h"

#define API_MAX_SEGMENTS 6

struct api_request {
	const char *method;
	char *target;                           /* as sent, cut into the segments; owned */
	const char *segments[API_MAX_SEGMENTS]; /* of the path, decoded; in target */
	size_t segment_count;
	bool bad_target;   /* could not be decoded */
	const char *query; /* after the '?', in target; or NULL */
	bool create_only;  /* If-None-Match: *: must not exist yet */
	char *body;        /* owned; may be NULL */
	size_t length, room;
	bool too_large; /* more body than API_MAX_BODY came, or was announced */
};

/* api_request_target(): takes target (malloc()ed) apart. */
void api_request_target(struct api_request *request, char *target);

/* api_route(): does what request (whole, or too_large) asks for and fills *reply. */
void api_route(struct balancer *balancer, const struct api_request *request,
	       struct api_reply *reply);

#endif
