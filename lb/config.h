/* SPDX-License-Identifier: GPL-2.0-only */
/* The config: how this box serves the catalog. Filled by main.c from the command line. */
#ifndef HAIRPIN_CONFIG_H
#define HAIRPIN_CONFIG_H

#include <stdbool.h>

#include "err.h"
#include "template.h"

#define CONFIG_MAX_INTERFACES 16
#define CONFIG_FLOW_COUNT     262144
#define CONFIG_PRIORITY       20 /* before those that do not say: libxdp's default is 50 */

enum attach_mode {
	ATTACH_AUTO, /* native, else generic with a warning */
	ATTACH_NATIVE,
	ATTACH_GENERIC,
	ATTACH_OFFLOAD,
};

struct config {
	char interfaces[CONFIG_MAX_INTERFACES][16];
	unsigned int interface_count;
	const char *catalog_path;
	const char *socket_path;
	const char *pin_path;
	enum attach_mode mode;
	unsigned int cpu_count; /* of --cpus; 0: packets stay on the CPU that receives them */
	uint16_t cpus[LB_MAX_CPUS];
	bool spread_local;     /* what is for no VIP is spread too */
	unsigned int priority; /* among XDP programs of one interface: lower ones run first */
	uint32_t flow_count;   /* room for stored flows while there are any to store */
	/* --source of each family; prefix_length 0: not given, the route decides. */
	struct template_source source_ipv4, source_ipv6;
};

/* config_add_interfaces(): "eth0,eth1"; names are checked for form, not for presence. */
int config_add_interfaces(struct config *config, const char *list, struct err *err);

/* config_add_source(): "ADDRESS" or "PREFIX/LENGTH". A range has its host bits zero. */
int config_add_source(struct config *config, const char *text, struct err *err);

/* config_set_mode(): native, generic, offload or auto. */
int config_set_mode(struct config *config, const char *text, struct err *err);

/* config_set_cpus(): "2-5,8": CPUs that are there, named once. */
int config_set_cpus(struct config *config, const char *list, struct err *err);

/* config_set_priority(): a number from 0 to 1,000. */
int config_set_priority(struct config *config, const char *text, struct err *err);

/* config_set_flow_count(): a number of flows, from 1,024 to 16,777,216. */
int config_set_flow_count(struct config *config, const char *text, struct err *err);

const char *attach_mode_name(enum attach_mode mode);

#endif
