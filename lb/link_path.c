// SPDX-License-Identifier: GPL-2.0-only
#include "link_path.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct link *link_path_upper(const struct link_path *path)
{
	return path->count ? path->links[0] : NULL;
}

const struct link *link_path_wire(const struct link_path *path)
{
	return path->count ? path->links[path->count - 1] : NULL;
}

uint32_t link_path_mtu(const struct link_path *path)
{
	uint32_t mtu = UINT32_MAX;

	for (unsigned int i = 0; i < path->count; i++)
		if (path->links[i]->kernel.mtu < mtu)
			mtu = path->links[i]->kernel.mtu;
	return path->count ? mtu : 0;
}

static bool is_on(const struct link_path *path, const struct link *link)
{
	for (unsigned int i = 0; i < path->count; i++)
		if (path->links[i] == link)
			return true;
	return false;
}

static bool is_served(const struct link_set *set, const struct link *link)
{
	for (unsigned int i = 0; i < link_served_count(set); i++)
		if (link_get_served(set, i) == link)
			return true;
	return false;
}

static bool can_send(const struct netlink_link *port)
{
	return port->up && port->running && !port->idle;
}

/* Of the ports of bond that are served, the first that can send; NULL with *any set if none can. */
static const struct link *served_port(const struct link_set *set, const struct link *bond,
				      bool *any)
{
	for (unsigned int i = 0; i < link_served_count(set); i++) {
		const struct link *port = link_get_served(set, i);

		if (!port || port->kernel.master != bond->kernel.interface)
			continue;
		*any = true;
		if (can_send(&port->kernel))
			return port;
	}
	return NULL;
}

/* Below a VLAN, whose tag goes outside of those that there are. */
static bool step_down(const struct link_set *set, struct link_path *path, char *reason, size_t size)
{
	const struct netlink_link *vlan = &link_path_wire(path)->kernel;
	const struct link *lower = link_find(set, vlan->lower);
	const char *words = NULL;

	if (vlan->lower_elsewhere)
		words = "the link below %s is in another network namespace";
	else if (!lower)
		words = "the link below %s is gone";
	else if (is_on(path, lower))
		words = "the links below %s form a loop";
	else if (path->vlan_count == NEXTHOP_VLANS)
		words = "%s would be a third VLAN tag, and hairpin writes two at most";
	if (words) {
		snprintf(reason, size, words, vlan->name);
		return false;
	}
	memmove(&path->vlans[1], &path->vlans[0], path->vlan_count * sizeof(path->vlans[0]));
	path->vlans[0] = (struct nexthop_vlan){vlan->vlan_protocol, vlan->vlan_id};
	path->vlan_count++;
	path->links[path->count++] = lower;
	return true;
}

bool link_path_find(const struct link_set *set, uint32_t interface, struct link_path *out,
		    char *reason, size_t size)
{
	const struct link *wire = link_find(set, interface), *port;
	bool any = false;

	*out = (struct link_path){.links = {wire}, .count = wire ? 1 : 0};
	if (!wire) {
		snprintf(reason, size, "the interface of the route is gone");
		return false;
	}
	while (wire->kernel.kind == NETLINK_LINK_VLAN && !is_served(set, wire)) {
		if (!step_down(set, out, reason, size))
			return false;
		wire = link_path_wire(out);
	}
	if (wire->kernel.kind != NETLINK_LINK_BOND || is_served(set, wire))
		return true;
	port = served_port(set, wire, &any);
	if (port)
		out->links[out->count++] = port;
	if (any && !port)
		snprintf(reason, size,
			 "%s sends by none of its interfaces that hairpind serves (-i): they are "
			 "down, or not active in it",
			 wire->kernel.name);
	return port || !any;
}

bool link_path_touches(const struct link_set *set, uint32_t interface, uint32_t other)
{
	const struct link *link = link_find(set, interface);
	const struct link *changed = link_find(set, other);

	for (int i = 0; i <= NEXTHOP_VLANS; i++) {
		if (interface == other)
			return true;
		if (!link || link->kernel.kind != NETLINK_LINK_VLAN)
			break;
		interface = link->kernel.lower;
		link = link_find(set, interface);
	}
	return link && changed && changed->kernel.master == interface;
}
