// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the program runs. Through libxdp's dispatcher beside other XDP programs where the kernel
 * can (it needs programs of type EXT), alone where it cannot.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "datapath_internal.h"
#include "log.h"

/* Abstract socket names belong to the network namespace and vanish with their owner, as a lock on
 * an interface should. */
int attach_lock(const char *interface, int *lock, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "hairpind/%s",
			      interface);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_set(err, -errno, "%s: %s", interface, strerror(errno));
	if (bind(fd, (struct sockaddr *)&address,
		 offsetof(struct sockaddr_un, sun_path) + 1 + length)) {
		int code = -errno;

		close(fd);
		return err_set(err, code, "%s: another hairpind serves this interface", interface);
	}
	*lock = fd;
	return 0;
}

#define MAX_PROGRAM_MAPS 32

/* Whether program uses the map whose id is owner. */
static bool is_ours(const struct xdp_program *program, uint32_t owner)
{
	uint32_t maps[MAX_PROGRAM_MAPS], size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {
		.nr_map_ids = MAX_PROGRAM_MAPS,
		.map_ids = (uintptr_t)maps,
	};
	int fd = bpf_prog_get_fd_by_id(xdp_program__id(program));
	bool found = false;

	if (fd < 0)
		return false;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size))
		for (uint32_t i = 0; i < info.nr_map_ids && i < MAX_PROGRAM_MAPS; i++)
			found = found || maps[i] == owner;
	close(fd);
	return found;
}

/* The program of ours in a dispatcher or alone on an interface; NULL when there is none. */
static struct xdp_program *find_ours(struct xdp_multiprog *programs, uint32_t owner)
{
	struct xdp_program *program = NULL;

	if (!owner)
		return NULL;
	if (xdp_multiprog__is_legacy(programs)) {
		program = xdp_multiprog__main_prog(programs);
		return program && is_ours(program, owner) ? program : NULL;
	}
	while ((program = xdp_multiprog__next_prog(program, programs)))
		if (is_ours(program, owner))
			return program;
	return NULL;
}

static struct xdp_multiprog *programs_on(int ifindex)
{
	struct xdp_multiprog *programs = xdp_multiprog__get_from_ifindex(ifindex);

	return libxdp_get_error(programs) ? NULL : programs;
}

bool attach_is_direct(const struct config *config, uint32_t owner)
{
	bool direct = false;

	for (unsigned int i = 0; i < config->interface_count && !direct; i++) {
		int ifindex = if_nametoindex(config->interfaces[i]);
		struct xdp_multiprog *programs = ifindex ? programs_on(ifindex) : NULL;

		if (!programs)
			continue;
		direct = xdp_multiprog__is_legacy(programs) && find_ours(programs, owner);
		xdp_multiprog__close(programs);
	}
	return direct;
}

static enum xdp_attach_mode libxdp_mode(enum attach_mode mode)
{
	switch (mode) {
	case ATTACH_GENERIC:
		return XDP_MODE_SKB;
	case ATTACH_OFFLOAD:
		return XDP_MODE_HW;
	default:
		return XDP_MODE_NATIVE;
	}
}

static enum attach_mode our_mode(enum xdp_attach_mode mode)
{
	switch (mode) {
	case XDP_MODE_SKB:
		return ATTACH_GENERIC;
	case XDP_MODE_HW:
		return ATTACH_OFFLOAD;
	default:
		return ATTACH_NATIVE;
	}
}

static uint32_t attach_flags(enum xdp_attach_mode mode)
{
	switch (mode) {
	case XDP_MODE_SKB:
		return XDP_FLAGS_SKB_MODE;
	case XDP_MODE_HW:
		return XDP_FLAGS_HW_MODE;
	default:
		return XDP_FLAGS_DRV_MODE;
	}
}

/* One netlink message swaps the programs; the kernel refuses it if old is not the one that runs. */
static int replace_direct(struct lb_bpf *skeleton, struct xdp_multiprog *programs,
			  struct xdp_program *old, int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = xdp_program__fd(old));

	return bpf_xdp_attach(
		ifindex, bpf_program__fd(skeleton->progs.hairpin_lb),
		attach_flags(xdp_multiprog__attach_mode(programs)) | XDP_FLAGS_REPLACE, &options);
}

/* New beside old, then old away: between the two, the one that runs first answers the packet. */
static int replace_in_dispatcher(struct xdp_program *program, struct xdp_multiprog *programs,
				 struct xdp_program *old, int ifindex)
{
	enum xdp_attach_mode mode = xdp_multiprog__attach_mode(programs);
	int status = xdp_program__attach(program, ifindex, mode, 0);

	return status ?: xdp_program__detach(old, ifindex, mode, 0);
}

static int describe_failure(int code, const char *name, enum xdp_attach_mode mode, struct err *err)
{
	const char *words = attach_mode_name(our_mode(mode));

	switch (-code) {
	case EPERM:
	case EACCES:
		return err_set(err, code,
			       "%s: no permission to load or attach an XDP program; run as root, "
			       "or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON",
			       name);
	case EOPNOTSUPP:
		return err_set(err, code,
			       "%s: the driver has no %s XDP; try --mode generic (slower), or "
			       "--mode auto",
			       name, words);
	case EBUSY:
	case EEXIST:
		return err_set(err, code,
			       "%s: another XDP program is attached, and this kernel or that "
			       "program allows none beside it; see: bpftool net show dev %s",
			       name, name);
	default:
		return err_set(err, code,
			       "%s: attaching in %s mode failed: %s; hairpind -v shows what the "
			       "kernel says",
			       name, words, strerror(-code));
	}
}

