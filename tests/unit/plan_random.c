// SPDX-License-Identifier: GPL-2.0-only
/*
 * lb/plan.c and lb/plan_services.c under thousands of random changes of catalogs, some of them cut
 * off in the middle as when the daemon dies; plan_model.c watches each operation.
 */
#include "test.h"
#include "plan_world.h"

#include <errno.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#define KEYS     48 /* that services may have */
#define CROWDED  32 /* of them share CROWDED_BUCKETS buckets */
#define POOLS    6
#define BACKENDS 8 /* a pool */
#define PROBES   (3 * KEYS)

#define CROWDED_BUCKETS 12

/* A catalog in the form in which it is easily changed at random. */
struct draft {
	struct {
		bool present, renamed, by_client;
		uint8_t pool;
	} services[KEYS];
	struct {
		bool present, renamed;
		uint32_t table_size;
		struct {
			bool present, renamed;
			uint8_t address;
			uint16_t weight;
		} backends[BACKENDS];
	} pools[POOLS];
	unsigned int names; /* rotates the names of all services */
	unsigned int seed, generation;
	enum tracking tracking;
	uint64_t now_s;
};

static uint64_t random_state;
static struct lb_service_key keys[KEYS];
static struct probe probes[PROBES];
static size_t probe_count;

static uint32_t below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_state >> 33) % limit;
}

static void add_probe(const struct lb_service_key *key)
{
	for (size_t i = 0; i < probe_count; i++)
		if (!memcmp(&probes[i].keys[0], key, sizeof(*key)))
			return;
	probe_init(&probes[probe_count++], key);
}

/* Of each key: itself, its VIP, and a port of it that no service names. */
static void make_keys(void)
{
	static const uint16_t ports[] = {0, 80, 443, 0, 80, 53, 0, 80};

	random_state = 4711;
	for (uint32_t i = 0; i < CROWDED; i++) {
		uint32_t first = below(CROWDED_BUCKETS);
		uint32_t second = (first + 1 + below(CROWDED_BUCKETS - 1)) % CROWDED_BUCKETS;

		keys[i] = world_key_in(100 + first, 100 + second, i);
	}
	for (uint32_t i = CROWDED; i < KEYS; i++)
		keys[i] = world_key(0xcb007100 + i / 8, ports[i % 8],
				    i % 8 < 3 || i % 8 > 5 ? IPPROTO_TCP : IPPROTO_UDP);
	keys[CROWDED + 6] = world_key(0xcb0071f0, 0, IPPROTO_TCP);
	keys[CROWDED + 7] = world_key(0xcb0071f1, 80, IPPROTO_TCP);
	keys[CROWDED + 14] = world_key(0xcb0071f2, 0, IPPROTO_TCP);
	keys[CROWDED + 15] = world_key(0xcb0071f3, 80, IPPROTO_TCP);
	for (int i = 0; i < KEYS; i++) {
		struct lb_service_key vip = {.address = keys[i].address}, other = keys[i];

		other.port = htons(9999);
		add_probe(&keys[i]);
		add_probe(&vip);
		add_probe(&other);
	}
}

static void change_backend(struct draft *draft, int pool)
{
	static const uint16_t weights[] = {0, 1, 100, 100, 200, 65535};
	int backend = below(BACKENDS);

	switch (below(5)) {
	case 0:
		draft->pools[pool].backends[backend].renamed ^= true;
		break;
	case 1:
		draft->pools[pool].backends[backend].address = below(64);
		break;
	case 2:
		draft->pools[pool].backends[backend].weight = weights[below(6)];
		break;
	default:
		draft->pools[pool].backends[backend].present ^= true;
	}
}

