// SPDX-License-Identifier: GPL-2.0-only
/* What runs, and how well, in JSON; the shapes are in balancer.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "balancer_internal.h"

json_t *time_text(uint64_t realtime_us)
{
	time_t seconds = realtime_us / 1000000;
	char text[32];
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	return json_string(text);
}

static json_t *catalog_status(const struct balancer *balancer)
{
	const struct catalog *catalog = balancer->catalog;
	json_t *failed = json_null();
	json_int_t backends = 0;

	for (size_t i = 0; i < catalog->pool_count; i++)
		backends += catalog->pools[i].backend_count;
	if (balancer->failed.count) {
		json_t *errors = json_array();

		for (size_t i = 0; i < balancer->failed.count; i++)
			json_array_append_new(errors, err_json(&balancer->failed.errors[i]));
		failed = json_pack("{s:o, s:o}", "since", time_text(balancer->failed_us), "errors",
				   errors);
	}
	return json_pack("{s:s, s:o, s:I, s:I, s:I, s:o}", "path", balancer->config->catalog_path,
			 "loaded", time_text(balancer->loaded_us), "services",
			 (json_int_t)catalog->service_count, "pools",
			 (json_int_t)catalog->pool_count, "backends", backends, "failed", failed);
}

static bool interface_is_up(const char *name)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up;

	if (fd < 0)
		return false;
	memcpy(request.ifr_name, name, sizeof(request.ifr_name));
	up = !ioctl(fd, SIOCGIFFLAGS, &request) &&
	     (request.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
	close(fd);
	return up;
}

/* What is wrong with an interface; NULL: nothing but maybe that it is down. */
static json_t *interface_problem(const struct attached_interface *interface,
				 const struct watched *watched, bool attached)
{
	json_t *since = time_text(watched->lost_us), *problem = NULL;
	const char *name = interface->name, *when = json_string_value(since);

	if (watched->lost_us && !if_nametoindex(name))
		problem = json_sprintf("interface %s is gone since %s; it is served again when it "
				       "comes back",
				       name, when);
	else if (!attached && watched->lost_us && watched->err.text[0])
		problem = json_sprintf("interface %s is not served since %s: %s", name, when,
				       watched->err.text);
	else if (!attached)
		problem = json_sprintf("interface %s is not served: the program is not attached "
				       "to it any more",
				       name);
	else if (watched->err.text[0])
		problem = json_sprintf("interface %s has a program that does not fit its MTU: %s",
				       name, watched->err.text);
	json_decref(since);
	return problem;
}

static json_t *interfaces_status(const struct balancer *balancer, json_t *problems)
{
	unsigned int count;
	const struct attached_interface *interfaces =
		datapath_interfaces(balancer->datapath, &count);
	json_t *list = json_array();

	for (unsigned int i = 0; i < count; i++) {
		const struct watched *watched = &balancer->watched[i];
		bool up = interface_is_up(interfaces[i].name);
		bool attached = datapath_is_attached(balancer->datapath, i);

		json_t *problem = interface_problem(&interfaces[i], watched, attached);

		if (!up && if_nametoindex(interfaces[i].name))
			json_array_append_new(
				problems, json_sprintf("interface %s is down", interfaces[i].name));
		if (problem)
			json_array_append_new(problems, problem);
		json_array_append_new(
			list,
			json_pack("{s:s, s:I, s:s, s:s, s:I, s:b, s:b, s:b, s:o}", "name",
				  interfaces[i].name, "index", (json_int_t)interfaces[i].index,
				  "mode", attach_mode_name(interfaces[i].mode), "attach",
				  interfaces[i].dispatcher ? "dispatcher" : "direct", "program_id",
				  (json_int_t)interfaces[i].program_id, "frags",
				  interfaces[i].frags, "up", up, "attached", attached, "lost_since",
				  watched->lost_us ? time_text(watched->lost_us) : json_null()));
	}
	return list;
}

static json_t *services_of_pool(const struct catalog *catalog, size_t pool)
{
	json_t *names = json_array();

	for (size_t i = 0; i < catalog->service_count; i++)
		if (catalog->services[i].pool == pool)
			json_array_append_new(names, json_string(catalog->services[i].name));
	return names;
}

