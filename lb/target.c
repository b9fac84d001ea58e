// SPDX-License-Identifier: GPL-2.0-only
#include "target.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "address.h"

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

/* Goes as far as it can: resolved, or the first reason why not. */
static void compose(const struct target *target, const struct link *link, struct nexthop *nexthop)
{
	const struct netlink_route *route = &target->route;
	uint32_t mtu;

	if (!target_has_route(target))
		return explain_no_route(target, nexthop);
	nexthop->interface = route->interface;
	nexthop->via = route->via;
	nexthop->source = route->source;
	if (!link)
		return because(nexthop, "the interface of the route is gone");
	memcpy(nexthop->interface_name, link->kernel.name, sizeof(nexthop->interface_name));
	mtu = route->mtu ? route->mtu : link->kernel.mtu;
	nexthop->mtu = mtu < UINT16_MAX ? mtu : UINT16_MAX;
	if (!link->kernel.has_mac)
		return because(nexthop, "%s has no MAC address", link->kernel.name);
	memcpy(nexthop->source_mac, link->kernel.mac, sizeof(nexthop->source_mac));
	if (!link->kernel.up)
		return because(nexthop, "%s is down", link->kernel.name);
	if (!link->kernel.running)
		return because(nexthop, "%s is down (no carrier)", link->kernel.name);
	if (!target->neighbour)
		return because(nexthop, "%s: out of memory", link->kernel.name);
	if (target->neighbour->state != NEIGHBOUR_USABLE)
		return explain_neighbour(target->neighbour, link->kernel.name, nexthop);
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
	       memcmp(a->source_mac, b->source_mac, sizeof(a->source_mac)) == 0 &&
	       memcmp(a->destination_mac, b->destination_mac, sizeof(a->destination_mac)) == 0;
}

bool target_compose(struct target *target, const struct link *link, uint64_t realtime_us)
{
	struct nexthop nexthop = {.since_us = target->nexthop.since_us};

	compose(target, link, &nexthop);
	if (nexthop.since_us == 0 || nexthop.resolved != target->nexthop.resolved ||
	    strcmp(nexthop.reason, target->nexthop.reason) != 0)
		nexthop.since_us = realtime_us;
	if (is_equal(&nexthop, &target->nexthop))
		return false;
	target->nexthop = nexthop;
	return true;
}