/* What is needed to put a program on an interface. */
struct attachment {
	struct lb_bpf *skeleton;
	struct xdp_program *program; /* of skeleton */
	const char *name;
	int ifindex;
	enum attach_mode mode;
	bool direct;
};

static int attach_in_mode(const struct attachment *attachment, enum xdp_attach_mode mode)
{
	if (!attachment->direct)
		return xdp_program__attach(attachment->program, attachment->ifindex, mode, 0);
	return bpf_xdp_attach(attachment->ifindex,
			      bpf_program__fd(attachment->skeleton->progs.hairpin_lb),
			      attach_flags(mode) | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
}

static int attach_new(const struct attachment *attachment, struct err *err)
{
	enum xdp_attach_mode mode = libxdp_mode(attachment->mode);
	int status = attach_in_mode(attachment, mode);

	if (status && attachment->mode == ATTACH_AUTO && status != -EPERM && status != -EBUSY &&
	    status != -EEXIST) {
		log_warn("%s: no native XDP (%s); falling back to generic mode, which is several "
			 "times slower",
			 attachment->name, strerror(-status));
		mode = XDP_MODE_SKB;
		status = attach_in_mode(attachment, mode);
	}
	return status ? describe_failure(status, attachment->name, mode, err) : 0;
}

static int attach_replace(const struct attachment *attachment, struct xdp_multiprog *programs,
			  struct xdp_program *old, struct err *err)
{
	enum xdp_attach_mode running = xdp_multiprog__attach_mode(programs);
	int status;

	if (attachment->mode != ATTACH_AUTO && libxdp_mode(attachment->mode) != running)
		return err_set(err, -EBUSY,
			       "%s: runs in %s mode now, and the mode cannot change without a gap; "
			       "take it down first: hairpind --detach",
			       attachment->name, attach_mode_name(our_mode(running)));
	status = xdp_multiprog__is_legacy(programs)
			 ? replace_direct(attachment->skeleton, programs, old, attachment->ifindex)
			 : replace_in_dispatcher(attachment->program, programs, old,
						 attachment->ifindex);
	return status ? describe_failure(status, attachment->name, running, err) : 0;
}

/* What the kernel says now, not what was asked for. */
static int read_back(struct lb_bpf *skeleton, const char *name, int ifindex,
		     struct datapath_interface *out, struct err *err)
{
	struct xdp_multiprog *programs = programs_on(ifindex);
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	if (!programs ||
	    bpf_obj_get_info_by_fd(bpf_program__fd(skeleton->progs.hairpin_lb), &info, &size)) {
		xdp_multiprog__close(programs);
		return err_set(err, -EIO, "%s: no XDP program runs after attaching one", name);
	}
	*out = (struct datapath_interface){
		.index = ifindex,
		.mode = our_mode(xdp_multiprog__attach_mode(programs)),
		.dispatcher = !xdp_multiprog__is_legacy(programs),
		.program_id = info.id,
	};
	snprintf(out->name, sizeof(out->name), "%s", name);
	xdp_multiprog__close(programs);
	return 0;
}

int attach_interface(struct lb_bpf *skeleton, const char *name, enum attach_mode mode, bool direct,
		     uint32_t owner, struct datapath_interface *out, bool *fresh, struct err *err)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, options, .obj = skeleton->obj,
			    .prog_name = "hairpin_lb");
	struct attachment attachment = {
		.skeleton = skeleton,
		.name = name,
		.ifindex = if_nametoindex(name),
		.mode = mode,
		.direct = direct,
	};
	struct xdp_multiprog *programs;
	struct xdp_program *old;
	int status;

	if (!attachment.ifindex)
		return err_set(err, -ENODEV, "%s: no such interface; see: ip -br link", name);
	attachment.program = xdp_program__create(&options);
	status = libxdp_get_error(attachment.program);
	if (status)
		return err_set(err, status, "%s: libxdp: %s", name, strerror(-status));
	programs = programs_on(attachment.ifindex);
	old = programs ? find_ours(programs, owner) : NULL;
	if (fresh)
		*fresh = !old;
	status = old ? attach_replace(&attachment, programs, old, err)
		     : attach_new(&attachment, err);
	if (!status)
		status = read_back(skeleton, name, attachment.ifindex, out, err);
	xdp_multiprog__close(programs);
	xdp_program__close(attachment.program);
	return status;
}

int attach_remove(const char *interface, uint32_t owner, bool *found, struct err *err)
{
	int ifindex = if_nametoindex(interface), status = 0;
	struct xdp_multiprog *programs = ifindex ? programs_on(ifindex) : NULL;
	struct xdp_program *program = programs ? find_ours(programs, owner) : NULL;

	if (program) {
		enum xdp_attach_mode mode = xdp_multiprog__attach_mode(programs);

		*found = true;
		if (xdp_multiprog__is_legacy(programs))
			status = bpf_xdp_detach(ifindex, attach_flags(mode), NULL);
		else
			status = xdp_program__detach(program, ifindex, mode, 0);
	}
	xdp_multiprog__close(programs);
	return status ? err_set(err, status, "%s: cannot detach: %s", interface, strerror(-status))
		      : 0;
}
