/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of netlink_parse.c that only netlink.c needs. */
#ifndef HAIRPIN_NETLINK_PARSE_H
#define HAIRPIN_NETLINK_PARSE_H

#include "netlink.h"

/* netlink_parse_route(): out->via keeps its value (the destination) if the route has no gateway. */
int netlink_parse_route(struct nlmsghdr *message, struct netlink_route *out);

#endif
