// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every neighbour stands in one of four queues, and each queue has one waiting time, so that the
 * head of a queue is always the next of it to be due. Who has had a turn goes to the end of the
 * queue that fits its state. Turns that cost a request are limited, which also spreads neighbours
 * that came together apart for all later rounds.
 */
#include "neighbour.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/neighbour.h>

#include "address_hash.h"
#include "log.h"

enum {
	CONFIRM, /* reported as failed, but has a MAC */
	START,   /* new, or its link came up */
	RETRY,   /* does not answer, or the kernel has lost it */
	KEEP,    /* usable */
	QUEUES,
};

static const uint64_t wait_us[QUEUES] = {
	[CONFIRM] = 20 * 1000,
	[START] = 0,
	[RETRY] = 1000 * 1000,
	[KEEP] = 10 * 1000 * 1000,
};

/* 5,000 questions a second at most. */
#define TURNS_AT_ONCE  50
#define TURNS_EVERY_US (10 * 1000)
#define WARN_EVERY_US  (60 * 1000 * 1000)

#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

TAILQ_HEAD(neighbour_queue, neighbour);
LIST_HEAD(neighbour_chain, neighbour);

struct neighbour_set {
	sd_event *event;
	sd_event_source *timer;
	struct netlink *netlink;
	neighbour_changed_fn changed;
	void *user;
	struct neighbour_queue queues[QUEUES];
	struct neighbour_chain chains[ADDRESS_BUCKETS];
	uint64_t last_turns_us;
	uint64_t warned_us; /* that the kernel's table is full */
};

static uint64_t now_us(const struct neighbour_set *set)
{
	uint64_t now = 0;

	sd_event_now(set->event, CLOCK_MONOTONIC, &now);
	return now;
}

/* Sets the timer to the first that is due, but leaves time between turns for others. */
static void schedule(struct neighbour_set *set)
{
	uint64_t due = UINT64_MAX;

	for (int i = 0; i < QUEUES; i++) {
		const struct neighbour *first = TAILQ_FIRST(&set->queues[i]);

		if (first && first->queued_us + wait_us[i] < due)
			due = first->queued_us + wait_us[i];
	}
	if (due == UINT64_MAX) {
		sd_event_source_set_enabled(set->timer, SD_EVENT_OFF);
		return;
	}
	if (due < set->last_turns_us + TURNS_EVERY_US)
		due = set->last_turns_us + TURNS_EVERY_US;
	sd_event_source_set_time(set->timer, due);
	sd_event_source_set_enabled(set->timer, SD_EVENT_ONESHOT);
}

static void enqueue(struct neighbour_set *set, struct neighbour *neighbour, unsigned int queue)
{
	TAILQ_REMOVE(&set->queues[neighbour->queue], neighbour, turn);
	TAILQ_INSERT_TAIL(&set->queues[queue], neighbour, turn);
	neighbour->queue = queue;
	neighbour->queued_us = now_us(set);
}

static void change(struct neighbour_set *set, struct neighbour *neighbour,
		   enum neighbour_state state, const uint8_t mac[6], int error)
{
	if (neighbour->state == state && memcmp(neighbour->mac, mac, 6) == 0 &&
	    neighbour->error == error)
		return;
	neighbour->state = state;
	memmove(neighbour->mac, mac, 6);
	neighbour->error = error;
	set->changed(neighbour, set->user);
}

/* What the kernel's entry means. Only a MAC, and FAILED, change anything: an entry that is missing
 * or being resolved says nothing about whether the last MAC still holds. */
static void learn(struct neighbour_set *set, struct neighbour *neighbour,
		  const struct netlink_neighbour *kernel)
{
	static const uint8_t no_mac[6];

	neighbour->kernel = *kernel;
	if ((kernel->state & NUD_USABLE) && kernel->has_mac)
		change(set, neighbour, NEIGHBOUR_USABLE, kernel->mac, 0);
	else if (kernel->state & NUD_FAILED)
		change(set, neighbour, NEIGHBOUR_FAILED, no_mac, 0);
}

