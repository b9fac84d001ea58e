// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "answer.h"
#include "client.h"
#include "command.h"
#include "output.h"
#include "xalloc.h"

/* "198.51.100.7:40000" or "[2001:db8::1]:443". false: it is none. */
static bool parse_endpoint(const char *text, char *address, size_t size, int *port)
{
	const char *colon = strrchr(text, ':'), *first = text, *last = colon;
	struct lb_address parsed;
	bool bracketed;
	char *end;
	long number;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return false;
	number = strtol(colon + 1, &end, 10);
	if (*end || number < 1 || number > 65535)
		return false;
	bracketed = *text == '[' && last > text && last[-1] == ']';
	if (bracketed) {
		first++;
		last--;
	}
	if (last <= first || (size_t)(last - first) >= size)
		return false;
	snprintf(address, size, "%.*s", (int)(last - first), first);
	if (address_parse(address, &parsed) || address_is_ipv4(&parsed) == bracketed)
		return false;
	*port = number;
	return true;
}

static json_t *parse_request(const struct ctl *ctl, char **args)
{
	char source[ADDRESS_TEXT_SIZE], destination[ADDRESS_TEXT_SIZE];
	int source_port, destination_port;

	if (strcmp(args[0], "tcp") != 0 && strcmp(args[0], "udp") != 0) {
		ctl_error(0, "%s is not a protocol (tcp, udp)", args[0]);
		return NULL;
	}
	if (!parse_endpoint(args[1], source, sizeof(source), &source_port)) {
		ctl_error(0, "%s is not ADDRESS:PORT or [IPV6]:PORT", args[1]);
		return NULL;
	}
	if (!parse_endpoint(args[2], destination, sizeof(destination), &destination_port)) {
		ctl_error(0, "%s is not ADDRESS:PORT or [IPV6]:PORT", args[2]);
		return NULL;
	}
	return xcheck(json_pack("{s:s, s:s, s:i, s:s, s:i, s:b}", "protocol", args[0], "source",
				source, "source_port", source_port, "destination", destination,
				"destination_port", destination_port, "syn",
				ctl->flags[0] != NULL));
}

static void print_outer(const json_t *outer)
{
	if (!json_is_object(outer))
		return;
	printf("outer header: %s -> %s, protocol %llu, TTL %llu, TOS %llu, %llu bytes, %s -> %s\n",
	       answer_text(outer, "source"), answer_text(outer, "destination"),
	       (unsigned long long)answer_number(outer, "protocol"),
	       (unsigned long long)answer_number(outer, "ttl"),
	       (unsigned long long)answer_number(outer, "tos"),
	       (unsigned long long)answer_number(outer, "length"), answer_text(outer, "source_mac"),
	       answer_text(outer, "destination_mac"));
}

static void print_trace(const json_t *trace)
{
	const char *action = answer_text(trace, "action"), *backend = answer_text(trace, "backend");
	const char *interface = answer_text(trace, "interface");
	bool sent = !strcmp(action, "tx") || !strcmp(action, "redirect");
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(trace, "steps"), i, step)
		printf("%2zu. %s\n", i + 1, json_string_value(step));
	print_outer(json_object_get(trace, "outer"));
	printf("%sverdict: %s (%s), reason %s", output_begin(sent ? OUTPUT_GOOD : OUTPUT_WARN),
	       answer_text(trace, "words"), action, answer_text(trace, "reason"));
	if (*backend)
		printf(", backend %s/%s", answer_text(trace, "pool"), backend);
	if (*interface)
		printf(", out of %s", interface);
	printf("%s\n", output_end(OUTPUT_GOOD));
}

static int run(const struct ctl *ctl, char **args)
{
	json_t *request = parse_request(ctl, args), *trace = NULL;
	char *text;
	int ret;

	if (!request)
		return CTL_USAGE;
	text = xcheck(json_dumps(request, JSON_COMPACT));
	json_decref(request);
	ret = client_call(ctl,
			  &(struct client_request){
				  .method = "POST",
				  .path = client_path("/v1/trace"),
				  .body = text,
				  .length = strlen(text),
			  },
			  &trace);
	free(text);
	if (ret)
		return ret;
	if (ctl->json)
		output_json(trace);
	else
		print_trace(trace);
	json_decref(trace);
	return CTL_DONE;
}

static const struct verb verbs[] = {
	{
		.run = run,
		.args = "PROTO SRC:PORT DST:PORT",
		.min_args = 3,
		.max_args = 3,
		.flags = {{"syn", NULL, "TCP: the first packet of a flow, not a later one"}},
		.help = "Runs a packet through the loaded program, without sending it, and says "
			"where it\n"
			"would go and why. PROTO is tcp or udp; an IPv6 address is written "
			"[ADDRESS]:PORT.",
	},
	{},
};

int trace_main(struct ctl *ctl, int argc, char **argv)
{
	return command_run(ctl, "trace", verbs, argc, argv);
}
