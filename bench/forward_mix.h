/* SPDX-License-Identifier: GPL-2.0-only */
/* The mixes of the forward benchmark: a line each. */
#ifndef HAIRPIN_FORWARD_MIX_H
#define HAIRPIN_FORWARD_MIX_H

#include <netinet/in.h>

#include "wire_abi.h"

struct mix {
	const char *name;
	struct wire_traffic traffic;
	int backends; /* on one pool */
};

#define TCP .protocol = IPPROTO_TCP
#define UDP .protocol = IPPROTO_UDP

static const struct mix mixes[] = {
	{"tcp4-1", {TCP, .flows = 1, .services = 1}, 16},
	{"tcp4-1k", {TCP, .flows = 1000, .services = 1}, 16},
	{"tcp4-100k", {TCP, .flows = 100000, .services = 1}, 16},
	{"tcp4-1m", {TCP, .flows = 1000000, .services = 1}, 16},
	{"tcp4-4m", {TCP, .flows = 4000000, .services = 1}, 16},
	{"tcp6-1m", {TCP, .flows = 1000000, .services = 1, .ipv6 = 1}, 16},
	{"udp4-1m", {UDP, .flows = 1000000, .services = 1}, 16},
	{"udp6-1m", {UDP, .flows = 1000000, .services = 1, .ipv6 = 1}, 16},
	{"syn4-flood", {TCP, .flows = 1, .services = 1, .syn = 1, .fresh = 1}, 16},
	{"new-udp4", {UDP, .flows = 1, .services = 1, .fresh = 1}, 16},
	{"services-500", {TCP, .flows = 1000000, .services = 500}, 16},
	{"services-4000", {TCP, .flows = 1000000, .services = 4000}, 16},
	{"backends-1000", {TCP, .flows = 1000000, .services = 1}, 1000},
	{0},
};

#endif
