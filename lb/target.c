// SPDX-License-Identifier: GPL-2.0-only
#include "target.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "address.h"
#include "link_path.h"

bool target_has_route(const struct target *target)
{
	return target->route_error == 0 && target->route.type == RTN_UNICAST &&
	       !target->route.encapsulated;
}

__attribute__((format(printf, 2, 3))) static void because(struct nexthop *nexthop,
							  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(nexthop->reason, sizeof(nexthop->reason), format, args);
	va_end(args);
}

/* The kernel gives reject routes as errors. */
static void explain_no_route(const struct target *target, struct nexthop *nexthop)
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(&target->address, text);
	switch (target->route_error) {
	case -ENETUNREACH:
		return because(nexthop, "no route to %s", text);
	case -EINVAL:
		return because(nexthop, "the route to %s is a blackhole", text);
	case -EHOSTUNREACH:
		return because(nexthop, "the route to %s is of type unreachable", text);
	case -EACCES:
		return because(nexthop, "the route to %s is of type prohibit", text);
	}
	if (target->route_error < 0)
		return because(nexthop, "route to %s: %s", text, strerror(-target->route_error));
	switch (target->route.type) {
	case RTN_LOCAL:
		return because(nexthop, "%s is an address of this host", text);
	case RTN_UNICAST:
		return because(nexthop, "the route to %s has an encapsulation of its own", text);
	}
	because(nexthop, "%s is no host's address (broadcast, multicast or anycast)", text);
}

static void explain_neighbour(const struct neighbour *neighbour, const char *interface,
			      struct nexthop *nexthop)
{
	const char *protocol = address_is_ipv4(&neighbour->address) ? "ARP" : "neighbour discovery";
	char text[ADDRESS_TEXT_SIZE];

	address_format(&neighbour->address, text);
	if (neighbour->error == -ENOBUFS)
		because(nexthop,
			"the kernel's neighbour table is full (gc_thresh3), no room for %s on %s",
			text, interface);
	else if (neighbour->error < 0)
		because(nexthop, "cannot ask for %s on %s: %s", text, interface,
			strerror(-neighbour->error));
	else if (neighbour->state == NEIGHBOUR_FAILED)
		because(nexthop, "%s does not answer %s on %s", text, protocol, interface);
	else
		because(nexthop, "waiting for %s to answer %s on %s", text, protocol, interface);
}

static void fill_links(const struct target *target, const struct link_path *path,
		       struct nexthop *nexthop)
{
	const struct link *upper = link_path_upper(path), *wire = link_path_wire(path);
	const uint32_t route_mtu = target->route.mtu;
	uint32_t mtu = link_path_mtu(path);

	nexthop->interface = wire->kernel.interface;
	memcpy(nexthop->interface_name, wire->kernel.name, sizeof(nexthop->interface_name));
	nexthop->vlan_count = path->vlan_count;
	memcpy(nexthop->vlans, path->vlans, sizeof(nexthop->vlans));
	if (route_mtu && route_mtu < mtu)
		mtu = route_mtu;
	nexthop->mtu = mtu < UINT16_MAX ? mtu : UINT16_MAX;
	if (upper->kernel.has_mac)
		memcpy(nexthop->source_mac, upper->kernel.mac, sizeof(nexthop->source_mac));
}

/* A link that is down takes those above it down: the lowest is the one to name. */
static const struct link *not_ready(const struct link_path *path)
{
	for (unsigned int i = path->count; i-- > 0;)
		if (!path->links[i]->kernel.up || !path->links[i]->kernel.running)
			return path->links[i];
	return NULL;
}

/* Goes as far as it can: resolved, or the first reason why not. */
static void compose(const struct target *target, const struct link_set *links,
		    struct nexthop *nexthop)
{
	const struct link *upper, *down;
	struct link_path path;
	bool whole;

	if (!target_has_route(target))
		return explain_no_route(target, nexthop);
	nexthop->interface = target->route.interface;
	nexthop->via = target->route.via;
	nexthop->source = target->route.source;
	whole = link_path_find(links, target->route.interface, &path, nexthop->reason,
			       sizeof(nexthop->reason));
	upper = link_path_upper(&path);
	if (upper)
		fill_links(target, &path, nexthop);
	if (!whole)
		return;
	if (!upper->kernel.has_mac)
		return because(nexthop, "%s has no MAC address", upper->kernel.name);
	down = not_ready(&path);
	if (down)
		return because(nexthop, down->kernel.up ? "%s is down (no carrier)" : "%s is down",
			       down->kernel.name);
	if (!target->neighbour)
		return because(nexthop, "%s: out of memory", upper->kernel.name);
	if (target->neighbour->state != NEIGHBOUR_USABLE)
		return explain_neighbour(target->neighbour, upper->kernel.name, nexthop);
	memcpy(nexthop->destination_mac, target->neighbour->mac, sizeof(nexthop->destination_mac));
	nexthop->resolved = true;
}

static bool is_equal(const struct nexthop *a, const struct nexthop *b)
{
	return a->resolved == b->resolved && strcmp(a->reason, b->reason) == 0 &&
	       a->since_us == b->since_us && a->interface == b->interface &&
	       strcmp(a->interface_name, b->interface_name) == 0 &&
	       memcmp(&a->via, &b->via, sizeof(a->via)) == 0 &&
	       memcmp(&a->source, &b->source, sizeof(a->source)) == 0 && a->mtu == b->mtu &&
	       a->vlan_count == b->vlan_count &&
	       memcmp(a->vlans, b->vlans, sizeof(a->vlans)) == 0 &&
	       memcmp(a->source_mac, b->source_mac, sizeof(a->source_mac)) == 0 &&
	       memcmp(a->destination_mac, b->destination_mac, sizeof(a->destination_mac)) == 0;
}

bool target_compose(struct target *target, const struct link_set *links, uint64_t realtime_us)
{
	struct nexthop nexthop = {.since_us = target->nexthop.since_us};

	compose(target, links, &nexthop);
	if (nexthop.since_us == 0 || nexthop.resolved != target->nexthop.resolved ||
	    strcmp(nexthop.reason, target->nexthop.reason) != 0)
		nexthop.since_us = realtime_us;
	if (is_equal(&nexthop, &target->nexthop))
		return false;
	target->nexthop = nexthop;
	return true;
}
