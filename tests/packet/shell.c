// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rig for programs in other languages: reads commands from stdin, a line each, and answers each with
 * a line. frames.py has what they mean.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "address.h"
#include "harness.h"
#include "lb.skel.h"
#include "rig.h"
#include "template.h"

#define RIGS  32
#define WORDS 64
#define CPUS  2
#define LINE  32768

#define SECOND 1000000000ULL

static struct {
	char name[32];
	struct rig *rig;
} rigs[RIGS];
static struct rig *rig;

/* The words of a command; missing ones are an error of the caller, which ends the shell. */
static char *words[WORDS];
static int word_count, word_next;

static const char *word(void)
{
	if (word_next >= word_count) {
		printf("error: %s: a word is missing\n", words[0]);
		exit(1);
	}
	return words[word_next++];
}

static uint64_t number(void)
{
	return strtoull(word(), NULL, 0);
}

static struct lb_address address(void)
{
	struct lb_address out;
	const char *text = word();

	if (address_parse(text, &out)) {
		printf("error: %s is not an address\n", text);
		exit(1);
	}
	return out;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static void update(struct bpf_map *map, const void *key, const void *value)
{
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY), 0);
}

static void update_inner(struct bpf_map *map, uint32_t index, int inner)
{
	assert_true(inner >= 0);
	update(map, &index, &inner);
	close(inner);
}

static const struct {
	const char *name;
	size_t at;
} features[] = {
#define FEATURE(name)                                     \
	{                                                 \
#name, offsetof(struct lb_features, name) \
	}
	FEATURE(ipv6),       FEATURE(any_port),   FEATURE(affinity_client), FEATURE(source_varied),
	FEATURE(outer_ipv4), FEATURE(outer_ipv6), FEATURE(many_interfaces), FEATURE(moved),
	FEATURE(track_all),  FEATURE(echo),       FEATURE(not_plain),       FEATURE(gue),
	FEATURE(gre),        FEATURE(vxlan),      FEATURE(layer2),          FEATURE(quic),
	FEATURE(frags),      FEATURE(spread),     FEATURE(spread_local),
#undef FEATURE
};

static void add_feature(struct lb_features *out, const char *name)
{
	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++) {
		if (strcmp(features[i].name, name) != 0)
			continue;
		((uint8_t *)out)[features[i].at] = 1;
		return;
	}
	printf("error: %s is no feature\n", name);
	exit(1);
}

/* open NAME FEATURE... */
static void do_open(void)
{
	struct lb_features wanted = {0};
	const char *name = word();
	int at = 0;

	while (word_next < word_count)
		add_feature(&wanted, word());
	while (rigs[at].rig)
		assert_true(++at < RIGS);
	snprintf(rigs[at].name, sizeof(rigs[at].name), "%s", name);
	rig = rigs[at].rig = rig_load(&wanted, CPUS);
	puts("ok");
}

/* use NAME */
static void do_use(void)
{
	const char *name = word();

	for (int at = 0; at < RIGS; at++) {
		if (!rigs[at].rig || strcmp(rigs[at].name, name) != 0)
			continue;
		rig = rigs[at].rig;
		puts("ok");
		return;
	}
	printf("error: %s is not open\n", name);
	exit(1);
}

/* service INDEX ADDRESS PROTOCOL PORT POOL FLAGS */
static void do_service(void)
{
	uint16_t index = number();
	struct lb_service service = {.key.address = address()};

	service.key.protocol = number();
	service.key.port = htons(number());
	service.target.service = index;
	service.target.pool = number();
	service.target.flags = LB_SERVICE_USED | number();
	rig_service(rig, &service);
	puts("ok");
}

/* vip ADDRESS */
static void do_vip(void)
{
	rig_service(rig, &(struct lb_service){.key.address = address(),
					      .target.flags = LB_SERVICE_USED | LB_SERVICE_VIP});
	puts("ok");
}

/* table POOL SIZE FIRST STEP: slot i is of backend FIRST + i * STEP */
static void do_table(void)
{
	uint32_t pool = number(), size = number(), first = number();

	rig_table(rig, pool, size, first, number());
	puts("ok");
}

static void mac(uint8_t out[6])
{
	const char *text = word();

	assert_int_equal(sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &out[0], &out[1], &out[2],
				&out[3], &out[4], &out[5]),
			 6);
}

