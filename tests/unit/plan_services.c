// SPDX-License-Identifier: GPL-2.0-only
/* lb/plan_services.c: keys that share buckets, a full map, and no memory. */
#include "test.h"
#include "plan_world.h"

#include <errno.h>
#include <netinet/in.h>

static struct probe probes[1024];
static size_t probe_count;

/* One service for each key, all of one pool. */
static struct world *world_of(const struct lb_service_key *keys, size_t count)
{
	struct world *world = world_new("site-a");
	char name[16];

	world_add_pool(world, "web", 3);
	world_add_backend(world, "web-1", 0x0a000001, 100);
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "s-%zu", i);
		world_add_service(world, name, &keys[i], 0, AFFINITY_FLOW);
	}
	world_finish(world);
	return world;
}

static void watch(const struct lb_service_key *keys, size_t count, size_t step)
{
	probe_count = 0;
	for (size_t i = 0; i < count; i += step)
		probe_init(&probes[probe_count++], &keys[i]);
}

static int reach(struct model *model, const struct lb_service_key *keys, size_t count,
		 struct err *err)
{
	struct world *world = world_of(keys, count);
	int status = world_reach(model, world, probes, probe_count, err);

	world_free(world);
	return status;
}

/* The number of services that a plan moves to make room: those that it empties. */
static int count_moves(struct model *model, const struct lb_service_key *keys, size_t count)
{
	struct world *world = world_of(keys, count);
	struct plan plan = {0};
	int moves = 0;

	assert_int_equal(plan_make(&world->wanted, &model->state, &plan, NULL), 0);
	for (size_t i = 0; i < plan.count; i++)
		moves += plan.ops[i].kind == PLAN_SERVICE && !plan.ops[i].service.target.word;
	plan_done(&plan);
	world_free(world);
	return moves;
}

/* Four keys of the same two buckets fit; a fifth does not, and nothing changes. */
static void test_four_of_one_pair_of_buckets_and_a_fifth(void **state)
{
	struct lb_service_key keys[5];
	struct model *model = model_new();
	struct err err = {0};

	for (uint32_t i = 0; i < 5; i++)
		keys[i] = world_key_in(i & 1 ? 7 : 4711, i & 1 ? 4711 : 7, i);
	watch(keys, 5, 1);
	for (size_t count = 1; count <= 4; count++)
		assert_true(reach(model, keys, count, &err) > 0);
	assert_int_equal(reach(model, keys, 5, &err), -ENOSPC);
	assert_string_equal(err.text, "services.s-4: no room in the services map");
	assert_int_equal(reach(model, keys, 4, &err), 0);
	assert_true(reach(model, keys + 2, 2, &err) > 0);
	assert_true(reach(model, keys + 1, 4, &err) > 0);
	model_free(model);
	(void)state;
}

#define NO_ROOM -1

/*
 * Buckets 1000 to 1000 + length - 1 are full of keys whose other bucket is the next one; the last
 * one's next is empty. A key for the first two pushes one of each from the second on.
 */
static int moves_of_chain(uint32_t length)
{
	struct lb_service_key keys[64], *last;
	struct model *model = model_new();
	struct err err = {0};
	int moves = NO_ROOM;

	for (uint32_t i = 0; i < 2 * length; i++)
		keys[i] = world_key_in(1000 + i / 2, 1000 + i / 2 + 1, i);
	last = &keys[2 * length];
	*last = world_key_in(1000, 1001, 2 * length);
	watch(keys, 2 * length + 1, 1);
	assert_true(reach(model, keys, 2 * length, &err) > 0);
	if (length <= 9) {
		moves = count_moves(model, keys, 2 * length + 1);
		assert_true(reach(model, keys, 2 * length + 1, &err) > 0);
		assert_true(reach(model, keys + 1, 2 * length, &err) > 0);
	} else {
		assert_int_equal(reach(model, keys, 2 * length + 1, &err), -ENOSPC);
	}
	model_free(model);
	return moves;
}

static void test_chains_of_moves(void **state)
{
	for (uint32_t length = 2; length <= 9; length++)
		assert_int_equal(moves_of_chain(length), length - 1);
	assert_int_equal(moves_of_chain(10), NO_ROOM);
	(void)state;
}

