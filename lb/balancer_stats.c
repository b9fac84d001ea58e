// SPDX-License-Identifier: GPL-2.0-only
/* Counters by name. */
#include <stdio.h>
#include <string.h>

#include "balancer_internal.h"
#include "reason.h"

static void add_counters(const struct balancer *balancer, enum lb_identity_kind kind, json_t *into)
{
	const struct state *state = datapath_state(balancer->datapath);

	for (uint32_t i = 1; i < state_capacity(kind); i++) {
		const struct lb_identity *identity = state->identities[kind][i];
		char name[2 * LB_NAME_SIZE + 1];
		struct lb_counter counter;

		if (!identity)
			continue;
		counter = datapath_read_counter(balancer->datapath, kind, i);
		snprintf(name, sizeof(name), "%s%s%s", identity->pool, *identity->pool ? "/" : "",
			 identity->name);
		json_object_set_new(into, name,
				    json_pack("{s:I, s:I}", "packets", (json_int_t)counter.packets,
					      "bytes", (json_int_t)counter.bytes));
	}
}

static json_t *flow_events(const struct balancer *balancer)
{
	uint64_t events[LB_FLOW_EVENTS];

	datapath_read_flow_events(balancer->datapath, events);
	return json_pack("{s:I, s:I, s:I, s:I}", "asked", (json_int_t)events[LB_FLOW_ASKED],
			 "stored", (json_int_t)events[LB_FLOW_STORED], "promoted",
			 (json_int_t)events[LB_FLOW_PROMOTED], "unstored",
			 (json_int_t)events[LB_FLOW_UNSTORED]);
}

json_t *balancer_stats(const struct balancer *balancer, struct err *err)
{
	json_t *services = json_object(), *backends = json_object(), *reasons = json_object();
	json_t *words = json_object(), *actions = json_object();
	json_t *stats = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "services", services,
				  "backends", backends, "reasons", reasons, "words", words,
				  "actions", actions, "flows", flow_events(balancer));
	uint64_t counts[LB_REASON_COUNT];

	(void)err;
	datapath_read_reasons(balancer->datapath, counts);
	add_counters(balancer, LB_IDENTITY_SERVICE, services);
	add_counters(balancer, LB_IDENTITY_BACKEND, backends);
	for (int reason = 1; reason < LB_REASON_COUNT; reason++) {
		json_object_set_new(reasons, reason_key(reason), json_integer(counts[reason]));
		json_object_set_new(words, reason_key(reason), json_string(reason_words(reason)));
		json_object_set_new(actions, reason_key(reason),
				    json_string(reason_action(reason)));
	}
	return stats;
}
