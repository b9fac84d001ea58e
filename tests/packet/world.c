// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include "harness.h"

#define VIP (LB_SERVICE_USED | LB_SERVICE_VIP)
#define ANY 0

struct service_line {
	const char *address;
	uint16_t port;
	uint8_t protocol;
	uint16_t pool, flags;
};

/* By index: a service's counters and what the trace calls it. */
static const struct service_line services[WORLD_SERVICES] = {
	[S_TCP_4IN4] = {"192.0.2.1", 80, TCP, P_IPV4, 0},
	[S_TCP_4IN6] = {"192.0.2.1", 443, TCP, P_IPV6, 0},
	[S_UDP_4IN4] = {"192.0.2.1", 53, UDP, P_IPV4, 0},
	[S_UDP_4IN6] = {"192.0.2.1", 443, UDP, P_IPV6, 0},
	[S_TCP_6IN4] = {"2001:db8::1", 80, TCP, P_IPV4, 0},
	[S_TCP_6IN6] = {"2001:db8::1", 443, TCP, P_IPV6, 0},
	[S_UDP_6IN4] = {"2001:db8::1", 53, UDP, P_IPV4, 0},
	[S_UDP_6IN6] = {"2001:db8::1", 443, UDP, P_IPV6, 0},
	[S_OTHER4] = {"192.0.2.2", 8080, TCP, P_IPV4, 0},
	[S_OTHER6] = {"2001:db8::2", 8080, TCP, P_IPV6, 0},
	[S_ANY4] = {"192.0.2.3", ANY, TCP, P_IPV4, 0},
	[S_ANY4_EXACT] = {"192.0.2.3", 80, TCP, P_IPV6, 0},
	[S_ANY6] = {"2001:db8::3", ANY, UDP, P_IPV6, 0},
	[S_CLIENT4] = {"192.0.2.4", 80, TCP, P_SPREAD, LB_SERVICE_AFFINITY_CLIENT},
	[S_CLIENT6] = {"2001:db8::4", 80, TCP, P_SPREAD, LB_SERVICE_AFFINITY_CLIENT},
	[S_EMPTY] = {"192.0.2.5", 1, TCP, P_EMPTY, 0},
	[S_NO_TABLE] = {"192.0.2.5", 2, TCP, P_NO_TABLE, 0},
	[S_UNRESOLVED] = {"192.0.2.5", 3, TCP, P_UNRESOLVED, 0},
	[S_ODD_HEADER] = {"192.0.2.5", 4, TCP, P_ODD_HEADER, 0},
	[S_ELSEWHERE] = {"192.0.2.5", 5, TCP, P_ELSEWHERE, 0},
	[S_UNWRITTEN] = {"192.0.2.5", 6, TCP, P_UNWRITTEN, 0},
	[S_NO_POOL] = {"192.0.2.5", 7, TCP, P_BEYOND_TABLES, 0},
	[S_VARIED_4IN4] = {"192.0.2.6", 80, TCP, P_VARIED4, 0},
	[S_VARIED_4IN6] = {"192.0.2.6", 443, TCP, P_VARIED6, 0},
	[S_VARIED_6IN4] = {"2001:db8::6", 80, TCP, P_VARIED4, 0},
	[S_VARIED_6IN6] = {"2001:db8::6", 443, TCP, P_VARIED6, 0},
	[S_SPREAD4] = {"192.0.2.7", 80, TCP, P_SPREAD, 0},
	[S_SPREAD4_UDP] = {"192.0.2.7", 80, UDP, P_SPREAD, 0},
	[S_SPREAD6] = {"2001:db8::7", 80, TCP, P_SPREAD, 0},
	[S_SPREAD6_UDP] = {"2001:db8::7", 80, UDP, P_SPREAD, 0},
	[S_THREE] = {"192.0.2.7", 3, TCP, P_THREE, 0},
};

static const char *const vips[] = {
	"192.0.2.1",   "192.0.2.2",   "192.0.2.3",   "192.0.2.4",   "192.0.2.5",
	"192.0.2.6",   "192.0.2.7",   "2001:db8::1", "2001:db8::2", "2001:db8::3",
	"2001:db8::4", "2001:db8::6", "2001:db8::7",
};

