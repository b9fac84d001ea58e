// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf/moved.h and bpf/select.h, compiled for this machine, against a model that knows where every flow
 * lives: random changes of catalogs by real plans, with packets between any two operations of them,
 * and time that passes. A packet of a living flow has to reach the backend that accepted the flow, while
 * that backend lives and the flow is not silent for longer than the idle timeout.
 */
#include "test.h"
#include "plan_world.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <netinet/in.h>

#include "host/bpf/bpf_helpers.h"
#include <bpf/bpf_endian.h>

#pragma GCC diagnostic ignored "-Wsign-compare" /* as clang has it, which the headers are for */
#include "select.h"

#define TUPLES    4000
#define BACKENDS  7
#define PACKETS   1000000
#define PER_OP    400 /* packets after an operation, at most */
#define TABLE_251 251
#define SECOND    1000000000ULL

const volatile struct lb_features features = {
	.affinity_client = 1, .moved = 1, .track_all = 1, .any_port = 1};
const volatile __u32 slot_count = UINT32_MAX;

static struct lb_counters host_counters;
static struct model *model;
static uint64_t now_ns;

/* --- the maps --- */

/* A table of flows that never evicts: open addressing. */
struct flow_table {
	struct {
		bool used;
		struct lb_flow_key key;
		struct lb_flow flow;
	} cells[4 * TUPLES];
};

static struct flow_table flow_tables[LB_FLOW_TABLES];

static void *find_flow(struct flow_table *table, const struct lb_flow_key *key, bool make)
{
	uint32_t at = (key->source.words[3] * 2654435761u ^ key->ports) % (4 * TUPLES);

	while (table->cells[at].used && memcmp(&table->cells[at].key, key, sizeof(*key)) != 0)
		at = (at + 1) % (4 * TUPLES);
	if (!table->cells[at].used && !make)
		return NULL;
	if (!table->cells[at].used) {
		table->cells[at].used = true;
		table->cells[at].key = *key;
		memset(&table->cells[at].flow, 0, sizeof(table->cells[at].flow));
	}
	return &table->cells[at].flow;
}

static struct flow_table *flow_table_at(const void *map)
{
	for (int i = 0; i < LB_FLOW_TABLES; i++)
		if (map == &flow_tables[i])
			return &flow_tables[i];
	return NULL;
}

void *host_lookup(const void *map, const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	if (map == &slots)
		return model->state.slots;
	if (map == &counters)
		return &host_counters;
	if (map == &moves)
		return model->state.moves[index];
	if (map == &flows)
		return model->state.remembers ? &flow_tables[index] : NULL;
	if (flow_table_at(map)) {
		struct lb_flow *flow = find_flow(flow_table_at(map), key, false);

		return flow && flow->stored_ns ? flow : NULL;
	}
	return (struct lb_move *)map + index; /* one of model->state.moves */
}

long host_update(void *map, const void *key, const void *value)
{
	memcpy(find_flow(flow_table_at(map), key, true), value, sizeof(struct lb_flow));
	return 0;
}

long host_delete(void *map, const void *key)
{
	struct lb_flow *flow = find_flow(flow_table_at(map), key, false);

	if (flow)
		memset(flow, 0, sizeof(*flow)); /* stored_ns 0: not there; the chain stays whole */
	return flow ? 0 : -1;
}

uint64_t host_now_ns(void)
{
	return now_ns;
}

/* --- the catalog --- */

struct draft_backend {
	bool present;
	uint16_t weight;
	enum backend_state state;
};

/* The services that there are: flows go from one to the other. */
enum ports {
	EXACT,
	ANY,
	BOTH,
};

static struct {
	struct draft_backend backends[2][BACKENDS]; /* of two pools with the same servers */
	uint32_t table_size;
	unsigned int seed;
	enum ports ports;
	int pool, any_pool; /* of the service of the exact port, and of "any port" */
	bool by_client;
	enum tracking tracking;
} draft;

