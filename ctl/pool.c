// SPDX-License-Identifier: GPL-2.0-only
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "backend.h"
#include "client.h"
#include "command.h"
#include "output.h"
#include "service.h"
#include "xalloc.h"

#define NAMES_SHOWN 4

static bool lacks(const json_t *pool)
{
	return answer_number(pool, "serving") < answer_number(pool, "backends");
}

/* "www, www6 and 3 more" */
static void services_text(const json_t *pool, char *text, size_t size)
{
	const json_t *services = json_object_get(pool, "services");
	size_t i, length = 0, count = json_array_size(services);
	json_t *name;

	text[0] = '\0';
	json_array_foreach(services, i, name) {
		if (i == NAMES_SHOWN) {
			snprintf(text + length, size - length, " and %zu more", count - i);
			break;
		}
		length += snprintf(text + length, size - length, "%s%.63s", i ? ", " : "",
				   json_string_value(name));
	}
}

static void add_row(struct output_table *table, const json_t *pool)
{
	uint64_t serving = answer_number(pool, "serving");
	char services[NAMES_SHOWN * 66 + 32];

	services_text(pool, services, sizeof(services));
	output_cell(table, OUTPUT_PLAIN, "%s", answer_text(pool, "name"));
	output_cell(table,
		    !serving      ? OUTPUT_BAD
		    : lacks(pool) ? OUTPUT_WARN
				  : OUTPUT_GOOD,
		    "%llu of %llu", (unsigned long long)serving,
		    (unsigned long long)answer_number(pool, "backends"));
	output_cell(table, OUTPUT_PLAIN, "%s", answer_text(pool, "encapsulation"));
	output_cell(table, OUTPUT_PLAIN, "%s", answer_text(pool, "table"));
	output_cell(table, OUTPUT_PLAIN, "%llu",
		    (unsigned long long)answer_number(pool, "table_size"));
	output_cell(table, OUTPUT_PLAIN, "%s", answer_text(pool, "digest"));
	output_cell(table, OUTPUT_PLAIN, "%s", services);
}

void pool_table(const json_t *pools, size_t most)
{
	static const char *const titles[] = {"POOL",        "SERVING", "ENCAPSULATION", "TABLE",
					     ">TABLE SIZE", "DIGEST",  "SERVICES"};
	struct output_table *table = output_table_new(titles, 7);
	json_t *pool;
	size_t i;

	for (int fine = 0; fine < 2; fine++) {
		json_array_foreach(pools, i, pool) {
			if (lacks(pool) == !fine && most > 0) {
				add_row(table, pool);
				most--;
			}
		}
	}
	output_table_print(table);
}

static int list(const struct ctl *ctl, char **args)
{
	json_t *status = NULL, *pools;
	int ret;

	(void)args;
	ret = client_get(ctl, "/v1/status", &status);
	if (ret)
		return ret;
	pools = json_object_get(status, "pools");
	if (ctl->flags[0])
		output_names(pools);
	else if (ctl->json)
		output_json(pools);
	else
		pool_table(pools, json_array_size(pools));
	json_decref(status);
	return CTL_DONE;
}

static json_t *services_of(const json_t *status, const char *pool)
{
	json_t *found = xcheck(json_array()), *service;
	size_t i;

	json_array_foreach(json_object_get(status, "services"), i, service) {
		if (!strcmp(answer_text(service, "pool"), pool))
			json_array_append(found, service);
	}
	return found;
}

static void print_pool(const struct ctl *ctl, json_t *pool, const json_t *status, const char *name)
{
	json_t *backends = backend_select(json_object_get(status, "backends"), name);
	json_t *services = services_of(status, name), *pools, *all;

	if (ctl->json) {
		all = xcheck(json_pack("{s:O, s:O, s:O}", "pool", pool, "services", services,
				       "backends", backends));
		output_json(all);
		json_decref(all);
	} else {
		pools = xcheck(json_pack("[O]", pool));
		pool_table(pools, 1);
		json_decref(pools);
		putchar('\n');
		service_table(services, json_array_size(services));
		if (json_array_size(services))
			putchar('\n');
		backend_table(backends, json_array_size(backends), false);
	}
	json_decref(services);
	json_decref(backends);
}