/* backend INDEX ENCAPSULATION VNI SOURCE PREFIX DESTINATION MTU INTERFACE FROM_MAC TO_MAC
 * [TPID ID]...: as the daemon writes it, and alive */
static void do_backend(void)
{
	uint32_t index = number(), encapsulation = number();
	struct template_source source;
	struct template_link link = {0};
	struct lb_address destination;

	encapsulation |= number() << 8;
	source.address = address();
	source.prefix_length = number();
	destination = address();
	link.mtu = number();
	link.interface = number();
	mac(link.source_mac);
	mac(link.destination_mac);
	while (word_next < word_count) {
		assert_true(link.vlan_count < TEMPLATE_VLANS);
		link.vlans[link.vlan_count].protocol = number();
		link.vlans[link.vlan_count++].id = number();
	}
	template_make(encapsulation, &source, &destination, &link, &rig->arrays->backends[index]);
	rig->arrays->lives[index].number = 1;
	puts("ok");
}

/* life INDEX NUMBER */
static void do_life(void)
{
	uint32_t index = number();

	rig->arrays->lives[index].number = number();
	puts("ok");
}

/* move POOL ORIGIN: all slots have moved there from backend ORIGIN, a second ago; flows are stored */
static void do_move(void)
{
	uint32_t index = number();
	const struct lb_pool *pool = &rig->arrays->pools[index];
	struct lb_move move = {.since_ns = now_ns() - SECOND, .origin = number()};
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "moves", sizeof(uint32_t), sizeof(move),
				 pool->size, &options);

	move.changed_s = move.since_ns / SECOND;
	for (uint32_t slot = 0; slot < pool->size; slot++) {
		assert_int_equal(bpf_map_update_elem(map, &slot, &move, BPF_ANY), 0);
		rig->slots[pool->first + slot].moved = 1;
	}
	update_inner(rig->skeleton->maps.moves, index, map);
	for (uint32_t table = 0; table < LB_FLOW_TABLES; table++)
		update_inner(rig->skeleton->maps.flows, table,
			     bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "flows",
					    sizeof(struct lb_flow_key), sizeof(struct lb_flow),
					    1024, NULL));
	puts("ok");
}

/* quic POOL [SERVER_ID BACKEND]...: ids in hex; all servers that there are */
static void do_quic(void)
{
	struct lb_quic_key key = {.pool = number()};
	struct lb_quic_server server = {0};
	struct frame id = {0};
	int map = bpf_map_create(BPF_MAP_TYPE_HASH, "quic_servers", sizeof(key), sizeof(server), 64,
				 NULL);

	while (word_next < word_count) {
		id.length = 0;
		frame_put_hex(&id, word());
		assert_true(id.length <= LB_QUIC_SERVER_ID_MAX);
		memset(key.id, 0, sizeof(key.id));
		memcpy(key.id, id.bytes, id.length);
		key.length = id.length;
		server.backend = number();
		server.life = rig->arrays->lives[server.backend].number;
		assert_int_equal(bpf_map_update_elem(map, &key, &server, BPF_ANY), 0);
	}
	update_inner(rig->skeleton->maps.quic_servers, 0, map);
	puts("ok");
}

/* port IFINDEX: packets can be redirected to it */
static void do_port(void)
{
	uint32_t port = number();

	update(rig->skeleton->maps.redirect_ports, &port, &port);
	puts("ok");
}

/* cpu NUMBER: packets can be handed to it */
static void do_cpu(void)
{
	const struct bpf_cpumap_val value = {.qsize = 64};
	uint32_t cpu = number();

	update(rig->skeleton->maps.redirect_cpus, &cpu, &value);
	puts("ok");
}

/* age SECONDS: of all fragments that are remembered */
static void do_age(void)
{
	static struct lb_fragment_key keys[RIG_FRAGMENTS];
	int map = bpf_map__fd(rig->skeleton->maps.fragments), found = 0;
	uint64_t seconds = number();
	struct lb_fragment fragment;

	/* All keys first: an update moves an element within its bucket. */
	while (found < RIG_FRAGMENTS &&
	       !bpf_map_get_next_key(map, found ? &keys[found - 1] : NULL, &keys[found]))
		found++;
	while (found-- > 0) {
		assert_int_equal(bpf_map_lookup_elem(map, &keys[found], &fragment), 0);
		fragment.seen_ns -= seconds * SECOND;
		assert_int_equal(bpf_map_update_elem(map, &keys[found], &fragment, BPF_EXIST), 0);
	}
	puts("ok");
}

