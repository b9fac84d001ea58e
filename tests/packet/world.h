/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the balancer of the rows serves, and the names of it. Each VIP's flows are in flows.py;
 * addresses are written in the rows as they are here.
 */
#ifndef HAIRPIN_TESTS_WORLD_H
#define HAIRPIN_TESTS_WORLD_H

#include "rig.h"

#define LB4 "10.0.0.1"
#define LB6 "2001:db8:b::1"
#define B4  "10.0.0.21"
#define B6  "2001:db8:b::21"

/* The address of the backend on a flow's slot in P_SPREAD. */
#define WORLD_TEXT_(x)     #x
#define WORLD_TEXT(x)      WORLD_TEXT_(x)
#define WORLD_SPREAD(flow) "10.1.0." WORLD_TEXT(flow##_SLOT)

enum world_service {
	NO_SERVICE,
	S_TCP_4IN4,
	S_TCP_4IN6,
	S_UDP_4IN4,
	S_UDP_4IN6,
	S_TCP_6IN4,
	S_TCP_6IN6,
	S_UDP_6IN4,
	S_UDP_6IN6,
	S_OTHER4,
	S_OTHER6,
	S_ANY4,
	S_ANY4_EXACT,
	S_ANY6,
	S_CLIENT4,
	S_CLIENT6,
	S_EMPTY,
	S_NO_TABLE,
	S_UNRESOLVED,
	S_ODD_HEADER,
	S_ELSEWHERE,
	S_UNWRITTEN,
	S_NO_POOL,
	S_VARIED_4IN4,
	S_VARIED_4IN6,
	S_VARIED_6IN4,
	S_VARIED_6IN6,
	S_SPREAD4,
	S_SPREAD4_UDP,
	S_SPREAD6,
	S_SPREAD6_UDP,
	S_THREE,
	WORLD_SERVICES,
};

enum world_pool {
	NO_POOL,
	P_IPV4, /* all slots on the backend of that name */
	P_IPV6,
	P_EMPTY,
	P_NO_TABLE,
	P_UNRESOLVED,
	P_ODD_HEADER,
	P_ELSEWHERE,
	P_UNWRITTEN,
	P_VARIED4,
	P_VARIED6,
	P_SPREAD,              /* 251 slots; slot n on BACKEND_SPREAD + n, which is 10.1.0.n */
	P_THREE,               /* the same with 3 slots */
	P_BEYOND_TABLES = 1025 /* the array has room for it, and nobody writes it */
};

enum world_backend {
	NO_BACKEND,
	BACKEND_IPV4,
	BACKEND_IPV6,
	BACKEND_UNRESOLVED,
	BACKEND_ODD_HEADER,
	BACKEND_ELSEWHERE, /* behind RIG_VETH, all others behind RIG_LOOPBACK */
	BACKEND_UNWRITTEN, /* its record is all zero */
	BACKEND_VARIED4,   /* from 10.0.9.0/24 */
	BACKEND_VARIED6,   /* from 2001:db8:b:9::/64 */
	BACKEND_SPREAD = 100,
	WORLD_POISON = 60000, /* what no slot names */
};

void world_fill(struct rig *rig);

/* world_backend(): a record whose header leads from source to destination. */
struct lb_backend world_backend(const char *source, const char *destination, uint16_t inner_mtu);

#endif
