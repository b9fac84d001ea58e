// SPDX-License-Identifier: GPL-2.0-only
#include "backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "client.h"
#include "command.h"
#include "output.h"
#include "xalloc.h"

/* The order in which `status` shows them. */
enum rank { RANK_BROKEN, RANK_TAKEN_OUT, RANK_FINE, RANK_COUNT };

static enum rank rank_of(const json_t *backend)
{
	const char *state = answer_text(backend, "state");

	if (!strcmp(state, "down"))
		return RANK_TAKEN_OUT;
	if (!answer_true(backend, "resolved"))
		return RANK_BROKEN;
	return strcmp(state, "up") ? RANK_TAKEN_OUT : RANK_FINE;
}

json_t *backend_select(const json_t *backends, const char *pool)
{
	json_t *found = xcheck(json_array()), *backend;
	size_t i;

	json_array_foreach(backends, i, backend) {
		if (!pool || !strcmp(answer_text(backend, "pool"), pool))
			json_array_append(found, backend);
	}
	return found;
}

static void nexthop_cell(struct output_table *table, const json_t *backend)
{
	const char *interface = answer_text(backend, "interface");
	const char *via = answer_text(backend, "via");

	if (!answer_true(backend, "resolved"))
		output_cell(table, OUTPUT_BAD, "none");
	else if (!*via || !strcmp(via, answer_text(backend, "address")))
		output_cell(table, OUTPUT_PLAIN, "%s", interface);
	else
		output_cell(table, OUTPUT_PLAIN, "%s via %s", interface, via);
}

static void add_row(struct output_table *table, const json_t *backend)
{
	static const enum output_colour colours[] = {[RANK_BROKEN] = OUTPUT_BAD,
						     [RANK_TAKEN_OUT] = OUTPUT_WARN,
						     [RANK_FINE] = OUTPUT_GOOD};
	enum rank rank = rank_of(backend);
	char since[OUTPUT_SIZE];

	output_cell(table, OUTPUT_PLAIN, "%s/%s", answer_text(backend, "pool"),
		    answer_text(backend, "name"));
	output_cell(table, OUTPUT_PLAIN, "%s", answer_text(backend, "address"));
	output_cell(table, OUTPUT_PLAIN, "%llu",
		    (unsigned long long)answer_number(backend, "weight"));
	output_cell(table, colours[rank], "%s", answer_text(backend, "state"));
	output_cell(table, OUTPUT_PLAIN, "%.1f%%",
		    100 * json_number_value(json_object_get(backend, "share")));
	nexthop_cell(table, backend);
	output_cell(table, OUTPUT_PLAIN, "%s", output_since(answer_text(backend, "since"), since));
	output_cell(table, colours[rank], "%s", answer_text(backend, "reason"));
}

/* "... 980 more: 2 unresolved, 8 drain or down, 970 up" */
static void print_left_out(const size_t *left_out)
{
	static const char *const words[] = {[RANK_BROKEN] = "without a next hop",
					    [RANK_TAKEN_OUT] = "drain or down",
					    [RANK_FINE] = "up"};
	size_t total = left_out[RANK_BROKEN] + left_out[RANK_TAKEN_OUT] + left_out[RANK_FINE];
	const char *separator = "";

	if (!total)
		return;
	printf("... ");
	for (int i = 0; i < RANK_COUNT; i++) {
		if (!left_out[i])
			continue;
		printf("%s%zu more %s", separator, left_out[i], words[i]);
		separator = ", ";
	}
	puts(" (hairpinctl backend list shows all)");
}

void backend_table(const json_t *backends, size_t most, bool problems_first)
{
	static const char *const titles[] = {"BACKEND", "ADDRESS",  ">WEIGHT", "STATE",
					     ">SHARE",  "NEXT HOP", "SINCE",   "REASON"};
	struct output_table *table = output_table_new(titles, 8);
	size_t left_out[RANK_COUNT] = {}, i;
	json_t *backend;

	for (int rank = 0; rank < (problems_first ? RANK_COUNT : 1); rank++) {
		json_array_foreach(backends, i, backend) {
			enum rank of = rank_of(backend);

			if (problems_first && (int)of != rank)
				continue;
			if (!most) {
				left_out[of]++;
				continue;
			}
			add_row(table, backend);
			most--;
		}
	}
	output_table_print(table);
	print_left_out(left_out);
}

