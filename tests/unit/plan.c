// SPDX-License-Identifier: GPL-2.0-only
/* lb/plan.c and lb/plan_services.c: single cases; plan_model.c watches each operation. */
#include "test.h"
#include "plan_world.h"

#include <errno.h>
#include <netinet/in.h>

#define VIP 0xcb00710a

static struct probe probes[16];
static size_t probe_count;

static void watch(struct lb_service_key key)
{
	probe_init(&probes[probe_count++], &key);
}

/* Whatever is asked here: www (80), dns (UDP, any port), their VIP, and a port of nobody. */
static int watch_usual(void **state)
{
	probe_count = 0;
	watch(world_key(VIP, 80, IPPROTO_TCP));
	watch(world_key(VIP, 443, IPPROTO_TCP));
	watch(world_key(VIP, 53, IPPROTO_UDP));
	watch(world_key(VIP, 0, 0));
	watch(world_key(VIP + 1, 80, IPPROTO_TCP));
	watch(world_key(VIP + 1, 0, 0));
	*state = model_new();
	return 0;
}

static int done(void **state)
{
	model_free(*state);
	return 0;
}

/* Brings the maps to world and frees it. */
static int reach(struct model *model, struct world *world)
{
	struct err err = {0};
	int count;

	world_finish(world);
	count = world_reach(model, world, probes, probe_count, &err);
	if (count < 0)
		fail_msg("refused: %s", err.text);
	world_free(world);
	return count;
}

static void add_service(struct world *world, const char *name, uint16_t port, uint32_t pool)
{
	struct lb_service_key key = world_key(VIP, port, IPPROTO_TCP);

	world_add_service(world, name, &key, pool, AFFINITY_FLOW);
}

/* One pool of two backends, and one service. */
static struct world *usual_world(void)
{
	struct world *world = world_new("site-a");

	world_add_pool(world, "web", 251);
	world_add_backend(world, "web-1", 0x0a000001, 100);
	world_add_backend(world, "web-2", 0x0a000002, 100);
	add_service(world, "www", 80, 0);
	return world;
}

static void assert_kinds(const struct plan *plan, const enum plan_kind *kinds, size_t count)
{
	for (size_t i = 0; i < plan->count && i < count; i++)
		assert_string_equal(plan_kind_name(plan->ops[i].kind), plan_kind_name(kinds[i]));
	assert_int_equal(plan->count, count);
}

static void test_first_plan(void **state)
{
	static const enum plan_kind kinds[] = {
		PLAN_CLAIM, PLAN_CLAIM, PLAN_CLAIM, PLAN_CLAIM,   PLAN_BACKEND, PLAN_BACKEND,
		PLAN_LIFE,  PLAN_LIFE,  PLAN_TABLE, PLAN_SERVICE, PLAN_SERVICE, PLAN_GRACE,
	};
	struct model *model = *state;
	struct world *world = usual_world();
	struct plan plan = {0};

	world_finish(world);
	assert_int_equal(plan_make(&world->wanted, &model->state, &plan, NULL), 0);
	assert_kinds(&plan, kinds, 12);
	plan_done(&plan);
	world_free(world);
	reach(model, usual_world());
}

static void test_empty_catalog(void **state)
{
	assert_int_equal(reach(*state, world_new("")), 0);
	reach(*state, usual_world());
	reach(*state, world_new(""));
}

static void test_next_hop_changes_one_record(void **state)
{
	struct world *world = usual_world();

	reach(*state, usual_world());
	world->generation = 1;
	assert_int_equal(reach(*state, world), 2); /* both records, nothing else */
}

static void test_weight_changes_the_table_alone(void **state)
{
	struct world *world = usual_world();

	reach(*state, usual_world());
	world->catalog.pools[0].backends[0].weight = 1;
	assert_int_equal(reach(*state, world), 1);
}