/* Room is to be had from the second bucket only: the first is one of two full ones that only
 * exchange their tenants. */
static void test_room_from_the_second_bucket(void **state)
{
	struct lb_service_key keys[7];
	struct model *model = model_new();
	struct err err = {0};

	for (uint32_t i = 0; i < 4; i++)
		keys[i] = world_key_in(i & 1 ? 7 : 4711, i & 1 ? 4711 : 7, i);
	for (uint32_t i = 4; i < 6; i++)
		keys[i] = world_key_in(800, 801, i);
	keys[6] = world_key_in(7, 800, 6);
	watch(keys, 7, 1);
	assert_true(reach(model, keys, 6, &err) > 0);
	assert_true(reach(model, keys, 7, &err) > 0);
	model_free(model);
	(void)state;
}

/* A daemon that dies at any operation of a plan that moves services, and one that comes after it.
 */
static void test_cut_off_while_services_move(void **state)
{
	struct lb_service_key keys[9];
	struct err err = {0};
	size_t operations = 1;

	for (uint32_t i = 0; i < 8; i++)
		keys[i] = world_key_in(1000 + i / 2, 1000 + i / 2 + 1, i);
	keys[8] = world_key_in(1000, 1001, 8);
	watch(keys, 9, 1);
	for (size_t cut = 0; cut <= operations; cut++) {
		struct world *world = world_of(keys, 9);
		struct model *model = model_new();
		struct plan plan = {0};

		reach(model, keys, 8, &err);
		assert_int_equal(plan_make(&world->wanted, &model->state, &plan, &err), 0);
		operations = plan.count;
		model_reserve(model, plan.slot_count);
		model_begin(model, &world->wanted, probes, probe_count);
		for (size_t i = 0; i < cut; i++)
			model_apply(model, &plan.ops[i]);
		plan_done(&plan);
		world_free(world);
		assert_true(reach(model, keys + cut % 2, 9 - cut % 2, &err) >= 0);
		model_free(model);
	}
	assert_true(operations > 12);
	(void)state;
}

/* A daemon that dies when it has written key. */
static void die_after(struct model *model, const struct world *world,
		      const struct lb_service_key *key)
{
	struct plan plan = {0};
	const struct plan_op *op = NULL;

	assert_int_equal(plan_make(&world->wanted, &model->state, &plan, NULL), 0);
	model_reserve(model, plan.slot_count);
	model_begin(model, &world->wanted, probes, probe_count);
	for (size_t i = 0; !op || op->kind != PLAN_SERVICE || !op->service.target.word ||
			   memcmp(&op->service.key, key, sizeof(*key));
	     i++) {
		assert_true(i < plan.count);
		op = &plan.ops[i];
		model_apply(model, op);
	}
	plan_done(&plan);
}

static struct world *world_of_renamed(const struct lb_service_key *keys, size_t count,
				      const char *name)
{
	struct world *world = world_of(keys, count);

	strcpy(world->catalog.services[0].name, name);
	return world;
}

/*
 * The first daemon dies while it moves keys[0], which is at two places from then on; the second
 * when it has changed one of them; the third moves it. What the first left must not come back.
 */
static void test_double_entry_does_not_come_back(void **state)
{
	const struct lb_service_key keys[] = {
		world_key_in(10, 20, 0), world_key_in(10, 20, 1), world_key_in(30, 40, 2),
		world_key_in(30, 40, 3), world_key_in(10, 30, 4),
	};
	struct world *first = world_of(keys, 5), *second = world_of_renamed(keys, 4, "second"),
		     *third = world_of_renamed(keys, 5, "third");
	struct model *model = model_new();

	watch(keys, 5, 1);
	assert_true(reach(model, keys, 4, NULL) > 0);
	die_after(model, first, &keys[0]);
	die_after(model, second, &keys[0]);
	assert_true(world_reach(model, third, probes, probe_count, NULL) > 0);
	world_free(first);
	world_free(second);
	world_free(third);
	model_free(model);
	(void)state;
}

