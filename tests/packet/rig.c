// SPDX-License-Identifier: GPL-2.0-only
#include "rig.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "hash.h"
#include "plan.h"
#include "lb.skel.h"
#include "headroom.skel.h"
#include "plan.h"
#include "harness.h"
#include "world.h"

static const struct lb_features features_of[RIG_COUNT] = {
	[RIG_ALL] =
		{.ipv6 = 1, .any_port = 1, .affinity_client = 1, .outer_ipv4 = 1, .outer_ipv6 = 1},
	[RIG_VARIED] = {.ipv6 = 1,
			.any_port = 1,
			.affinity_client = 1,
			.source_varied = 1,
			.outer_ipv4 = 1,
			.outer_ipv6 = 1},
	[RIG_INTERFACES] = {.ipv6 = 1,
			    .any_port = 1,
			    .affinity_client = 1,
			    .outer_ipv4 = 1,
			    .outer_ipv6 = 1,
			    .many_interfaces = 1},
	[RIG_PLAIN] = {.outer_ipv4 = 1, .outer_ipv6 = 1},
	[RIG_NO_OUTER_IPV4] = {.ipv6 = 1, .outer_ipv6 = 1},
	[RIG_NO_OUTER_IPV6] = {.ipv6 = 1, .outer_ipv4 = 1},
	[RIG_FULL] = {.ipv6 = 1,
		      .outer_ipv4 = 1,
		      .outer_ipv6 = 1,
		      .echo = 1,
		      .not_plain = 1,
		      .gue = 1,
		      .gre = 1,
		      .vxlan = 1,
		      .layer2 = 1},
	[RIG_SPREAD] = {.ipv6 = 1, .outer_ipv4 = 1, .outer_ipv6 = 1, .spread = 1},
	[RIG_NO_CPU] = {.ipv6 = 1, .outer_ipv4 = 1, .outer_ipv6 = 1, .spread = 1},
};

#define RIG_SLOTS 8192

static struct rig *rigs[RIG_COUNT];

/* In a TAP stream libbpf's warnings are comments. */
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level != LIBBPF_WARN)
		return 0;
	printf("# ");
	return vprintf(format, args);
}

bool harness_start(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	dup2(STDOUT_FILENO, STDERR_FILENO); /* cmocka writes "not ok" to stderr */
	libbpf_set_print(print_libbpf);
	if (!geteuid())
		return true;
	puts("1..0 # SKIP needs root");
	return false;
}

void rig_network(void)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(
		system("ip link add hp-a index 2 type veth peer name hp-b index 3 >/dev/null"), 0);
}

static void *map_memory(struct bpf_map *map, size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	assert_true(memory != MAP_FAILED);
	return memory;
}

/* The other end of the veth pair is where no program is; nothing is sent there. */
static void fill_ports(const struct rig *rig)
{
	const uint32_t port = RIG_VETH;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(rig->skeleton->maps.redirect_ports), &port,
					     &port, BPF_ANY),
			 0);
}

static void fill_cpus(const struct rig *rig)
{
	const struct bpf_cpumap_val value = {.qsize = 64};
	const uint32_t cpu = 0;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(rig->skeleton->maps.redirect_cpus), &cpu,
					     &value, BPF_ANY),
			 0);
}

/* CPUs 0, 1, ... are those that packets are spread over. */
static struct lb_bpf *open_skeleton(const struct lb_features *features, uint32_t cpus)
{
	struct lb_bpf *skeleton = lb_bpf__open();

	assert_non_null(skeleton);
	skeleton->rodata->features = *features;
	skeleton->rodata->features.lean = features_lean(features);
	skeleton->rodata->features.lean = features_lean(features);
	skeleton->rodata->slot_count = RIG_SLOTS;
	skeleton->rodata->spread_count = cpus;
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		skeleton->rodata->spread_cpus[cpu] = cpu;
	bpf_map__set_value_size(skeleton->maps.slots, RIG_SLOTS * sizeof(struct lb_slot));
	bpf_map__set_max_entries(skeleton->maps.counters, libbpf_num_possible_cpus());
	bpf_map__set_max_entries(skeleton->maps.fragments, RIG_FRAGMENTS);
	bpf_map__set_max_entries(skeleton->maps.redirect_cpus, cpus);
	/* BPF_PROG_RUN takes no program of a cpumap; nothing else tells them from others. */
	bpf_program__set_expected_attach_type(skeleton->progs.hairpin_cpu, BPF_XDP);
	if (features->frags) {
		bpf_program__set_flags(skeleton->progs.hairpin_lb, BPF_F_XDP_HAS_FRAGS);
		bpf_program__set_flags(skeleton->progs.hairpin_trace, BPF_F_XDP_HAS_FRAGS);
		bpf_program__set_flags(skeleton->progs.hairpin_cpu, BPF_F_XDP_HAS_FRAGS);
	}
	return skeleton;
}

