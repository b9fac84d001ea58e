/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Neighbours: the MACs of the addresses on the wire, as the kernel knows them, and kept known.
 *
 * XDP sends without the kernel's stack, so the kernel sees nobody use these entries: it would let
 * them go stale and collect them, and never look for one that is missing. This asks in its place.
 */
#ifndef HAIRPIN_NEIGHBOUR_H
#define HAIRPIN_NEIGHBOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <systemd/sd-event.h>

#include "abi.h"
#include "err.h"
#include "netlink.h"

enum neighbour_state {
	NEIGHBOUR_WAITING, /* asked for, no answer yet */
	NEIGHBOUR_USABLE,  /* mac is known */
	NEIGHBOUR_FAILED,  /* asked for, and did not answer; stays until it does */
};

struct target; /* of nexthop.c */

struct neighbour {
	uint32_t interface;
	struct lb_address address;
	enum neighbour_state state;
	uint8_t mac[6];
	int error; /* of the last attempt to ask the kernel: 0 or a negative errno */
	LIST_HEAD(, target) targets; /* who goes through it; kept by nexthop.c */

	/* of neighbour.c */
	struct netlink_neighbour kernel; /* the kernel's entry, last time we heard of it */
	LIST_ENTRY(neighbour) chain;
	TAILQ_ENTRY(neighbour) turn;
	unsigned int queue;
	uint64_t queued_us;
};

struct neighbour_set;

/* Called after state, mac or error of neighbour changed. */
typedef void (*neighbour_changed_fn)(struct neighbour *neighbour, void *user);

/* neighbour_set_new(): netlink is borrowed for the set's life. */
int neighbour_set_new(sd_event *event, struct netlink *netlink, neighbour_changed_fn changed,
		      void *user, struct neighbour_set **out, struct err *err);
void neighbour_set_free(struct neighbour_set *set); /* NULL is fine */

/* neighbour_get(): the neighbour, new if need be, and then with what the kernel knows of it
 * already. Borrowed until neighbour_remove(). NULL when memory has run out. */
struct neighbour *neighbour_get(struct neighbour_set *set, uint32_t interface,
				const struct lb_address *address);
void neighbour_remove(struct neighbour_set *set, struct neighbour *neighbour);

/* neighbour_set_heard(): an RTM_NEWNEIGH, or (removed) an RTM_DELNEIGH. */
void neighbour_set_heard(struct neighbour_set *set, const struct netlink_neighbour *heard,
			 bool removed);

/* neighbour_set_forget(): the link came or went; what was known of those behind it does not hold.
 */
void neighbour_set_forget(struct neighbour_set *set, uint32_t interface);

/* neighbour_set_ask(): asks for those whose turn has come, some at a time; the event loop does the
 * rest, and all later ones. */
void neighbour_set_ask(struct neighbour_set *set);

/* neighbour_set_sync(): events were lost; asks the kernel about every neighbour. */
void neighbour_set_sync(struct neighbour_set *set);

#endif