struct lb_backend world_backend(const char *source, const char *destination, uint16_t inner_mtu)
{
	struct lb_backend backend = {
		.flags = LB_BACKEND_USED | LB_BACKEND_RESOLVED | LB_BACKEND_PLAIN,
		.encapsulation = LB_ENCAP_IPIP,
		.ip_offset = 14,
		.inner_mtu = inner_mtu,
		.interface = RIG_LOOPBACK,
	};
	bool ipv6 = strchr(source, ':');
	struct frame header = {0};

	frame_put_ethernet(&header, mac_next_hop, mac_balancer, ipv6 ? 0x86dd : 0x0800);
	frame_put_ip(&header, &(struct ip){source, destination, .ttl = 64, .flags = 0x4000});
	if (!ipv6) {
		backend.flags |= LB_BACKEND_OUTER_IPV4;
		memset(header.bytes + 24, 0, 2); /* the program's to fill in */
		for (int i = 14; i < 34; i += 2)
			backend.checksum += header.bytes[i] | header.bytes[i + 1] << 8;
	}
	memcpy(backend.header, header.bytes, header.length);
	backend.header_length = header.length;
	return backend;
}

static void fill_backends(struct rig *rig)
{
	struct lb_backend *backends = rig->arrays->backends;

	backends[BACKEND_IPV4] = world_backend(LB4, B4, 1580);
	backends[BACKEND_IPV6] = world_backend(LB6, B6, 1560);
	backends[BACKEND_UNRESOLVED] = world_backend(LB4, B4, 1580);
	backends[BACKEND_UNRESOLVED].flags = LB_BACKEND_USED;
	backends[BACKEND_UNRESOLVED].inner_mtu = 0;
	backends[BACKEND_ODD_HEADER] = world_backend(LB4, B4, 1580);
	backends[BACKEND_ODD_HEADER].flags &= ~LB_BACKEND_PLAIN;
	backends[BACKEND_ODD_HEADER].header_length = LB_HEADER_SIZE + 1;
	backends[BACKEND_ELSEWHERE] = world_backend(LB4, B4, 1580);
	backends[BACKEND_ELSEWHERE].interface = RIG_VETH;
	backends[BACKEND_VARIED4] = world_backend("10.0.9.0", B4, 1580);
	backends[BACKEND_VARIED4].source_mask = htonl(0x000000ff);
	backends[BACKEND_VARIED6] = world_backend("2001:db8:b:9::", B6, 1560);
	backends[BACKEND_VARIED6].source_mask = 0xffffffff;
	for (int i = 0; i < 251; i++) {
		char address[16];

		snprintf(address, sizeof(address), "10.1.0.%d", i);
		backends[BACKEND_SPREAD + i] = world_backend(LB4, address, 1580);
	}
}

static void fill_tables(struct rig *rig)
{
	rig_table(rig, P_IPV4, 251, BACKEND_IPV4, 0);
	rig_table(rig, P_IPV6, 251, BACKEND_IPV6, 0);
	rig_table(rig, P_EMPTY, 251, NO_BACKEND, 0);
	rig_table(rig, P_UNRESOLVED, 251, BACKEND_UNRESOLVED, 0);
	rig_table(rig, P_ODD_HEADER, 251, BACKEND_ODD_HEADER, 0);
	rig_table(rig, P_ELSEWHERE, 251, BACKEND_ELSEWHERE, 0);
	rig_table(rig, P_UNWRITTEN, 251, BACKEND_UNWRITTEN, 0);
	rig_table(rig, P_VARIED4, 251, BACKEND_VARIED4, 0);
	rig_table(rig, P_VARIED6, 251, BACKEND_VARIED6, 0);
	rig_table(rig, P_SPREAD, 251, BACKEND_SPREAD, 1);
	rig_table(rig, P_THREE, 3, BACKEND_SPREAD, 1);
}

void world_fill(struct rig *rig)
{
	fill_backends(rig);
	fill_tables(rig);
	for (uint16_t i = 1; i < WORLD_SERVICES; i++) {
		const struct service_line *line = &services[i];
		struct lb_service service = {
			.key = {.port = htons(line->port), .protocol = line->protocol},
			.target = {.service = i,
				   .flags = LB_SERVICE_USED | line->flags,
				   .pool = line->pool},
		};

		frame_address(line->address, service.key.address.bytes);
		rig_service(rig, &service);
	}
	for (size_t i = 0; i < sizeof(vips) / sizeof(*vips); i++) {
		struct lb_service vip = {.target.flags = VIP};

		frame_address(vips[i], vip.key.address.bytes);
		rig_service(rig, &vip);
	}
}
