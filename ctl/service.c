// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "client.h"
#include "command.h"
#include "output.h"
#include "service.h"

static void port_text(const json_t *service, char *text, size_t size)
{
	json_t *port = json_object_get(service, "port");

	if (json_is_string(port))
		snprintf(text, size, "%s", json_string_value(port));
	else
		snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(port));
}

void service_table(const json_t *services, size_t most)
{
	static const char *const titles[] = {"SERVICE", "ADDRESS", "PROTOCOL",
					     ">PORT",   "POOL",    "AFFINITY"};
	struct output_table *table = output_table_new(titles, 6);
	json_t *service;
	size_t i;

	json_array_foreach(services, i, service) {
		char port[24];

		if (i == most)
			break;
		port_text(service, port, sizeof(port));
		output_cell(table, OUTPUT_PLAIN, "%s", answer_text(service, "name"));
		output_cell(table, OUTPUT_PLAIN, "%s", answer_text(service, "address"));
		output_cell(table, OUTPUT_PLAIN, "%s", answer_text(service, "protocol"));
		output_cell(table, OUTPUT_PLAIN, "%s", port);
		output_cell(table, OUTPUT_PLAIN, "%s", answer_text(service, "pool"));
		output_cell(table, OUTPUT_PLAIN, "%s", answer_text(service, "affinity"));
	}
	output_table_print(table);
}

static int list(const struct ctl *ctl, char **args)
{
	json_t *status = NULL, *services;
	int ret;

	(void)args;
	ret = client_get(ctl, "/v1/status", &status);
	if (ret)
		return ret;
	services = json_object_get(status, "services");
	if (ctl->flags[0])
		output_names(services);
	else if (ctl->json)
		output_json(services);
	else
		service_table(services, json_array_size(services));
	json_decref(status);
	return CTL_DONE;
}

static int add(const struct ctl *ctl, char **args)
{
	char *end;
	long port = strtol(args[3], &end, 10);
	bool any = !strcmp(args[3], "any");
	json_t *json;

	if (!any && (end == args[3] || *end))
		return ctl_error(CTL_USAGE, "%s is not a port (1-65535, any)", args[3]);
	json = json_pack("{s:s, s:s, s:o, s:s}", "address", args[1], "protocol", args[2], "port",
			 any ? json_string("any") : json_integer(port), "pool", args[4]);
	if (!json)
		return ctl_error(CTL_USAGE, "an argument is not UTF-8");
	if (ctl->flags[0] && json_object_set_new(json, "affinity", json_string(ctl->flags[0]))) {
		json_decref(json);
		return ctl_error(CTL_USAGE, "an argument is not UTF-8");
	}
	return client_change(ctl,
			     (struct client_request){
				     .method = "PUT",
				     .path = client_path("/v1/services/*", args[0]),
				     .create_only = true,
				     .dry_run = ctl->flags[1],
			     },
			     json);
}

static int drop(const struct ctl *ctl, char **args)
{
	return client_change(ctl,
			     (struct client_request){
				     .method = "DELETE",
				     .path = client_path("/v1/services/*", args[0]),
				     .dry_run = ctl->flags[0],
			     },
			     NULL);
}

static const struct verb verbs[] = {
	{
		.name = "list",
		.run = list,
		.flags = {{"names", NULL, "print names only"}},
		.help = "Lists the services.",
	},
	{
		.name = "add",
		.run = add,
		.args = "NAME ADDRESS PROTO PORT POOL",
		.min_args = 5,
		.max_args = 5,
		.flags = {{"affinity", "A",
			   "flow (default), or client: a client keeps its backend"},
			  COMMAND_DRY_RUN},
		.help = "Adds a service: what arrives for ADDRESS, PROTO (tcp, udp) and PORT "
			"(1-65535, "
			"any)\nis sent to the backends of POOL.",
	},
	{
		.name = "remove",
		.run = drop,
		.args = "NAME",
		.min_args = 1,
		.max_args = 1,
		.flags = {COMMAND_DRY_RUN},
		.help = "Removes a service; its packets are the host's own then.",
	},
	{},
};

int service_main(struct ctl *ctl, int argc, char **argv)
{
	return command_run(ctl, "service", verbs, argc, argv);
}
