// SPDX-License-Identifier: GPL-2.0-only
/* The reference that takes the same way as a mix: to another CPU, or out of another interface. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "stage.h"
#include "wire.skel.h"

#define QUEUE_SIZE 2048 /* as hairpind's */

static void fill_cpus(struct wire_bpf *wire, const char *list)
{
	struct bpf_cpumap_val value = {
		.qsize = QUEUE_SIZE,
		.bpf_prog.fd = bpf_program__fd(wire->progs.reference_cpu),
	};
	uint32_t count = 0;

	for (const char *at = list; at && count < WIRE_MAX_CPUS; at = strchr(at, ',')) {
		uint32_t cpu;

		at += *at == ',';
		cpu = strtoul(at, NULL, 10);
		if (bpf_map_update_elem(bpf_map__fd(wire->maps.cpus), &cpu, &value, BPF_ANY))
			stage_fail("cpumap: CPU %u: %s", cpu, strerror(errno));
		wire->bss->spread_cpus[count++] = cpu;
	}
	wire->bss->spread_count = count;
}

bool stage_same_way(struct wire_bpf *wire, const struct mix *mix)
{
	static const struct mix *done;
	const bool second = mix->way == WAY_SECOND;

	if (!second && !mix->cpus)
		return false;
	if (done == mix)
		return true;
	done = mix;
	stage_redirect(wire, second ? DEVICE_SECOND : DEVICE_WAY);
	if (mix->cpus)
		fill_cpus(wire, mix->cpus);
	stage_reference(wire, DEVICE_WAY, second ? "reference_redirect" : "reference_spread");
	return true;
}
