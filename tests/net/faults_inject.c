// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into a hairpind of the tests, between it and what changes maps (-Wl,--wrap): counts the
 * operations, and at one of them the daemon is killed, or told that the operation has failed. Which
 * one, faults_control says, in a file that both have mapped; HAIRPIN_FAULTS is its path.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "datapath.h"
#include "faults.h"

#define SLOT_PARTS 4 /* an operation that changes many slots can be cut off between them */

/* Without a file: an operation that nobody counts. */
static struct faults *faults_of_file(void)
{
	static struct faults own, *faults;
	const char *path = getenv("HAIRPIN_FAULTS");
	int fd;

	if (faults)
		return faults;
	faults = &own;
	fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return faults;
	faults = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (faults == MAP_FAILED)
		abort();
	return faults;
}

/* Before an operation: 0, or the error that it fails with, a negative errno. */
static int begin(void)
{
	struct faults *faults = faults_of_file();
	uint32_t number = ++faults->counted;

	if (!faults->error || !faults->at || number < faults->at)
		return 0;
	return number == faults->at || faults->lasts ? -faults->error : 0;
}

/* After it. Only the first of several that ended here, since one may contain another. */
static void end(void)
{
	const struct faults *faults = faults_of_file();

	if (faults->at && !faults->error && faults->counted >= faults->at)
		raise(SIGKILL);
}

static int begin_errno(void)
{
	int status = begin();

	if (status)
		errno = -status;
	return status;
}

int __real_datapath_apply(struct datapath *datapath, const struct plan *plan, struct err *err);
int __wrap_datapath_apply(struct datapath *datapath, const struct plan *plan, struct err *err);
int __real_bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size,
			  __u32 value_size, __u32 max_entries,
			  const struct bpf_map_create_opts *options);
int __wrap_bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size,
			  __u32 value_size, __u32 max_entries,
			  const struct bpf_map_create_opts *options);
int __real_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);
int __wrap_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);
int __real_bpf_map_delete_elem(int fd, const void *key);
int __wrap_bpf_map_delete_elem(int fd, const void *key);
int __real_bpf_obj_pin(int fd, const char *path);
int __wrap_bpf_obj_pin(int fd, const char *path);
int __real_bpf_object__load_skeleton(struct bpf_object_skeleton *skeleton);
int __wrap_bpf_object__load_skeleton(struct bpf_object_skeleton *skeleton);
int __real_bpf_xdp_attach(int ifindex, int fd, __u32 flags, const struct bpf_xdp_attach_opts *opts);
int __wrap_bpf_xdp_attach(int ifindex, int fd, __u32 flags, const struct bpf_xdp_attach_opts *opts);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

static int apply_one(struct datapath *datapath, struct plan_op op, struct err *err)
{
	struct plan plan = {.ops = &op, .count = 1};
	int status = begin();

	if (status)
		return err_set(err, status, "cannot %s: %s (injected)", plan_kind_name(op.kind),
			       strerror(-status));
	status = __real_datapath_apply(datapath, &plan, err);
	end();
	return status;
}

static int apply_slots(struct datapath *datapath, const struct plan_op *op, struct err *err)
{
	uint32_t part_size = (op->count + SLOT_PARTS - 1) / SLOT_PARTS;
	int status = 0;

	for (uint32_t from = 0; !status && from < op->count; from += part_size) {
		struct plan_op part = *op;

		part.changes += from;
		part.count = op->count - from < part_size ? op->count - from : part_size;
		status = apply_one(datapath, part, err);
	}
	return status;
}

int __wrap_datapath_apply(struct datapath *datapath, const struct plan *plan, struct err *err)
{
	int status = 0;

	for (size_t i = 0; !status && i < plan->count; i++)
		status = plan->ops[i].kind == PLAN_SLOTS ? apply_slots(datapath, &plan->ops[i], err)
							 : apply_one(datapath, plan->ops[i], err);
	return status;
}

int __wrap_bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size,
			  __u32 value_size, __u32 max_entries,
			  const struct bpf_map_create_opts *options)
{
	int fd = begin_errno()
			 ?: __real_bpf_map_create(type, name, key_size, value_size, max_entries,
						  options);

	end();
	return fd;
}

int __wrap_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	int status = begin_errno() ?: __real_bpf_map_update_elem(fd, key, value, flags);

	end();
	return status;
}

int __wrap_bpf_map_delete_elem(int fd, const void *key)
{
	int status = begin_errno() ?: __real_bpf_map_delete_elem(fd, key);

	end();
	return status;
}

int __wrap_bpf_obj_pin(int fd, const char *path)
{
	int status = begin_errno() ?: __real_bpf_obj_pin(fd, path);

	end();
	return status;
}

int __wrap_bpf_object__load_skeleton(struct bpf_object_skeleton *skeleton)
{
	int status = begin() ?: __real_bpf_object__load_skeleton(skeleton);

	end();
	return status;
}

int __wrap_bpf_xdp_attach(int ifindex, int fd, __u32 flags, const struct bpf_xdp_attach_opts *opts)
{
	int status = begin() ?: __real_bpf_xdp_attach(ifindex, fd, flags, opts);

	end();
	return status;
}

/* Of pins; the catalog file is not a map. */
int __wrap_rename(const char *from, const char *to)
{
	bool pin = !strncmp(from, "/sys/fs/bpf/", 12);
	int status = (pin ? begin_errno() : 0) ?: __real_rename(from, to);

	if (pin)
		end();
	return status;
}