static void test_known_tables_are_not_compared(void **state)
{
	struct model *model = *state;
	struct world *world = usual_world();
	struct plan plan = {0};

	reach(model, usual_world());
	world->catalog.pools[0].backends[0].weight = 1;
	world_finish(world);
	world->pools[0].table_known = true;
	assert_int_equal(plan_make(&world->wanted, &model->state, &plan, NULL), 0);
	assert_int_equal(plan.count, 0);
	plan_done(&plan);
	world_free(world);
}

/* Also of a pool without backends, whose slots are 0 whatever their number. */
static void test_table_size_changes(void **state)
{
	static const uint32_t sizes[] = {251, 509, 3, 251};

	for (size_t i = 0; i < 8; i++) {
		struct world *world = usual_world();

		world->catalog.pools[0].table_size = sizes[i % 4];
		if (i >= 4)
			world->catalog.pools[0].backend_count = 0;
		assert_true(reach(*state, world) > 0);
	}
}

/* reach(), and the index that the first backend has then. */
static uint16_t reach_first_backend(struct model *model, struct world *world)
{
	const struct catalog_pool *pool = &world->catalog.pools[0];
	struct lb_identity identity = wanted_backend_identity(pool, &pool->backends[0]);

	reach(model, world);
	return state_find(&model->state, LB_IDENTITY_BACKEND, &identity);
}

/* A backend with another address is another one: its index, and what still names it, is not his. */
static void test_new_address_is_a_new_backend(void **state)
{
	struct world *world = usual_world();
	uint16_t before, after;

	before = reach_first_backend(*state, usual_world());
	world->catalog.pools[0].backends[0].address.bytes[15] = 99;
	after = reach_first_backend(*state, world);
	assert_true(before && after && before != after);
}

/* And so is one that is reached in another way: its flows know only that one. */
static void test_new_encapsulation_is_a_new_backend(void **state)
{
	static const struct {
		enum encapsulation encapsulation;
		uint32_t vni;
	} rows[] = {
		{ENCAPSULATION_GUE, 0},   {ENCAPSULATION_VXLAN, 0}, {ENCAPSULATION_VXLAN, 1},
		{ENCAPSULATION_VXLAN, 2}, {ENCAPSULATION_NONE, 0},
	};
	uint16_t before = reach_first_backend(*state, usual_world());

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = usual_world();
		uint16_t after;

		world->catalog.pools[0].encapsulation = rows[i].encapsulation;
		world->catalog.pools[0].vni = rows[i].vni;
		after = reach_first_backend(*state, world);
		assert_true(before && after && before != after);
		before = after;
	}
}

static void test_last_backend_goes(void **state)
{
	struct world *world = usual_world();

	reach(*state, usual_world());
	world->catalog.pools[0].backend_count = 0;
	reach(*state, world);
	world = usual_world();
	world->catalog.pools[0].backends[0].address.bytes[15] = 50;
	world->catalog.pools[0].backends[1].address.bytes[15] = 51;
	reach(*state, world);
}

/* The pool goes while packets still hold the service's old target. */
static void test_service_changes_its_pool_and_the_old_one_goes(void **state)
{
	struct world *world = world_new("site-a");

	reach(*state, usual_world());
	world_add_pool(world, "other", 509);
	world_add_backend(world, "other-1", 0x0a000101, 100);
	add_service(world, "www", 80, 0);
	reach(*state, world);
	reach(*state, usual_world());
}

static void test_service_is_renamed(void **state)
{
	struct world *world = usual_world();

	reach(*state, usual_world());
	strcpy(world->catalog.services[0].name, "web");
	reach(*state, world);
}

static struct world *three_pools(void)
{
	struct world *world = usual_world();

	world_add_pool(world, "b", 251);
	world_add_backend(world, "b-1", 0x0a000201, 100);
	world_add_pool(world, "c", 251);
	world_add_backend(world, "c-1", 0x0a000301, 100);
	world->catalog.service_count = 0;
	return world;
}

