// SPDX-License-Identifier: GPL-2.0-only
/* hairpinctl flows: what is stored of flows while slots move. */
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "client.h"
#include "command.h"
#include "output.h"

enum flows_flag { FLAG_POOL };

static void print_endpoint(struct output_table *table, const json_t *flow, const char *address,
			   const char *port)
{
	const char *text = answer_text(flow, address);
	bool ipv6 = strchr(text, ':');

	output_cell(table, OUTPUT_PLAIN, ipv6 ? "[%s]:%llu" : "%s:%llu", text,
		    (unsigned long long)answer_number(flow, port));
}

static void print_flows(const json_t *answer)
{
	static const char *const titles[] = {"PROTOCOL", "CLIENT", "ADDRESS", "BACKEND",
					     "STATE",    ">AGE",   ">SEEN"};
	struct output_table *table = output_table_new(titles, 7);
	json_t *flows = json_object_get(answer, "flows"), *flow;
	uint64_t established = answer_number(answer, "established");
	uint64_t half_open = answer_number(answer, "half_open");
	char text[2][OUTPUT_SIZE];
	size_t i;

	json_array_foreach(flows, i, flow) {
		output_cell(table, OUTPUT_PLAIN, "%s", answer_text(flow, "protocol"));
		print_endpoint(table, flow, "client", "client_port");
		print_endpoint(table, flow, "address", "port");
		output_cell(table, OUTPUT_PLAIN, "%s/%s", answer_text(flow, "pool"),
			    answer_text(flow, "backend"));
		output_cell(table, OUTPUT_PLAIN, "%s", answer_text(flow, "state"));
		output_cell(table, OUTPUT_PLAIN, "%llus",
			    (unsigned long long)answer_number(flow, "age_s"));
		output_cell(table, OUTPUT_PLAIN, "%llus ago",
			    (unsigned long long)answer_number(flow, "seen_s"));
	}
	output_table_print(table);
	if (established + half_open > json_array_size(flows))
		printf("... %llu more\n",
		       (unsigned long long)(established + half_open - json_array_size(flows)));
	printf("%s established, %s half open\n", output_number(established, text[0]),
	       output_number(half_open, text[1]));
}

static void print_flushed(const json_t *answer)
{
	char text[OUTPUT_SIZE];

	printf("%s flows forgotten\n", output_number(answer_number(answer, "established") +
							     answer_number(answer, "half_open"),
						     text));
}

/* Of one pool or of all: asks for the flows, or for an end of them, and prints the answer. */
static int run(const struct ctl *ctl, const char *method, void (*print)(const json_t *answer))
{
	const char *pool = ctl->flags[FLAG_POOL];
	struct client_request request = {
		.method = method,
		.path = pool ? client_path("/v1/flows/*", pool) : client_path("/v1/flows"),
	};
	json_t *answer = NULL;
	int ret = client_call(ctl, &request, &answer);

	if (ret)
		return ret;
	if (ctl->json)
		output_json(answer);
	else
		print(answer);
	json_decref(answer);
	return CTL_DONE;
}

static int list(const struct ctl *ctl, char **args)
{
	(void)args;
	return run(ctl, "GET", print_flows);
}

static int flush(const struct ctl *ctl, char **args)
{
	(void)args;
	return run(ctl, "DELETE", print_flushed);
}

#define POOL_FLAG .flags = {[FLAG_POOL] = {"pool", "POOL", "only those of this pool"}}

static const struct verb verbs[] = {
	{
		.name = "list",
		.run = list,
		POOL_FLAG,
		.help = "Lists the flows that are stored: of slots that have moved, or of pools "
			"that "
			"track all.",
	},
	{
		.name = "flush",
		.run = flush,
		POOL_FLAG,
		.help = "Forgets them. Connections that are not where their slot was before it "
			"moved break.",
	},
	{},
};

int flows_main(struct ctl *ctl, int argc, char **argv)
{
	return command_run(ctl, "flows", verbs, argc, argv);
}
