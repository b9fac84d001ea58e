// SPDX-License-Identifier: GPL-2.0-only
/*
 * lb/table.c. What is guaranteed of the shares: a backend owns floor or ceiling of its exact share
 * (size * weight / sum of weights), hence a share of S slots is within 1/S of the weight: within
 * 1% from 100 slots on, which is M >= 100 N for equal weights.
 */
#include "test.h"
#include "table.h"

#include <stdbool.h>

#define SIZE 65537

struct set {
	struct table_backend backends[1100];
	char names[1100][16];
	size_t count;
};

static void set_add(struct set *set, unsigned int number, uint32_t weight)
{
	snprintf(set->names[set->count], sizeof(set->names[0]), "web-%u", number);
	set->backends[set->count].name = set->names[set->count];
	set->backends[set->count].weight = weight;
	set->count++;
}

/* weights repeat. */
static struct set *set_new(size_t count, const uint32_t *weights, size_t weight_count)
{
	struct set *set = calloc(1, sizeof(*set));

	assert_non_null(set);
	for (size_t i = 0; i < count; i++)
		set_add(set, i + 1, weights[i % weight_count]);
	return set;
}

static struct set *set_equal(size_t count)
{
	return set_new(count, (uint32_t[]){100}, 1);
}

static uint16_t *build(const struct set *set, const char *seed, uint32_t size)
{
	uint16_t *owners = malloc(size * sizeof(*owners));

	assert_non_null(owners);
	memset(owners, 0xff, size * sizeof(*owners));
	assert_int_equal(table_build_maglev(set->backends, set->count, seed, size, owners), 0);
	return owners;
}

static const char *owner_name(const struct set *set, uint16_t owner)
{
	return owner ? set->backends[owner - 1].name : "";
}

static void assert_shares(const struct set *set, const uint16_t *owners, uint32_t size)
{
	uint32_t *slots = calloc(set->count + 1, sizeof(*slots));
	uint64_t total = 0;

	for (uint32_t slot = 0; slot < size; slot++) {
		assert_in_range(owners[slot], 1, set->count);
		slots[owners[slot] - 1]++;
	}
	for (size_t i = 0; i < set->count; i++)
		total += set->backends[i].weight;
	for (size_t i = 0; i < set->count; i++) {
		uint64_t exact = (uint64_t)size * set->backends[i].weight;

		/* |slots - exact / total| < 1 is floor or ceiling */
		if (slots[i] * total >= exact + total || slots[i] * total + total <= exact)
			fail_msg("%s has %u slots, exact %.3f", set->names[i], slots[i],
				 (double)exact / total);
		if (exact >= 100 * total)
			assert_true(llabs((int64_t)(slots[i] * total - exact)) * 100 <
				    (int64_t)exact);
	}
	free(slots);
}

static void check_shares(size_t count, const uint32_t *weights, size_t weight_count, uint32_t size)
{
	struct set *set = set_new(count, weights, weight_count);
	uint16_t *owners = build(set, "site-a", size);

	assert_shares(set, owners, size);
	free(owners);
	free(set);
}

static void test_shares_are_floor_or_ceiling(void **state)
{
	static const uint32_t equal[] = {100}, skewed[] = {1, 2, 5, 10, 100, 3, 65535},
			      mild[] = {100, 50, 200, 75}, zeroes[] = {0, 10, 0, 20};
	static const size_t counts[] = {10, 100, 500};

	for (size_t i = 0; i < 3; i++) {
		check_shares(counts[i], equal, 1, SIZE);
		check_shares(counts[i], skewed, 7, SIZE);
		check_shares(counts[i], mild, 4, SIZE);
		check_shares(counts[i], zeroes, 4, SIZE);
	}
	(void)state;
}

static void test_shares_at_other_sizes(void **state)
{
	static const uint32_t weights[] = {65535, 1, 0, 100};

	check_shares(2, weights, 2, 3);
	check_shares(4, weights, 4, 251);
	check_shares(251, weights, 4, 251);
	check_shares(4, weights, 4, 4194301);
	check_shares(1, weights + 1, 1, 4194301);
	(void)state;
}

static void test_more_backends_than_slots(void **state)
{
	check_shares(1000, (uint32_t[]){100}, 1, 251);
	check_shares(1000, (uint32_t[]){1, 1, 1, 65535}, 4, 251);
	(void)state;
}

static void test_one_backend_owns_all(void **state)
{
	check_shares(1, (uint32_t[]){1}, 1, SIZE);
	check_shares(1, (uint32_t[]){65535}, 1, SIZE);
	check_shares(3, (uint32_t[]){0, 7, 0}, 3, 251);
	(void)state;
}