static int print_list(const struct ctl *ctl, const json_t *status, const char *pool)
{
	json_t *backends, *backend;
	size_t i;

	if (pool && !answer_find(json_object_get(status, "pools"), "name", pool))
		return ctl_error(CTL_REFUSED, "pools.%s: does not exist", pool);
	backends = backend_select(json_object_get(status, "backends"), pool);
	if (ctl->flags[0] && pool) {
		output_names(backends);
	} else if (ctl->flags[0]) {
		json_array_foreach(backends, i, backend)
			printf("%s/%s\n", answer_text(backend, "pool"),
			       answer_text(backend, "name"));
	} else if (ctl->json) {
		output_json(backends);
	} else {
		backend_table(backends, json_array_size(backends), false);
	}
	json_decref(backends);
	return CTL_DONE;
}

static int list(const struct ctl *ctl, char **args)
{
	json_t *status = NULL;
	int ret;

	ret = client_get(ctl, "/v1/status", &status);
	if (!ret)
		ret = print_list(ctl, status, args[0]);
	json_decref(status);
	return ret;
}

static int change(const struct ctl *ctl, const char *method, char **args, bool dry_run,
		  json_t *json)
{
	return client_change(
		ctl,
		(struct client_request){
			.method = method,
			.path = client_path("/v1/pools/*/backends/*", args[0], args[1]),
			.create_only = !strcmp(method, "PUT"),
			.dry_run = dry_run,
		},
		json);
}

/* Returns 0 or CTL_USAGE. Whether it is in range is the catalog's to say. */
static int parse_weight(const char *text, json_t *json)
{
	char *end;
	long weight = strtol(text, &end, 10);

	if (end == text || *end)
		return ctl_error(CTL_USAGE, "%s is not a weight (0-65535)", text);
	json_object_set_new(json, "weight", json_integer(weight));
	return 0;
}

enum add_flag { ADD_WEIGHT, ADD_SERVER_ID, ADD_DRY_RUN };

static int add(const struct ctl *ctl, char **args)
{
	const char *weight = ctl->flags[ADD_WEIGHT], *id = ctl->flags[ADD_SERVER_ID];
	json_t *json = json_pack("{s:s}", "address", args[2]);

	if (!json)
		return ctl_error(CTL_USAGE, "an argument is not UTF-8");
	if (weight && parse_weight(weight, json)) {
		json_decref(json);
		return CTL_USAGE;
	}
	if (id && json_object_set_new(json, "server_id", json_string(id))) {
		json_decref(json);
		return ctl_error(CTL_USAGE, "an argument is not UTF-8");
	}
	return change(ctl, "PUT", args, ctl->flags[ADD_DRY_RUN], json);
}

static int drop(const struct ctl *ctl, char **args)
{
	return change(ctl, "DELETE", args, ctl->flags[0], NULL);
}

static int set_state(const struct ctl *ctl, char **args, const char *state)
{
	return change(ctl, "PATCH", args, ctl->flags[0],
		      xcheck(json_pack("{s:s}", "state", state)));
}

enum drain_flag { DRAIN_DRY_RUN, DRAIN_WAIT, DRAIN_TIMEOUT };

/* The backend's part of status: *out, owned by the caller, null if it is not there any more. */
static int find_backend(const struct ctl *ctl, char **args, json_t **out)
{
	json_t *status = NULL, *backends, *found;
	int ret = client_get(ctl, "/v1/status", &status);

	if (ret)
		return ret;
	backends = backend_select(json_object_get(status, "backends"), args[0]);
	found = answer_find(backends, "name", args[1]);
	*out = found ? json_incref(found) : json_null();
	json_decref(backends);
	json_decref(status);
	return CTL_DONE;
}

static void print_departure(const json_t *backend)
{
	char slots[OUTPUT_SIZE];

	if (json_is_null(backend) || answer_true(backend, "left")) {
		puts("nothing goes to it any more: it can be taken away");
		return;
	}
	printf("%s slots lead old flows to it; it can be taken away in %llus if none of them talks "
	       "any more\n",
	       output_number(answer_number(backend, "old_slots"), slots),
	       (unsigned long long)answer_number(backend, "settles_in_s"));
}

