// SPDX-License-Identifier: GPL-2.0-only
/* Where XDP_REDIRECT leads: the interfaces, and the CPUs of --cpus. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "datapath_internal.h"
#include "pin.h"

/* Packets that wait for a CPU; a burst of so many takes it less than a millisecond. */
#define QUEUE_SIZE 2048

int ports_fill(struct datapath *datapath, struct err *err)
{
	const struct config *config = datapath->config;
	int map = bpf_map__fd(datapath->skeleton->maps.redirect_ports);

	/* The kernel itself removes those of interfaces that go. */
	for (unsigned int i = 0; i < config->interface_count; i++) {
		uint32_t index = if_nametoindex(config->interfaces[i]);

		if (index && bpf_map_update_elem(map, &index, &index, BPF_ANY))
			return err_set(err, -errno, "%s: cannot be redirected to: %s",
				       config->interfaces[i], strerror(errno));
	}
	return 0;
}

int cpus_fill(struct datapath *datapath, const struct lb_bpf *skeleton, struct err *err)
{
	const struct config *config = datapath->config;
	struct bpf_cpumap_val value = {
		.qsize = QUEUE_SIZE,
		.bpf_prog.fd = bpf_program__fd(skeleton->progs.hairpin_cpu),
	};
	int map = bpf_map__fd(skeleton->maps.redirect_cpus);

	for (unsigned int i = 0; i < config->cpu_count; i++) {
		uint32_t cpu = config->cpus[i];

		if (bpf_map_update_elem(map, &cpu, &value, BPF_ANY))
			return err_set(err, -errno, "--cpus: CPU %u takes no packets: %s", cpu,
				       strerror(errno));
	}
	return 0;
}

static bool is_wanted(const struct config *config, uint32_t cpu)
{
	for (unsigned int i = 0; i < config->cpu_count; i++)
		if (config->cpus[i] == cpu)
			return true;
	return false;
}

void cpus_trim(struct datapath *datapath)
{
	int map = pin_open_map(datapath->config->pin_path, "redirect_cpus");

	if (map < 0)
		return;
	for (uint32_t cpu = 0; cpu < (uint32_t)datapath->cpus; cpu++)
		if (!is_wanted(datapath->config, cpu))
			bpf_map_delete_elem(map, &cpu);
	close(map);
}

static uint64_t sum(const struct datapath *datapath, bool taken)
{
	uint64_t total = 0;

	for (int cpu = 0; cpu < datapath->cpus; cpu++) {
		const struct lb_counters *counters = &datapath->counters[cpu];

		total += __atomic_load_n(taken ? &counters->taken : &counters->reasons[LB_SPREAD],
					 __ATOMIC_ACQUIRE);
	}
	return total;
}

#define CATCH_UP_MS 20 /* longer than any packet waits in a queue */

/*
 * The kernel drops what a CPU's queue has no room for and tells nobody but a tracepoint, so that this
 * is what was handed over and never taken. What is still in a queue gets the time to be taken.
 */
uint64_t cpus_overrun(struct datapath *datapath)
{
	const struct timespec millisecond = {.tv_nsec = 1000000};
	uint64_t handed = sum(datapath, false), taken = sum(datapath, true);

	for (int i = 0; i < CATCH_UP_MS && handed > taken + datapath->overrun; i++) {
		nanosleep(&millisecond, NULL);
		taken = sum(datapath, true);
	}
	if (handed > taken + datapath->overrun)
		datapath->overrun = handed - taken;
	return datapath->overrun;
}
