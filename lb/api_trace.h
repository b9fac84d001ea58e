/* SPDX-License-Identifier: GPL-2.0-only */
/* The body of POST /v1/trace. */
#ifndef HAIRPIN_API_TRACE_H
#define HAIRPIN_API_TRACE_H

#include <stdbool.h>

#include <jansson.h>

#include "api_reply.h"
#include "balancer.h"

/*
 * api_trace_parse(): {"protocol": "tcp", "source": "198.51.100.7", "source_port": 40000,
 * "destination": "203.0.113.10", "destination_port": 443, "syn": false}, of which only syn may be
 * missing. Returns true and fills *out, or false with reply saying why not.
 */
bool api_trace_parse(json_t *json, struct trace_request *out, struct api_reply *reply);

#endif
