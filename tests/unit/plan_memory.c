// SPDX-License-Identifier: GPL-2.0-only
/* lb/plan*.c, lb/state.c, lb/table.c when memory runs out: at each allocation, once or for good. */
#include "test.h"
#include "plan_world.h"

#include <errno.h>
#include <netinet/in.h>

#include "table.h"

/* The allocation that fails, counted from 1 down; the linker's --wrap brings all of them here. */
static long fail_at;
static bool fail_for_good;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool fails(void)
{
	if (fail_at == 1)
		return fail_for_good || fail_at--;
	fail_at -= fail_at > 1;
	return false;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

/* padding backends, then services of a chain that is full, and one more in the second catalog. */
static struct world *chain_world(uint32_t padding, uint32_t keys)
{
	struct world *world = world_new("site-a");
	char name[32];

	world_add_pool(world, "web", 3);
	for (uint32_t i = 0; i < padding; i++) {
		snprintf(name, sizeof(name), "web-%u-%u", keys, i);
		world_add_backend(world, name, 0x0a000000 + i, 100);
	}
	for (uint32_t i = 0; i < keys; i++) {
		struct lb_service_key key = world_key_in(1000 + i % 8 / 2, 1000 + i % 8 / 2 + 1, i);

		snprintf(name, sizeof(name), "s-%u", i);
		world_add_service(world, name, &key, 0, AFFINITY_FLOW);
	}
	world_finish(world);
	return world;
}

/* Whether the n-th allocation still was one of the plan's. */
static bool fail_plan(const struct model *model, const struct world *world, long n, bool for_good)
{
	struct plan plan = {0};
	struct err err = {0};
	bool reached;
	int status;

	fail_at = n;
	fail_for_good = for_good;
	status = plan_make(&world->wanted, &model->state, &plan, &err);
	reached = for_good ? status != 0 : fail_at == 0;
	fail_at = 0;
	if (reached) {
		assert_int_equal(status, -ENOMEM);
		assert_string_equal(err.text, "out of memory");
		assert_null(plan.ops);
	} else {
		assert_int_equal(status, 0);
		plan_done(&plan);
	}
	return reached;
}

/* The paddings let the list of operations grow at each operation of a move in turn. */
static void test_plans_without_memory(void **state)
{
	long allocations = 0;

	for (uint32_t padding = 14; padding < 32; padding++) {
		struct world *before = chain_world(padding, 8), *after = chain_world(padding, 9);
		struct model *model = model_new();
		long n = 1;

		assert_true(world_reach(model, before, NULL, 0, NULL) > 0);
		while (fail_plan(model, after, n, false))
			assert_true(fail_plan(model, after, n++, true));
		allocations += n - 1;
		assert_true(world_reach(model, after, NULL, 0, NULL) > 0);
		world_free(before);
		world_free(after);
		model_free(model);
	}
	printf("# %ld allocations failed, each alone and with all after it\n", allocations);
	assert_true(allocations > 500);
	(void)state;
}

static void test_plan_that_does_not_fit_without_memory(void **state)
{
	struct world *world = chain_world(1, 24);
	struct model *model = model_new();
	struct plan plan = {0};
	int status = -ENOMEM;

	for (long n = 1; status == -ENOMEM; n++) {
		fail_at = n;
		status = plan_make(&world->wanted, &model->state, &plan, NULL);
		assert_null(plan.ops);
	}
	fail_at = 0;
	assert_int_equal(status, -ENOSPC);
	world_free(world);
	model_free(model);
	(void)state;
}

static void test_state_without_memory(void **state)
{
	for (long n = 1; n <= 3; n++) {
		struct state empty;
		int status;

		fail_at = n;
		status = state_init(&empty);
		fail_at = 0;
		assert_int_equal(status, -ENOMEM);
	}
	(void)state;
}

static void test_table_without_memory(void **state)
{
	const struct table_backend backends[] = {{"a", 1}, {"b", 2}};
	uint16_t owners[251], before[251];
	int status;

	memset(owners, 0xa5, sizeof(owners));
	memcpy(before, owners, sizeof(owners));
	fail_at = 1;
	status = table_build_maglev(backends, 2, "", 251, owners);
	fail_at = 0;
	assert_int_equal(status, -ENOMEM);
	assert_memory_equal(owners, before, sizeof(owners));
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans_without_memory),
		cmocka_unit_test(test_plan_that_does_not_fit_without_memory),
		cmocka_unit_test(test_state_without_memory),
		cmocka_unit_test(test_table_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