struct rig *rig_load(const struct lb_features *features, uint32_t cpus)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->skeleton = open_skeleton(features, cpus);
	assert_int_equal(lb_bpf__load(rig->skeleton), 0);
	rig->lb = bpf_program__fd(rig->skeleton->progs.hairpin_lb);
	rig->trace = bpf_program__fd(rig->skeleton->progs.hairpin_trace);
	rig->cpu = bpf_program__fd(rig->skeleton->progs.hairpin_cpu);
	rig->arrays = &rig->skeleton->bss->arrays;
	rig->counters = map_memory(rig->skeleton->maps.counters,
				   libbpf_num_possible_cpus() * sizeof(*rig->counters));
	rig->slots = map_memory(rig->skeleton->maps.slots, RIG_SLOTS * sizeof(*rig->slots));
	rig->slots_used = LB_FIRST_SLOT;
	return rig;
}

struct rig *rig_open(enum rig_name name)
{
	struct rig *rig = rig_load(&features_of[name], 1);

	if (name == RIG_INTERFACES)
		fill_ports(rig);
	if (name == RIG_SPREAD)
		fill_cpus(rig);
	world_fill(rig);
	return rig;
}

struct rig *rig_get(enum rig_name name)
{
	if (!rigs[name])
		rigs[name] = rig_open(name);
	return rigs[name];
}

void rig_close(struct rig *rig)
{
	if (!rig)
		return;
	munmap(rig->counters, libbpf_num_possible_cpus() * sizeof(*rig->counters));
	munmap(rig->slots, RIG_SLOTS * sizeof(*rig->slots));
	lb_bpf__destroy(rig->skeleton);
	free(rig);
}

void rig_close_all(void)
{
	for (int name = 0; name < RIG_COUNT; name++) {
		rig_close(rigs[name]);
		rigs[name] = NULL;
	}
}

int rig_run(int program, const struct frame *in, uint32_t interface, struct frame *out)
{
	struct xdp_md context = {.data_end = in->length, .ingress_ifindex = interface};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = in->bytes, .data_size_in = in->length,
		    .data_out = out->bytes, .data_size_out = FRAME_SIZE, .repeat = 1);

	if (interface) {
		options.ctx_in = &context;
		options.ctx_size_in = sizeof(context);
	}
	if (bpf_prog_test_run_opts(program, &options))
		fail_msg("BPF_PROG_RUN with %u bytes: %s", in->length, strerror(errno));
	out->length = options.data_size_out;
	return options.retval;
}

int rig_wrap(int program, uint32_t room, uint32_t length)
{
	struct headroom_bpf *skeleton = headroom_bpf__open();
	uint32_t first = 0;
	int wrapper;

	assert_non_null(skeleton);
	skeleton->rodata->room = room;
	skeleton->rodata->length = length;
	assert_int_equal(headroom_bpf__load(skeleton), 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(skeleton->maps.programs), &first, &program,
					     BPF_ANY),
			 0);
	wrapper = dup(bpf_program__fd(skeleton->progs.leave_headroom));
	/* A program array is emptied when its last user descriptor goes; the copy keeps it. */
	assert_true(dup(bpf_map__fd(skeleton->maps.programs)) >= 0);
	headroom_bpf__destroy(skeleton);
	assert_true(wrapper >= 0);
	return wrapper;
}

static void add(struct lb_counter *sum, const struct lb_counter *counter)
{
	sum->packets += counter->packets;
	sum->bytes += counter->bytes;
}

void rig_count(const struct rig *rig, struct rig_counts *out)
{
	memset(out, 0, sizeof(*out));
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
		const struct lb_counters *own = &rig->counters[cpu];

		for (uint32_t i = 0; i < LB_REASON_COUNT; i++)
			out->reasons[i] += own->reasons[i];
		for (uint32_t i = 0; i < RIG_SERVICES; i++)
			add(&out->services[i], &own->services[i]);
		for (uint32_t i = 0; i < RIG_BACKENDS; i++)
			add(&out->backends[i], &own->backends[i]);
	}
}

struct lb_trace rig_trace(const struct rig *rig)
{
	return rig->skeleton->data->trace;
}

void rig_table(struct rig *rig, uint32_t pool, uint32_t size, uint16_t first, uint16_t step)
{
	struct lb_slot *at = &rig->slots[rig->slots_used];

	assert_true(rig->slots_used + size + 2 <= RIG_SLOTS);
	(at++)->backend = WORLD_POISON;
	rig->arrays->pools[pool] =
		(struct lb_pool){.first = at - rig->slots, .size = size, .seed = FLOWS_SEED};
	for (uint32_t i = 0; i < size; i++)
		(at++)->backend = first + i * step;
	(at++)->backend = WORLD_POISON;
	rig->slots_used = at - rig->slots;
}

struct lb_service *rig_place(const struct rig *rig, const struct lb_service *service, int place)
{
	uint64_t hash = hash_service(&service->key);
	uint32_t bucket = place < 2 ? hash_first_bucket(hash) : hash_second_bucket(hash);
	struct lb_service *entry = &rig->arrays->services[bucket].entries[place % 2];

	if (entry->target.word)
		return NULL;
	*entry = *service;
	return entry;
}

struct lb_service *rig_service(const struct rig *rig, const struct lb_service *service)
{
	for (int place = 0; place < 4; place++) {
		struct lb_service *entry = rig_place(rig, service, place);

		if (entry)
			return entry;
	}
	fail_msg("no place for a service");
	return NULL;
}