/* At any moment port 80 leads to its old or its new pool, with services of any port around. */
static void test_exact_and_any_port(void **state)
{
	for (uint32_t from = 0; from < 16; from++) {
		for (uint32_t to = 0; to < 16; to++) {
			struct world *world = three_pools();

			if (from & 3)
				add_service(world, "any", 0, (from & 3) - 1);
			if (from >> 2)
				add_service(world, "www", 80, (from >> 2) - 1);
			reach(*state, world);
			world = three_pools();
			if (to >> 2)
				add_service(world, "www", 80, (to >> 2) - 1);
			if (to & 3)
				add_service(world, "any", 0, (to & 3) - 1);
			reach(*state, world);
		}
	}
}

/* What was taken away and what comes instead never meet: indices are free in the next plan only. */
static void test_all_goes_and_others_come(void **state)
{
	for (uint32_t round = 0; round < 8; round++) {
		struct world *world = world_new("site-a");
		char name[32];

		for (uint32_t pool = 0; pool < 3; pool++) {
			snprintf(name, sizeof(name), "pool-%u-%u", round, pool);
			world_add_pool(world, name, 251);
			snprintf(name, sizeof(name), "backend-%u-%u", round, pool);
			world_add_backend(world, name, 0x0a000000 + round * 256 + pool, 100);
		}
		snprintf(name, sizeof(name), "www-%u", round);
		add_service(world, name, 80 + round % 2 * 363, round % 3);
		reach(*state, world);
		if (round % 3 == 2)
			reach(*state, world_new("site-a"));
	}
}

static void test_pools_run_out(void **state)
{
	struct model *model = *state;
	struct world *world = usual_world();
	struct plan plan = {0};
	struct err err = {0};
	char name[16];

	for (int i = 1; i < LB_POOLS - 1; i++) {
		snprintf(name, sizeof(name), "pool-%d", i);
		world_add_pool(world, name, 3);
	}
	reach(model, world);
	world = usual_world();
	world_add_pool(world, "one-more", 3);
	world_finish(world);
	assert_int_equal(plan_make(&world->wanted, &model->state, &plan, &err), -ENOSPC);
	assert_string_equal(err.text, "one-more: all 2048 indices are taken, some by what this "
				      "change removes; remove first, then add");
	assert_null(plan.ops);
	assert_int_equal(plan.count, 0);
	world_free(world);
	reach(model, usual_world());
}

static void test_names_of_operations(void **state)
{
	assert_string_equal(plan_kind_name(PLAN_CLAIM), "claim an index");
	assert_string_equal(plan_kind_name(PLAN_BACKEND), "write a backend");
	assert_string_equal(plan_kind_name(PLAN_TABLE), "write a table");
	assert_string_equal(plan_kind_name(PLAN_SLOTS), "change slots");
	assert_string_equal(plan_kind_name(PLAN_SERVICE), "write a service");
	assert_string_equal(plan_kind_name(PLAN_GRACE), "wait for packets");
	assert_string_equal(plan_kind_name(PLAN_UNTABLE), "remove a table");
	assert_string_equal(plan_kind_name(PLAN_RELEASE), "release an index");
	(void)state;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, watch_usual, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_first_plan),
		CASE(test_empty_catalog),
		CASE(test_next_hop_changes_one_record),
		CASE(test_weight_changes_the_table_alone),
		CASE(test_known_tables_are_not_compared),
		CASE(test_table_size_changes),
		CASE(test_new_address_is_a_new_backend),
		CASE(test_new_encapsulation_is_a_new_backend),
		CASE(test_last_backend_goes),
		CASE(test_service_changes_its_pool_and_the_old_one_goes),
		CASE(test_service_is_renamed),
		CASE(test_exact_and_any_port),
		CASE(test_all_goes_and_others_come),
		CASE(test_pools_run_out),
		cmocka_unit_test(test_names_of_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
