/* SPDX-License-Identifier: GPL-2.0-only */
/* The API: HTTP + JSON on a Unix socket (libmicrohttpd, driven by the event loop). */
#ifndef HAIRPIN_API_H
#define HAIRPIN_API_H

#include <systemd/sd-event.h>

#include "balancer.h"
#include "err.h"

struct api;

#define API_MAX_BODY (4 * 1024 * 1024)

/*
 * api_new(): listens on socket_path (mode 0660, group hairpin if it exists; a stale socket that
 * nobody answers on is replaced) and serves balancer from event. Returns 0 and *out, or a
 * negative errno with err set.
 */
int api_new(sd_event *event, struct balancer *balancer, const char *socket_path, struct api **out,
	    struct err *err);
void api_free(struct api *api); /* closes and unlinks the socket; NULL is fine */

#endif
