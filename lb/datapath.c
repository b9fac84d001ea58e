// SPDX-License-Identifier: GPL-2.0-only
#include "datapath.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "datapath_internal.h"
#include "log.h"
#include "pin.h"
#include "table.h"

/* Fragments of so many datagrams, or more on a machine with many CPUs: each keeps up to 128 entries of
 * an LRU map at hand. */
#define FRAGMENTS_LEAST   4096
#define FRAGMENTS_PER_CPU 256

static void set_sizes(const struct datapath *datapath, struct lb_bpf *skeleton)
{
	uint32_t fragments = FRAGMENTS_PER_CPU * datapath->cpus;

	bpf_map__set_max_entries(skeleton->maps.counters, datapath->cpus);
	bpf_map__set_max_entries(skeleton->maps.redirect_cpus, datapath->cpus);
	bpf_map__set_max_entries(skeleton->maps.fragments,
				 fragments < FRAGMENTS_LEAST ? FRAGMENTS_LEAST : fragments);
	bpf_map__set_value_size(skeleton->maps.slots,
				datapath->slot_count * sizeof(struct lb_slot));
}

/*
 * So that nobody can choose flows which all meet at one CPU. The same until the next boot, so that a
 * restart leaves flows where they are; proc(5), /proc/sys/kernel/random.
 */
static uint64_t seed_of_boot(void)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
	char id[64] = "";

	if (!file || !fgets(id, sizeof(id), file))
		log_warn("no boot_id: which CPU gets a flow can be foreseen");
	if (file)
		fclose(file);
	return table_hash(id, 0);
}

static void set_constants(const struct datapath *datapath, const struct lb_features *features,
			  struct lb_bpf *skeleton)
{
	const struct config *config = datapath->config;

	skeleton->rodata->features = *features;
	skeleton->rodata->features.frags |= features->spread;
	skeleton->rodata->features.lean = features_lean(features);
	skeleton->rodata->slot_count = datapath->slot_count;
	if (config->cpu_count) {
		skeleton->rodata->spread_count = config->cpu_count;
		skeleton->rodata->spread_seed = seed_of_boot();
	}
	for (unsigned int i = 0; i < config->cpu_count; i++)
		skeleton->rodata->spread_cpus[i] = config->cpus[i];
}

/* A skeleton with these features over the pinned maps; attached: for the interfaces, else for maps
 * and tracing. */
static struct lb_bpf *open_skeleton(const struct datapath *datapath,
				    const struct lb_features *features, bool attached,
				    struct err *err)
{
	struct lb_bpf *skeleton = lb_bpf__open();

	if (!skeleton) {
		err_set(err, -errno, "cannot open the BPF program: %s", strerror(errno));
		return NULL;
	}
	set_sizes(datapath, skeleton);
	set_constants(datapath, features, skeleton);
	bpf_program__set_autoload(skeleton->progs.hairpin_lb, attached);
	bpf_program__set_autoload(skeleton->progs.hairpin_trace, !attached);
	bpf_program__set_autoload(skeleton->progs.hairpin_cpu, !attached && features->spread);
	/* The kernel wants all programs that name a map of CPUs to be alike. */
	bpf_map__set_autocreate(skeleton->maps.redirect_cpus, features->spread);
	/* The program does not read it, and one of an older version is replaced. */
	bpf_map__set_autocreate(skeleton->maps.layout, !attached);
	if (bpf_map__reuse_fd(skeleton->maps.slots, datapath->slots) ||
	    pin_reuse_maps(skeleton->obj, datapath->config->pin_path,
			   datapath->old_layout ? "layout" : NULL, err)) {
		lb_bpf__destroy(skeleton);
		return NULL;
	}
	return skeleton;
}

int datapath_not_permitted(struct err *err)
{
	return err_set(err, -EPERM,
		       "no permission to load a BPF program; run as root, or with CAP_BPF, "
		       "CAP_NET_ADMIN, CAP_PERFMON and CAP_SYS_ADMIN");
}

static int load_plain(struct lb_bpf *skeleton, struct err *err)
{
	int status = lb_bpf__load(skeleton);

	if (!status)
		return 0;
	if (status == -EPERM)
		return datapath_not_permitted(err);
	return err_set(err, status,
		       "the kernel refuses the BPF program: %s; it needs Linux 6.1 or newer with "
		       "BTF (CONFIG_DEBUG_INFO_BTF); hairpind -v shows what the kernel says",
		       strerror(-status));
}

