// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "balancer_internal.h"
#include "log.h"

/* How long a change waits for new backends to answer ARP. An answer takes well below 1 ms on a wire;
 * a backend that is not there costs the caller this much. */
#define SETTLE_MS 200

uint64_t time_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int out_of_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

/* From now on the next hops of catalog's backends are followed, and of those that are leaving. */
static int follow_backends(struct balancer *balancer, const struct catalog *catalog,
			   struct err *err)
{
	struct lb_address *addresses;
	size_t count = 0, room = balancer_leaving_count(balancer, catalog) + 1;
	int status;

	for (size_t i = 0; i < catalog->pool_count; i++)
		room += catalog->pools[i].backend_count;
	addresses = calloc(room, sizeof(*addresses));
	if (!addresses)
		return out_of_memory(err);
	for (size_t i = 0; i < catalog->pool_count; i++)
		for (size_t j = 0; j < catalog->pools[i].backend_count; j++)
			addresses[count++] = catalog->pools[i].backends[j].address;
	count += balancer_leaving_addresses(balancer, catalog, addresses + count);
	status = nexthop_table_set(balancer->nexthops, addresses, count, err);
	if (!status)
		nexthop_table_settle(balancer->nexthops, SETTLE_MS);
	free(addresses);
	return status;
}

static void note_plan(struct last_plan *last, const struct plan *plan, uint64_t started_us)
{
	if (!plan->count)
		return;
	last->finished_us = time_now_us();
	last->took_us = last->finished_us - started_us;
	for (int kind = 0; kind < PLAN_KINDS; kind++)
		last->operations[kind] = plan_count(plan, kind);
}

/*
 * Brings the maps to build. While they change, the program has every feature that build uses or that the
 * loaded one has: what is in the maps may be of another catalog than the last one, or of another start.
 */
static int apply_build(struct balancer *balancer, struct build *build, struct err *err)
{
	struct lb_features both, after;
	uint64_t started_us = time_now_us();
	const struct state *state = datapath_state(balancer->datapath);
	bool was_moving = state_is_moving(state);
	struct plan plan = {0};
	int status = balancer_set_leaving(balancer, build, err);

	after = build->features;
	both = features_union(datapath_features(balancer->datapath), &after);
	if (!status)
		status = plan_make(&build->wanted, state, &plan, err);
	if (!status)
		status = datapath_set_features(balancer->datapath, &both, err);
	if (!status)
		status = datapath_reserve(balancer->datapath, plan.slot_count, err);
	if (!status)
		status = datapath_apply(balancer->datapath, &plan, err);
	if (!status)
		status = balancer_set_quic(balancer, build->wanted.catalog, err);
	note_plan(&balancer->last_plan, &plan, started_us);
	after.moved |= state_is_moving(state);
	if (!status)
		status = datapath_set_features(balancer->datapath, &after, err);
	if (plan.count)
		log_debug("plan: %zu operations, %s", plan.count, status ? "failed" : "applied");
	plan_done(&plan);
	build_mark_tables(build, !status);
	balancer->out_of_step = status;
	balancer_set_timer(balancer, build->wanted.catalog, was_moving);
	return status;
}

/* Something around the catalog changed, or time has passed. A failure is logged once, and tried again
 * until all is as it should be. */
void balancer_reconcile(struct balancer *balancer)
{
	bool was_out_of_step = balancer->out_of_step;
	struct err err = {0};

	if (!balancer->build)
		return;
	build_refresh_records(balancer->build, &balancer->surroundings);
	if (!apply_build(balancer, balancer->build, &err)) {
		if (was_out_of_step)
			log_info("the maps are what the catalog asks for again");
	} else if (!was_out_of_step) {
		log_err("the data plane could not follow: %s", err.text);
	}
}

static void on_nexthops(void *user)
{
	balancer_reconcile(user);
}

