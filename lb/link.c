// SPDX-License-Identifier: GPL-2.0-only
#include "link.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define BUCKETS 256
/* Far more than a path may have: to end a loop. */
#define BELOW_MAX 8

LIST_HEAD(link_chain, link);

struct link_set {
	struct netlink *netlink;
	link_changed_fn changed;
	void *user;
	struct link_chain chains[BUCKETS];
	const char (*served_names)[16];
	unsigned int served_count;
	struct link *served[CONFIG_MAX_INTERFACES]; /* NULL: there is no such link */
};

int link_set_new(struct netlink *netlink, link_changed_fn changed, void *user,
		 struct link_set **out, struct err *err)
{
	struct link_set *set = calloc(1, sizeof(*set));

	if (!set)
		return err_set(err, -ENOMEM, "out of memory");
	set->netlink = netlink;
	set->changed = changed;
	set->user = user;
	*out = set;
	return 0;
}

static void link_remove(struct link_set *set, struct link *link)
{
	for (unsigned int i = 0; i < set->served_count; i++)
		if (set->served[i] == link)
			set->served[i] = NULL;
	LIST_REMOVE(link, chain);
	free(link);
}

void link_set_free(struct link_set *set)
{
	struct link *link;

	if (!set)
		return;
	for (int i = 0; i < BUCKETS; i++)
		while ((link = LIST_FIRST(&set->chains[i])))
			link_remove(set, link);
	free(set);
}

static struct link *find(const struct link_set *set, uint32_t interface)
{
	struct link *link;

	LIST_FOREACH(link, &set->chains[interface % BUCKETS], chain)
	if (link->kernel.interface == interface)
		return link;
	return NULL;
}

/* A link can come, or be renamed, to a served name. */
static void note_name(struct link_set *set, struct link *link)
{
	for (unsigned int i = 0; i < set->served_count; i++) {
		if (strcmp(set->served_names[i], link->kernel.name) == 0)
			set->served[i] = link;
		else if (set->served[i] == link)
			set->served[i] = NULL;
	}
}

static struct link *add(struct link_set *set, const struct netlink_link *kernel)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->kernel = *kernel;
	LIST_INSERT_HEAD(&set->chains[kernel->interface % BUCKETS], link, chain);
	note_name(set, link);
	return link;
}

const struct link *link_find(const struct link_set *set, uint32_t interface)
{
	return find(set, interface);
}

static struct link *get(struct link_set *set, uint32_t interface)
{
	struct link *link = find(set, interface);
	struct netlink_link kernel;

	if (link || interface == 0)
		return link;
	if (netlink_get_link(set->netlink, interface, &kernel) < 0)
		return NULL;
	return add(set, &kernel);
}

const struct link *link_get(struct link_set *set, uint32_t interface)
{
	const struct link *link = get(set, interface), *below = link;

	for (int i = 0; i < BELOW_MAX && below && !below->kernel.lower_elsewhere; i++)
		below = get(set, below->kernel.lower);
	return link;
}

static void find_served(struct link_set *set)
{
	for (unsigned int i = 0; i < set->served_count; i++)
		if (!set->served[i])
			get(set, if_nametoindex(set->served_names[i]));
}

void link_set_serve(struct link_set *set, const char (*names)[16], unsigned int count)
{
	set->served_names = names;
	set->served_count = count;
	find_served(set);
}

const struct link *link_get_served(const struct link_set *set, unsigned int i)
{
	return set->served[i];
}

unsigned int link_served_count(const struct link_set *set)
{
	return set->served_count;
}

bool link_set_serves(const struct link_set *set, const struct netlink_link *heard)
{
	for (unsigned int i = 0; i < set->served_count; i++)
		if (strcmp(set->served_names[i], heard->name) == 0 ||
		    (set->served[i] && set->served[i]->kernel.interface == heard->interface))
			return true;
	return false;
}

static bool is_ready(const struct netlink_link *link)
{
	return link->up && link->running;
}

static bool is_equal(const struct netlink_link *a, const struct netlink_link *b)
{
	return a->mtu == b->mtu && strcmp(a->name, b->name) == 0 && a->up == b->up &&
	       a->running == b->running && a->has_mac == b->has_mac &&
	       memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 && a->kind == b->kind &&
	       a->master == b->master && a->idle == b->idle && a->lower == b->lower &&
	       a->lower_elsewhere == b->lower_elsewhere && a->vlan_protocol == b->vlan_protocol &&
	       a->vlan_id == b->vlan_id;
}

void link_set_heard(struct link_set *set, const struct netlink_link *heard, bool removed)
{
	struct link *link = find(set, heard->interface);
	bool came_or_went;

	if (removed) {
		if (!link)
			return;
		link_remove(set, link);
		set->changed(heard->interface, true, set->user);
		return;
	}
	if (link && is_equal(&link->kernel, heard))
		return;
	came_or_went = !link || is_ready(&link->kernel) != is_ready(heard);
	if (link) {
		link->kernel = *heard;
		note_name(set, link);
	} else {
		add(set, heard); /* or asked for again when memory is there again */
	}
	set->changed(heard->interface, came_or_went, set->user);
}

void link_set_sync(struct link_set *set)
{
	struct netlink_link kernel;
	struct link *next;

	for (int i = 0; i < BUCKETS; i++)
		for (struct link *link = LIST_FIRST(&set->chains[i]); link; link = next) {
			next = LIST_NEXT(link, chain);
			kernel = link->kernel;
			if (netlink_get_link(set->netlink, kernel.interface, &kernel) == 0)
				link_set_heard(set, &kernel, false);
			else
				link_set_heard(set, &kernel, true);
		}
	find_served(set);
}
