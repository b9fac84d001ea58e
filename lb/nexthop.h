/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Next hops: for each backend address, the route, the neighbour and the link that lead to it,
 * followed over rtnetlink (libnl-3, libnl-route-3) and kept alive.
 */
#ifndef HAIRPIN_NEXTHOP_H
#define HAIRPIN_NEXTHOP_H

#include <stdint.h>

#include <systemd/sd-event.h>

#include "abi.h"
#include "err.h"

#define NEXTHOP_VLANS 2

struct nexthop_vlan {
	uint16_t protocol, id; /* host order: ETH_P_8021Q or ETH_P_8021AD; 0 to 4095 */
};

struct nexthop {
	bool resolved;
	/* Why not, in words for a user, e.g. "no route", "10.0.1.11 does not answer ARP on eth0",
	 * "eth0 is down"; empty when resolved. */
	char reason[160];
	uint64_t since_us; /* CLOCK_REALTIME when resolved or reason last changed */

	/* Known as far as resolution got; zero before. */
	/* By which frames leave: the route's, or below its VLANs; where hairpind serves the ports of
	 * a bond and not the bond, a port of it that can send. */
	uint32_t interface; /* ifindex */
	char interface_name[16];
	uint8_t vlan_count;
	struct nexthop_vlan vlans[NEXTHOP_VLANS]; /* outermost first */
	struct lb_address via;    /* neighbour: the gateway, or the address itself when on-link */
	struct lb_address source; /* the address that the host would send from */
	uint16_t mtu;             /* the smallest of route and links */
	uint8_t source_mac[6];    /* of the route's link */
	uint8_t destination_mac[6];
};

struct nexthop_table;

/* Called from the event loop, at most once every few milliseconds, after one or more next hops
 * changed in any field. */
typedef void (*nexthop_changed_fn)(void *user);

/*
 * nexthop_table_new(): subscribes to links, neighbours and routes of the current network namespace
 * and hooks into event. changed(user) is called on changes. Returns 0 and *out, or a negative
 * errno with err set.
 */
int nexthop_table_new(sd_event *event, nexthop_changed_fn changed, void *user,
		      struct nexthop_table **out, struct err *err);

/*
 * nexthop_table_serve(): the interfaces by which packets may leave; names is borrowed for the table's
 * life. Before the first nexthop_table_set(). heard(user) is called whenever the kernel told something
 * about one of them: it came, went or changed, as did its XDP program; maybe nothing did. It must not
 * call the table.
 */
void nexthop_table_serve(struct nexthop_table *table, const char (*names)[16], unsigned int count,
			 nexthop_changed_fn heard);
void nexthop_table_free(struct nexthop_table *table); /* NULL is fine */

/*
 * nexthop_table_set(): the addresses to follow from now on (copied; duplicates are fine).
 * Addresses that were followed before keep their state. Routes are looked up before it returns, and
 * resolution of unknown neighbours is started; it does not wait for answers.
 */
int nexthop_table_set(struct nexthop_table *table, const struct lb_address *addresses, size_t count,
		      struct err *err);

/*
 * nexthop_table_settle(): waits until every neighbour that was asked for has answered or failed, but
 * timeout_ms at most. So a backend that is there is resolved before it gets traffic.
 */
void nexthop_table_settle(struct nexthop_table *table, unsigned int timeout_ms);

/* nexthop_find(): the next hop of a followed address, or NULL. Borrowed until the next
 * nexthop_table_set() or return to the event loop. */
const struct nexthop *nexthop_find(const struct nexthop_table *table,
				   const struct lb_address *address);

#endif