static unsigned int fitting_queue(const struct neighbour *neighbour)
{
	return (neighbour->kernel.state & NUD_USABLE) ? KEEP : RETRY;
}

/* Permanent entries, those of a routing daemon and those that the kernel keeps by itself need no
 * help, and would lose what makes them so. */
static bool is_kept_by_others(const struct netlink_neighbour *kernel)
{
	return (kernel->state & (NUD_PERMANENT | NUD_NOARP)) ||
	       (kernel->flags & (NTF_EXT_LEARNED | NTF_EXT_MANAGED << NETLINK_FLAGS_EXT));
}

static void use(struct neighbour_set *set, struct neighbour *neighbour)
{
	int code = netlink_use_neighbour(set->netlink, neighbour->interface, &neighbour->address);

	if (code == -ENOBUFS && now_us(set) >= set->warned_us + WARN_EVERY_US) {
		log_warn("the kernel's neighbour table is full: raise "
			 "net.ipv4.neigh.default.gc_thresh3 or net.ipv6.neigh.default.gc_thresh3");
		set->warned_us = now_us(set);
	}
	change(set, neighbour, neighbour->state, neighbour->mac, code);
}

/* Asks for the entry first, though events tell of it: an event may still be on its way, and whether
 * somebody else keeps the entry must be known before it is used. */
static void ask(struct neighbour_set *set, struct neighbour *neighbour)
{
	struct netlink_neighbour kernel;

	if (netlink_get_neighbour(set->netlink, neighbour->interface, &neighbour->address,
				  &kernel) == 0)
		learn(set, neighbour, &kernel);
	if (!is_kept_by_others(&neighbour->kernel) && neighbour->kernel.state != NUD_REACHABLE)
		use(set, neighbour);
}

/* The kernel tells when an entry is no longer reachable, so that such a turn costs nothing. */
static bool needs_asking(const struct neighbour *neighbour)
{
	return neighbour->queue != KEEP ||
	       (!is_kept_by_others(&neighbour->kernel) && neighbour->kernel.state != NUD_REACHABLE);
}

static void take_turns(struct neighbour_set *set, unsigned int queue, int *budget)
{
	const uint64_t now = now_us(set);
	struct neighbour *neighbour;

	while (*budget > 0) {
		neighbour = TAILQ_FIRST(&set->queues[queue]);
		if (!neighbour || neighbour->queued_us + wait_us[queue] > now)
			return;
		if (needs_asking(neighbour)) {
			ask(set, neighbour);
			(*budget)--;
		}
		enqueue(set, neighbour, fitting_queue(neighbour));
	}
}

void neighbour_set_ask(struct neighbour_set *set)
{
	int budget = TURNS_AT_ONCE;

	/* Who works now comes before who has never worked. */
	take_turns(set, CONFIRM, &budget);
	take_turns(set, KEEP, &budget);
	take_turns(set, START, &budget);
	take_turns(set, RETRY, &budget);
	set->last_turns_us = now_us(set);
	schedule(set);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	(void)source;
	(void)usec;
	neighbour_set_ask(user);
	return 0;
}

int neighbour_set_new(sd_event *event, struct netlink *netlink, neighbour_changed_fn changed,
		      void *user, struct neighbour_set **out, struct err *err)
{
	struct neighbour_set *set = calloc(1, sizeof(*set));
	int code;

	if (!set)
		return err_set(err, -ENOMEM, "out of memory");
	set->event = sd_event_ref(event);
	set->netlink = netlink;
	set->changed = changed;
	set->user = user;
	for (int i = 0; i < QUEUES; i++)
		TAILQ_INIT(&set->queues[i]);
	code = sd_event_add_time(event, &set->timer, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_timer,
				 set);
	if (code < 0) {
		neighbour_set_free(set);
		return err_set(err, code, "cannot set a timer: %s", strerror(-code));
	}
	*out = set;
	return 0;
}

