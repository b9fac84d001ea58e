// SPDX-License-Identifier: GPL-2.0-only
#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "ctl.h"
#include "quote.h"

static const struct command {
	const char *name;
	int (*run)(struct ctl *ctl, int argc, char **argv);
	const char *help;
} commands[] = {
	{"status", status_main, "one screen: is all well, and if not, what and since when"},
	{"service", service_main, "list, add, remove: what clients talk to"},
	{"pool", pool_main, "list, show, add, remove: sets of backends"},
	{"backend", backend_main, "list, add, remove, drain, up, down, weight: servers"},
	{"catalog", catalog_main, "show, check, diff, apply: all of these as one file"},
	{"stats", stats_main,
	 "packets and bytes of services and backends, and what became of them"},
	{"flows", flows_main, "list, flush: flows that are remembered while slots move"},
	{"trace", trace_main, "where a packet would go, and why, step by step"},
	{"decap", decap_main, "attach, detach, status: the backend's side"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

int ctl_error(int code, const char *format, ...)
{
	va_list args;

	fputs("hairpinctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

int ctl_version(void)
{
	puts("hairpinctl " HAIRPIN_VERSION);
	return CTL_DONE;
}

static void print_help(FILE *file)
{
	fputs("usage: hairpinctl [--json] [--socket PATH] COMMAND ...\n\n", file);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(file, "  %-8s %s\n", commands[i].name, commands[i].help);
	fputs("  help     [COMMAND [VERB]]: as --help after it\n"
	      "\n"
	      "  --json         print JSON\n"
	      "  --socket PATH  the daemon's socket (default " CTL_SOCKET ")\n"
	      "  --help, --version\n"
	      "\n"
	      "Exit status: 0 done, 1 refused or failed, 2 usage, 3 daemon not reachable.\n",
	      file);
}

static const struct command *find_command(const char *name)
{
	const char *names[COMMAND_COUNT], *nearest;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
		names[i] = commands[i].name;
	}
	nearest = quote_nearest(name, names, COMMAND_COUNT);
	if (nearest)
		ctl_error(0, "unknown command %s; did you mean %s?", name, nearest);
	else
		ctl_error(0, "unknown command %s (see hairpinctl --help)", name);
	return NULL;
}

static int run(int argc, char **argv)
{
	struct ctl ctl = {.socket_path = CTL_SOCKET};
	const struct command *command;

	if (command_common(&ctl, &argc, &argv))
		return CTL_USAGE;
	if (ctl.version)
		return ctl_version();
	if (argc && !strcmp(argv[0], "help")) {
		ctl.help = true;
		argc--;
		argv++;
	}
	if (!argc) {
		print_help(ctl.help ? stdout : stderr);
		return ctl.help ? CTL_DONE : CTL_USAGE;
	}
	command = find_command(argv[0]);
	return command ? command->run(&ctl, argc, argv) : CTL_USAGE;
}

int main(int argc, char **argv)
{
	int code;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return ctl_error(CTL_REFUSED, "libcurl does not start");
	code = run(argc, argv);
	curl_global_cleanup();
	if (fflush(stdout) || ferror(stdout)) {
		ctl_error(0, "cannot write the output: %s", strerror(errno));
		if (!code)
			code = CTL_REFUSED;
	}
	return code;
}