static int show(const struct ctl *ctl, char **args)
{
	json_t *status = NULL, *pool;
	int ret;

	ret = client_get(ctl, "/v1/status", &status);
	if (ret)
		return ret;
	pool = answer_find(json_object_get(status, "pools"), "name", args[0]);
	if (pool)
		print_pool(ctl, pool, status, args[0]);
	else
		ret = ctl_error(CTL_REFUSED, "pools.%s: does not exist", args[0]);
	json_decref(status);
	return ret;
}

/* The options of "pool add", by their place in its flags, and the keys that they set. */
static const struct {
	const char *key;
	const char *number; /* what the value is, if not a word */
} add_keys[] = {
	{"encapsulation", NULL},
	{"vni", "a network identifier"},
	{"table", NULL},
	{"table_size", "a number of slots"},
	{"tracking", NULL},
	{"idle_timeout_s", "a number of seconds"},
	{"udp_hold_s", "a number of seconds"},
};

#define ADD_KEYS (sizeof(add_keys) / sizeof(*add_keys))

/* The value that an option's text stands for; NULL: none, and said why. */
static json_t *add_value(const char *text, const char *number)
{
	json_t *value;
	char *end;
	long n;

	if (!number) {
		value = json_string(text);
		if (!value)
			ctl_error(CTL_USAGE, "an argument is not UTF-8");
		return value;
	}
	n = strtol(text, &end, 10);
	if (end != text && !*end)
		return xcheck(json_integer(n));
	ctl_error(CTL_USAGE, "%s is not %s", text, number);
	return NULL;
}

static int add(const struct ctl *ctl, char **args)
{
	json_t *json = xcheck(json_pack("{s:{}}", "backends"));

	for (size_t i = 0; i < ADD_KEYS; i++) {
		json_t *value;

		if (!ctl->flags[i])
			continue;
		value = add_value(ctl->flags[i], add_keys[i].number);
		if (!value) {
			json_decref(json);
			return CTL_USAGE;
		}
		json_object_set_new(json, add_keys[i].key, value);
	}
	return client_change(ctl,
			     (struct client_request){
				     .method = "PUT",
				     .path = client_path("/v1/pools/*", args[0]),
				     .pool = args[0],
				     .create_only = true,
				     .dry_run = ctl->flags[ADD_KEYS],
			     },
			     json);
}

static int drop(const struct ctl *ctl, char **args)
{
	return client_change(ctl,
			     (struct client_request){
				     .method = "DELETE",
				     .path = client_path("/v1/pools/*", args[0]),
				     .pool = args[0],
				     .dry_run = ctl->flags[0],
			     },
			     NULL);
}

static const struct verb verbs[] = {
	{
		.name = "list",
		.run = list,
		.flags = {{"names", NULL, "print names only"}},
		.help = "Lists the pools, those first where a backend does not serve.",
	},
	{
		.name = "show",
		.run = show,
		.args = "POOL",
		.min_args = 1,
		.max_args = 1,
		.help = "Shows a pool with its services and all its backends.",
	},
	{
		.name = "add",
		.run = add,
		.args = "NAME",
		.min_args = 1,
		.max_args = 1,
		.flags = {{"encapsulation", "E",
			   "how packets reach the backends: ipip (default), gue, gre, vxlan, none"},
			  {"vni", "N", "network identifier of vxlan: 0-16777215"},
			  {"table", "T", "kind of lookup table: rendezvous (default) or maglev"},
			  {"table-size", "N", "its slots: a prime (default 65537)"},
			  {"tracking", "T",
			   "flows that are remembered: moved (default), all, none"},
			  {"idle-timeout", "S",
			   "seconds until a moved slot is settled (default 900)"},
			  {"udp-hold", "S", "seconds that UDP stays after a move (default 30)"},
			  COMMAND_DRY_RUN},
		.help = "Adds a pool without backends.",
	},
	{
		.name = "remove",
		.run = drop,
		.args = "NAME",
		.min_args = 1,
		.max_args = 1,
		.flags = {COMMAND_DRY_RUN},
		.help = "Removes a pool, with its backends, that no service uses.",
	},
	{},
};

int pool_main(struct ctl *ctl, int argc, char **argv)
{
	return command_run(ctl, "pool", verbs, argc, argv);
}
