/* SPDX-License-Identifier: GPL-2.0-only */
/* The control benchmark: its daemon's API (control_api.c), and the references. */
#ifndef HAIRPIN_CONTROL_H
#define HAIRPIN_CONTROL_H

#include <jansson.h>

/* api_call(): one request on one connection that is kept. The answer, owned by the caller; exits
 * when there is none or it is not 200. body may be NULL. */
json_t *api_call(const char *method, const char *target, const char *body);

/* api_rate(): answers per second to the same request, one after the other, for seconds. */
double api_rate(const char *method, const char *target, const char *body, double seconds);

/* A daemon's READY=1 (sd_notify). */
void notify_open(const char *path); /* and sets NOTIFY_SOCKET */
void notify_drain(void);            /* before a daemon starts */
int notify_ready(void);             /* does not wait */

/* Times in milliseconds. */
struct samples {
	double ms[32];
	int count;
};

void samples_add(struct samples *samples, double ms); /* drops those beyond the room */
json_t *samples_json(const struct samples *samples);  /* {"min", "median", "max"} */

/* What no change can do without. */
json_t *reference_table_swap(void);        /* one entry of an array of maps */
json_t *reference_json(const char *text);  /* jansson reads the catalog */
json_t *reference_fsync(const char *path); /* a file of one page is written to disk */

#endif
