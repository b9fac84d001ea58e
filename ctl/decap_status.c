// SPDX-License-Identifier: GPL-2.0-only
/* hairpinctl decap status: what the pinned maps and the interfaces tell. */
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "address.h"
#include "attach.h"
#include "decap.h"
#include "decap_abi.h"
#include "output.h"
#include "pin.h"

static const struct {
	const char *key, *words;
} reasons[DECAP_REASON_COUNT] = {
#define X(name, action, words) [DECAP_##name] = {#name, words},
	DECAP_REASONS(X)
#undef X
};

static uint64_t read_counter(int map, uint32_t reason, int cpus)
{
	uint64_t values[cpus], sum = 0;

	if (bpf_map_lookup_elem(map, &reason, values))
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += values[i];
	return sum;
}

static json_t *counters_json(const char *directory)
{
	int map = pin_open_map(directory, "decap_counters"), cpus = libbpf_num_possible_cpus();
	json_t *counters = json_object();

	for (uint32_t i = 0; map >= 0 && i < DECAP_REASON_COUNT; i++) {
		char key[32];
		size_t at = 0;

		for (; reasons[i].key[at]; at++)
			key[at] = reasons[i].key[at] == '_' ? '_' : reasons[i].key[at] | 0x20;
		key[at] = 0;
		json_object_set_new(counters, key, json_integer(read_counter(map, i, cpus)));
	}
	if (map >= 0)
		close(map);
	return counters;
}

static json_t *addresses_json(const char *directory)
{
	int map = pin_open_map(directory, DECAP_OWNER_MAP);
	struct lb_address key, *at = NULL;
	json_t *addresses = json_array();

	for (; map >= 0 && !bpf_map_get_next_key(map, at, &key); at = &key) {
		char text[ADDRESS_TEXT_SIZE];

		json_array_append_new(addresses, json_string(address_format(&key, text)));
	}
	if (map >= 0)
		close(map);
	return addresses;
}

static json_t *interfaces_json(uint32_t owner)
{
	struct if_nameindex *links = if_nameindex();
	json_t *interfaces = json_array();

	for (struct if_nameindex *link = links; link && link->if_index; link++) {
		struct attached_interface attached;

		if (attach_find(link->if_name, owner, &attached))
			json_array_append_new(
				interfaces,
				json_pack("{s:s, s:s, s:s}", "name", attached.name, "mode",
					  attach_mode_name(attached.mode), "attach",
					  attached.dispatcher ? "dispatcher" : "direct"));
	}
	if (links)
		if_freenameindex(links);
	return interfaces;
}

static void print_status(const json_t *status)
{
	const json_t *counters = json_object_get(status, "counters");
	size_t i = 0;
	const char *key;
	json_t *value;

	json_array_foreach(json_object_get(status, "interfaces"), i, value)
		printf("interface  %s, %s mode, %s\n",
		       json_string_value(json_object_get(value, "name")),
		       json_string_value(json_object_get(value, "mode")),
		       json_string_value(json_object_get(value, "attach")));
	json_array_foreach(json_object_get(status, "addresses"), i, value)
		printf("address    %s\n", json_string_value(value));
	printf("unwraps    ");
	decap_print_kinds(json_object_get(status, "encapsulations"));
	printf("\n");
	i = 0;
	json_object_foreach((json_t *)counters, key, value) {
		const char *words = reasons[i++].words;
		char number[OUTPUT_SIZE];

		if (json_integer_value(value))
			printf("%-14s %15s  %s\n", key,
			       output_number(json_integer_value(value), number), words);
	}
}

int decap_status(const struct ctl *ctl, char **args)
{
	const char *directory = decap_pin_directory(ctl);
	uint32_t owner = pin_owner(directory, DECAP_OWNER_MAP);
	json_t *status;

	(void)args;
	attach_quiet();
	if (!owner)
		return ctl_error(
			CTL_REFUSED,
			"nothing is attached (no maps in %s); see: hairpinctl decap attach "
			"--help",
			directory);
	status = json_pack("{s:o, s:o, s:o, s:o}", "interfaces", interfaces_json(owner),
			   "addresses", addresses_json(directory), "encapsulations",
			   decap_kinds_json(decap_read_kinds(directory)), "counters",
			   counters_json(directory));
	if (ctl->json)
		output_json(status);
	else
		print_status(status);
	json_decref(status);
	return CTL_DONE;
}
