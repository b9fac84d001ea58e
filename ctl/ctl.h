/* SPDX-License-Identifier: GPL-2.0-only */
/* What every command of hairpinctl gets, and the commands. */
#ifndef HAIRPIN_CTL_H
#define HAIRPIN_CTL_H

#include <stdbool.h>

#define CTL_SOCKET "/run/hairpin/hairpind.sock"

enum ctl_exit {
	CTL_DONE = 0,
	CTL_REFUSED = 1, /* or failed */
	CTL_USAGE = 2,
	CTL_UNREACHABLE = 3, /* the daemon */
};

#define CTL_MAX_FLAGS 8

struct ctl {
	const char *socket_path;
	bool json;
	bool help, version;
	const char *flags[CTL_MAX_FLAGS]; /* of the verb, in its order: value, "" or NULL */
};

/* ctl_error(): "hairpinctl: ..." on standard error. Returns code. */
int ctl_error(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ctl_version(): prints it. Returns CTL_DONE. */
int ctl_version(void);

/* The commands, one a file. argv[0] is the command; they return an enum ctl_exit. */
int status_main(struct ctl *ctl, int argc, char **argv);
int service_main(struct ctl *ctl, int argc, char **argv);
int pool_main(struct ctl *ctl, int argc, char **argv);
int backend_main(struct ctl *ctl, int argc, char **argv);
int catalog_main(struct ctl *ctl, int argc, char **argv);
int stats_main(struct ctl *ctl, int argc, char **argv);
int trace_main(struct ctl *ctl, int argc, char **argv);
int flows_main(struct ctl *ctl, int argc, char **argv);
int decap_main(struct ctl *ctl, int argc, char **argv);

#endif
