// SPDX-License-Identifier: GPL-2.0-only
/* The map of QUIC servers, which is made anew when anything in it changes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "datapath_internal.h"

static bool is_live(const struct datapath *datapath, const struct quic_server *servers,
		    size_t count)
{
	return datapath->quic_known && count == datapath->quic_count &&
	       (!count || !memcmp(servers, datapath->quic, count * sizeof(*servers)));
}

static int fill(int map, const struct quic_server *servers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bpf_map_update_elem(map, &servers[i].key, &servers[i].server, BPF_ANY))
			return -errno;
	return 0;
}

/* One update of the outer map swaps all servers. */
static int swap(struct datapath *datapath, const struct quic_server *servers, size_t count)
{
	int outer = bpf_map__fd(datapath->skeleton->maps.quic_servers), map, status;
	uint32_t zero = 0;

	if (!count)
		return bpf_map_delete_elem(outer, &zero) && errno != ENOENT ? -errno : 0;
	map = bpf_map_create(BPF_MAP_TYPE_HASH, "quic_servers", sizeof(struct lb_quic_key),
			     sizeof(struct lb_quic_server), count, NULL);
	if (map < 0)
		return -errno;
	status = fill(map, servers, count);
	if (!status && bpf_map_update_elem(outer, &zero, &map, BPF_ANY))
		status = -errno;
	close(map);
	return status;
}

int datapath_set_quic(struct datapath *datapath, const struct quic_server *servers, size_t count,
		      struct err *err)
{
	struct quic_server *copy;
	int status;

	if (is_live(datapath, servers, count))
		return 0;
	copy = calloc(count + 1, sizeof(*copy));
	if (!copy)
		return err_set(err, -ENOMEM, "out of memory");
	status = swap(datapath, servers, count);
	if (status) {
		free(copy);
		return err_set(err, status, "cannot write the map of QUIC servers: %s",
			       strerror(-status));
	}
	memcpy(copy, servers, count * sizeof(*copy));
	free(datapath->quic);
	datapath->quic = copy;
	datapath->quic_count = count;
	datapath->quic_known = true;
	return 0;
}
