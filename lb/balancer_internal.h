/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by balancer.c (changes) and balancer_status.c, balancer_trace.c, balancer_diff.c (words).
 */
#ifndef HAIRPIN_BALANCER_INTERNAL_H
#define HAIRPIN_BALANCER_INTERNAL_H

#include <limits.h>

#include "balancer.h"
#include "datapath.h"
#include "motion.h"
#include "wanted.h"

/* What was last written to the maps. */
struct last_plan {
	uint64_t finished_us; /* CLOCK_REALTIME; 0: nothing yet */
	uint64_t took_us;
	size_t operations[PLAN_KINDS];
};

/* An interface of -i: whether it has its program, and if not so, when that is tried again. */
struct watched {
	uint64_t lost_us;  /* CLOCK_REALTIME; 0: it has one */
	uint64_t next_us;  /* CLOCK_MONOTONIC: not to be tried before */
	uint64_t delay_us; /* the next one */
	struct err err;    /* of the last try; empty: none failed */
};

struct balancer {
	const struct config *config; /* borrowed of main.c */
	struct surroundings surroundings;
	struct nexthop_table *nexthops;
	struct datapath *datapath;
	struct catalog *catalog;        /* in force */
	struct build *build;            /* of catalog */
	uint64_t started_us, loaded_us; /* CLOCK_REALTIME */
	struct last_plan last_plan;
	char *written;    /* what balancer_put() last made the catalog file; NULL: something else */
	bool out_of_step; /* the last plan was not applied whole */
	struct err_list failed; /* of the last reload, when it was refused */
	uint64_t failed_us;
	struct wanted_leaving *leaving; /* of the last plan */
	size_t leaving_count;
	sd_event_source *timer; /* while something moves or is to be tried again */
	struct watched watched[CONFIG_MAX_INTERFACES];
	sd_event_source *watch; /* looks after the interfaces */
};

void balancer_reconcile(struct balancer *balancer);

/* Interfaces that come and go (balancer_interfaces.c). balancer_watch_soon(): something may have
 * happened to one. */
int balancer_add_watch(struct balancer *balancer, sd_event *event, struct err *err);
void balancer_watch_soon(void *balancer);

/* What moves (balancer_motion.c). balancer_leaving_addresses(): those of backends that have an index
 * and are not in catalog; there is room for all of them. */
size_t balancer_leaving_count(const struct balancer *balancer, const struct catalog *catalog);
size_t balancer_leaving_addresses(const struct balancer *balancer, const struct catalog *catalog,
				  struct lb_address *out);

/* balancer_set_leaving(): completes what build wants: records of leaving backends, and the time. */
int balancer_set_leaving(struct balancer *balancer, struct build *build, struct err *err);

/* balancer_motion(): what moves, for status; owned by the caller. */
json_t *balancer_motion(const struct balancer *balancer, const struct motion *motion);

/* balancer_add_departure(): of a backend's status: what still goes there, and until when. */
void balancer_add_departure(const struct motion *motion, uint16_t index, uint32_t idle_timeout_s,
			    json_t *backend);

int balancer_add_timer(struct balancer *balancer, sd_event *event, struct err *err);
/* balancer_set_timer(): after a plan for catalog: it runs while something moves, or moved before the plan,
 * or the maps are out of step. */
void balancer_set_timer(struct balancer *balancer, const struct catalog *catalog, bool was_moving);

/* balancer_diff(): what candidate changes against what is in force; see balancer_put(). Owned by
 * the caller. */
json_t *balancer_diff(const struct balancer *balancer, const struct build *candidate);

/* balancer_file_is_ours(): whether the catalog file is byte for byte what was written to it last: a
 * fast way to know that it is in force. */
bool balancer_file_is_ours(const struct balancer *balancer);

/* balancer_check_file(): an edit of the catalog file that is not in force (refused, or not read yet)
 * must not be overwritten: -EBUSY. */
int balancer_check_file(const struct balancer *balancer, struct err *err);

/* balancer_write_beside(): writes text to a file beside path, to disk, with path's mode and owner;
 * the rename is left to the caller. */
int balancer_write_beside(const char *path, const char *text, char temporary[PATH_MAX],
			  struct err *err);

/* time_text(): RFC 3339, UTC, whole seconds, as a JSON string; owned by the caller. */
json_t *time_text(uint64_t realtime_us);

uint64_t time_now_us(void); /* CLOCK_REALTIME */

/* QUIC (balancer_quic.c): connection ids of catalog's backends, whose indices are in the maps, lead to
 * them. */
int balancer_set_quic(struct balancer *balancer, const struct catalog *catalog, struct err *err);

#endif