#define OWNER_MAP "arrays"

/* Each interface gets a program of its own: libxdp 1.3 cannot give one of type EXT to a second
 * dispatcher. */
static int attach_program(struct datapath *datapath, const struct lb_features *features,
			  const char *interface, bool frags, bool direct,
			  struct attached_interface *out, bool *fresh, struct err *err)
{
	const struct config *config = datapath->config;
	struct attachable what = {
		.program = "hairpin_lb",
		.owner = pin_owner(config->pin_path, OWNER_MAP),
		.direct = direct,
		.frags = frags,
		.priority = config->priority,
	};
	struct lb_features own = *features;
	struct lb_bpf *skeleton;
	int status = 0;

	own.frags = frags;
	skeleton = open_skeleton(datapath, &own, true, err);
	if (!skeleton)
		return -EINVAL;
	what.object = skeleton->obj;
	attach_prepare(&what);
	if (direct)
		status = load_plain(skeleton, err);
	if (!status)
		status = attach_interface(&what, interface, config->mode, out, fresh, err);
	lb_bpf__destroy(skeleton);
	return status;
}

/* Linux 6.13, and 6.12 from some update on, refuse programs of type EXT that change packets where
 * the function that they replace does not. In the dispatcher of libxdp before xdp-tools' pull request
 * 509 (May 2025) it does not. */
static int attach_one(struct datapath *datapath, const struct lb_features *features,
		      const char *interface, bool frags, struct attached_interface *out,
		      bool *fresh, struct err *err)
{
	uint32_t owner = pin_owner(datapath->config->pin_path, OWNER_MAP);
	bool direct = attach_runs_direct(interface, owner);
	struct err first = {0};
	int status =
		attach_program(datapath, features, interface, frags, direct, out, fresh, &first);

	if (status == -ENOEXEC && attach_is_empty(interface))
		return attach_program(datapath, features, interface, frags, true, out, fresh, err);
	if (status == -ENOEXEC && datapath->config->cpu_count)
		return err_set(err, status,
			       "%s: this kernel refuses a program with a map of CPUs in the "
			       "dispatcher of libxdp, beside other XDP programs; detach them "
			       "(xdp-loader status), or do without --cpus",
			       interface);
	if (status && err)
		*err = first;
	return status;
}

/* The programs of a map of CPUs all take frames of several pages, or none does. */
static bool needs_frags(const struct datapath *datapath, const char *interface)
{
	return datapath->config->cpu_count || attach_needs_frags(interface);
}

/* Attaches to every interface, or leaves every one that was without a program of ours without. Once
 * it runs (running), an interface that is gone, whose program was taken off, or whose MTU has changed,
 * holds up nothing: that is for datapath_attach(). */
static int attach_all(struct datapath *datapath, const struct lb_features *features, bool running,
		      struct err *err)
{
	struct attached_interface interfaces[CONFIG_MAX_INTERFACES];
	const struct config *config = datapath->config;
	bool fresh[CONFIG_MAX_INTERFACES] = {0}, found;
	unsigned int done = 0;
	int status = 0;

	memcpy(interfaces, datapath->interfaces, sizeof(interfaces));
	for (; !status && done < config->interface_count; done++) {
		const char *name = config->interfaces[done];
		bool frags = running ? interfaces[done].frags : needs_frags(datapath, name);

		if (running && !datapath_is_attached(datapath, done))
			continue;
		status = attach_one(datapath, features, name, frags, &interfaces[done],
				    &fresh[done], err);
		if (running && status == -ENODEV && !if_nametoindex(name))
			status = 0;
	}
	if (!status)
		memcpy(datapath->interfaces, interfaces, sizeof(interfaces));
	for (; status && done-- > 0;)
		if (fresh[done])
			attach_remove(config->interfaces[done],
				      pin_owner(config->pin_path, OWNER_MAP), &found, NULL);
	return status;
}

static void report_interface(const struct attached_interface *interface)
{
	log_info(
		"%s: attached in %s mode%s, %s", interface->name, attach_mode_name(interface->mode),
		interface->frags ? " for frames of several pages" : "",
		interface->dispatcher ? "beside other programs by libxdp's dispatcher"
				      : "without libxdp's dispatcher: no other XDP program can run "
					"there");
}

