/* SPDX-License-Identifier: GPL-2.0-only */
/* The API: HTTP + JSON on a Unix socket (libmicrohttpd, driven by the event loop). */
#ifndef HAIRPIN_API_H
#define HAIRPIN_API_H

#include <systemd/sd-event.h>

#include "balancer.h"
#include "err.h"

struct api;

#define API_MAX_BODY  (4 * 1024 * 1024)
#define API_TIMEOUT_S 10

/*
 * api_new(): listens on socket_path (mode 0660, group hairpin if it exists; a stale socket that
 * nobody answers on is replaced, and a missing directory is made) and serves balancer from event. A
 * client that is silent for timeout_s (API_TIMEOUT_S unless there is a reason) is cut off. Returns
 * 0 and *out, or a negative errno with err set.
 */
int api_new(sd_event *event, struct balancer *balancer, const char *socket_path,
	    unsigned int timeout_s, struct api **out, struct err *err);
/* Must be called before the event loop runs if api_new() was given NULL. */
void api_set_balancer(struct api *api, struct balancer *balancer);

void api_free(struct api *api); /* closes and unlinks the socket; NULL is fine */

#endif
