// SPDX-License-Identifier: GPL-2.0-only
#include "mix.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "abi.h"

#define DEFAULT_TABLE_SIZE 65537

#define TCP .protocol = IPPROTO_TCP
#define UDP .protocol = IPPROTO_UDP

#define MANY 1000000 /* flows */

/* A million TCP flows, with a feature. */
#define WITH4 .traffic = {TCP, .flows = MANY}, .without = "tcp4-1m"
#define WITH6 .traffic = {TCP, .flows = MANY, .ipv6 = 1}, .without = "tcp6-1m"

const struct mix mixes[] = {
	{"tcp4-1", .traffic = {TCP, .flows = 1}},
	{"tcp4-1k", .traffic = {TCP, .flows = 1000}},
	{"tcp4-100k", .traffic = {TCP, .flows = 100000}},
	{"tcp4-1m", .traffic = {TCP, .flows = MANY}},
	{"tcp4-4m", .traffic = {TCP, .flows = 4000000}},
	{"tcp6-1m", .traffic = {TCP, .flows = MANY, .ipv6 = 1}},
	{"udp4-1m", .traffic = {UDP, .flows = MANY}},
	{"udp6-1m", .traffic = {UDP, .flows = MANY, .ipv6 = 1}},
	{"syn4-flood", .traffic = {TCP, .flows = 1, .syn = 1, .fresh = 1}},
	{"new-udp4", .traffic = {UDP, .flows = 1, .fresh = 1}},
	{"services-500", .traffic = {TCP, .flows = MANY, .services = 500}, .array = ARRAY_SERVICES},
	{"services-4000", .traffic = {TCP, .flows = MANY, .services = 4000},
	 .array = ARRAY_SERVICES},
	{"backends-1000", .traffic = {TCP, .flows = MANY, .backends = 1000},
	 .array = ARRAY_BACKENDS},
	{"moved-10pct", .traffic = {TCP, .flows = MANY}, .moved = 10},
	{"moved-10pct-new", .traffic = {TCP, .flows = MANY}, .moved = 10, .anew = true},
	{"moved-syn4-flood", .traffic = {TCP, .flows = 1, .syn = 1, .fresh = 1}, .moved = 10,
	 .anew = true},
	{"tracking-all", .traffic = {TCP, .flows = MANY}, .tracking = "all"},
	{"pass-through", .traffic = {TCP, .flows = 1}, .for_no_service = true},
	{"encap-gue", WITH4, .encapsulation = ENCAP_GUE},
	{"encap-gre", WITH4, .encapsulation = ENCAP_GRE},
	{"encap-vxlan", WITH4, .encapsulation = ENCAP_VXLAN},
	{"encap-none", WITH4, .encapsulation = ENCAP_NONE, .way = WAY_LAYER2},
	{"encap-gue6", WITH6, .encapsulation = ENCAP_GUE},
	{"encap-gre6", WITH6, .encapsulation = ENCAP_GRE},
	{"encap-vxlan6", WITH6, .encapsulation = ENCAP_VXLAN},
	{"vlan-in", .traffic = {TCP, .flows = MANY, .tagged = 1}, .without = "tcp4-1m"},
	{"redirect", WITH4, .way = WAY_SECOND},
	{"cpumap-1", WITH4, .cpus = "0"},
	{"cpumap-2", WITH4, .cpus = "0,1"},
	{"spread-local", .traffic = {TCP, .flows = 1}, .for_no_service = true, .cpus = "0",
	 .spread_local = true, .without = "pass-through"},
	{"fragments", .traffic = {UDP, .flows = MANY, .kind = WIRE_FRAGMENTS},
	 .without = "udp4-1m"},
	{"quic", .traffic = {UDP, .flows = MANY, .kind = WIRE_QUIC}, .without = "udp4-1m"},
	{"icmp-echo", .traffic = {TCP, .flows = MANY, .kind = WIRE_ECHO}},
	{0},
};

#define GROWS(what, n, reads, ...)                                                   \
	{                                                                            \
		.name = #what "-" #n, .traffic = {TCP, __VA_ARGS__}, .array = reads, \
		.axis = #what, .value = (n)                                          \
	}
#define FLOWS(n)    GROWS(flows, n, ARRAY_TABLES, .flows = (n))
#define SERVICES(n) GROWS(services, n, ARRAY_SERVICES, .flows = MANY, .services = (n))
#define BACKENDS(n) GROWS(backends, n, ARRAY_BACKENDS, .flows = MANY, .backends = (n))
/* A service each. */
#define POOLS(n) GROWS(pools, n, ARRAY_TABLES, .flows = MANY, .services = (n), .pools = (n))

const struct mix scaling_mixes[] = {
	FLOWS(1),      FLOWS(10),      FLOWS(100),     FLOWS(1000),    FLOWS(10000),
	FLOWS(100000), FLOWS(1000000), FLOWS(4000000), SERVICES(1),    SERVICES(10),
	SERVICES(100), SERVICES(500),  SERVICES(1000), SERVICES(2000), SERVICES(4000),
	BACKENDS(1),   BACKENDS(10),   BACKENDS(100),  BACKENDS(1000), BACKENDS(10000),
	POOLS(1),      POOLS(10),      POOLS(100),     POOLS(1000),    {0},
};

