// SPDX-License-Identifier: GPL-2.0-only
/*
 * A target is a followed address: its route and its link are asked for here, its neighbour is one
 * of neighbour.c's, which many targets can share. A next hop is composed from the three; only a
 * composition that differs from the last one is a change.
 *
 * An event about a neighbour goes to the targets behind it. Any other event can concern any target,
 * so that all routes are looked up again, soon, and in slices.
 */
#include "nexthop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <time.h>

#include <linux/rtnetlink.h>

#include "address_hash.h"
#include "link.h"
#include "link_path.h"
#include "log.h"
#include "neighbour.h"
#include "netlink.h"
#include "target.h"

#define SETTLE_POLL_MS 10

#define CHANGED_EVERY_US (5 * 1000)
/* Events about routes come in crowds: one scan for all that come within this time. */
#define SCAN_AFTER_US (10 * 1000)
#define SCAN_AT_ONCE  1000
/* A scan's time is followed by this many times as long without, whatever the routes do. */
#define SCAN_REST 9
/* Some things that decide on routes change without an event (sysctl). */
#define SCAN_EVERY_US (60 * 1000 * 1000)

TAILQ_HEAD(target_queue, target);
LIST_HEAD(target_chain, target);

struct nexthop_table {
	sd_event *event;
	sd_event_source *events_source;
	sd_event_source *changed_timer;
	sd_event_source *scan_timer;
	nexthop_changed_fn changed;
	nexthop_changed_fn served_heard;
	void *user;
	uint64_t called_us; /* changed(), last time */
	bool changed_due;

	struct netlink *netlink;
	struct netlink_events *events;
	struct neighbour_set *neighbours;
	struct link_set *links;
	struct target_queue targets;
	struct target_chain chains[ADDRESS_BUCKETS];
	uint64_t generation; /* of nexthop_table_set() */

	struct target *scan_next; /* NULL: no scan is under way */
	bool scan_again;
	uint64_t scan_cost_us;
	uint64_t scan_not_before_us;
};

static uint64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * UINT64_C(1000000) + now.tv_nsec / 1000;
}