static uint64_t random_state;

static uint32_t below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_state >> 33) % limit;
}

static int serving(int pool)
{
	int count = 0;

	for (int i = 0; i < BACKENDS; i++)
		count += draft.backends[pool][i].present && draft.backends[pool][i].weight &&
			 draft.backends[pool][i].state == BACKEND_UP;
	return count;
}

static void change_backend(int pool)
{
	struct draft_backend *backend = &draft.backends[pool][below(BACKENDS)], before = *backend;

	switch (below(7)) {
	case 0:
		backend->present ^= true;
		backend->state = BACKEND_UP;
		break;
	case 1:
		backend->state = BACKEND_DOWN;
		break;
	case 2:
		backend->state = BACKEND_DRAIN;
		break;
	case 3:
	case 4:
		backend->state = BACKEND_UP;
		break;
	default:
		backend->weight = (uint16_t[]){0, 50, 100, 100, 200}[below(5)];
	}
	if (serving(pool) < 2)
		*backend = before;
}

static void change(void)
{
	switch (below(24)) {
	case 0:
		draft.table_size = draft.table_size == TABLE_251 ? 509 : TABLE_251;
		break;
	case 1:
		draft.seed = below(3);
		break;
	case 2:
		draft.pool ^= 1;
		break;
	case 5:
		draft.ports = (enum ports[]){EXACT, ANY, BOTH}[below(3)];
		break;
	case 6:
		draft.any_pool ^= 1;
		break;
	case 3:
		draft.by_client ^= true;
		break;
	case 4:
		draft.tracking = below(2) ? TRACKING_ALL : TRACKING_MOVED;
		break;
	default:
		change_backend(draft.pool ^ (below(4) == 0));
	}
}

static struct world *make_world(void)
{
	struct lb_service_key key = world_key(0xcb00710a, 443, IPPROTO_TCP), any = key;
	char text[16];
	struct world *world;

	any.port = 0;
	snprintf(text, sizeof(text), "seed-%u", draft.seed);
	world = world_new(text);
	world->wanted.now_ns = now_ns;
	world->tracking = draft.tracking;
	for (int pool = 0; pool < 2; pool++) {
		world_add_pool(world, pool ? "other" : "web", draft.table_size);
		for (int i = 0; i < BACKENDS; i++) {
			struct catalog_pool *last;

			if (!draft.backends[pool][i].present)
				continue;
			snprintf(text, sizeof(text), "b%d", i);
			world_add_backend(world, text, 0x0a000001 + i,
					  draft.backends[pool][i].state == BACKEND_UP
						  ? draft.backends[pool][i].weight
						  : 0);
			last = &world->catalog.pools[pool];
			last->backends[last->backend_count - 1].state =
				draft.backends[pool][i].state;
		}
	}
	if (draft.ports != ANY)
		world_add_service(world, "www", &key, draft.pool,
				  draft.by_client ? AFFINITY_CLIENT : AFFINITY_FLOW);
	if (draft.ports != EXACT)
		world_add_service(world, "all", &any, draft.any_pool, AFFINITY_FLOW);
	world_finish(world);
	return world;
}

/* --- the flows --- */

static struct {
	uint16_t backend; /* 0: no such flow */
	uint32_t life;
	uint64_t last_ns;
} living[TUPLES];

static unsigned long sent, begun, wrong;

static struct packet packet_of(int tuple, uint8_t tcp_flags)
{
	return (struct packet){
		.flow = {.source = world_key(0xc6336400 + tuple % 97, 0, 0).address,
			 .destination = world_key(0xcb00710a, 0, 0).address,
			 .source_port = htons(1024 + tuple),
			 .destination_port = htons(443),
			 .protocol = IPPROTO_TCP},
		.tcp_flags = tcp_flags,
	};
}

