// SPDX-License-Identifier: GPL-2.0-only
/* Where in memory a program is put. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "rounds.h"
#include "stage.h"

/* On x86 11 cache lines of machine code, so that 64 of them meet each place in a page. */
#define INSTRUCTIONS 96

static int occupants[ROUNDS_MAX], occupant_count;

void stage_occupy(void)
{
	struct bpf_insn instructions[INSTRUCTIONS];
	int program;

	/* r0 = 0x1010101: 7 bytes */
	for (int i = 0; i < INSTRUCTIONS - 1; i++)
		instructions[i] =
			(struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 0x81010101};
	instructions[INSTRUCTIONS - 1] = (struct bpf_insn){.code = BPF_JMP | BPF_EXIT};
	program = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "occupant", "GPL", instructions,
				INSTRUCTIONS, NULL);
	if (program < 0)
		stage_fail("cannot load a program: %s", strerror(errno));
	occupants[occupant_count++] = program;
}

void stage_vacate(void)
{
	while (occupant_count)
		close(occupants[--occupant_count]);
}
