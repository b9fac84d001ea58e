// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers agree neither on words nor on error codes. Each row is what some of them say (in Linux 6.1 to
 * 6.18), whatever its case; the first row that fits is taken, the particular before the general.
 */
#include "refusal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ORDINARY_MTU 1500

#define LOWER_MTU                                                                               \
	"lower the MTU to what the driver can do with XDP, 3000 with most and 1500 with some: " \
	"ip link set dev %s mtu 3000"
#define NO_LRO                                                                                 \
	"switch off what joins packets on receipt: ethtool -K %s lro off rx-gro-hw off; in a " \
	"virtual machine it can be for the host to do (guest_tso4=off, guest_csum=off)"
#define MORE_QUEUES                                                                              \
	"XDP needs send queues of its own, mostly one for each CPU: ethtool -l %1$s shows what " \
	"there is, ethtool -L %1$s combined N takes fewer for the rest"

/* %s is the interface. */
static const struct advice {
	const char *says, *also; /* also: NULL, or what it says too */
	const char *text;
} advices[] = {
	/* veth */
	{"peer mtu", NULL,
	 "the other end of %s has an MTU that does not fit into one page: lower it to 3000, or "
	 "raise the MTU of this end above 3000 too, so that the program takes longer frames"},
	{"peer tx queues", NULL,
	 "give %1$s as many receive queues as its other end has send queues: ethtool -L %1$s rx N"},
	/* virtio_net, i40e, ice, igc, nfp, hv_netvsc, stmmac, mvneta, atlantic, ... */
	{"jumbo", NULL, "it has no XDP for frames above 1500 bytes: ip link set dev %s mtu 1500"},
	{"mtu", NULL, LOWER_MTU},
	{"frags", NULL, LOWER_MTU},
	/* virtio_net, mlx5, hv_netvsc, qede */
	{"lro", NULL, NO_LRO},
	{"gro_hw", NULL, NO_LRO},
	{"hw-gro", NULL, NO_LRO},
	/* virtio_net, ixgbe, ice, ena, bnxt, mvpp2, gve */
	{"queue", NULL, MORE_QUEUES},
	{" ring", NULL, MORE_QUEUES},
	{"channel", NULL, MORE_QUEUES},
	/* bonding */
	{"bonding mode", NULL,
	 "XDP runs on bonds of mode balance-rr, active-backup, balance-xor and 802.3ad, without "
	 "xmit_hash_policy vlan+srcmac; or serve the interfaces of %s instead (-i eth0,eth1)"},
	{"slave", "program loaded",
	 "an interface of %s has an XDP program of its own: take it off there (ip link set dev "
	 "IFACE xdp off), or serve the interfaces instead of the bond (-i eth0,eth1)"},
	{"slave", NULL,
	 "an interface of %s has no native XDP; serve the others instead of the bond, or try "
	 "--mode generic (slower)"},
	{"upper device", NULL,
	 "%s is part of a bond or team that has a program already: serve that one instead"},
};

bool refusal_is_of_stack(const char *words)
{
	return strcasestr(words, "slave") || strcasestr(words, "upper device");
}

static bool fits(const struct advice *advice, const char *words)
{
	return strcasestr(words, advice->says) &&
	       (!advice->also || strcasestr(words, advice->also));
}

static const char *find_advice(const char *words)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		if (fits(&advices[i], words))
			return advices[i].text;
	return NULL;
}

/* For a driver that says nothing, or something that is not known here. */
static const char *guess(const struct refusal *refusal)
{
	if (refusal->mode == ATTACH_OFFLOAD)
		return "a card cannot run hairpin, whose maps hairpind shares with the program: "
		       "use "
		       "--mode native";
	if (refusal->mode == ATTACH_GENERIC)
		return "dmesg may tell more";
	if (refusal->code == -EOPNOTSUPP && refusal->mtu <= ORDINARY_MTU)
		return "try --mode generic (slower), or --mode auto";
	if (refusal->mtu > ORDINARY_MTU)
		return "dmesg may tell more; an MTU above 1500 is the usual reason: "
		       "ip link set dev %s mtu 1500";
	return "dmesg may tell more; usual reasons are LRO (ethtool -K %1$s lro off) and too few "
	       "queues (ethtool -l %1$s)";
}

const char *refusal_describe(const struct refusal *refusal, char *buffer, size_t size)
{
	const char *mode = attach_mode_name(refusal->mode), *advice = NULL;
	int used;

	if (refusal->words[0])
		used = snprintf(buffer, size, "the driver refuses %s XDP (%s); ", mode,
				refusal->words);
	else if (refusal->code == -EOPNOTSUPP)
		used = snprintf(buffer, size, "the driver has no %s XDP; ", mode);
	else
		used = snprintf(buffer, size, "the driver refuses %s XDP (%s); ", mode,
				strerror(-refusal->code));
	if (refusal->mode != ATTACH_OFFLOAD)
		advice = find_advice(refusal->words);
	if (!advice)
		advice = guess(refusal);
	if (used > 0 && (size_t)used < size) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(buffer + used, size - used, advice, refusal->interface);
#pragma GCC diagnostic pop
	}
	return buffer;
}