/* The backend that the program chooses for a packet of a tuple. */
static uint16_t choose(int tuple, uint8_t tcp_flags)
{
	struct packet pkt = packet_of(tuple, tcp_flags);

	assert_int_equal(select_service(&pkt), LB_CONTINUE);
	return select_backend(&pkt, NULL) == LB_CONTINUE ? pkt.backend : LB_NONE;
}

static void begin(int tuple)
{
	uint16_t backend = choose(tuple, TCP_SYN);

	if (!backend || !arrays.lives[backend].number)
		return;
	living[tuple].backend = backend;
	living[tuple].life = arrays.lives[backend].number;
	living[tuple].last_ns = now_ns;
	begun++;
}

static bool is_alive(int tuple)
{
	return living[tuple].backend &&
	       arrays.lives[living[tuple].backend].number == living[tuple].life &&
	       now_ns - living[tuple].last_ns < WORLD_IDLE_S * 1000000000ULL;
}

static void packet(int tuple)
{
	uint32_t kind = below(100);
	uint8_t flags = kind < 4 ? TCP_FIN | TCP_ACK : kind < 6 ? TCP_RST : TCP_ACK;
	uint16_t backend;

	if (!is_alive(tuple)) {
		living[tuple].backend = LB_NONE;
		return begin(tuple);
	}
	backend = choose(tuple, flags);
	sent++;
	if (backend != living[tuple].backend) {
		wrong++;
		living[tuple].backend = LB_NONE;
	} else if (flags != TCP_ACK) {
		living[tuple].backend = LB_NONE;
	}
	living[tuple].last_ns = now_ns;
}

static void packets(void)
{
	for (uint32_t i = below(PER_OP); i > 0; i--) {
		now_ns += below(100000);
		packet(below(TUPLES));
	}
}

/* A plan, with packets after each operation; or cut off in the middle, as when the daemon dies. */
static void follow(bool cut)
{
	struct world *world = make_world();
	struct plan plan = {0};
	size_t end;

	assert_int_equal(plan_make(&world->wanted, &model->state, &plan, NULL), 0);
	end = cut ? below(plan.count + 1) : plan.count;
	model_reserve(model, plan.slot_count);
	model_begin(model, &world->wanted, NULL, 0);
	for (size_t i = 0; i < end; i++) {
		model_apply(model, &plan.ops[i]);
		if (plan.ops[i].kind != PLAN_CLAIM && plan.ops[i].kind != PLAN_RELEASE)
			packets();
	}
	plan_done(&plan);
	world_free(world);
}

static void share_arrays(void)
{
	free(model->state.services);
	free(model->state.backends);
	free(model->state.pools);
	free(model->state.lives);
	free(model->state.service_moves);
	model->state.services = arrays.services;
	model->state.backends = arrays.backends;
	model->state.pools = arrays.pools;
	model->state.lives = arrays.lives;
	model->state.service_moves = arrays.service_moves;
}

static void unshare_arrays(void)
{
	model->state.services = NULL;
	model->state.backends = NULL;
	model->state.pools = NULL;
	model->state.lives = NULL;
	model->state.service_moves = NULL;
}

/* A whole plan, without packets. Returns the number of its operations. */
static int reach(void)
{
	struct world *world = make_world();
	int count = world_reach(model, world, NULL, 0, NULL);

	world_free(world);
	assert_true(count >= 0);
	return count;
}

static void start(void)
{
	memset(&arrays, 0, sizeof(arrays));
	memset(flow_tables, 0, sizeof(flow_tables));
	memset(living, 0, sizeof(living));
	now_ns = 1000 * SECOND;
	memset(&draft, 0, sizeof(draft));
	draft.table_size = TABLE_251;
	draft.tracking = TRACKING_MOVED;
	for (int pool = 0; pool < 2; pool++)
		for (int i = 0; i < BACKENDS - 2 * pool; i++)
			draft.backends[pool][i] = (struct draft_backend){true, 100, BACKEND_UP};
	model = model_new();
	share_arrays();
	/* Until a service is there, no packet is for it. */
	assert_true(reach() > 0);
}