struct wire_traffic mix_traffic(const struct mix *mix)
{
	struct wire_traffic traffic = mix->traffic;

	traffic.services = traffic.services ?: 1;
	traffic.pools = traffic.pools ?: 1;
	traffic.backends = traffic.backends ?: 16;
	traffic.joined = mix->anew;
	return traffic;
}

struct wire_lookup mix_lookup(const struct mix *mix)
{
	struct wire_traffic traffic = mix_traffic(mix);
	uint32_t bytes;

	switch (mix->array) {
	case ARRAY_SERVICES:
		return (struct wire_lookup){.lines = LB_SERVICE_BUCKETS, .by_service = 1};
	case ARRAY_BACKENDS:
		bytes = traffic.pools * traffic.backends * sizeof(struct lb_backend);
		break;
	default:
		bytes = traffic.pools * DEFAULT_TABLE_SIZE * sizeof(struct lb_slot);
		break;
	}
	return (struct wire_lookup){.lines = (bytes + 63) / 64};
}

bool mix_named(const struct mix *mix, const char *names)
{
	size_t length = strlen(mix->name);

	for (const char *at = names; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, mix->name, length) && (at[length] == ',' || !at[length]))
			return true;
	}
	return false;
}

static void put_backend(json_t *backends, const struct mix *mix, uint32_t pool, uint32_t i,
			double weight)
{
	struct wire_traffic traffic = mix_traffic(mix);
	uint32_t number = pool * traffic.backends + i + 1;
	char name[32], address[64], id[8];
	json_t *backend;

	snprintf(name, sizeof(name), "b%u", i);
	if (traffic.ipv6)
		snprintf(address, sizeof(address), "fd01:%x::%x", mix->way, number);
	else
		snprintf(address, sizeof(address), "172.%u.%u.%u", 16 + mix->way, number >> 8,
			 number & 255);
	backend = json_pack("{s:s, s:i}", "address", address, "weight", (int)weight);
	if (traffic.kind == WIRE_QUIC) {
		snprintf(id, sizeof(id), "%04x", number);
		json_object_set_new(backend, "server_id", json_string(id));
	}
	json_object_set_new(backends, name, backend);
}

static void put_encapsulation(json_t *pool, enum mix_encapsulation encapsulation)
{
	static const char *const names[] = {
		[ENCAP_GUE] = "gue",
		[ENCAP_GRE] = "gre",
		[ENCAP_VXLAN] = "vxlan",
		[ENCAP_NONE] = "none",
	};

	/* ipip is the default, and older catalogs know no other. */
	if (encapsulation != ENCAP_IPIP)
		json_object_set_new(pool, "encapsulation", json_string(names[encapsulation]));
	if (encapsulation == ENCAP_VXLAN)
		json_object_set_new(pool, "vni", json_integer(MIX_VNI));
}

static json_t *pool_json(const struct mix *mix, const struct wire_traffic *traffic, uint32_t pool,
			 bool after)
{
	json_t *backends = json_object(), *json = json_pack("{s:o}", "backends", backends);
	const double weight = 100;

	for (uint32_t i = 0; i < traffic->backends; i++)
		put_backend(backends, mix, pool, i, weight);
	if (after)
		put_backend(backends, mix, pool, traffic->backends,
			    weight * traffic->backends * mix->moved / (100 - mix->moved));
	if (mix->tracking)
		json_object_set_new(json, "tracking", json_string(mix->tracking));
	put_encapsulation(json, mix->encapsulation);
	return json;
}

static json_t *service_json(const struct wire_traffic *traffic, uint32_t service)
{
	char pool[32], address[64];
	json_t *json;

	if (traffic->ipv6)
		snprintf(address, sizeof(address), "2001:db8::%x", service);
	else
		snprintf(address, sizeof(address), "198.18.%u.%u", service >> 8, service & 255);
	snprintf(pool, sizeof(pool), "p%u", service % traffic->pools);
	json = json_pack("{s:s, s:s, s:i, s:s}", "address", address, "protocol",
			 traffic->protocol == IPPROTO_TCP ? "tcp" : "udp", "port", 443, "pool",
			 pool);
	/* As the generator writes connection ids: QUIC_START. */
	if (traffic->kind == WIRE_QUIC)
		json_object_set_new(json, "quic",
				    json_pack("{s:i, s:i, s:i}", "server_id_length", 2,
					      "nonce_length", 4, "config", 2));
	return json;
}

int mix_write_catalog(const struct mix *mix, bool after, const char *path)
{
	struct wire_traffic traffic = mix_traffic(mix);
	json_t *pools = json_object(), *services = json_object(), *catalog;
	char name[32];
	int status;

	for (uint32_t i = 0; i < traffic.pools; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		json_object_set_new(pools, name, pool_json(mix, &traffic, i, after));
	}
	for (uint32_t i = 0; i < traffic.services; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		json_object_set_new(services, name, service_json(&traffic, i));
	}
	catalog = json_pack("{s:i, s:o, s:o}", "version", 1, "pools", pools, "services", services);
	status = json_dump_file(catalog, path, 0);
	json_decref(catalog);
	return status;
}
