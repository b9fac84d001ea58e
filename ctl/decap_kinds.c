// SPDX-License-Identifier: GPL-2.0-only
/* Which encapsulations the backend's program unwraps: words, bits, and the map that has them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "decap.h"
#include "decap_abi.h"
#include "pin.h"

#define DECAP_KINDS_MAP "decap_kinds"

static const char *const kind_words[DECAP_KIND_COUNT] = {
#define X(name, word) [DECAP_KIND_##name] = (word),
	DECAP_KINDS(X)
#undef X
};

int decap_parse_kinds(const char *text, uint32_t *kinds, struct err *err)
{
	uint32_t bits = 0;

	for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		size_t length = strcspn(at, ","), kind = 0;

		while (kind < DECAP_KIND_COUNT &&
		       (strlen(kind_words[kind]) != length || memcmp(kind_words[kind], at, length)))
			kind++;
		if (kind == DECAP_KIND_COUNT)
			return err_set(err, -EINVAL,
				       "--encapsulation: \"%.*s\" is none of ipip, gre, gue, vxlan "
				       "(or several: ipip,gue)",
				       (int)length, at);
		bits |= 1u << kind;
	}
	*kinds = text ? bits : (1u << DECAP_KIND_COUNT) - 1;
	return 0;
}

int decap_write_kinds(const char *directory, uint32_t kinds, struct err *err)
{
	int map = pin_open_map(directory, DECAP_KINDS_MAP), status = 0;
	uint32_t first = 0;

	if (map < 0 || bpf_map_update_elem(map, &first, &kinds, BPF_ANY))
		status = err_set(err, -errno, "cannot write what to unwrap: %s", strerror(errno));
	if (map >= 0)
		close(map);
	return status;
}

uint32_t decap_read_kinds(const char *directory)
{
	int map = pin_open_map(directory, DECAP_KINDS_MAP);
	uint32_t first = 0, kinds = 0;

	if (map < 0)
		return 0;
	if (bpf_map_lookup_elem(map, &first, &kinds))
		kinds = 0;
	close(map);
	return kinds;
}

json_t *decap_kinds_json(uint32_t kinds)
{
	json_t *words = json_array();

	for (size_t kind = 0; kind < DECAP_KIND_COUNT; kind++)
		if (kinds & 1u << kind)
			json_array_append_new(words, json_string(kind_words[kind]));
	return words;
}

void decap_print_kinds(const json_t *words)
{
	json_t *word;
	size_t i;

	json_array_foreach(words, i, word)
		printf("%s%s", i ? ", " : "", json_string_value(word));
}
