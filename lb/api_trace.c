// SPDX-License-Identifier: GPL-2.0-only
#include "api_trace.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>

#include "address.h"

/* What is wrong with key, or NULL. */
static const char *parse_member(struct trace_request *trace, const char *key, const json_t *value)
{
	const char *text = json_string_value(value);
	json_int_t number = json_integer_value(value);
	bool source = !strncmp(key, "source", 6);

	if (!strcmp(key, "protocol")) {
		if (!text || (strcmp(text, "tcp") != 0 && strcmp(text, "udp") != 0))
			return "is not a protocol (\"tcp\", \"udp\")";
		trace->protocol = !strcmp(text, "tcp") ? IPPROTO_TCP : IPPROTO_UDP;
	} else if (!strcmp(key, "source") || !strcmp(key, "destination")) {
		if (!text || address_parse(text, source ? &trace->source : &trace->destination))
			return "is not an IPv4 or IPv6 address";
	} else if (!strcmp(key, "source_port") || !strcmp(key, "destination_port")) {
		if (number < 1 || number > 65535)
			return "is not a port (1-65535)";
		*(source ? &trace->source_port : &trace->destination_port) = number;
	} else if (!strcmp(key, "syn")) {
		if (!json_is_boolean(value))
			return "is not true or false";
		trace->syn = json_is_true(value);
	} else {
		return "is not a key of a trace (protocol, source, source_port, destination, "
		       "destination_port, syn)";
	}
	return NULL;
}

bool api_trace_parse(json_t *json, struct trace_request *out, struct api_reply *reply)
{
	static const char *const required[] = {"protocol", "source", "source_port", "destination",
					       "destination_port"};
	struct trace_request trace = {};
	const char *key, *wrong;
	json_t *value;

	if (!json_is_object(json)) {
		api_reply_error(reply, MHD_HTTP_UNPROCESSABLE_CONTENT, "", "is not an object");
		return false;
	}
	for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++) {
		if (json_object_get(json, required[i]))
			continue;
		api_reply_error(reply, MHD_HTTP_UNPROCESSABLE_CONTENT, required[i], "is missing");
		return false;
	}
	json_object_foreach(json, key, value) {
		wrong = parse_member(&trace, key, value);
		if (!wrong)
			continue;
		/* Not a long key: cut to the size of a path it could end in half a letter. */
		api_reply_error(reply, MHD_HTTP_UNPROCESSABLE_CONTENT,
				strlen(key) < LB_NAME_SIZE ? key : "", "%s", wrong);
		return false;
	}
	if (address_is_ipv4(&trace.source) != address_is_ipv4(&trace.destination)) {
		api_reply_error(reply, MHD_HTTP_UNPROCESSABLE_CONTENT, "destination",
				"is not of the source's family");
		return false;
	}
	*out = trace;
	return true;
}