int datapath_attach(struct datapath *datapath, unsigned int i, struct err *err)
{
	bool fresh;
	const char *name = datapath->config->interfaces[i];
	int status = attach_one(datapath, &datapath->features, name, needs_frags(datapath, name),
				&datapath->interfaces[i], &fresh, err);

	if (!status)
		report_interface(&datapath->interfaces[i]);
	return status ?: ports_fill(datapath, err);
}

int datapath_reload(struct datapath *datapath, const struct lb_features *features, struct err *err)
{
	struct lb_bpf *skeleton;
	int status;

	skeleton = open_skeleton(datapath, features, false, err);
	if (!skeleton)
		return -EINVAL;
	status = load_plain(skeleton, err);
	if (!status)
		status = cpus_fill(datapath, skeleton, err);
	if (!status)
		status = layout_write(skeleton, features, err);
	if (!status) {
		status = attach_all(datapath, features, true, err);
		datapath->stale = status;
	}
	if (status) {
		lb_bpf__destroy(skeleton);
		return status;
	}
	lb_bpf__destroy(datapath->skeleton);
	datapath->skeleton = skeleton;
	datapath->features = *features;
	return 0;
}

const struct lb_features *datapath_features(const struct datapath *datapath)
{
	return &datapath->features;
}

int datapath_set_features(struct datapath *datapath, const struct lb_features *features,
			  struct err *err)
{
	int status;

	if (!datapath->stale && !memcmp(features, &datapath->features, sizeof(*features)))
		return 0;
	status = datapath_reload(datapath, features, err);
	if (!status)
		log_debug("replaced the running program: the features in use have changed");
	return status;
}

/* An interface that is not in the config any more does not go on with an old program. */
static int detach_others(const struct config *config, uint32_t owner, bool all, bool *found,
			 struct err *err)
{
	struct if_nameindex *links = if_nameindex();
	int status =
		links ? 0 : err_set(err, -errno, "cannot list interfaces: %s", strerror(errno));

	for (struct if_nameindex *link = links; !status && link && link->if_index; link++) {
		bool served = false, removed = false;

		for (unsigned int i = 0; !all && i < config->interface_count; i++)
			served = served || !strcmp(config->interfaces[i], link->if_name);
		if (!served)
			status = attach_remove(link->if_name, owner, &removed, err);
		if (removed)
			log_info("%s: detached", link->if_name);
		*found = *found || removed;
	}
	if (links)
		if_freenameindex(links);
	return status;
}

static int take_locks(struct datapath *datapath, struct err *err)
{
	const struct config *config = datapath->config;
	int status = pin_lock_directory(config->pin_path, &datapath->pin_lock, err);

	for (unsigned int i = 0; !status && i < config->interface_count; i++) {
		if (!if_nametoindex(config->interfaces[i]))
			return err_set(err, -ENODEV, "%s: no such interface; see: ip -br link",
				       config->interfaces[i]);
		status = attach_lock(config->interfaces[i], &datapath->interface_locks[i], err);
	}
	return status;
}

/* What the program needs that is going to be attached. */
static int open_ports(struct datapath *datapath, struct err *err)
{
	layout_convert(datapath);
	return ports_fill(datapath, err) ?: cpus_fill(datapath, datapath->skeleton, err);
}

static int open_all(struct datapath *datapath, uint32_t slot_count, struct err *err)
{
	const struct lb_features *features = &datapath->features;
	const struct config *config = datapath->config;
	bool found = false, fresh;
	int status = take_locks(datapath, err);

	if (status)
		return status;
	status = layout_check(datapath, err);
	if (status)
		return status;
	fresh = !pin_owner(config->pin_path, OWNER_MAP);
	status = slots_open(datapath, slot_count, err);
	if (!status)
		status = grace_open(datapath, err);
	if (status)
		return status;
	datapath->skeleton = open_skeleton(datapath, features, false, err);
	if (!datapath->skeleton)
		return -EINVAL;
	status = load_plain(datapath->skeleton, err);
	if (!status)
		status = pin_maps(datapath->skeleton->obj, config->pin_path, err);
	if (!status)
		status = layout_write(datapath->skeleton, features, err);
	if (!status)
		status = maps_attach_state(datapath, err);
	if (!status)
		status = open_ports(datapath, err);
	if (!status)
		status = attach_all(datapath, features, false, err);
	if (!status)
		status = layout_replace(datapath, err);
	if (status && fresh)
		pin_remove(config->pin_path, &found);
	if (!status)
		cpus_trim(datapath);
	if (!status)
		status = detach_others(config, pin_owner(config->pin_path, OWNER_MAP), false,
				       &found, err);
	return status;
}