static void change(struct draft *draft)
{
	static const uint32_t sizes[] = {3, 251, 251, 509};
	int service = below(KEYS), pool = below(POOLS);

	switch (below(20)) {
	case 0:
		draft->pools[pool].renamed ^= true;
		break;
	case 1:
		draft->pools[pool].table_size = sizes[below(4)];
		break;
	case 2:
	case 3:
		draft->pools[pool].present ^= true;
		break;
	case 4:
		for (int i = 0; i < BACKENDS; i++)
			draft->pools[pool].backends[i].present = false;
		break;
	case 5:
		draft->names = below(3);
		break;
	case 6:
		draft->seed = below(3);
		break;
	case 7:
		draft->generation = below(20);
		break;
	case 8:
		draft->services[service].renamed ^= true;
		break;
	case 9:
		draft->services[service].by_client ^= true;
		break;
	case 10:
	case 11:
		draft->services[service].pool = pool;
		break;
	case 12:
		for (int i = 0; i < KEYS; i++)
			draft->services[i].present = below(2);
		break;
	case 13:
	case 14:
	case 15:
		draft->services[service].present ^= true;
		break;
	default:
		change_backend(draft, pool);
	}
}

static void add_pool(struct world *world, const struct draft *draft, int i)
{
	uint64_t taken = 0; /* addresses: a pool has each once */
	char name[16];

	snprintf(name, sizeof(name), "%c%d", draft->pools[i].renamed ? 'q' : 'p', i);
	world_add_pool(world, name, draft->pools[i].table_size);
	for (int j = 0; j < BACKENDS; j++) {
		uint8_t address = draft->pools[i].backends[j].address;

		if (!draft->pools[i].backends[j].present || taken >> address & 1)
			continue;
		taken |= 1ULL << address;
		snprintf(name, sizeof(name), "%c%d",
			 draft->pools[i].backends[j].renamed ? 'c' : 'b', j);
		world_add_backend(world, name, 0x0a000000 + address,
				  draft->pools[i].backends[j].weight);
	}
}

/* A service whose pool is not there is left out, as no catalog has one. */
static struct world *make_world(const struct draft *draft)
{
	struct world *world;
	int positions[POOLS], count = 0;
	char text[16];

	snprintf(text, sizeof(text), "seed-%u", draft->seed);
	world = world_new(text);
	world->generation = draft->generation;
	world->tracking = draft->tracking;
	world->wanted.now_ns = draft->now_s * 1000000000ULL;
	for (int i = 0; i < POOLS; i++) {
		positions[i] = draft->pools[i].present ? count++ : -1;
		if (draft->pools[i].present)
			add_pool(world, draft, i);
	}
	for (int i = 0; i < KEYS; i++) {
		int pool = positions[draft->services[i].pool];

		if (!draft->services[i].present || pool < 0)
			continue;
		snprintf(text, sizeof(text), "%c%d", draft->services[i].renamed ? 't' : 's',
			 (i + draft->names) % KEYS);
		world_add_service(world, text, &keys[i], pool,
				  draft->services[i].by_client ? AFFINITY_CLIENT : AFFINITY_FLOW);
	}
	world_finish(world);
	return world;
}

static void first_draft(struct draft *draft)
{
	*draft = (struct draft){0};
	for (int i = 0; i < POOLS; i++) {
		draft->pools[i].table_size = 251;
		for (int j = 0; j < BACKENDS; j++) {
			draft->pools[i].backends[j].address = i * BACKENDS + j;
			draft->pools[i].backends[j].weight = 100;
		}
	}
	for (int i = 0; i < 40; i++)
		change(draft);
}

struct tally {
	unsigned int plans, cut, refused, operations, kicks;
};

/* Within a plan a service that moves is written, waited for, emptied, waited for. */
static unsigned int count_kicks(const struct plan *plan)
{
	unsigned int kicks = 0;

	for (size_t i = 3; i < plan->count; i++)
		kicks += plan->ops[i - 3].kind == PLAN_SERVICE &&
			 plan->ops[i - 2].kind == PLAN_GRACE &&
			 plan->ops[i - 1].kind == PLAN_SERVICE && plan->ops[i].kind == PLAN_GRACE &&
			 !plan->ops[i - 1].service.target.word &&
			 plan->ops[i - 3].service.target.word;
	return kicks;
}