static void test_no_backend_owns_nothing(void **state)
{
	struct set *none = set_equal(0), *asleep = set_new(5, (uint32_t[]){0}, 1);
	uint16_t *first = build(none, "site-a", 251), *second = build(asleep, "site-a", 251);

	for (uint32_t slot = 0; slot < 251; slot++) {
		assert_int_equal(first[slot], 0);
		assert_int_equal(second[slot], 0);
	}
	free(first);
	free(second);
	free(none);
	free(asleep);
	(void)state;
}

static uint32_t random_below(uint64_t *random, uint32_t limit)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*random >> 33) % limit;
}

static void shuffle(struct set *set, uint64_t *random)
{
	for (size_t i = set->count; i > 1; i--) {
		size_t j = random_below(random, i);
		struct table_backend swap = set->backends[i - 1];

		set->backends[i - 1] = set->backends[j];
		set->backends[j] = swap;
	}
}

static void check_order(size_t count, const uint32_t *weights, size_t weight_count, uint32_t size)
{
	struct set *set = set_new(count, weights, weight_count), *other = NULL;
	uint16_t *owners = build(set, "site-a", size), *shuffled;
	uint64_t random = count;

	for (int round = 0; round < 5; round++) {
		other = set_new(count, weights, weight_count);
		shuffle(other, &random);
		shuffled = build(other, "site-a", size);
		for (uint32_t slot = 0; slot < size; slot++)
			assert_string_equal(owner_name(set, owners[slot]),
					    owner_name(other, shuffled[slot]));
		assert_int_equal(table_digest(set->backends, count, owners, size),
				 table_digest(other->backends, count, shuffled, size));
		free(shuffled);
		free(other);
	}
	free(owners);
	free(set);
}

static void test_order_of_backends_does_not_matter(void **state)
{
	check_order(10, (uint32_t[]){100}, 1, SIZE);
	check_order(100, (uint32_t[]){1, 3, 100, 0, 65535}, 5, SIZE);
	check_order(1000, (uint32_t[]){100}, 1, 251);
	check_order(7, (uint32_t[]){10, 20}, 2, 509);
	(void)state;
}

/* The table that tests/unit/table_model.py computes for these weights. */
static void test_known_table(void **state)
{
	static const char expected[] =
		"5355511555211535551115352115252525132525152525212525251535222225"
		"3555151535551555555515555311535451115335113555551152525154525213"
		"5253515252521222222131555551555555515555515533351315355115255515"
		"15352534253521252525152525212525251222255115555535153555155";
	static const uint32_t weights[] = {100, 100, 50, 7, 255};
	struct set *set = set_new(5, weights, 5);
	uint16_t *owners = build(set, "site-a", 251);
	char text[252] = "";

	for (uint32_t slot = 0; slot < 251; slot++)
		text[slot] = '0' + owners[slot];
	assert_string_equal(text, expected);
	assert_true(table_digest(set->backends, 5, owners, 251) == 0xbf60890b0c5f9b0dULL);
	free(owners);
	free(set);
	(void)state;
}

static void test_seeds_give_other_tables(void **state)
{
	struct set *set = set_equal(10);
	uint16_t *owners = build(set, "site-a", SIZE), *same = build(set, "site-a", SIZE);
	uint16_t *other = build(set, "site-b", SIZE);
	uint32_t equal = 0;

	assert_memory_equal(owners, same, SIZE * sizeof(*owners));
	for (uint32_t slot = 0; slot < SIZE; slot++)
		equal += owners[slot] == other[slot];
	assert_in_range(equal, SIZE / 10 * 9 / 10, SIZE / 10 * 11 / 10); /* by chance: 1 of 10 */
	assert_true(table_hash("site-a", 0) != table_hash("site-b", 0));
	assert_true(table_hash("site-a", 0) != table_hash("site-a", 1));
	assert_true(table_hash("", 0) != 0);
	free(owners);
	free(same);
	free(other);
	free(set);
	(void)state;
}

static void test_digest_is_of_names_and_slots(void **state)
{
	struct table_backend ab[] = {{"a", 1}, {"b", 1}}, ac[] = {{"a", 1}, {"c", 1}},
			     ba[] = {{"b", 9}, {"a", 0}};
	uint16_t owners[5] = {1, 2, 2, 1, 0}, renamed[5] = {2, 1, 1, 2, 0},
		 swapped[5] = {2, 1, 2, 1, 0}, filled[5] = {1, 2, 2, 1, 1};
	uint64_t digest = table_digest(ab, 2, owners, 5);

	assert_true(digest == table_digest(ba, 2, renamed, 5));
	assert_true(digest != table_digest(ac, 2, owners, 5));
	assert_true(digest != table_digest(ab, 2, renamed, 5));
	assert_true(digest != table_digest(ab, 2, swapped, 5));
	assert_true(digest != table_digest(ab, 2, filled, 5));
	assert_true(digest != table_digest(ab, 2, owners, 4));
	(void)state;
}

