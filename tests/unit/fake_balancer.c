// SPDX-License-Identifier: GPL-2.0-only
#include "fake_balancer.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "address.h"
#include "catalog.h"
#include "catalog_changes.h"

struct balancer {
	struct catalog *catalog;
	int samples;
};

const char fake_catalog[] = "{\n"
			    "  \"version\": 1,\n"
			    "  \"seed\": \"site-a\",\n"
			    "  \"pools\": {\n"
			    "    \"web\": {\n"
			    "      \"backends\": {\n"
			    "        \"web-1\": { \"address\": \"10.0.1.11\" },\n"
			    "        \"web-2\": { \"address\": \"10.0.1.12\", \"weight\": 50 }\n"
			    "      }\n"
			    "    },\n"
			    "    \"spare\": { \"backends\": {} }\n"
			    "  },\n"
			    "  \"services\": {\n"
			    "    \"www\": { \"address\": \"203.0.113.10\", \"protocol\": \"tcp\", "
			    "\"port\": 443, \"pool\": \"web\" },\n"
			    "    \"www6\": { \"address\": \"2001:db8::10\", \"protocol\": \"udp\", "
			    "\"port\": \"any\", \"pool\": \"web\" }\n"
			    "  }\n"
			    "}\n";

struct balancer *fake_balancer_new(const char *text)
{
	struct balancer *balancer = calloc(1, sizeof(*balancer));
	struct err_list errors = {};

	if (!balancer || catalog_parse(text, strlen(text), "lb.json", &balancer->catalog, &errors))
		abort();
	return balancer;
}

void balancer_free(struct balancer *balancer)
{
	catalog_free(balancer->catalog);
	free(balancer);
}

const struct catalog *balancer_catalog(const struct balancer *balancer)
{
	return balancer->catalog;
}

/* Adds prefix and each key of new that old lacks (or has with another value) to a list. */
static void compare(const json_t *old, json_t *new, const char *prefix, bool changed, json_t *list)
{
	const char *name;
	json_t *value;

	json_object_foreach(new, name, value) {
		const json_t *before = json_object_get(old, name);

		if (changed ? before && !json_equal(before, value) : !before)
			json_array_append_new(list, json_sprintf("%s%s", prefix, name));
	}
}

static json_t *changes_new(void)
{
	return json_pack("{s:[], s:[], s:[]}", "added", "removed", "changed");
}

static void compare_all(json_t *old, json_t *new, const char *prefix, json_t *changes)
{
	compare(old, new, prefix, false, json_object_get(changes, "added"));
	compare(new, old, prefix, false, json_object_get(changes, "removed"));
	compare(old, new, prefix, true, json_object_get(changes, "changed"));
}

static json_t *diff_new(const struct catalog *old_catalog, const struct catalog *new_catalog)
{
	json_t *old = old_catalog->json, *new = new_catalog->json;
	json_t *pools = json_object(), *services = changes_new(), *backends = changes_new();
	json_t *new_pools = json_object_get(new, "pools"), *pool;
	const char *name;

	compare_all(json_object_get(old, "services"), json_object_get(new, "services"), "",
		    services);
	json_object_foreach(new_pools, name, pool) {
		json_t *before = json_object_get(json_object_get(old, "pools"), name);
		char prefix[80];

		snprintf(prefix, sizeof(prefix), "%s/", name);
		compare_all(json_object_get(before, "backends"), json_object_get(pool, "backends"),
			    prefix, backends);
		if (before && !json_equal(before, pool))
			json_object_set_new(pools, name,
					    json_pack("{s:i, s:i, s:f}", "slots", 65537, "moved",
						      6554, "moved_share", 0.1));
	}
	return json_pack("{s:o, s:o, s:o, s:o}", "pools", pools, "services", services, "backends",
			 backends, "keys", catalog_changes(old_catalog, new_catalog));
}

int balancer_put(struct balancer *balancer, json_t *json, bool dry_run, json_t **diff,
		 struct err_list *errors)
{
	struct catalog *catalog = NULL;
	char *text = catalog_text(json);
	int ret = catalog_parse(text, strlen(text), "lb.json", &catalog, errors);

	free(text);
	if (ret)
		return ret;
	if (!strcmp(catalog->seed, "fail-put")) {
		catalog_free(catalog);
		return err_set(err_list_add(errors), -EIO, "lb.json: cannot write");
	}
	*diff = diff_new(balancer->catalog, catalog);
	if (dry_run) {
		catalog_free(catalog);
	} else {
		catalog_free(balancer->catalog);
		balancer->catalog = catalog;
	}
	return 0;
}

