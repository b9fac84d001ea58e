// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinned maps of an older hairpind. All but one of the maps of layouts 2 and 3 are those of layout 4: they
 * are taken over with all that is in them, flows and moved slots too, while the old program goes on. The map
 * that tells the version is replaced last, so that until then the old hairpind could go on as well.
 *
 * They did not know lb_move.unstored: it is zero there, which is always right. An older program than
 * layout 4's must not run over maps where it is not.
 */
#include <errno.h>
#include <limits.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "datapath_internal.h"
#include "log.h"
#include "pin.h"

#define LAYOUT_OLDEST 2 /* its struct lb_features had 16 bytes, the first of today's */

#define PIN_NAME "layout"
#define NEW_NAME "layout_new"

/* Adds to datapath->features those that what is in the maps may need. */
int layout_check(struct datapath *datapath, struct err *err)
{
	const char *directory = datapath->config->pin_path;
	int fd = pin_open_map(directory, PIN_NAME);
	struct lb_layout layout = {0};
	uint32_t key = 0;

	if (fd < 0)
		return 0;
	if (bpf_map_lookup_elem(fd, &key, &layout))
		layout.version = 0;
	close(fd);
	/* 0: its maker died before it wrote the version, and so before it attached anything. */
	if (!layout.version)
		return 0;
	if (layout.version >= LAYOUT_OLDEST && layout.version < LB_LAYOUT)
		datapath->old_layout = layout.version;
	/* Nothing in the maps depends on these: they are what this start asks for. */
	layout.features.spread = 0;
	layout.features.spread_local = 0;
	if (layout.version == LB_LAYOUT || datapath->old_layout) {
		datapath->features = features_union(&datapath->features, &layout.features);
		return 0;
	}
	return err_set(
		err, -EPROTO,
		"%s: maps of layout %u are pinned there, this hairpind knows layouts %d to "
		"%d; run the hairpind that made them, or take the service down with hairpind "
		"--detach and start anew",
		directory, layout.version, LAYOUT_OLDEST, LB_LAYOUT);
}

int layout_write(const struct lb_bpf *skeleton, const struct lb_features *features, struct err *err)
{
	struct lb_layout layout = {.version = LB_LAYOUT, .features = *features};
	uint32_t key = 0;

	if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.layout), &key, &layout, BPF_ANY))
		return err_set(err, -errno, "cannot write the layout version: %s", strerror(errno));
	return 0;
}

/* What layout 2 did not say of a backend, since there was only ipip; its program does not look. */
void layout_convert(struct datapath *datapath)
{
	const size_t ipv4_length = sizeof(struct ether_header) + sizeof(struct iphdr);

	for (uint32_t i = 1; datapath->old_layout && i <= LB_MAX_BACKENDS; i++) {
		struct lb_backend *backend = &datapath->arrays->backends[i];
		uint16_t flags = backend->flags | LB_BACKEND_PLAIN;

		if (!(backend->flags & LB_BACKEND_USED) || backend->encapsulation)
			continue;
		if (backend->header_length == ipv4_length)
			flags |= LB_BACKEND_OUTER_IPV4;
		__atomic_store_n(&backend->encapsulation, LB_ENCAP_IPIP, __ATOMIC_RELEASE);
		__atomic_store_n(&backend->flags, flags, __ATOMIC_RELEASE);
	}
}

int layout_replace(struct datapath *datapath, struct err *err)
{
	const char *directory = datapath->config->pin_path;
	char from[PATH_MAX], to[PATH_MAX];

	if (!datapath->old_layout)
		return 0;
	snprintf(from, sizeof(from), "%s/" NEW_NAME, directory);
	snprintf(to, sizeof(to), "%s/" PIN_NAME, directory);
	unlink(from);
	if (bpf_obj_pin(bpf_map__fd(datapath->skeleton->maps.layout), from) || rename(from, to))
		return err_set(err, -errno, "%s: cannot replace the map: %s", to, strerror(errno));
	log_info("%s: took over the maps of layout %u, which are of layout %d now", directory,
		 datapath->old_layout, LB_LAYOUT);
	datapath->old_layout = 0;
	return 0;
}
