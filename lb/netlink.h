/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rtnetlink in plain structs: one socket for requests, which the kernel answers before they return,
 * and one for events. Functions return 0 or a negative errno, the kernel's own where it refuses.
 */
#ifndef HAIRPIN_NETLINK_H
#define HAIRPIN_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/netlink.h>

#include "abi.h"
#include "err.h"

struct netlink_route {
	uint8_t type;             /* RTN_UNICAST, RTN_LOCAL, ... */
	bool encapsulated;        /* the route adds headers of its own (MPLS, SRv6, ...) */
	uint32_t interface;       /* ifindex */
	struct lb_address via;    /* the gateway, or the destination itself when on-link */
	struct lb_address source; /* zero if the kernel names none */
	uint32_t mtu;             /* 0: the route sets none */
};

enum netlink_link_kind {
	NETLINK_LINK_OTHER,
	NETLINK_LINK_VLAN,
	NETLINK_LINK_BOND,
};

struct netlink_link {
	uint32_t interface;
	uint32_t mtu;
	char name[16];
	bool up;      /* by the administrator */
	bool running; /* has a carrier */
	bool has_mac;
	uint8_t mac[6];
	enum netlink_link_kind kind;
	uint32_t master; /* ifindex of the bond or bridge that it is a port of; 0: none */
	bool idle;       /* a port that its bond does not send by now */

	/* NETLINK_LINK_VLAN */
	uint32_t lower;         /* ifindex of the link below, that its frames leave by */
	bool lower_elsewhere;   /* in another network namespace */
	uint16_t vlan_protocol; /* ETH_P_8021Q, ETH_P_8021AD */
	uint16_t vlan_id;
};

struct netlink_neighbour {
	uint32_t interface;
	struct lb_address address;
	uint16_t state; /* one of NUD_*, NUD_NONE if the kernel has no such entry */
	uint32_t flags; /* NTF_* and, shifted by NETLINK_FLAGS_EXT, NTF_EXT_* */
	bool has_mac;
	uint8_t mac[6];
};

#define NETLINK_FLAGS_EXT 16

struct netlink; /* a socket for requests */

int netlink_new(struct netlink **out, struct err *err);
void netlink_free(struct netlink *netlink); /* NULL is fine */

/* netlink_get_route(): how the kernel would send to destination; -ENETUNREACH and so on if it would
 * not. */
int netlink_get_route(struct netlink *netlink, const struct lb_address *destination,
		      struct netlink_route *out);
int netlink_get_link(struct netlink *netlink, uint32_t interface, struct netlink_link *out);

/* netlink_get_neighbour(): an entry that does not exist is not an error but NUD_NONE. */
int netlink_get_neighbour(struct netlink *netlink, uint32_t interface,
			  const struct lb_address *address, struct netlink_neighbour *out);

/*
 * netlink_use_neighbour(): tells the kernel that the entry is in use, as sending a packet would: an
 * entry that is missing or failed is resolved, a stale one is verified. Not for entries that
 * somebody else keeps: since 5.16 the kernel takes a permanent one's permanence away.
 */
int netlink_use_neighbour(struct netlink *netlink, uint32_t interface,
			  const struct lb_address *address);

struct netlink_events; /* a socket that hears of links, neighbours, routes, addresses and rules */

typedef void (*netlink_event_fn)(struct nlmsghdr *message, void *user);

int netlink_events_new(netlink_event_fn handle, void *user, struct netlink_events **out,
		       struct err *err);
void netlink_events_free(struct netlink_events *events); /* NULL is fine */
int netlink_events_fd(const struct netlink_events *events);

/* netlink_events_read(): handles what has arrived, some at a time; never blocks. -ENOBUFS: events
 * were lost, and what is known must be asked for again. */
int netlink_events_read(struct netlink_events *events);

/* For event handlers. -EINVAL: the message is not about what it seems to be; ignore it. */
int netlink_parse_link(struct nlmsghdr *message, struct netlink_link *out);
int netlink_parse_neighbour(struct nlmsghdr *message, struct netlink_neighbour *out);

#endif