/* rest: so long that as many answers are due as can be; rest never: none is for an hour */
static void do_rest(void)
{
	uint64_t due = word_next < word_count ? now_ns() + 3600 * SECOND : 0;

	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		rig->counters[cpu].answer_due_ns = due;
	puts("ok");
}

/* due: when the next answer is due, on the CPU that was last to answer */
static void do_due(void)
{
	uint64_t due = 0;

	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		if (rig->counters[cpu].answer_due_ns > due)
			due = rig->counters[cpu].answer_due_ns;
	printf("%lu\n", due);
}

/* count: packets and bytes of a service or a backend, or the events of flows */
static void do_count(void)
{
	const char *what = word();
	static struct rig_counts counts;
	const struct lb_counter *of = what[0] == 's' ? counts.services : counts.backends;
	uint64_t events[LB_FLOW_EVENTS] = {0};

	rig_count(rig, &counts);
	if (what[0] != 'f') {
		of += number();
		printf("%llu %llu\n", of->packets, of->bytes);
		return;
	}
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		for (int i = 0; i < LB_FLOW_EVENTS; i++)
			events[i] += rig->counters[cpu].flows[i];
	printf("%lu %lu %lu %lu\n", events[LB_FLOW_ASKED], events[LB_FLOW_STORED],
	       events[LB_FLOW_PROMOTED], events[LB_FLOW_UNSTORED]);
}

static const char *const reason_names[LB_REASON_COUNT] = {
#define X(name, action, words) [LB_##name] = #name,
	LB_REASONS(X)
#undef X
};

/* The reason that one packet was counted under. */
static const char *counted(const struct rig_counts *before, const struct rig_counts *after)
{
	const char *found = "UNCOUNTED";
	uint64_t packets = 0;

	for (int i = 1; i < LB_REASON_COUNT; i++) {
		if (after->reasons[i] == before->reasons[i])
			continue;
		packets += after->reasons[i] - before->reasons[i];
		found = reason_names[i];
	}
	return packets > 1 ? "COUNTED_TWICE" : found;
}

/* run lb|cpu|trace INTERFACE FRAME: answers with the reason, the action's number, and the frame */
static void do_run(void)
{
	const char *program = word();
	static struct rig_counts before, after;
	struct frame in = {0}, out;
	uint32_t interface = number();
	int fd = program[0] == 'l' ? rig->lb : program[0] == 'c' ? rig->cpu : rig->trace;
	int action;

	frame_put_hex(&in, word());
	rig_count(rig, &before);
	action = rig_run(fd, &in, interface, &out);
	rig_count(rig, &after);
	printf("%s %d ",
	       fd == rig->trace ? reason_names[rig_trace(rig).reason] : counted(&before, &after),
	       action);
	for (uint32_t i = 0; i < out.length; i++)
		printf("%02x", out.bytes[i]);
	putchar('\n');
}

static const struct {
	const char *name;
	void (*run)(void);
} commands[] = {
	{"age", do_age},         {"backend", do_backend}, {"count", do_count}, {"cpu", do_cpu},
	{"due", do_due},         {"life", do_life},       {"move", do_move},   {"open", do_open},
	{"port", do_port},       {"quic", do_quic},       {"rest", do_rest},   {"run", do_run},
	{"service", do_service}, {"table", do_table},     {"use", do_use},     {"vip", do_vip},
};

static void do_line(char *line)
{
	word_count = word_next = 0;
	for (char *at = strtok(line, " \n"); at && word_count < WORDS; at = strtok(NULL, " \n"))
		words[word_count++] = at;
	if (!word_count)
		return;
	word_next = 1;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(commands[i].name, words[0]) != 0)
			continue;
		commands[i].run();
		return;
	}
	printf("error: %s is no command\n", words[0]);
	exit(1);
}

int main(void)
{
	static char line[LINE];

	setvbuf(stdout, NULL, _IOLBF, 0);
	rig_network();
	while (fgets(line, sizeof(line), stdin))
		do_line(line);
	for (int at = 0; at < RIGS; at++)
		rig_close(rigs[at].rig);
	return 0;
}
