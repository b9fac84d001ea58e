/* SPDX-License-Identifier: GPL-2.0-only */
/* A mix: what traffic meets what catalog. */
#ifndef HAIRPIN_MIX_H
#define HAIRPIN_MIX_H

#include <stdbool.h>
#include <stdint.h>

#include "wire_abi.h"

/* The array that grows with what the mix is about: reference_lookup reads one as large. */
enum mix_array { ARRAY_TABLES, ARRAY_SERVICES, ARRAY_BACKENDS };

enum mix_encapsulation { ENCAP_IPIP, ENCAP_GUE, ENCAP_GRE, ENCAP_VXLAN, ENCAP_NONE };

#define MIX_VNI 7 /* of VXLAN */

/* Where the backends are: which part of their addresses. */
enum mix_way {
	WAY_GATEWAY, /* behind a gateway, at the interface that packets come in by */
	WAY_SECOND,  /* behind a gateway at another interface */
	WAY_LAYER2,  /* on the link that packets come in by */
};

struct mix {
	const char *name;
	struct wire_traffic traffic; /* services, pools: 0 is 1; backends: 0 is 16 */
	enum mix_array array;
	bool for_no_service;  /* the traffic, which is passed */
	const char *tracking; /* of the pools; NULL: the default */
	uint32_t moved;       /* percent of the slots, by a backend more; one pool */
	bool anew;            /* all flows began after that, and those of moved slots are stored */
	const char *axis;     /* of the scaling mixes: what grows */
	uint32_t value;       /* how far */

	/* Of a mix that shows what a feature costs. */
	const char *without; /* the mix that is the same without it */
	enum mix_encapsulation encapsulation;
	enum mix_way way;
	const char *cpus;  /* hairpind's --cpus */
	bool spread_local; /* and --spread-local */
};

extern const struct mix mixes[], scaling_mixes[]; /* both end with a name of NULL */

/* mix_traffic(): with the defaults filled in. */
struct wire_traffic mix_traffic(const struct mix *mix);

/* mix_lookup(): what reference_lookup is to read for a mix. */
struct wire_lookup mix_lookup(const struct mix *mix);

/* mix_named(): whether the list NAME[,NAME...] has the name of mix. */
bool mix_named(const struct mix *mix, const char *names);

/* mix_write_catalog(): before or after slots have moved. Returns 0, or -1 with errno. */
int mix_write_catalog(const struct mix *mix, bool after, const char *path);

#endif