/* Goes back to the catalog in force after a plan for another one failed half way. */
static void roll_back(struct balancer *balancer)
{
	struct err err = {0};

	build_mark_tables(balancer->build, false);
	if (follow_backends(balancer, balancer->catalog, &err) ||
	    apply_build(balancer, balancer->build, &err))
		log_err("the data plane could not go back to the catalog in force: %s", err.text);
}

static void adopt(struct balancer *balancer, struct catalog *catalog, struct build *build)
{
	build_free(balancer->build);
	catalog_free(balancer->catalog);
	balancer->catalog = catalog;
	balancer->build = build;
	balancer->loaded_us = time_now_us();
	err_list_done(&balancer->failed);
	free(balancer->written);
	balancer->written = NULL;
	log_info("catalog: in force, with %zu service%s and %zu pool%s", catalog->service_count,
		 catalog->service_count == 1 ? "" : "s", catalog->pool_count,
		 catalog->pool_count == 1 ? "" : "s");
}

/* Makes catalog, and its build, what is in force, or leaves the old one. Takes both on success. */
static int change_to(struct balancer *balancer, struct catalog *catalog, struct build *build,
		     struct err *err)
{
	int status = follow_backends(balancer, catalog, err);

	if (!status) {
		build_refresh_records(build, &balancer->surroundings);
		status = apply_build(balancer, build, err);
	}
	if (status)
		roll_back(balancer);
	else
		adopt(balancer, catalog, build);
	return status;
}

static uint32_t count_slots(const struct catalog *catalog)
{
	uint32_t count = LB_FIRST_SLOT;

	for (size_t i = 0; i < catalog->pool_count; i++)
		count += catalog->pools[i].table_size;
	return count;
}

static int first_catalog(struct balancer *balancer, struct catalog *catalog, struct err *err)
{
	int status = follow_backends(balancer, catalog, err);
	struct build *build = status ? NULL : build_new(catalog, &balancer->surroundings, NULL);

	if (status)
		return status;
	if (!build)
		return out_of_memory(err);
	status = datapath_open(balancer->config, &build->features, count_slots(catalog),
			       &balancer->datapath, err);
	/* Now it is known which backends are leaving. */
	if (!status)
		status = follow_backends(balancer, catalog, err);
	if (!status)
		status = apply_build(balancer, build, err);
	if (status) {
		build_free(build);
		return status;
	}
	adopt(balancer, catalog, build);
	return 0;
}

int balancer_new(sd_event *event, const struct config *config, struct balancer **out,
		 struct err_list *errors)
{
	struct balancer *balancer = calloc(1, sizeof(*balancer));
	struct catalog *catalog = NULL;
	struct err err = {0};
	int status;

	if (!balancer)
		return out_of_memory(err_list_add(errors));
	balancer->config = config;
	balancer->started_us = time_now_us();
	status = catalog_load(config->catalog_path, &catalog, errors);
	if (!status)
		status = balancer_add_timer(balancer, event, &err);
	if (!status)
		status = balancer_add_watch(balancer, event, &err);
	if (status) {
		if (!errors->count)
			*err_list_add(errors) = err;
		catalog_free(catalog);
		goto fail;
	}
	status = nexthop_table_new(event, on_nexthops, balancer, &balancer->nexthops, &err);
	balancer->surroundings = (struct surroundings){config, balancer->nexthops};
	if (!status)
		nexthop_table_serve(balancer->nexthops, config->interfaces, config->interface_count,
				    balancer_watch_soon);
	if (!status)
		status = first_catalog(balancer, catalog, &err);
	if (status) {
		*err_list_add(errors) = err;
		catalog_free(catalog);
		goto fail;
	}
	*out = balancer;
	return 0;
fail:
	balancer_free(balancer);
	return status;
}

void balancer_free(struct balancer *balancer)
{
	if (!balancer)
		return;
	sd_event_source_disable_unref(balancer->timer);
	sd_event_source_disable_unref(balancer->watch);
	free(balancer->leaving);
	datapath_close(balancer->datapath);
	nexthop_table_free(balancer->nexthops);
	build_free(balancer->build);
	catalog_free(balancer->catalog);
	err_list_done(&balancer->failed);
	free(balancer->written);
	free(balancer);
}