/* 4,096 services, each with its VIP; then all get other keys at once. */
static void test_full_catalog(void **state)
{
	struct lb_service_key *keys = calloc(2 * LB_MAX_SERVICES, sizeof(*keys));
	struct model *model = model_new();
	struct err err = {0};

	assert_non_null(keys);
	for (uint32_t i = 0; i < 2 * LB_MAX_SERVICES; i++)
		keys[i] = world_key(0xcb000000 + i, 443, IPPROTO_TCP);
	watch(keys, 2 * LB_MAX_SERVICES, 16);
	assert_true(reach(model, keys, LB_MAX_SERVICES, &err) > 0);
	for (uint32_t i = 0; i < 2 * LB_MAX_SERVICES; i++)
		keys[i] = world_key(0x0c000000 + 256 * (i / 4), 80 + i % 4, IPPROTO_UDP);
	watch(keys, 2 * LB_MAX_SERVICES, 16);
	assert_true(reach(model, keys, LB_MAX_SERVICES, &err) > 0); /* the same names */
	assert_true(reach(model, keys, 1, &err) > 0);
	model_free(model);
	free(keys);
	(void)state;
}

#define EXACT_PORT 1
#define ANY_PORT   2
#define LIKE_EXACT 4 /* "any port", too */

/* Services of one address: "any port" on pool web, port 443 on pool other. */
static struct world *world_of_ports(int ports, uint64_t now_s, uint16_t exact_port)
{
	struct world *world = world_new("site-a");
	struct lb_service_key any = world_key(0xcb007101, 0, IPPROTO_TCP), exact = any;

	exact.port = htons(exact_port);
	world->tracking = TRACKING_MOVED;
	world->wanted.now_ns = now_s * 1000000000;
	world_add_pool(world, "web", 251);
	world_add_backend(world, "web-1", 0x0a000001, 100);
	world_add_pool(world, "other", 509);
	world_add_backend(world, "other-1", 0x0a000002, 100);
	if (ports & EXACT_PORT)
		world_add_service(world, "exact", &exact, 1, AFFINITY_FLOW);
	if (ports & LIKE_EXACT)
		world_add_service(world, "any", &any, 1, AFFINITY_FLOW);
	else if (ports & ANY_PORT)
		world_add_service(world, "any", &any, 0, AFFINITY_CLIENT);
	world_finish(world);
	return world;
}

static void reach_ports(struct model *model, int ports, uint64_t now_s, uint16_t exact_port)
{
	struct world *world = world_of_ports(ports, now_s, exact_port);

	assert_true(world_reach(model, world, probes, probe_count, NULL) >= 0);
	world_free(world);
}

static uint16_t pool_index(const struct model *model, const char *name)
{
	for (uint32_t i = 1; i < LB_POOLS; i++)
		if (model->state.identities[LB_IDENTITY_POOL][i] &&
		    !strcmp(model->state.identities[LB_IDENTITY_POOL][i]->name, name))
			return i;
	return LB_NONE;
}

static void assert_target(const struct model *model, size_t probe, const char *pool,
			  const char *origin, uint16_t client)
{
	union lb_service_target target = {.word = model_lookup(model, &probes[probe])};

	assert_int_equal(target.pool, pool_index(model, pool));
	assert_int_equal(target.origin, origin ? pool_index(model, origin) : LB_NONE);
	assert_int_equal(target.flags, LB_SERVICE_USED | client);
}

/* Ports 443 and 80 of one address: probes 0 and 1. */
static struct model *model_of_ports(int ports)
{
	const struct lb_service_key keys[] = {
		world_key(0xcb007101, 443, IPPROTO_TCP),
		world_key(0xcb007101, 80, IPPROTO_TCP),
	};
	struct model *model = model_new();

	watch(keys, 2, 1);
	reach_ports(model, ports, 1000, 443);
	return model;
}

