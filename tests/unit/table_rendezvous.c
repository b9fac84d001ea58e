// SPDX-License-Identifier: GPL-2.0-only
/*
 * lb/table_rendezvous.c. What is guaranteed of the shares: nobody owns more than 1.02 times the
 * exact share, rounded up. What moves is measured; the limits leave some room above the figures
 * that bench/table shows.
 */
#include "test.h"
#include "table.h"

#include <stdbool.h>

#define SIZE 65537
#define MANY 1000

struct set {
	struct table_backend backends[MANY];
	char names[MANY][16];
	size_t count;
};

/* weights repeat. */
static struct set *set_new(size_t count, const uint32_t *weights, size_t weight_count)
{
	struct set *set = calloc(1, sizeof(*set));

	assert_non_null(set);
	set->count = count;
	for (size_t i = 0; i < count; i++) {
		snprintf(set->names[i], sizeof(set->names[i]), "web-%u", (unsigned int)i + 1);
		set->backends[i].name = set->names[i];
		set->backends[i].weight = weights[i % weight_count];
	}
	return set;
}

static struct set *set_equal(size_t count)
{
	return set_new(count, (uint32_t[]){100}, 1);
}

static struct set *set_skewed(size_t count)
{
	uint32_t weights[100];

	for (uint32_t i = 0; i < 100; i++)
		weights[i] = 100 * (i + 1);
	return set_new(count, weights, 100);
}

static uint16_t *build(const struct set *set, const char *seed, uint32_t size)
{
	uint16_t *owners = malloc(size * sizeof(*owners));

	assert_non_null(owners);
	memset(owners, 0xff, size * sizeof(*owners));
	assert_int_equal(table_build_rendezvous(set->backends, set->count, seed, size, owners), 0);
	return owners;
}

static void assert_bounded(const struct set *set, uint32_t size)
{
	uint16_t *owners = build(set, "site-a", size);
	uint32_t *slots = calloc(set->count + 1, sizeof(*slots));
	uint64_t total = 0;

	for (uint32_t slot = 0; slot < size; slot++) {
		assert_in_range(owners[slot], 1, set->count);
		slots[owners[slot] - 1]++;
	}
	for (size_t i = 0; i < set->count; i++)
		total += set->backends[i].weight;
	/* slots < 1.02 * share + 1 */
	for (size_t i = 0; i < set->count; i++)
		if (!set->backends[i].weight)
			assert_int_equal(slots[i], 0);
		else
			assert_true(slots[i] * total * 100 <
				    102 * (uint64_t)size * set->backends[i].weight + 100 * total);
	free(slots);
	free(owners);
}

static void test_nobody_has_much_more_than_the_share(void **state)
{
	static const size_t counts[] = {1, 2, 3, 10, 100, 1000};

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct set *equal = set_equal(counts[i]), *skewed = set_skewed(counts[i]);

		assert_bounded(equal, SIZE);
		assert_bounded(skewed, SIZE);
		assert_bounded(equal, 16381);
		free(equal);
		free(skewed);
	}
	(void)state;
}

static void test_extreme_weights(void **state)
{
	struct set *set = set_new(50, (uint32_t[]){0, 1, 65535, 7, 1}, 5);

	assert_bounded(set, SIZE);
	assert_bounded(set, 251);
	free(set);
	set = set_new(2, (uint32_t[]){1, 65535}, 2);
	assert_bounded(set, SIZE);
	free(set);
	(void)state;
}

static void test_more_backends_than_slots(void **state)
{
	struct set *set = set_equal(MANY);

	assert_bounded(set, 251);
	free(set);
	(void)state;
}

static void test_no_backend_owns_nothing(void **state)
{
	struct set *none = set_new(0, NULL, 1), *zero = set_new(3, (uint32_t[]){0}, 1);
	uint16_t *of_none = build(none, "", 251), *of_zero = build(zero, "", 251);

	for (uint32_t slot = 0; slot < 251; slot++) {
		assert_int_equal(of_none[slot], 0);
		assert_int_equal(of_zero[slot], 0);
	}
	free(of_none);
	free(of_zero);
	free(none);
	free(zero);
	(void)state;
}

