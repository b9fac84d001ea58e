// SPDX-License-Identifier: GPL-2.0-only
#include "attach.h"

/*
 * Where the program runs. Through libxdp's dispatcher beside other XDP programs where the kernel
 * can (it needs programs of type EXT), alone where it cannot.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <xdp/libxdp.h>

#include "log.h"
#include "refusal.h"

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

#define MAX_PROGRAM_MAPS        32
#define MAX_DISPATCHER_PROGRAMS 10 /* libxdp's limit */

/* Whether the program with this id uses the map whose id is owner. */
static bool uses_map(uint32_t program, uint32_t owner)
{
	uint32_t maps[MAX_PROGRAM_MAPS], size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {
		.nr_map_ids = MAX_PROGRAM_MAPS,
		.map_ids = (uintptr_t)maps,
	};
	int fd = bpf_prog_get_fd_by_id(program);
	bool found = false;

	if (fd < 0)
		return false;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size))
		for (uint32_t i = 0; i < info.nr_map_ids && i < MAX_PROGRAM_MAPS; i++)
			found = found || maps[i] == owner;
	close(fd);
	return found;
}

static bool is_ours(const struct xdp_program *program, uint32_t owner)
{
	return uses_map(xdp_program__id(program), owner);
}

bool attach_in_use(uint32_t owner)
{
	for (uint32_t id = 0; owner && !bpf_prog_get_next_id(id, &id);)
		if (uses_map(id, owner))
			return true;
	return false;
}

/* The program of ours in a dispatcher; NULL when there is none. */
static struct xdp_program *find_in_dispatcher(struct xdp_multiprog *programs, uint32_t owner)
{
	struct xdp_program *program = NULL;

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

bool attach_is_empty(const char *interface)
{
	int ifindex = if_nametoindex(interface);
	struct xdp_multiprog *programs = ifindex ? programs_on(ifindex) : NULL;

	xdp_multiprog__close(programs);
	return !programs;
}

/* A program of ours that runs without a dispatcher. */
struct direct {
	uint32_t id; /* 0: there is none */
	enum attach_mode mode;
};

/* Not by libxdp: 1.3 leaks a file descriptor whenever it is asked for a program that runs alone. */
static struct direct find_direct(int ifindex, uint32_t owner)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (!owner || !ifindex || bpf_xdp_query(ifindex, 0, &query))
		return (struct direct){0};
	if (query.drv_prog_id && uses_map(query.drv_prog_id, owner))
		return (struct direct){query.drv_prog_id, ATTACH_NATIVE};
	if (query.skb_prog_id && uses_map(query.skb_prog_id, owner))
		return (struct direct){query.skb_prog_id, ATTACH_GENERIC};
	if (query.hw_prog_id && uses_map(query.hw_prog_id, owner))
		return (struct direct){query.hw_prog_id, ATTACH_OFFLOAD};
	return (struct direct){0};
}

bool attach_runs_direct(const char *interface, uint32_t owner)
{
	return find_direct(if_nametoindex(interface), owner).id;
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

/* What is needed to put a program on an interface. */
struct attachment {
	const struct attachable *what;
	struct xdp_program *program; /* what, as libxdp sees it */
	const char *interface;
	int ifindex;
	enum attach_mode mode;
};

static int program_fd(const struct attachment *attachment)
{
	return bpf_program__fd(bpf_object__find_program_by_name(attachment->what->object,
								attachment->what->program));
}

/* One netlink message swaps the programs; the kernel refuses it if old is not the one that runs. */
static int replace_direct(const struct attachment *attachment, const struct direct *old)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, options, .old_prog_fd = bpf_prog_get_fd_by_id(old->id));
	int status;

	if (options.old_prog_fd < 0)
		return -errno;
	status = bpf_xdp_attach(attachment->ifindex, program_fd(attachment),
				attach_flags(libxdp_mode(old->mode)) | XDP_FLAGS_REPLACE, &options);
	close(options.old_prog_fd);
	return status;
}