static void arm(sd_event_source *timer, uint64_t at_us)
{
	sd_event_source_set_time(timer, at_us);
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static void mark_changed(struct nexthop_table *table)
{
	if (table->changed_due)
		return;
	table->changed_due = true;
	arm(table->changed_timer, table->called_us + CHANGED_EVERY_US);
}

static int on_changed(sd_event_source *source, uint64_t usec, void *user)
{
	struct nexthop_table *table = user;

	(void)source;
	(void)usec;
	table->changed_due = false;
	table->called_us = clock_us(CLOCK_MONOTONIC);
	table->changed(table->user);
	return 0;
}

static void update(struct nexthop_table *table, struct target *target)
{
	if (target_compose(target, table->links, clock_us(CLOCK_REALTIME)))
		mark_changed(table);
}

static void on_neighbour(struct neighbour *neighbour, void *user)
{
	struct target *target;

	LIST_FOREACH(target, &neighbour->targets, behind)
	update(user, target);
}

static void leave_neighbour(struct nexthop_table *table, struct target *target)
{
	struct neighbour *neighbour = target->neighbour;

	if (!neighbour)
		return;
	LIST_REMOVE(target, behind);
	target->neighbour = NULL;
	if (LIST_EMPTY(&neighbour->targets))
		neighbour_remove(table->neighbours, neighbour);
}

/* The neighbour that the target's route leads to; one that it leads to already is kept. */
static void join_neighbour(struct nexthop_table *table, struct target *target)
{
	const struct link *link = link_get(table->links, target->route.interface);
	struct neighbour *neighbour = NULL;

	if (target_has_route(target) && link && link->kernel.has_mac) {
		neighbour = neighbour_get(table->neighbours, target->route.interface,
					  &target->route.via);
		if (!neighbour)
			target->route_error = -ENOMEM;
	}
	if (neighbour && neighbour == target->neighbour)
		return;
	leave_neighbour(table, target);
	if (!neighbour)
		return;
	target->neighbour = neighbour;
	LIST_INSERT_HEAD(&neighbour->targets, target, behind);
}

static void look_up(struct nexthop_table *table, struct target *target)
{
	memset(&target->route, 0, sizeof(target->route));
	target->route_error = netlink_get_route(table->netlink, &target->address, &target->route);
	join_neighbour(table, target);
	update(table, target);
}

/* Asks for a scan of all routes; one that is under way may have passed what has changed. */
static void scan_soon(struct nexthop_table *table)
{
	uint64_t at_us = clock_us(CLOCK_MONOTONIC) + SCAN_AFTER_US;

	if (table->scan_again)
		return;
	table->scan_again = true;
	if (table->scan_next)
		return;
	if (at_us < table->scan_not_before_us)
		at_us = table->scan_not_before_us;
	arm(table->scan_timer, at_us);
}

static void scan_finish(struct nexthop_table *table)
{
	const uint64_t now_us = clock_us(CLOCK_MONOTONIC);
	const bool again = table->scan_again;

	table->scan_not_before_us = now_us + SCAN_REST * table->scan_cost_us;
	table->scan_again = false;
	if (again)
		scan_soon(table);
	else
		arm(table->scan_timer, now_us + SCAN_EVERY_US);
}

static int on_scan(sd_event_source *source, uint64_t usec, void *user)
{
	const uint64_t start_us = clock_us(CLOCK_MONOTONIC);
	struct nexthop_table *table = user;
	struct target *target = table->scan_next;

	(void)source;
	(void)usec;
	if (!target) {
		target = TAILQ_FIRST(&table->targets);
		table->scan_again = false;
		table->scan_cost_us = 0;
	}
	for (int i = 0; i < SCAN_AT_ONCE && target; i++) {
		look_up(table, target);
		target = TAILQ_NEXT(target, order);
	}
	table->scan_next = target;
	table->scan_cost_us += clock_us(CLOCK_MONOTONIC) - start_us;
	if (target)
		arm(table->scan_timer, start_us);
	else
		scan_finish(table);
	return 0;
}

static void update_link(struct nexthop_table *table, uint32_t interface)
{
	struct target *target;

	TAILQ_FOREACH(target, &table->targets, order)
	if (link_path_touches(table->links, target->route.interface, interface))
		update(table, target);
}

static void on_link(uint32_t interface, bool came_or_went, void *user)
{
	struct nexthop_table *table = user;

	if (came_or_went)
		neighbour_set_forget(table->neighbours, interface);
	update_link(table, interface);
	/* The kernel does not tell of IPv4 routes that go and come with their link. */
	scan_soon(table);
}

static void on_event(struct nlmsghdr *message, void *user)
{
	struct nexthop_table *table = user;
	struct netlink_neighbour neighbour;
	struct netlink_link link;

	switch (message->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		if (netlink_parse_neighbour(message, &neighbour) == 0)
			neighbour_set_heard(table->neighbours, &neighbour,
					    message->nlmsg_type == RTM_DELNEIGH);
		return;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (netlink_parse_link(message, &link) < 0)
			return;
		if (link_set_serves(table->links, &link))
			table->served_heard(table->user);
		link_set_heard(table->links, &link, message->nlmsg_type == RTM_DELLINK);
		return;
	default:
		scan_soon(table); /* routes, addresses, rules */
	}
}

static int on_events(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct nexthop_table *table = user;

	(void)source;
	(void)fd;
	(void)revents;
	if (netlink_events_read(table->events) == 0)
		return 0;
	log_info("more happened on the network than there was room for: asking for everything");
	link_set_sync(table->links);
	if (table->served_heard)
		table->served_heard(table->user);
	neighbour_set_sync(table->neighbours);
	scan_soon(table);
	return 0;
}

static int add_sources(struct nexthop_table *table, struct err *err)
{
	int code = sd_event_add_io(table->event, &table->events_source,
				   netlink_events_fd(table->events), EPOLLIN, on_events, table);

	if (code >= 0)
		code = sd_event_add_time(table->event, &table->changed_timer, CLOCK_MONOTONIC,
					 UINT64_MAX, 1000, on_changed, table);
	if (code >= 0)
		code = sd_event_add_time(table->event, &table->scan_timer, CLOCK_MONOTONIC,
					 clock_us(CLOCK_MONOTONIC) + SCAN_EVERY_US, 1000, on_scan,
					 table);
	if (code < 0)
		return err_set(err, code, "cannot use the event loop: %s", strerror(-code));
	return 0;
}

int nexthop_table_new(sd_event *event, nexthop_changed_fn changed, void *user,
		      struct nexthop_table **out, struct err *err)
{
	struct nexthop_table *table = calloc(1, sizeof(*table));
	int code;

	if (!table)
		return err_set(err, -ENOMEM, "out of memory");
	table->event = sd_event_ref(event);
	table->changed = changed;
	table->user = user;
	TAILQ_INIT(&table->targets);
	code = netlink_new(&table->netlink, err);
	/* Events from here on, so that nothing that happens after the first question is missed. */
	if (code == 0)
		code = netlink_events_new(on_event, table, &table->events, err);
	if (code == 0)
		code = neighbour_set_new(event, table->netlink, on_neighbour, table,
					 &table->neighbours, err);
	if (code == 0)
		code = link_set_new(table->netlink, on_link, table, &table->links, err);
	if (code == 0)
		code = add_sources(table, err);
	if (code < 0) {
		nexthop_table_free(table);
		return code;
	}
	*out = table;
	return 0;
}

void nexthop_table_serve(struct nexthop_table *table, const char (*names)[16], unsigned int count,
			 nexthop_changed_fn heard)
{
	table->served_heard = heard;
	link_set_serve(table->links, names, count);
}

static void target_remove(struct nexthop_table *table, struct target *target)
{
	if (table->scan_next == target)
		table->scan_next = TAILQ_NEXT(target, order);
	leave_neighbour(table, target);
	LIST_REMOVE(target, chain);
	TAILQ_REMOVE(&table->targets, target, order);
	free(target);
}

void nexthop_table_free(struct nexthop_table *table)
{
	struct target *target;

	if (!table)
		return;
	while ((target = TAILQ_FIRST(&table->targets)))
		target_remove(table, target);
	sd_event_source_disable_unref(table->events_source);
	sd_event_source_disable_unref(table->changed_timer);
	sd_event_source_disable_unref(table->scan_timer);
	neighbour_set_free(table->neighbours);
	link_set_free(table->links);
	netlink_events_free(table->events);
	netlink_free(table->netlink);
	sd_event_unref(table->event);
	free(table);
}

static struct target *find(const struct nexthop_table *table, const struct lb_address *address)
{
	struct target *target;

	LIST_FOREACH(target, &table->chains[address_hash(address, 0)], chain)
	if (memcmp(&target->address, address, sizeof(*address)) == 0)
		return target;
	return NULL;
}

static struct target *target_add(struct nexthop_table *table, const struct lb_address *address)
{
	struct target *target = calloc(1, sizeof(*target));

	if (!target)
		return NULL;
	target->address = *address;
	LIST_INSERT_HEAD(&table->chains[address_hash(address, 0)], target, chain);
	TAILQ_INSERT_TAIL(&table->targets, target, order);
	return target;
}

/* Removes the targets that are (or are not) of the present generation. */
static void sweep(struct nexthop_table *table, bool present)
{
	struct target *next;

	for (struct target *target = TAILQ_FIRST(&table->targets); target; target = next) {
		next = TAILQ_NEXT(target, order);
		if ((target->generation == table->generation) == present)
			target_remove(table, target);
	}
}

int nexthop_table_set(struct nexthop_table *table, const struct lb_address *addresses, size_t count,
		      struct err *err)
{
	struct target *target;

	/* First what can fail, so that a failure changes nothing: only new targets are marked. */
	table->generation++;
	for (size_t i = 0; i < count; i++) {
		if (find(table, &addresses[i]))
			continue;
		target = target_add(table, &addresses[i]);
		if (!target) {
			sweep(table, true);
			return err_set(err, -ENOMEM, "out of memory");
		}
		target->generation = table->generation;
		target->is_new = true;
	}
	for (size_t i = 0; i < count; i++)
		find(table, &addresses[i])->generation = table->generation;
	sweep(table, false);
	TAILQ_FOREACH(target, &table->targets, order)
	{
		if (!target->is_new)
			continue;
		target->is_new = false;
		look_up(table, target);
	}
	neighbour_set_ask(table->neighbours);
	return 0;
}

static bool is_waiting(const struct nexthop_table *table)
{
	const struct target *target;

	TAILQ_FOREACH(target, &table->targets, order)
	if (target->neighbour && target->neighbour->state == NEIGHBOUR_WAITING &&
	    !target->neighbour->error)
		return true;
	return false;
}

void nexthop_table_settle(struct nexthop_table *table, unsigned int timeout_ms)
{
	const uint64_t end_us = clock_us(CLOCK_MONOTONIC) + timeout_ms * UINT64_C(1000);

	while (is_waiting(table) && clock_us(CLOCK_MONOTONIC) < end_us) {
		struct pollfd events = {.fd = netlink_events_fd(table->events), .events = POLLIN};

		if (poll(&events, 1, SETTLE_POLL_MS) > 0)
			on_events(NULL, events.fd, POLLIN, table);
		else
			neighbour_set_ask(table->neighbours);
	}
}

const struct nexthop *nexthop_find(const struct nexthop_table *table,
				   const struct lb_address *address)
{
	const struct target *target = find(table, address);

	return target ? &target->nexthop : NULL;
}
