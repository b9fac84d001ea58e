// SPDX-License-Identifier: GPL-2.0-only
/* The balancer's program, row by row. Every row is a test of its own. */
#include <stdlib.h>
#include <string.h>

#include "behaviour.h"
#include "harness.h"
#include "literals.h"
#include "row.h"

static const struct row_table *const tables[] = {
	&table_tcp_udp, &table_sizes, &table_tos,      &table_not_ours,
	&table_unfit,   &table_pools, &table_features,
};

static void test_row(void **state)
{
	row_check(*state);
}

static void test_cut(void **state)
{
	cut_check(*state);
}

static void test_reasons(void **state)
{
	(void)state;
	row_check_reasons();
}

struct list {
	struct CMUnitTest *tests;
	size_t count;
};

static void list_add(struct list *list, const struct CMUnitTest *test)
{
	list->tests = realloc(list->tests, (list->count + 1) * sizeof(*test));
	if (!list->tests)
		abort();
	list->tests[list->count++] = *test;
}

static void list_all(struct list *list)
{
	for (size_t i = 0; i < literal_test_count; i++)
		list_add(list, &literal_tests[i]);
	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++)
		for (size_t i = 0; i < tables[t]->count; i++)
			list_add(list, &(struct CMUnitTest){
					       .name = tables[t]->rows[i].name,
					       .test_func = test_row,
					       .initial_state = (void *)&tables[t]->rows[i],
				       });
	for (size_t i = 0; i < table_cuts.count; i++)
		list_add(list, &(struct CMUnitTest){
				       .name = table_cuts.cuts[i].name,
				       .test_func = test_cut,
				       .initial_state = (void *)&table_cuts.cuts[i],
			       });
	list_add(list,
		 &(struct CMUnitTest){.name = "every reason has a row", .test_func = test_reasons});
	for (size_t i = 0; i < behaviour_test_count; i++)
		list_add(list, &behaviour_tests[i]);
}

static int set_up(void **state)
{
	(void)state;
	rig_network();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_close_all();
	return 0;
}

int main(void)
{
	struct list list = {0};
	int failed;

	if (!harness_start())
		return 0;
	list_all(&list);
	failed = _cmocka_run_group_tests("lb", list.tests, list.count, set_up, tear_down);
	free(list.tests);
	return failed ? 1 : 0; /* 256 failures are no success */
}