static json_t *time_json(int seconds_ago)
{
	time_t time_s = time(NULL) - seconds_ago;
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&time_s, &tm));
	return json_string(text);
}

static bool routeless(const struct catalog_backend *backend)
{
	return address_is_ipv4(&backend->address) && backend->address.bytes[15] == 99;
}

static json_t *backend_json(const struct catalog_pool *pool, const struct catalog_backend *backend,
			    double share)
{
	char address[ADDRESS_TEXT_SIZE];
	bool resolved = !routeless(backend);

	address_format(&backend->address, address);
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:i, s:f, s:b, s:o, s:s, s:s, s:s, s:s, s:i,"
			 " s:i, s:b, s:i}",
			 "pool", pool->name, "name", backend->name, "address", address, "weight",
			 backend->weight, "state", backend_state_name(backend->state), "slots",
			 (int)(share * 65537), "share", share, "resolved", resolved, "since",
			 time_json(190), "reason", resolved ? "" : "no route", "interface",
			 resolved ? "eth0" : "", "via",
			 resolved && backend->address.bytes[15] == 12 ? "10.0.0.1" : address, "mac",
			 "02:00:00:00:00:01", "mtu", 1500, "old_slots", 6554, "left",
			 backend->weight == 0, "settles_in_s", 890);
}

static json_t *pool_json(const struct catalog *catalog, size_t index, json_t *backends,
			 json_t *problems)
{
	const struct catalog_pool *pool = &catalog->pools[index];
	json_t *services = json_array();
	int serving = 0;

	for (size_t i = 0; i < pool->backend_count; i++)
		serving += !routeless(&pool->backends[i]) && pool->backends[i].state == BACKEND_UP;
	for (size_t i = 0; i < pool->backend_count; i++) {
		const struct catalog_backend *backend = &pool->backends[i];
		bool serves = !routeless(backend) && backend->state == BACKEND_UP;

		json_array_append_new(backends,
				      backend_json(pool, backend, serves ? 1.0 / serving : 0));
		if (routeless(backend) && backend->state != BACKEND_DOWN)
			json_array_append_new(problems,
					      json_sprintf("pool %s: backend %s: no route",
							   pool->name, backend->name));
	}
	for (size_t i = 0; i < catalog->service_count; i++) {
		if (catalog->services[i].pool == index)
			json_array_append_new(services, json_string(catalog->services[i].name));
	}
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:i, s:i, s:o}", "name", pool->name,
			 "encapsulation", "ipip", "table", "maglev", "table_size",
			 (int)pool->table_size, "digest", "00112233aabbccdd", "backends",
			 (int)pool->backend_count, "serving", serving, "services", services);
}

static json_t *service_json(const struct catalog *catalog, const struct catalog_service *service)
{
	char address[ADDRESS_TEXT_SIZE];

	address_format(&service->address, address);
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s}", "name", service->name, "address",
			 address, "protocol", service->protocol == IPPROTO_TCP ? "tcp" : "udp",
			 "port", service->port ? json_integer(service->port) : json_string("any"),
			 "pool", catalog->pools[service->pool].name, "affinity",
			 affinity_name(service->affinity));
}

static json_t *failed_json(const struct catalog *catalog)
{
	if (strcmp(catalog->seed, "fail-file") != 0)
		return json_null();
	return json_pack("{s:o, s:[{s:s, s:s, s:i, s:i, s:s}]}", "since", time_json(2 * 3600 + 100),
			 "errors", "file", "lb.json", "path", "services.www.port", "line", 5,
			 "column", 15, "text", "70000 is not a port (1-65535)");
}

json_t *balancer_status(const struct balancer *balancer)
{
	const struct catalog *catalog = balancer->catalog;
	json_t *pools = json_array(), *backends = json_array(), *services = json_array();
	json_t *problems = json_array(), *about, *interface;

	for (size_t i = 0; i < catalog->pool_count; i++)
		json_array_append_new(pools, pool_json(catalog, i, backends, problems));
	for (size_t i = 0; i < catalog->service_count; i++)
		json_array_append_new(services, service_json(catalog, &catalog->services[i]));
	about = json_pack("{s:s, s:o, s:i, s:i, s:i, s:o}", "path", "lb.json", "loaded",
			  time_json(4 * 24 * 3600 + 100), "services", (int)catalog->service_count,
			  "pools", (int)catalog->pool_count, "backends",
			  (int)json_array_size(backends), "failed", failed_json(catalog));
	if (!strcmp(catalog->seed, "fail-file"))
		json_array_append_new(problems, json_string("the catalog file was refused"));
	interface = json_pack("{s:s, s:i, s:s, s:s, s:i, s:b}", "name", "eth0", "index", 2, "mode",
			      "native", "attach", "dispatcher", "program_id", 42, "up", 1);
	return json_pack("{s:s, s:i, s:o, s:b, s:o, s:[o], s:o, s:o, s:o, s:o}", "version", "0.1.0",
			 "pid", 4711, "started", time_json(5 * 24 * 3600 + 100), "well",
			 json_array_size(problems) == 0, "catalog", about, "interfaces", interface,
			 "pools", pools, "backends", backends, "services", services, "problems",
			 problems);
}

