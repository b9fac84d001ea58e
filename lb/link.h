/* SPDX-License-Identifier: GPL-2.0-only */
/* Links, as far as they have been asked for or heard of. */
#ifndef HAIRPIN_LINK_H
#define HAIRPIN_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "err.h"
#include "netlink.h"

struct link {
	struct netlink_link kernel;
	LIST_ENTRY(link) chain;
};

struct link_set;

/* Called when something about a link changed, or it is gone. came_or_went: it cannot be, or has not
 * been, sent on. */
typedef void (*link_changed_fn)(uint32_t interface, bool came_or_went, void *user);

/* link_set_new(): netlink is borrowed for the set's life. */
int link_set_new(struct netlink *netlink, link_changed_fn changed, void *user,
		 struct link_set **out, struct err *err);
void link_set_free(struct link_set *set); /* NULL is fine */

/* link_set_serve(): the interfaces by which packets may leave. names is borrowed for the set's life.
 */
void link_set_serve(struct link_set *set, const char (*names)[16], unsigned int count);

/* link_get_served(): the link of names[i], NULL when there is none. */
const struct link *link_get_served(const struct link_set *set, unsigned int i);
unsigned int link_served_count(const struct link_set *set);

/* link_set_serves(): whether heard, not told to the set yet, is of a served link, or of one that gets
 * or loses that name. */
bool link_set_serves(const struct link_set *set, const struct netlink_link *heard);

/* Borrowed until the link is heard of. NULL: there is no such link; link_find(): or it was never
 * asked for. link_get() asks for those below it too. */
const struct link *link_get(struct link_set *set, uint32_t interface);
const struct link *link_find(const struct link_set *set, uint32_t interface);

/* link_set_heard(): an RTM_NEWLINK, or (removed) an RTM_DELLINK. */
void link_set_heard(struct link_set *set, const struct netlink_link *heard, bool removed);

/* link_set_sync(): events were lost; asks the kernel about every link. */
void link_set_sync(struct link_set *set);

#endif