static void test_new_exact_port_keeps_flows_of_any_port(void **state)
{
	struct model *model = model_of_ports(ANY_PORT);

	assert_target(model, 0, "web", NULL, LB_SERVICE_AFFINITY_CLIENT);
	reach_ports(model, EXACT_PORT | ANY_PORT, 1010, 443);
	assert_target(model, 0, "other", "web", LB_SERVICE_ORIGIN_CLIENT);
	assert_target(model, 1, "web", NULL, LB_SERVICE_AFFINITY_CLIENT);
	reach_ports(model, EXACT_PORT, 1020, 443); /* the origin stays when "any port" goes */
	assert_target(model, 0, "other", "web", LB_SERVICE_ORIGIN_CLIENT);
	reach_ports(model, EXACT_PORT, 1030 + WORLD_IDLE_S, 443);
	assert_target(model, 0, "other", NULL, 0);
	model_free(model);
	(void)state;
}

static void test_any_port_keeps_flows_of_an_exact_port(void **state)
{
	struct model *model = model_of_ports(EXACT_PORT | ANY_PORT);
	uint64_t word;

	assert_target(model, 0, "other", NULL, 0);
	reach_ports(model, ANY_PORT, 1010, 443);
	assert_target(model, 0, "web", "other", LB_SERVICE_AFFINITY_CLIENT);
	assert_target(model, 1, "web", NULL, LB_SERVICE_AFFINITY_CLIENT);
	reach_ports(model, EXACT_PORT | ANY_PORT, 1020, 443); /* and back again */
	assert_target(model, 0, "other", "other", 0);
	reach_ports(model, ANY_PORT, 1030, 443);
	assert_target(model, 0, "web", "other", LB_SERVICE_AFFINITY_CLIENT);
	reach_ports(model, ANY_PORT, 1040 + WORLD_IDLE_S, 443);
	assert_target(model, 0, "web", NULL, LB_SERVICE_AFFINITY_CLIENT);
	word = model_lookup(model, &probes[1]);
	assert_int_equal(model_lookup(model, &probes[0]), word); /* the very same entry */
	model_free(model);
	(void)state;
}

/* Flows of the exact port never were where "any port" has its old ones. */
static void test_an_exact_port_waits_for_any_port_that_moves(void **state)
{
	struct model *model = model_of_ports(EXACT_PORT | ANY_PORT);
	const uint64_t later = 1030 + WORLD_IDLE_S;
	uint64_t word;

	reach_ports(model, EXACT_PORT | LIKE_EXACT, 1010, 443);
	assert_target(model, 1, "other", "web", LB_SERVICE_ORIGIN_CLIENT);
	reach_ports(model, LIKE_EXACT, 1020, 443);
	assert_target(model, 0, "other", NULL, 0);
	assert_target(model, 1, "other", "web", LB_SERVICE_ORIGIN_CLIENT);
	reach_ports(model, LIKE_EXACT, later, 443);
	assert_target(model, 1, "other", NULL, 0);
	word = model_lookup(model, &probes[1]);
	assert_int_equal(model_lookup(model, &probes[0]), word); /* the very same entry */
	model_free(model);
	(void)state;
}

/* Its index, with what is known of its move, goes with the name. */
static void test_a_service_that_changes_its_port_leaves_nothing(void **state)
{
	struct model *model = model_of_ports(EXACT_PORT | ANY_PORT);

	reach_ports(model, EXACT_PORT | ANY_PORT, 1010, 80);
	assert_target(model, 0, "web", NULL, LB_SERVICE_AFFINITY_CLIENT);
	assert_target(model, 1, "other", "web", LB_SERVICE_ORIGIN_CLIENT);
	model_free(model);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_four_of_one_pair_of_buckets_and_a_fifth),
		cmocka_unit_test(test_chains_of_moves),
		cmocka_unit_test(test_room_from_the_second_bucket),
		cmocka_unit_test(test_cut_off_while_services_move),
		cmocka_unit_test(test_double_entry_does_not_come_back),
		cmocka_unit_test(test_full_catalog),
		cmocka_unit_test(test_new_exact_port_keeps_flows_of_any_port),
		cmocka_unit_test(test_any_port_keeps_flows_of_an_exact_port),
		cmocka_unit_test(test_an_exact_port_waits_for_any_port_that_moves),
		cmocka_unit_test(test_a_service_that_changes_its_port_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
