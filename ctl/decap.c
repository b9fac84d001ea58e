// SPDX-License-Identifier: GPL-2.0-only
/* hairpinctl decap: the backend's side. Needs no daemon: program and maps live in the kernel. */
#include <errno.h>
#include <ifaddrs.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "address.h"
#include "attach.h"
#include "command.h"
#include "decap.h"
#include "decap.skel.h"
#include "decap_abi.h"
#include "pin.h"

/* After the directory of the pins, which is the first of every verb. */
enum { FLAG_MODE = 1, FLAG_ENCAPSULATION };

static struct decap_bpf *open_program(const char *directory, bool load_program, struct err *err)
{
	struct decap_bpf *skeleton = decap_bpf__open();

	if (!skeleton) {
		err_set(err, -errno, "cannot open the BPF program: %s", strerror(errno));
		return NULL;
	}
	bpf_program__set_autoload(skeleton->progs.hairpin_decap, load_program);
	if (pin_reuse_maps(skeleton->obj, directory, NULL, err)) {
		decap_bpf__destroy(skeleton);
		return NULL;
	}
	return skeleton;
}

/* The maps are made, filled and pinned before a packet can meet the program. */
static int make_maps(const char *directory, struct err *err)
{
	struct decap_bpf *skeleton = open_program(directory, false, err);
	int status;

	if (!skeleton)
		return -EINVAL;
	status = decap_bpf__load(skeleton);
	if (status)
		err_set(err, status, "cannot make BPF maps: %s%s", strerror(-status),
			status == -EPERM ? "; run as root" : "");
	else
		status = pin_maps(skeleton->obj, directory, err);
	decap_bpf__destroy(skeleton);
	return status;
}