static json_t *pool_status(const struct balancer *balancer, size_t i, json_t *problems)
{
	const struct catalog_pool *pool = &balancer->catalog->pools[i];
	const struct pool_table *table = balancer->build->tables[i];
	json_t *services = services_of_pool(balancer->catalog, i);
	json_int_t serving = 0;
	char digest[17];

	for (size_t j = 0; j < pool->backend_count; j++)
		serving += table->slots[j] &&
			   balancer->build->records[i][j].flags & LB_BACKEND_RESOLVED;
	if (!serving && json_array_size(services))
		json_array_append_new(
			problems,
			json_sprintf("pool %s has no backend that can take traffic", pool->name));
	snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)table->digest);
	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:o}", "name", pool->name,
			 "encapsulation", encapsulation_name(pool->encapsulation), "table",
			 table_kind_name(pool->table), "table_size", (json_int_t)pool->table_size,
			 "digest", digest, "backends", (json_int_t)pool->backend_count, "serving",
			 serving, "services", services);
}

static json_t *mac_text(const uint8_t mac[6])
{
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
			    mac[5]);
}

static json_t *backend_status(const struct balancer *balancer, const struct catalog_pool *pool,
			      const struct catalog_backend *backend, uint32_t slots,
			      json_t *problems)
{
	static const struct nexthop none;
	const struct nexthop *hop = nexthop_find(balancer->nexthops, &backend->address) ?: &none;
	char buffer[160], address[ADDRESS_TEXT_SIZE], via[ADDRESS_TEXT_SIZE];
	const char *obstacle =
		backend_obstacle(&balancer->surroundings, pool_encapsulation_id(pool), backend,
				 buffer, sizeof(buffer));

	if (obstacle && backend->state != BACKEND_DOWN)
		json_array_append_new(problems,
				      json_sprintf("pool %s: backend %s cannot be reached: %s",
						   pool->name, backend->name, obstacle));
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:I, s:f, s:b, s:o, s:s, s:s, s:s, s:o, s:i}",
			 "pool", pool->name, "name", backend->name, "address",
			 address_format(&backend->address, address), "weight", backend->weight,
			 "state", backend_state_name(backend->state), "slots", (json_int_t)slots,
			 "share", (double)slots / pool->table_size, "resolved", !obstacle, "since",
			 time_text(hop->since_us ?: balancer->loaded_us), "reason", obstacle ?: "",
			 "interface", hop->interface_name, "via",
			 hop->interface ? address_format(&hop->via, via) : "", "mac",
			 mac_text(hop->destination_mac), "mtu", hop->mtu);
}

static json_t *service_status(const struct catalog *catalog, const struct catalog_service *service)
{
	char address[ADDRESS_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s}", "name", service->name, "address",
			 address_format(&service->address, address), "protocol",
			 service->protocol == IPPROTO_TCP ? "tcp" : "udp", "port",
			 service->port ? json_integer(service->port) : json_string("any"), "pool",
			 catalog->pools[service->pool].name, "affinity",
			 affinity_name(service->affinity));
}

static json_t *last_plan_status(const struct last_plan *last)
{
	static const char *const names[PLAN_KINDS] = {
		[PLAN_CLAIM] = "claim",
		[PLAN_BACKEND] = "backend",
		[PLAN_LIFE] = "life",
		[PLAN_TABLE] = "table",
		[PLAN_POOL] = "pool",
		[PLAN_REMEMBER] = "remember",
		[PLAN_MOVES] = "moves",
		[PLAN_SLOTS] = "slots",
		[PLAN_SERVICE_MOVE] = "service_move",
		[PLAN_SERVICE] = "service",
		[PLAN_GRACE] = "grace",
		[PLAN_UNMOVES] = "unmoves",
		[PLAN_FORGET] = "forget",
		[PLAN_UNTABLE] = "untable",
		[PLAN_RELEASE] = "release",
	};
	json_t *operations = json_object();

	for (int kind = 0; kind < PLAN_KINDS; kind++)
		json_object_set_new(operations, names[kind], json_integer(last->operations[kind]));
	return json_pack("{s:I, s:I, s:o}", "finished_us", (json_int_t)last->finished_us, "took_us",
			 (json_int_t)last->took_us, "operations", operations);
}