static void test_order_of_backends_does_not_matter(void **state)
{
	struct set *set = set_skewed(300);
	uint16_t *owners = build(set, "site-a", SIZE), *shuffled;
	uint64_t digest = table_digest(set->backends, 300, owners, SIZE);

	for (size_t i = 0; i < 300; i++) {
		size_t other = i * 7919 % 300;
		struct table_backend kept = set->backends[i];

		set->backends[i] = set->backends[other];
		set->backends[other] = kept;
	}
	shuffled = build(set, "site-a", SIZE);
	assert_true(memcmp(owners, shuffled, SIZE * sizeof(*owners)) != 0);
	assert_true(digest == table_digest(set->backends, 300, shuffled, SIZE));
	free(owners);
	free(shuffled);
	free(set);
	(void)state;
}

static void test_seeds_give_other_tables(void **state)
{
	struct set *set = set_equal(10);
	uint16_t *owners = build(set, "site-a", SIZE), *other = build(set, "site-b", SIZE);
	uint32_t same = 0;

	for (uint32_t slot = 0; slot < SIZE; slot++)
		same += owners[slot] == other[slot];
	assert_in_range(same, SIZE / 12, SIZE / 8);
	free(owners);
	free(other);
	free(set);
	(void)state;
}

/* Made by deferred acceptance in tests/unit/table_model.py. */
static void test_known_table(void **state)
{
	static const char expected[] =
		"5525515111425553215513515552355225151455525125252353521515555243"
		"5542215125353553532532555555535555521152525255255211515535515355"
		"3555525252521512555121235222511325532212155515531555111551151253"
		"55552131221112555322215555115551115111525555555225252555215";
	static const uint32_t weights[] = {100, 100, 50, 7, 255};
	struct set *set = set_new(5, weights, 5);
	uint16_t *owners = build(set, "site-a", 251);
	char text[252] = "";

	for (uint32_t slot = 0; slot < 251; slot++)
		text[slot] = '0' + owners[slot];
	assert_string_equal(text, expected);
	assert_true(table_digest(set->backends, 5, owners, 251) == 0x0801bdea3cfd84f4ULL);
	free(owners);
	free(set);
	(void)state;
}

/*
 * The mean share, in millionths, of slots that move although they need not when one of five
 * backends gets another weight: away from it when it grows, between others in any case.
 */
static uint32_t excess(struct set *set, uint32_t numerator, uint32_t denominator)
{
	uint16_t *before = build(set, "", SIZE);
	uint64_t moved = 0;

	for (size_t i = 0; i < 5; i++) {
		size_t victim = (2 * i + 1) * set->count / 10;
		uint32_t weight = set->backends[victim].weight;
		uint16_t *after;

		set->backends[victim].weight = weight * numerator / denominator;
		after = build(set, "", SIZE);
		set->backends[victim].weight = weight;
		for (uint32_t slot = 0; slot < SIZE; slot++)
			moved += before[slot] != after[slot] &&
				 (numerator > denominator ? after[slot] : before[slot]) !=
					 victim + 1;
		free(after);
	}
	free(before);
	free(set);
	return moved * 1000000 / 5 / SIZE;
}

static void test_removal_moves_few_other_slots(void **state)
{
	assert_true(excess(set_equal(10), 0, 1) < 600);
	assert_true(excess(set_equal(100), 0, 1) < 1300);
	assert_true(excess(set_equal(1000), 0, 1) < 1100);
	assert_true(excess(set_skewed(100), 0, 1) < 1300);
	(void)state;
}

static void test_weight_change_moves_few_other_slots(void **state)
{
	assert_true(excess(set_skewed(100), 1, 2) < 900);
	assert_true(excess(set_skewed(100), 101, 100) < 120);
	assert_true(excess(set_skewed(100), 2, 1) < 1300);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_has_much_more_than_the_share),
		cmocka_unit_test(test_extreme_weights),
		cmocka_unit_test(test_more_backends_than_slots),
		cmocka_unit_test(test_no_backend_owns_nothing),
		cmocka_unit_test(test_order_of_backends_does_not_matter),
		cmocka_unit_test(test_seeds_give_other_tables),
		cmocka_unit_test(test_known_table),
		cmocka_unit_test(test_removal_moves_few_other_slots),
		cmocka_unit_test(test_weight_change_moves_few_other_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