/* Not those of the loopback interface: it carries the VIPs, and tunnels do not end there. */
static bool tunnel_address(const struct ifaddrs *entry, struct lb_address *out)
{
	const struct sockaddr *address = entry->ifa_addr;

	if (!address || entry->ifa_flags & IFF_LOOPBACK)
		return false;
	*out = (struct lb_address){0};
	if (address->sa_family == AF_INET) {
		out->words[2] = htonl(0xffff);
		out->words[3] = ((const struct sockaddr_in *)address)->sin_addr.s_addr;
		return true;
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(out, &((const struct sockaddr_in6 *)address)->sin6_addr, sizeof(*out));
	return true;
}

static int delete_stale(int map, const struct ifaddrs *list)
{
	struct lb_address key, next, *at = NULL;
	int status = bpf_map_get_next_key(map, NULL, &next);

	while (!status) {
		bool current = false;

		key = next;
		at = &key;
		status = bpf_map_get_next_key(map, at, &next);
		for (const struct ifaddrs *entry = list; entry; entry = entry->ifa_next) {
			struct lb_address address;

			current = current || (tunnel_address(entry, &address) &&
					      address_equal(&address, &key));
		}
		if (!current && bpf_map_delete_elem(map, &key))
			return -errno;
	}
	return 0;
}

static int fill_addresses(const char *directory, struct err *err)
{
	int map = pin_open_map(directory, DECAP_OWNER_MAP), status = 0;
	struct ifaddrs *list = NULL;
	const uint8_t one = 1;

	if (map < 0 || getifaddrs(&list)) {
		status = err_set(err, -errno, "cannot read this host's addresses: %s",
				 strerror(errno));
	} else {
		for (struct ifaddrs *entry = list; entry && !status; entry = entry->ifa_next) {
			struct lb_address address;

			if (tunnel_address(entry, &address) &&
			    bpf_map_update_elem(map, &address, &one, BPF_ANY))
				status = err_set(err, -errno, "cannot write an address: %s",
						 strerror(errno));
		}
		if (!status)
			delete_stale(map, list);
		freeifaddrs(list);
	}
	if (map >= 0)
		close(map);
	return status;
}

static int attach_program(const char *interface, const char *directory, enum attach_mode mode,
			  struct attached_interface *attached, struct err *err)
{
	struct decap_bpf *skeleton = open_program(directory, true, err);
	struct attachable what = {
		.program = "hairpin_decap",
		.owner = pin_owner(directory, DECAP_OWNER_MAP),
		.priority = CONFIG_PRIORITY,
	};
	int status = 0;

	if (!skeleton)
		return -EINVAL;
	what.object = skeleton->obj;
	what.direct = attach_runs_direct(interface, what.owner);
	if (what.direct)
		status = decap_bpf__load(skeleton);
	if (status)
		err_set(err, status, "the kernel refuses the BPF program: %s", strerror(-status));
	else
		status = attach_interface(&what, interface, mode, attached, NULL, err);
	decap_bpf__destroy(skeleton);
	return status;
}

static void print_attached(const struct attached_interface *attached, uint32_t kinds)
{
	json_t *words = decap_kinds_json(kinds);

	printf("%s: unwraps ", attached->name);
	decap_print_kinds(words);
	printf(" in %s mode\n", attach_mode_name(attached->mode));
	json_decref(words);
}

static int decap_attach(const struct ctl *ctl, char **args)
{
	const char *directory = decap_pin_directory(ctl);
	struct attached_interface attached = {0};
	bool fresh = !pin_owner(directory, DECAP_OWNER_MAP), found;
	struct config config = {0};
	struct err err = {0};
	uint32_t kinds = 0;
	int status = 0;

	if ((ctl->flags[FLAG_MODE] && config_set_mode(&config, ctl->flags[FLAG_MODE], &err)) ||
	    decap_parse_kinds(ctl->flags[FLAG_ENCAPSULATION], &kinds, &err))
		return ctl_error(CTL_USAGE, "%s", err.text);
	attach_quiet();
	if (!if_nametoindex(args[0]))
		status = err_set(&err, -ENODEV, "%s: no such interface; see: ip -br link", args[0]);
	if (!status)
		status = pin_make_directory(directory, &err);
	if (!status)
		status = make_maps(directory, &err);
	if (!status)
		status = fill_addresses(directory, &err);
	if (!status)
		status = decap_write_kinds(directory, kinds, &err);
	if (!status)
		status = attach_program(args[0], directory, config.mode, &attached, &err);
	if (status) {
		if (fresh)
			pin_remove(directory, &found);
		return ctl_error(CTL_REFUSED, "%s", err.text);
	}
	print_attached(&attached, kinds);
	return CTL_DONE;
}

/* Whether some interface of this network namespace still runs the program. */
static bool runs_anywhere(uint32_t owner)
{
	struct if_nameindex *links = if_nameindex();
	struct attached_interface attached;
	bool found = false;

	for (struct if_nameindex *link = links; link && link->if_index && !found; link++)
		found = attach_find(link->if_name, owner, &attached);
	if (links)
		if_freenameindex(links);
	return found;
}

static int decap_detach(const struct ctl *ctl, char **args)
{
	const char *directory = decap_pin_directory(ctl);
	uint32_t owner = pin_owner(directory, DECAP_OWNER_MAP);
	bool found = false, pinned;
	struct err err = {0};

	attach_quiet();
	if (attach_remove(args[0], owner, &found, &err))
		return ctl_error(CTL_REFUSED, "%s", err.text);
	if (!found)
		return ctl_error(CTL_REFUSED, "%s: hairpin's decap program does not run there",
				 args[0]);
	if (!runs_anywhere(owner))
		pin_remove(directory, &pinned);
	printf("%s: detached\n", args[0]);
	return CTL_DONE;
}

#define PIN_FLAG                                                                          \
	{                                                                                 \
		"pin", "DIR", "where its maps are pinned (default " DECAP_DEFAULT_PIN ")" \
	}

static const struct verb verbs[] = {
	{"attach",
	 decap_attach,
	 "IFACE",
	 1,
	 1,
	 {PIN_FLAG,
	  {"mode", "MODE", "native, generic, offload or auto (default)"},
	  {"encapsulation", "LIST", "only these of ipip, gre, gue, vxlan (default: all)"}},
	 "unwrap tunnels to this host's addresses; again after these changed"},
	{"detach", decap_detach, "IFACE", 1, 1, {PIN_FLAG}, "stop doing so"},
	{"status", decap_status, "", 0, 0, {PIN_FLAG}, "where it runs, and what became of packets"},
	{0},
};

int decap_main(struct ctl *ctl, int argc, char **argv)
{
	return command_run(ctl, "decap", verbs, argc, argv);
}