/* How many slots changed whose owner is in both sets with the same name and weight. */
static uint32_t moved_survivors(const struct set *old_set, const uint16_t *old,
				const struct set *new_set, const uint16_t *new)
{
	uint8_t *survives = calloc(old_set->count + 1, 1);
	uint32_t moved = 0;

	for (size_t i = 0; i < old_set->count; i++)
		for (size_t j = 0; j < new_set->count && !survives[i + 1]; j++)
			survives[i + 1] =
				!strcmp(old_set->names[i], new_set->names[j]) &&
				old_set->backends[i].weight == new_set->backends[j].weight;
	for (uint32_t slot = 0; slot < SIZE; slot++)
		moved += survives[old[slot]] &&
			 strcmp(owner_name(old_set, old[slot]), owner_name(new_set, new[slot]));
	free(survives);
	return moved;
}

/* Changes one backend of count in 5 ways each; prints the figures, and says if they are too high.
 */
static void check_moved(const char *what, size_t count, uint32_t weight, double allowed)
{
	struct set *old_set = set_equal(count);
	uint16_t *old = build(old_set, "site-a", SIZE);
	uint32_t all = 0, worst = 0;

	for (unsigned int i = 0; i < 5; i++) {
		unsigned int victim = count * i / 5 + 1;
		struct set *new_set = calloc(1, sizeof(*new_set));
		uint16_t *new;
		uint32_t moved;

		for (unsigned int j = 1; j <= count; j++)
			if (j != victim || weight)
				set_add(new_set, j, j == victim ? weight : 100);
		new = build(new_set, "site-a", SIZE);
		moved = moved_survivors(old_set, old, new_set, new);
		all += moved;
		worst = moved > worst ? moved : worst;
		free(new);
		free(new_set);
	}
	printf("# %s 1 of %zu: of the others' slots %.0f moved on average (%.2f%%), at most %u\n",
	       what, count, all / 5.0, all * 20.0 / SIZE, worst);
	assert_true(worst < allowed * SIZE);
	free(old);
	free(old_set);
}

static void test_removal_moves_few_other_slots(void **state)
{
	check_moved("removed", 10, 0, 0.02);
	check_moved("removed", 100, 0, 0.02);
	check_moved("removed", 1000, 0, 0.02);
	(void)state;
}

/* The slots that the heavier backend takes have to come from the others: those count here too. */
static void test_weight_change_moves_few_other_slots(void **state)
{
	check_moved("weight 100 -> 50 of", 10, 50, 0.02);
	check_moved("weight 100 -> 50 of", 100, 50, 0.02);
	check_moved("weight 100 -> 200 of", 10, 200, 0.0909 + 0.04);
	check_moved("weight 100 -> 200 of", 100, 200, 0.0099 + 0.02);
	(void)state;
}

/* Adding the last one of count is removing it backwards: what it takes is its own share. */
static void check_added(size_t count)
{
	struct set *old_set = set_equal(count - 1), *new_set = set_equal(count);
	uint16_t *old = build(old_set, "site-a", SIZE), *new = build(new_set, "site-a", SIZE);
	uint32_t taken = 0, moved = 0;

	for (uint32_t slot = 0; slot < SIZE; slot++) {
		taken += new[slot] == count;
		moved += new[slot] != count &&new[slot] != old[slot];
	}
	printf("# added 1 to %zu: took %u slots, %u (%.2f%%) more moved\n", count - 1, taken, moved,
	       moved * 100.0 / SIZE);
	assert_in_range(taken, SIZE / count, SIZE / count + 1);
	assert_true(moved < 0.02 * SIZE);
	free(old);
	free(new);
	free(old_set);
	free(new_set);
}

static void test_adding_moves_few_other_slots(void **state)
{
	check_added(10);
	check_added(100);
	check_added(1000);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares_are_floor_or_ceiling),
		cmocka_unit_test(test_shares_at_other_sizes),
		cmocka_unit_test(test_more_backends_than_slots),
		cmocka_unit_test(test_one_backend_owns_all),
		cmocka_unit_test(test_no_backend_owns_nothing),
		cmocka_unit_test(test_order_of_backends_does_not_matter),
		cmocka_unit_test(test_known_table),
		cmocka_unit_test(test_seeds_give_other_tables),
		cmocka_unit_test(test_digest_is_of_names_and_slots),
		cmocka_unit_test(test_removal_moves_few_other_slots),
		cmocka_unit_test(test_weight_change_moves_few_other_slots),
		cmocka_unit_test(test_adding_moves_few_other_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
