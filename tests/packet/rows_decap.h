/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HAIRPIN_TESTS_ROWS_DECAP_H
#define HAIRPIN_TESTS_ROWS_DECAP_H

#include <linux/bpf.h>

#include "decap_abi.h"
#include "row.h"

/* A frame at the backend: outer headers before a packet. B4 and B6 are the host's addresses. */
struct decap_row {
	const char *name;
	struct ip outer;    /* without a source: none */
	struct input inner; /* its frame_length counts without the outer headers */
	enum decap_reason reason;
	int action;
	struct patch patches[4]; /* of the whole frame */
	uint32_t length;         /* cut to it; 0: as long as it is */
	const char *between;     /* hex, behind the outer IP header */
	const char *tags;        /* hex, behind the MACs: VLAN tags */
	const char *inner_tos;   /* hex, that of the packet that comes out; NULL: as it was */
};

/* Frames of every length from first to last of one packet. */
struct decap_cut {
	const char *name;
	struct ip outer;
	struct input inner;
	uint32_t first, last;
	enum decap_reason reason;
	int action;
	const char *between, *tags;
};

struct decap_table {
	const struct decap_row *rows;
	size_t count;
};

struct decap_cut_table {
	const struct decap_cut *cuts;
	size_t count;
};

extern const struct decap_table table_decap, table_decap_gre, table_decap_gue, table_decap_vxlan;
extern const struct decap_cut_table table_decap_cuts;

/* Headers behind the outer IP header, in hex; length is that of UDP. */
#define GRE            47
#define GRE4           "00 00 08 00"
#define GRE6           "00 00 86 dd"
#define TO_GUE         "c1 23 17 c0 "
#define TO_VXLAN       "c1 23 12 b5 "
#define GUE4(length)   TO_GUE length " 00 00 00 04 00 00"
#define GUE6(length)   TO_GUE length " 00 00 00 29 00 00"
#define VNI            " 00 00 08 00 00 00 00 00 2a 00 "
#define VXLAN_MACS     "02 68 70 00 00 02 02 68 70 00 00 01 "
#define VXLAN4(length) TO_VXLAN length VNI VXLAN_MACS "08 00"
#define VXLAN6(length) TO_VXLAN length VNI VXLAN_MACS "86 dd"

#endif