static int wait_for_departure(const struct ctl *ctl, char **args, long timeout_s)
{
	json_t *backend = NULL;
	int ret;

	for (long waited_s = 0;; waited_s++) {
		uint64_t settles_in_s;
		bool left;

		ret = find_backend(ctl, args, &backend);
		if (ret)
			return ret;
		left = json_is_null(backend) || answer_true(backend, "left");
		if ((left || !waited_s) && !ctl->json)
			print_departure(backend);
		fflush(stdout);
		settles_in_s = left ? 0 : answer_number(backend, "settles_in_s");
		json_decref(backend);
		if (left)
			return CTL_DONE;
		if (timeout_s && waited_s >= timeout_s)
			return ctl_error(CTL_REFUSED,
					 "pools.%s.backends.%s: old flows still go there after "
					 "%ld s, for %llu s more if none of them talks; it stays "
					 "drained",
					 args[0], args[1], waited_s,
					 (unsigned long long)settles_in_s);
		sleep(1);
	}
}

static int drain(const struct ctl *ctl, char **args)
{
	const char *timeout = ctl->flags[DRAIN_TIMEOUT];
	char *end = NULL;
	long timeout_s = timeout ? strtol(timeout, &end, 10) : 0;
	json_t *backend = NULL;
	int ret;

	if (timeout && (end == timeout || *end || timeout_s < 1))
		return ctl_error(CTL_USAGE, "%s is not a number of seconds", timeout);
	ret = set_state(ctl, args, "drain");
	if (ret || ctl->flags[DRAIN_DRY_RUN])
		return ret;
	if (ctl->flags[DRAIN_WAIT])
		return wait_for_departure(ctl, args, timeout_s);
	if (ctl->json)
		return ret;
	ret = find_backend(ctl, args, &backend);
	if (!ret)
		print_departure(backend);
	json_decref(backend);
	return ret;
}

static int up(const struct ctl *ctl, char **args)
{
	return set_state(ctl, args, "up");
}

static int down(const struct ctl *ctl, char **args)
{
	return set_state(ctl, args, "down");
}

static int set_weight(const struct ctl *ctl, char **args)
{
	json_t *json = xcheck(json_object());

	if (parse_weight(args[2], json)) {
		json_decref(json);
		return CTL_USAGE;
	}
	return change(ctl, "PATCH", args, ctl->flags[0], json);
}

#define POOL_AND_NAME .args = "POOL NAME", .min_args = 2, .max_args = 2, .flags = {COMMAND_DRY_RUN}

static const struct verb verbs[] = {
	{
		.name = "list",
		.run = list,
		.args = "[POOL]",
		.max_args = 1,
		.flags = {{"names", NULL, "print names only (POOL/NAME, or NAME of POOL)"}},
		.help = "Lists the backends of all pools, or of POOL.",
	},
	{
		.name = "add",
		.run = add,
		.args = "POOL NAME ADDRESS",
		.min_args = 3,
		.max_args = 3,
		.flags = {[ADD_WEIGHT] = {"weight", "N",
					  "its part of the traffic: 0-65535 (default 100)"},
			  [ADD_SERVER_ID] = {"server-id", "HEX",
					     "what QUIC connection ids call it"},
			  [ADD_DRY_RUN] = COMMAND_DRY_RUN},
		.help = "Adds a backend to POOL, in state up.",
	},
	{.name = "remove", .run = drop, POOL_AND_NAME, .help = "Removes a backend from POOL."},
	{
		.name = "drain",
		.run = drain,
		.args = "POOL NAME",
		.min_args = 2,
		.max_args = 2,
		.flags = {[DRAIN_DRY_RUN] = COMMAND_DRY_RUN,
			  [DRAIN_WAIT] = {"wait", NULL, "until no old flow goes to it any more"},
			  [DRAIN_TIMEOUT] = {"timeout", "S", "give up waiting after S seconds"}},
		.help = "No new flows; old ones live on. Tells when it can be taken away.",
	},
	{.name = "up", .run = up, POOL_AND_NAME, .help = "Sends traffic to it (again)."},
	{.name = "down", .run = down, POOL_AND_NAME, .help = "Sends nothing to it any more."},
	{
		.name = "weight",
		.run = set_weight,
		.args = "POOL NAME N",
		.min_args = 3,
		.max_args = 3,
		.flags = {COMMAND_DRY_RUN},
		.help = "Changes its part of the traffic: 0 to 65535.",
	},
	{},
};

int backend_main(struct ctl *ctl, int argc, char **argv)
{
	return command_run(ctl, "backend", verbs, argc, argv);
}