static void stop(void)
{
	unshare_arrays();
	model_free(model);
}

static void test_no_flow_changes_its_backend(void **state)
{
	const char *seed = getenv("MOVED_FLOWS_SEED"); /* for other runs by hand */
	unsigned int plans = 0;

	(void)state;
	random_state = seed ? strtoull(seed, NULL, 10) : 20261126;
	start();
	for (; sent < PACKETS; plans++) {
		/* Mostly nothing changes: marks are cleared when they are idle. */
		for (int i = below(3); i == 2; i = below(3))
			change();
		if (below(3) == 0)
			change();
		if (below(40) == 0)
			now_ns += (uint64_t)below(3 * WORLD_IDLE_S) * 1000000000;
		now_ns += below(2000000000);
		now_ns += below(2000000000);
		follow(below(8) == 0);
		packets();
	}
	printf("# %lu packets of %lu flows, %u plans, %lu wrong; %llu flows stored, %llu "
	       "promoted\n",
	       sent, begun, plans, wrong, (unsigned long long)host_counters.flows[LB_FLOW_STORED],
	       (unsigned long long)host_counters.flows[LB_FLOW_PROMOTED]);
	assert_int_equal(wrong, 0);
	assert_true(begun > 10000 && host_counters.flows[LB_FLOW_PROMOTED] > 1000);
	stop();
}

/* Where a packet of a tuple gets to without looking at what is stored. */
static struct packet look(int tuple)
{
	struct packet pkt = packet_of(tuple, TCP_ACK);

	assert_int_equal(select_service(&pkt), LB_CONTINUE);
	select_slot(&pkt);
	return pkt;
}

/* As old flows of another service would. */
static void keep_marks(uint16_t pool)
{
	for (uint32_t slot = 0; slot < TABLE_251; slot++)
		model->state.moves[pool][slot].last_s = now_ns / SECOND;
}

static void all_are_served(void)
{
	for (int tuple = 0; tuple < TUPLES; tuple++)
		if (living[tuple].backend)
			assert_int_equal(choose(tuple, TCP_ACK), living[tuple].backend);
}

/*
 * Flows that come with a service's move to slots marked before, and go where those lead anyway: neither the
 * service's move nor the slots see them go elsewhere. A slot would take those that are not stored for older
 * ones than its mark; so the service's move lasts as long as marks do.
 */
static void test_a_service_moves_as_long_as_slots_of_its_pool_are_marked(void **state)
{
	int depend = 0;

	(void)state;
	start();
	now_ns += SECOND;
	for (int i = 0; i < 3; i++)
		draft.backends[0][i].weight = 0;
	reach();
	for (int tuple = 0; tuple < TUPLES; tuple++)
		begin(tuple);
	all_are_served();
	draft.by_client = true;
	reach();
	for (int tuple = 0; tuple < TUPLES; tuple++) {
		struct packet pkt = look(tuple);

		/* Those that go elsewhere would keep the service's move alive: they are silent. */
		if (pkt.backend != living[tuple].backend)
			living[tuple].backend = LB_NONE;
		depend += living[tuple].backend && pkt.slot_moved;
	}
	assert_true(depend > 100);
	for (int i = 0; i < 4; i++) {
		now_ns += WORLD_IDLE_S / 3 * SECOND;
		keep_marks(look(0).target.pool);
		all_are_served();
		reach();
	}
	all_are_served();
	for (int i = 0; i < 4; i++) {
		now_ns += WORLD_IDLE_S / 3 * SECOND;
		all_are_served();
	}
	for (int i = 0; i < 4; i++)
		reach();
	assert_false(look(0).target.origin);
	all_are_served();
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_flow_changes_its_backend),
		cmocka_unit_test(test_a_service_moves_as_long_as_slots_of_its_pool_are_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