void neighbour_set_free(struct neighbour_set *set)
{
	struct neighbour *neighbour;

	if (!set)
		return;
	for (int i = 0; i < QUEUES; i++)
		while ((neighbour = TAILQ_FIRST(&set->queues[i])))
			neighbour_remove(set, neighbour);
	sd_event_source_disable_unref(set->timer);
	sd_event_unref(set->event);
	free(set);
}

static struct neighbour *find(struct neighbour_set *set, uint32_t interface,
			      const struct lb_address *address)
{
	struct neighbour *neighbour;

	LIST_FOREACH(neighbour, &set->chains[address_hash(address, interface)], chain)
	if (neighbour->interface == interface &&
	    memcmp(&neighbour->address, address, sizeof(*address)) == 0)
		return neighbour;
	return NULL;
}

struct neighbour *neighbour_get(struct neighbour_set *set, uint32_t interface,
				const struct lb_address *address)
{
	struct neighbour *neighbour = find(set, interface, address);
	struct netlink_neighbour kernel;

	if (neighbour)
		return neighbour;
	neighbour = calloc(1, sizeof(*neighbour));
	if (!neighbour)
		return NULL;
	neighbour->interface = interface;
	neighbour->address = *address;
	LIST_INIT(&neighbour->targets);
	LIST_INSERT_HEAD(&set->chains[address_hash(address, interface)], neighbour, chain);
	if (netlink_get_neighbour(set->netlink, interface, address, &kernel) == 0)
		learn(set, neighbour, &kernel);
	neighbour->queue = fitting_queue(neighbour) == KEEP ? KEEP : START;
	neighbour->queued_us = now_us(set);
	TAILQ_INSERT_TAIL(&set->queues[neighbour->queue], neighbour, turn);
	schedule(set);
	return neighbour;
}

void neighbour_remove(struct neighbour_set *set, struct neighbour *neighbour)
{
	LIST_REMOVE(neighbour, chain);
	TAILQ_REMOVE(&set->queues[neighbour->queue], neighbour, turn);
	free(neighbour);
}

void neighbour_set_heard(struct neighbour_set *set, const struct netlink_neighbour *heard,
			 bool removed)
{
	struct neighbour *neighbour = find(set, heard->interface, &heard->address);
	struct netlink_neighbour kernel = *heard;
	unsigned int queue;

	if (!neighbour)
		return;
	if (removed) {
		kernel.state = NUD_NONE;
		kernel.flags = 0;
	}
	if ((kernel.state & NUD_FAILED) && neighbour->state == NEIGHBOUR_USABLE) {
		/* A flush reports an entry as failed too, and then as removed. Which one it is
		 * shows when the dust has settled. */
		queue = CONFIRM;
	} else {
		learn(set, neighbour, &kernel);
		queue = fitting_queue(neighbour);
	}
	/* Who keeps its queue keeps its turn. One that starts is on its way, whatever its state. */
	if (queue == neighbour->queue || (queue == RETRY && neighbour->queue == START))
		return;
	enqueue(set, neighbour, queue);
	schedule(set);
}

void neighbour_set_forget(struct neighbour_set *set, uint32_t interface)
{
	static const uint8_t no_mac[6];
	struct neighbour *neighbour;

	for (int i = 0; i < ADDRESS_BUCKETS; i++)
		LIST_FOREACH(neighbour, &set->chains[i], chain)
		{
			if (neighbour->interface != interface)
				continue;
			neighbour->kernel.state = NUD_NONE;
			change(set, neighbour, NEIGHBOUR_WAITING, no_mac, 0);
			enqueue(set, neighbour, START);
		}
	schedule(set);
}

void neighbour_set_sync(struct neighbour_set *set)
{
	struct netlink_neighbour kernel;
	struct neighbour *neighbour;

	for (int i = 0; i < ADDRESS_BUCKETS; i++)
		LIST_FOREACH(neighbour, &set->chains[i], chain)
	if (netlink_get_neighbour(set->netlink, neighbour->interface, &neighbour->address,
				  &kernel) == 0)
		neighbour_set_heard(set, &kernel, kernel.state == NUD_NONE);
}