/* The indices of backends, sorted by identity: thousands of them are not searched one by one. */
struct indices {
	const struct state *state;
	uint16_t *sorted;
	size_t count;
};

static int compare_identities(const void *a, const void *b, void *user)
{
	struct lb_identity *const *identities = user;

	return memcmp(identities[*(const uint16_t *)a], identities[*(const uint16_t *)b],
		      sizeof(**identities));
}

static void indices_init(struct indices *indices, const struct state *state)
{
	struct lb_identity **identities = state->identities[LB_IDENTITY_BACKEND];

	*indices = (struct indices){
		.state = state,
		.sorted = calloc(state_capacity(LB_IDENTITY_BACKEND), sizeof(*indices->sorted)),
	};
	for (uint32_t i = 1; indices->sorted && i < state_capacity(LB_IDENTITY_BACKEND); i++)
		if (identities[i])
			indices->sorted[indices->count++] = i;
	if (indices->count)
		qsort_r(indices->sorted, indices->count, sizeof(*indices->sorted),
			compare_identities, identities);
}

static uint16_t indices_find(const struct indices *indices, const struct lb_identity *identity)
{
	size_t low = 0, high = indices->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		uint16_t index = indices->sorted[middle];
		int order = memcmp(identity, indices->state->identities[LB_IDENTITY_BACKEND][index],
				   sizeof(*identity));

		if (!order)
			return index;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return LB_NONE;
}

static json_t *backends_status(const struct balancer *balancer, const struct motion *motion,
			       json_t *problems)
{
	const struct catalog *catalog = balancer->catalog;
	json_t *backends = json_array();
	struct indices indices;

	indices_init(&indices, motion->state);
	for (size_t i = 0; i < catalog->pool_count; i++) {
		const struct catalog_pool *pool = &catalog->pools[i];

		for (size_t j = 0; j < pool->backend_count; j++) {
			struct lb_identity identity =
				wanted_backend_identity(pool, &pool->backends[j]);
			json_t *backend =
				backend_status(balancer, pool, &pool->backends[j],
					       balancer->build->tables[i]->slots[j], problems);

			balancer_add_departure(motion, indices_find(&indices, &identity),
					       pool->idle_timeout_s, backend);
			json_array_append_new(backends, backend);
		}
	}
	free(indices.sorted);
	return backends;
}

static json_t *cpus_status(const struct config *config)
{
	json_t *cpus = json_array();

	for (unsigned int i = 0; i < config->cpu_count; i++)
		json_array_append_new(cpus, json_integer(config->cpus[i]));
	return cpus;
}

json_t *balancer_status(const struct balancer *balancer)
{
	const struct catalog *catalog = balancer->catalog;
	struct motion *motion = motion_new(datapath_state(balancer->datapath));
	json_t *pools = json_array(), *backends, *services = json_array();
	json_t *problems = json_array(), *interfaces, *moving;

	if (!motion)
		return json_pack("{s:s}", "error", "out of memory");

	if (balancer->failed.count)
		json_array_append_new(
			problems, json_sprintf("%s was refused; the catalog before it is in force",
					       balancer->config->catalog_path));
	if (balancer->out_of_step)
		json_array_append_new(problems,
				      json_string("the maps are not what the catalog asks for; the "
						  "log tells why"));
	interfaces = interfaces_status(balancer, problems);
	for (size_t i = 0; i < catalog->pool_count; i++)
		json_array_append_new(pools, pool_status(balancer, i, problems));
	backends = backends_status(balancer, motion, problems);
	for (size_t i = 0; i < catalog->service_count; i++)
		json_array_append_new(services, service_status(catalog, &catalog->services[i]));
	moving = balancer_motion(balancer, motion);
	motion_free(motion);
	return json_pack("{s:s, s:i, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}",
			 "version", HAIRPIN_VERSION, "pid", getpid(), "started",
			 time_text(balancer->started_us), "well", !json_array_size(problems),
			 "catalog", catalog_status(balancer), "interfaces", interfaces, "pools",
			 pools, "backends", backends, "services", services, "last_plan",
			 last_plan_status(&balancer->last_plan), "motion", moving, "problems",
			 problems, "cpus", cpus_status(balancer->config), "spread_local",
			 balancer->config->spread_local);
}