json_t *balancer_stats(const struct balancer *balancer, struct err *err)
{
	int n = ((struct balancer *)balancer)->samples++;

	if (!strcmp(balancer->catalog->seed, "fail-stats")) {
		err_set(err, -EIO, "cannot read the map verdict_counters");
		return NULL;
	}
	return json_pack("{s:{s:{s:i, s:i}}, s:{s:{s:i, s:i}}, s:{s:i, s:i, s:i},"
			 " s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}}",
			 "services", "www", "packets", 1234567 + 5000 * n, "bytes",
			 98765432 + 5000000 * n, "backends", "web/web-1", "packets",
			 1234567 + 5000 * n, "bytes", 98765432 + 5000000 * n, "reasons", "too_big",
			 0, "no_backend", 7, "sent", 1234567 + 5000 * n, "words", "too_big",
			 "larger than the MTU", "no_backend", "the pool has no backend", "sent",
			 "sent to a backend", "actions", "too_big", "drop", "no_backend", "drop",
			 "sent", "tx");
}

json_t *balancer_flows(struct balancer *balancer, const char *pool, struct err *err)
{
	if (!strcmp(balancer->catalog->seed, "fail-stats")) {
		err_set(err, -EIO, "cannot read the stored flows");
		return NULL;
	}
	return json_pack("{s:i, s:i, s:[{s:s, s:s, s:i, s:s, s:i, s:s, s:s, s:s, s:i, s:i},"
			 " {s:s, s:s, s:i, s:s, s:i, s:s, s:s, s:s, s:i, s:i}]}",
			 "established", 1200, "half_open", pool ? 0 : 1, "flows", "protocol", "tcp",
			 "client", "198.51.100.7", "client_port", 40001, "address", "203.0.113.10",
			 "port", 443, "pool", "web", "backend", "web-1", "state", "open", "age_s",
			 12, "seen_s", 1, "protocol", "tcp", "client", "2001:db8:c::7",
			 "client_port", 40002, "address", "2001:db8::10", "port", 443, "pool",
			 "web", "backend", "web-2", "state", "half-open", "age_s", 3, "seen_s", 3);
}

json_t *balancer_flush(struct balancer *balancer, const char *pool, struct err *err)
{
	return balancer_flows(balancer, pool, err);
}

int balancer_trace(struct balancer *balancer, const struct trace_request *request, json_t **out,
		   struct err *err)
{
	char source[ADDRESS_TEXT_SIZE], destination[ADDRESS_TEXT_SIZE], packet[160];

	if (!strcmp(balancer->catalog->seed, "fail-trace"))
		return err_set(err, -EIO, "cannot run the program");
	snprintf(packet, sizeof(packet), "protocol %d, %s port %d to %s port %d%s",
		 request->protocol, address_format(&request->source, source), request->source_port,
		 address_format(&request->destination, destination), request->destination_port,
		 request->syn ? ", SYN" : "");
	if (request->destination_port != 443) {
		*out = json_pack("{s:n, s:n, s:n, s:n, s:n, s:b, s:s, s:s, s:s, s:n, s:n, s:[s]}",
				 "service", "pool", "slot", "table_size", "backend", "moved", 0,
				 "reason", "no_service", "words", "for no service", "action",
				 "pass", "interface", "outer", "steps", packet);
		return 0;
	}
	*out = json_pack("{s:s, s:s, s:i, s:i, s:s, s:b, s:s, s:s, s:s, s:s,"
			 " s:{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i}, s:[s, s]}",
			 "service", "www", "pool", "web", "slot", 4711, "table_size", 65537,
			 "backend", "web-1", "moved", 0, "reason", "sent", "words",
			 "sent to a backend", "action", "tx", "interface", "eth0", "outer",
			 "source_mac", "02:00:00:00:00:02", "destination_mac", "02:00:00:00:00:01",
			 "source", "10.0.0.5", "destination", "10.0.1.11", "protocol", 4, "ttl", 64,
			 "length", 60, "tos", 0, "steps", packet, "slot 4711 holds web-1");
	return 0;
}