const struct catalog *balancer_catalog(const struct balancer *balancer)
{
	return balancer->catalog;
}

static void keep_failure(struct balancer *balancer, const struct err_list *errors)
{
	err_list_done(&balancer->failed);
	for (size_t i = 0; i < errors->count; i++)
		*err_list_add(&balancer->failed) = errors->errors[i];
	balancer->failed_us = time_now_us();
}

/* Takes catalog on success. */
static int reload_catalog(struct balancer *balancer, struct catalog *catalog, struct err *err)
{
	struct build *build = build_new(catalog, &balancer->surroundings, balancer->build);
	int status = build ? change_to(balancer, catalog, build, err) : out_of_memory(err);

	if (status)
		build_free(build);
	return status;
}

int balancer_reload(struct balancer *balancer, struct err_list *errors)
{
	struct catalog *catalog = NULL;
	int status;

	if (!balancer->out_of_step && balancer_file_is_ours(balancer)) {
		err_list_done(&balancer->failed);
		return 0;
	}
	status = catalog_load(balancer->config->catalog_path, &catalog, errors);
	if (!status && !balancer->out_of_step &&
	    json_equal(catalog->json, balancer->catalog->json)) {
		catalog_free(catalog);
		err_list_done(&balancer->failed);
		return 0;
	}
	if (!status) {
		struct err err = {0};

		status = reload_catalog(balancer, catalog, &err);
		if (status) {
			*err_list_add(errors) = err;
			catalog_free(catalog);
		}
	}
	if (status)
		keep_failure(balancer, errors);
	return status;
}

/* The file is ready on disk before the maps change, so that only the rename is left after. */
static int commit(struct balancer *balancer, struct catalog *catalog, struct build *build,
		  const char *text, struct err *err)
{
	char path[PATH_MAX], temporary[PATH_MAX];
	int status = balancer_check_file(balancer, err);

	/* A link to the catalog stays one. */
	if (!status && !realpath(balancer->config->catalog_path, path))
		status = err_set(err, -errno, "%s: %s", balancer->config->catalog_path,
				 strerror(errno));
	if (!status)
		status = balancer_write_beside(path, text, temporary, err);
	if (status)
		return status;
	status = change_to(balancer, catalog, build, err);
	if (status) {
		unlink(temporary);
		return status;
	}
	if (rename(temporary, path)) {
		struct err_list failed = {0};

		err_set(err_list_add(&failed), -errno,
			"%s: cannot replace it: %s; what runs is in %s", path, strerror(errno),
			temporary);
		log_err("%s", failed.errors[0].text);
		keep_failure(balancer, &failed);
		err_list_done(&failed);
		return 0;
	}
	balancer->written = strdup(text);
	return 0;
}

/* Takes catalog. */
static int put_catalog(struct balancer *balancer, struct catalog *catalog, const char *text,
		       bool dry_run, json_t **diff, struct err *err)
{
	struct build *build = build_new(catalog, &balancer->surroundings, balancer->build);
	json_t *changes = build ? balancer_diff(balancer, build) : NULL;
	int status = changes ? 0 : out_of_memory(err);

	if (!status && !dry_run)
		status = commit(balancer, catalog, build, text, err);
	if (status || dry_run) {
		build_free(build);
		catalog_free(catalog);
	}
	if (!status && diff)
		*diff = json_incref(changes);
	json_decref(changes);
	return status;
}

int balancer_put(struct balancer *balancer, json_t *json, bool dry_run, json_t **diff,
		 struct err_list *errors)
{
	char *text = catalog_text(json);
	struct catalog *catalog = NULL;
	struct err err = {0};
	int status;

	if (!text)
		return out_of_memory(err_list_add(errors));
	status = catalog_from_json(json, text, &catalog, errors);
	if (!status) {
		status = put_catalog(balancer, catalog, text, dry_run, diff, &err);
		if (status)
			*err_list_add(errors) = err;
	}
	free(text);
	return status;
}