/* Who dies between the two steps of replace_in_dispatcher() leaves two programs of ours. */
static int detach_from_dispatcher(struct xdp_multiprog *programs, uint32_t owner, int ifindex)
{
	struct xdp_program *ours[MAX_DISPATCHER_PROGRAMS], *program = NULL;
	size_t count = 0;

	while ((program = xdp_multiprog__next_prog(program, programs)))
		if (count < MAX_DISPATCHER_PROGRAMS && is_ours(program, owner))
			ours[count++] = program;
	return xdp_program__detach_multi(ours, count, ifindex, xdp_multiprog__attach_mode(programs),
					 0);
}

/* New beside old, then old away: between the two, the one that runs first answers the packet. */
static int replace_in_dispatcher(const struct attachment *attachment,
				 struct xdp_multiprog *programs)
{
	int status = xdp_program__attach(attachment->program, attachment->ifindex,
					 xdp_multiprog__attach_mode(programs), 0);

	return status
		       ?: detach_from_dispatcher(programs, attachment->what->owner,
						 attachment->ifindex);
}

/* What the kernel or the driver said of the last refusal, as libbpf passes it on. */
static char kernel_words[128];

static uint32_t mtu_of(const char *interface)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool known;

	if (fd < 0)
		return 0;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	known = !ioctl(fd, SIOCGIFMTU, &request);
	close(fd);
	return known ? request.ifr_mtu : 0;
}

/* A page less headroom (256) and skb_shared_info (320 at least) is 3,520; some drivers have 3,072. */
#define ONE_PAGE_MTU 3000

bool attach_needs_frags(const char *interface)
{
	return mtu_of(interface) > ONE_PAGE_MTU;
}

void attach_prepare(const struct attachable *what)
{
	struct bpf_program *program = bpf_object__find_program_by_name(what->object, what->program);

	if (what->frags)
		bpf_program__set_flags(program, bpf_program__flags(program) | BPF_F_XDP_HAS_FRAGS);
}

static const char *describe_refusal(int code, const char *name, enum xdp_attach_mode mode,
				    char *buffer, size_t size)
{
	const struct refusal refusal = {
		.interface = name,
		.mode = our_mode(mode),
		.code = code,
		.words = kernel_words,
		.mtu = mtu_of(name),
	};

	return refusal_describe(&refusal, buffer, size);
}

static int describe_failure(int code, const char *name, enum xdp_attach_mode mode, struct err *err)
{
	char text[sizeof(err->text)];

	switch (-code) {
	case EPERM:
	case EACCES:
		return err_set(err, code,
			       "%s: no permission to load or attach an XDP program; run as root, "
			       "or with CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON and CAP_SYS_ADMIN",
			       name);
	case EBUSY:
	case EEXIST:
		if (refusal_is_of_stack(kernel_words))
			break;
		return err_set(
			err, code,
			"%s: another XDP program is attached, and this kernel or that "
			"program allows none beside it; bpftool net show dev %s tells which; "
			"if it is a hairpin_lb, start with the --pin that it was started with; "
			"if its pins are gone, take it off: ip link set dev %s xdp off",
			name, name, name);
	}
	return err_set(err, code, "%s: %s", name,
		       describe_refusal(code, name, mode, text, sizeof(text)));
}