int datapath_open(const struct config *config, const struct lb_features *features,
		  uint32_t slot_count, struct datapath **out, struct err *err)
{
	struct datapath *datapath = calloc(1, sizeof(*datapath));
	int status;

	if (!datapath)
		return err_set(err, -ENOMEM, "out of memory");
	attach_quiet();
	datapath->config = config;
	datapath->features = *features;
	datapath->slots = datapath->grace = datapath->grace_inner = -1;
	datapath->pin_lock = -1;
	for (int i = 0; i < CONFIG_MAX_INTERFACES; i++)
		datapath->interface_locks[i] = -1;
	datapath->cpus = libbpf_num_possible_cpus();
	status = open_all(datapath, slot_count, err);
	if (status) {
		datapath_close(datapath);
		return status;
	}
	for (unsigned int i = 0; i < config->interface_count; i++)
		report_interface(&datapath->interfaces[i]);
	*out = datapath;
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void datapath_close(struct datapath *datapath)
{
	if (!datapath)
		return;
	maps_detach_state(datapath);
	free(datapath->quic);
	lb_bpf__destroy(datapath->skeleton);
	close_fd(datapath->slots);
	close_fd(datapath->grace);
	close_fd(datapath->grace_inner);
	for (int i = 0; i < CONFIG_MAX_INTERFACES; i++)
		close_fd(datapath->interface_locks[i]);
	close_fd(datapath->pin_lock);
	free(datapath);
}

int datapath_detach(const struct config *config, bool *found, struct err *err)
{
	uint32_t owner;
	int lock, status;

	*found = false;
	attach_quiet();
	if (access(config->pin_path, F_OK))
		return 0;
	status = pin_lock_directory(config->pin_path, &lock, err);
	if (status)
		return status;
	owner = pin_owner(config->pin_path, OWNER_MAP);
	status = detach_others(config, owner, true, found, err);
	/* Only when nothing was found: libxdp 1.3 leaks descriptors of what it has detached. */
	if (!status && !*found && attach_in_use(owner))
		status = err_set(err, -EBUSY,
				 "%s: a program still uses the maps there, on no interface of this "
				 "network namespace; run hairpind --detach in the one where it is "
				 "(nsenter --net=/run/netns/NAME)",
				 config->pin_path);
	if (!status)
		pin_remove(config->pin_path, found);
	close(lock);
	return status;
}

const struct attached_interface *datapath_interfaces(const struct datapath *datapath,
						     unsigned int *count)
{
	*count = datapath->config->interface_count;
	return datapath->interfaces;
}

bool datapath_is_attached(const struct datapath *datapath, unsigned int i)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	return !bpf_obj_get_info_by_fd(bpf_map__fd(datapath->skeleton->maps.bss), &info, &size) &&
	       attach_is_there(&datapath->interfaces[i], info.id);
}

bool datapath_fits(const struct datapath *datapath, unsigned int i)
{
	return datapath->interfaces[i].frags == needs_frags(datapath, datapath->interfaces[i].name);
}

int datapath_trace(struct datapath *datapath, struct trace_run *run, struct err *err)
{
	struct xdp_md context = {.data_end = run->frame_length, .ingress_ifindex = run->interface};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = run->frame,
		    .data_size_in = run->frame_length, .data_out = run->out,
		    .data_size_out = sizeof(run->out), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = 1);
	int fd = bpf_program__fd(datapath->skeleton->progs.hairpin_trace);

	datapath->skeleton->data->trace = (struct lb_trace){0};
	if (bpf_prog_test_run_opts(fd, &options))
		return err_set(err, -errno, "cannot run the program on a test packet: %s",
			       strerror(errno));
	run->action = options.retval;
	run->out_length = options.data_size_out;
	run->trace = datapath->skeleton->data->trace;
	return 0;
}