/* Applies some of the operations of a plan, as a daemon does that dies. */
static void reach_partly(struct model *model, const struct world *world, struct tally *tally)
{
	struct plan plan = {0};

	if (plan_make(&world->wanted, &model->state, &plan, NULL))
		return;
	tally->kicks += count_kicks(&plan);
	model_reserve(model, plan.slot_count);
	model_begin(model, &world->wanted, probes, probe_count);
	for (size_t i = 0, end = below(plan.count + 1); i < end; i++)
		model_apply(model, &plan.ops[i]);
	plan_done(&plan);
	tally->cut++;
}

/*
 * Whether the crowded keys of the map and of the catalog have room together: no set of buckets is
 * all that more keys have than it has entries (Hall's theorem).
 */
static bool crowd_fits(const struct model *model, const struct catalog *catalog)
{
	uint32_t pairs[CROWDED], count = 0;

	for (int i = 0; i < CROWDED; i++) {
		const struct probe *probe = &probes[3 * i];
		bool present = model_lookup(model, probe);

		for (size_t j = 0; j < catalog->service_count; j++)
			present |= !memcmp(&catalog->services[j].address, &keys[i].address, 16);
		if (present)
			pairs[count++] = 1 << (probe->entries[0] / 2 - 100) |
					 1 << (probe->entries[2] / 2 - 100);
	}
	for (uint32_t set = 0; set < 1 << CROWDED_BUCKETS; set++) {
		int within = 0;

		for (uint32_t i = 0; i < count; i++)
			within += !(pairs[i] & ~set);
		if (within > LB_SERVICE_BUCKET_SIZE * __builtin_popcount(set))
			return false;
	}
	return true;
}

static void step(struct model *model, struct draft *draft, struct tally *tally)
{
	struct world *world;
	int count;

	for (int i = below(5); i >= 0; i--)
		change(draft);
	draft->now_s += below(10) ? below(4) : below(2 * WORLD_IDLE_S);
	world = make_world(draft);
	if (below(3) == 0) {
		reach_partly(model, world, tally);
	} else {
		count = world_reach(model, world, probes, probe_count, NULL);
		if (count < 0) {
			assert_int_equal(count, -ENOSPC);
			assert_false(crowd_fits(model, &world->catalog));
			tally->refused++;
		} else {
			tally->plans++;
			tally->operations += count;
		}
	}
	world_free(world);
}

/* What was kept for old flows goes when they are idle: marks in one plan, services' moves in the next, then
 * what they kept. */
static void settle(struct model *model, struct draft *draft)
{
	for (int i = 0; i < 3; i++) {
		struct world *world;

		draft->now_s += 2 * WORLD_IDLE_S;
		world = make_world(draft);
		if (world_reach(model, world, probes, probe_count, NULL) >= 0 && i == 2)
			model_assert_converged(model, true);
		world_free(world);
	}
}

static void run(uint64_t seed, int steps, enum tracking tracking, struct tally *tally)
{
	struct model *model = model_new();
	struct draft draft;

	random_state = seed;
	first_draft(&draft);
	draft.tracking = tracking;
	draft.now_s = 1000;
	for (int i = 0; i < steps; i++) {
		step(model, &draft, tally);
		if (below(10) == 0)
			settle(model, &draft);
	}
	model_free(model);
}

static void test_random_changes(void **state)
{
	enum tracking tracking = *(enum tracking *)*state;
	struct tally tally = {0};
	const char *seeds = getenv("PLAN_RANDOM_SEEDS"); /* for a longer run by hand */

	make_keys();
	for (int seed = 1; seed <= (seeds ? atoi(seeds) : 40); seed++)
		run(seed, 50, tracking, &tally);
	printf("# %u plans whole (%u operations), %u cut off (in which %u services moved), %u "
	       "refused\n",
	       tally.plans, tally.operations, tally.cut, tally.kicks, tally.refused);
	assert_true(tally.plans > 4 * tally.refused);
}

int main(void)
{
	static enum tracking none = TRACKING_NONE, moved = TRACKING_MOVED;
	const struct CMUnitTest tests[] = {
		{"random changes, flows not tracked", test_random_changes, .initial_state = &none},
		{"random changes, slots marked", test_random_changes, .initial_state = &moved},
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