static int attach_in_mode(const struct attachment *attachment, enum xdp_attach_mode mode)
{
	kernel_words[0] = 0;
	if (!attachment->what->direct)
		return xdp_program__attach(attachment->program, attachment->ifindex, mode, 0);
	return bpf_xdp_attach(attachment->ifindex, program_fd(attachment),
			      attach_flags(mode) | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
}

/* libxdp has not come further than to load the program as one of type EXT, into its dispatcher. */
static bool refused_in_dispatcher(const struct attachment *attachment, int status)
{
	return status == -EINVAL && !attachment->what->direct &&
	       xdp_program__fd(attachment->program) < 0;
}

static int attach_new(const struct attachment *attachment, struct err *err)
{
	enum xdp_attach_mode mode = libxdp_mode(attachment->mode);
	int status = attach_in_mode(attachment, mode);
	char text[512];

	if (refused_in_dispatcher(attachment, status))
		return err_set(err, -ENOEXEC,
			       "%s: this kernel refuses a program that changes packets in the "
			       "dispatcher of this libxdp, beside other XDP programs; detach them "
			       "(xdp-loader status), or install a newer libxdp",
			       attachment->interface);
	if (status && attachment->mode == ATTACH_AUTO && status != -EPERM && status != -EBUSY &&
	    status != -EEXIST) {
		log_warn("%s: falling back to generic mode, which is several times slower: %s",
			 attachment->interface,
			 describe_refusal(status, attachment->interface, mode, text, sizeof(text)));
		mode = XDP_MODE_SKB;
		status = attach_in_mode(attachment, mode);
	}
	return status ? describe_failure(status, attachment->interface, mode, err) : 0;
}

static int check_mode(const struct attachment *attachment, enum attach_mode running,
		      struct err *err)
{
	if (attachment->mode == ATTACH_AUTO || attachment->mode == running)
		return 0;
	return err_set(err, -EBUSY,
		       "%s: runs in %s mode now, and the mode cannot change without a gap; "
		       "take it down first: hairpind --detach",
		       attachment->interface, attach_mode_name(running));
}

/* In place of the program of ours that runs there, if there is one. */
static int attach_or_replace(const struct attachment *attachment, bool *fresh, struct err *err)
{
	struct direct old = find_direct(attachment->ifindex, attachment->what->owner);
	struct xdp_multiprog *programs = old.id ? NULL : programs_on(attachment->ifindex);
	bool beside = programs && find_in_dispatcher(programs, attachment->what->owner);
	enum attach_mode running =
		beside ? our_mode(xdp_multiprog__attach_mode(programs)) : old.mode;
	int status = 0;

	*fresh = !old.id && !beside;
	if (*fresh) {
		status = attach_new(attachment, err);
	} else {
		status = check_mode(attachment, running, err);
		if (!status) {
			kernel_words[0] = 0;
			status = beside ? replace_in_dispatcher(attachment, programs)
					: replace_direct(attachment, &old);
			if (status)
				describe_failure(status, attachment->interface,
						 libxdp_mode(running), err);
		}
	}
	xdp_multiprog__close(programs);
	return status;
}

bool attach_find(const char *interface, uint32_t owner, struct attached_interface *out)
{
	int ifindex = if_nametoindex(interface);
	struct direct direct = find_direct(ifindex, owner);
	struct xdp_multiprog *programs = ifindex && !direct.id ? programs_on(ifindex) : NULL;
	struct xdp_program *program = programs ? find_in_dispatcher(programs, owner) : NULL;

	if (program || direct.id) {
		*out = (struct attached_interface){
			.index = ifindex,
			.mode = program ? our_mode(xdp_multiprog__attach_mode(programs))
					: direct.mode,
			.dispatcher = program,
			.program_id = program ? xdp_program__id(program) : direct.id,
		};
		snprintf(out->name, sizeof(out->name), "%s", interface);
	}
	xdp_multiprog__close(programs);
	return program || direct.id;
}

static bool is_dispatcher(uint32_t program)
{
	uint32_t size = sizeof(struct bpf_prog_info);
	int fd = bpf_prog_get_fd_by_id(program);
	struct bpf_prog_info info = {0};
	bool found;

	if (fd < 0)
		return false;
	found = !bpf_obj_get_info_by_fd(fd, &info, &size) && !strcmp(info.name, "xdp_dispatcher");
	close(fd);
	return found;
}

/* libxdp's pins keep our program in memory also when its dispatcher was taken off. */
bool attach_is_there(const struct attached_interface *attached, uint32_t owner)
{
	uint32_t any = 0;

	if (if_nametoindex(attached->name) != (unsigned int)attached->index)
		return false;
	if (!attached->dispatcher)
		return find_direct(attached->index, owner).id;
	return !bpf_xdp_query_id(attached->index, 0, &any) && is_dispatcher(any) &&
	       uses_map(attached->program_id, owner);
}

int attach_interface(const struct attachable *what, const char *interface, enum attach_mode mode,
		     struct attached_interface *out, bool *fresh, struct err *err)
{
	DECLARE_LIBXDP_OPTS(xdp_program_opts, options, .obj = what->object,
			    .prog_name = what->program);
	struct attachment attachment = {
		.what = what,
		.interface = interface,
		.ifindex = if_nametoindex(interface),
		.mode = mode,
	};
	bool is_fresh;
	uint32_t any;
	int status;

	if (!attachment.ifindex)
		return err_set(err, -ENODEV, "%s: no such interface; see: ip -br link", interface);
	/* Who may attach a program but not find it again could neither replace nor detach it. */
	if (bpf_prog_get_next_id(0, &any) && errno == EPERM)
		return describe_failure(-EPERM, interface, libxdp_mode(mode), err);
	attachment.program = xdp_program__create(&options);
	status = libxdp_get_error(attachment.program);
	if (status)
		return err_set(err, status, "%s: libxdp: %s", interface, strerror(-status));
	status = xdp_program__set_run_prio(attachment.program, what->priority);
	if (status) {
		xdp_program__close(attachment.program);
		return err_set(err, status, "%s: libxdp: %s", interface, strerror(-status));
	}
	status = attach_or_replace(&attachment, &is_fresh, err);
	if (fresh)
		*fresh = is_fresh;
	xdp_program__close(attachment.program);
	/* What the kernel says now, not what was asked for. */
	if (!status && !attach_find(interface, what->owner, out))
		status = err_set(err, -EIO, "%s: no XDP program runs after attaching one",
				 interface);
	if (!status)
		out->frags = what->frags;
	return status;
}

int attach_remove(const char *interface, uint32_t owner, bool *found, struct err *err)
{
	int ifindex = if_nametoindex(interface), status = 0;
	struct direct direct = find_direct(ifindex, owner);
	struct xdp_multiprog *programs = ifindex && !direct.id ? programs_on(ifindex) : NULL;

	if (direct.id) {
		*found = true;
		status = bpf_xdp_detach(ifindex, attach_flags(libxdp_mode(direct.mode)), NULL);
	} else if (programs && find_in_dispatcher(programs, owner)) {
		*found = true;
		status = detach_from_dispatcher(programs, owner, ifindex);
	}
	xdp_multiprog__close(programs);
	return status ? err_set(err, status, "%s: cannot detach: %s", interface, strerror(-status))
		      : 0;
}

/* The libraries' messages go one level lower: hairpin speaks in its own words. */
static void print_library(const char *format, va_list args)
{
	static const char prefix[] = "libbpf: Kernel error message: ";
	char line[512];
	size_t length;

	vsnprintf(line, sizeof(line), format, args);
	length = strlen(line);
	while (length && line[length - 1] == '\n')
		line[--length] = 0;
	if (!strncmp(line, prefix, strlen(prefix)))
		snprintf(kernel_words, sizeof(kernel_words), "%.*s", (int)sizeof(kernel_words) - 1,
			 line + strlen(prefix));
	if (length && log_level() >= LOG_LEVEL_DEBUG)
		log_debug("%s", line);
}

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level != LIBBPF_DEBUG)
		print_library(format, args);
	return 0;
}

static int print_libxdp(enum libxdp_print_level level, const char *format, va_list args)
{
	(void)level;
	print_library(format, args);
	return 0;
}

void attach_quiet(void)
{
	libbpf_set_print(print_libbpf);
	libxdp_set_print(print_libxdp);
}
