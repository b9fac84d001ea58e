// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "quote.h"

#define MAX_VERBS     16
#define FIRST_FLAG    256
#define COMMON_HELP   "help"
#define COMMON_JSON   "json"
#define COMMON_SOCKET "socket"

static const struct option common[] = {
	{COMMON_HELP, no_argument, NULL, 'h'},
	{COMMON_JSON, no_argument, NULL, 'j'},
	{COMMON_SOCKET, required_argument, NULL, 's'},
	{"version", no_argument, NULL, 'V'},
};

#define COMMON_COUNT (sizeof(common) / sizeof(*common))

/*
 * getopt_long() over the common options and flags (NULL: none). permute: options may stand between
 * and after the arguments; else it stops at the first argument. Leaves the arguments.
 */
static int parse(struct ctl *ctl, const struct flag *flags, bool permute, int *argc, char ***argv)
{
	struct option options[COMMON_COUNT + CTL_MAX_FLAGS + 1] = {};
	size_t count = COMMON_COUNT;
	int c;

	memcpy(options, common, sizeof(common));
	for (int i = 0; flags && i < CTL_MAX_FLAGS && flags[i].name; i++)
		options[count++] = (struct option){
			.name = flags[i].name,
			.has_arg = flags[i].value ? required_argument : no_argument,
			.val = FIRST_FLAG + i,
		};

	optind = 0; /* getopt starts anew */
	opterr = 0;
	while ((c = getopt_long(*argc, *argv, permute ? ":h" : "+:h", options, NULL)) != -1) {
		const char *word = (*argv)[optind - 1];

		if (c >= FIRST_FLAG)
			ctl->flags[c - FIRST_FLAG] = optarg ? optarg : "";
		else if (c == 'h')
			ctl->help = true;
		else if (c == 'j')
			ctl->json = true;
		else if (c == 'V')
			ctl->version = true;
		else if (c == 's')
			ctl->socket_path = optarg;
		else if (c == ':')
			return ctl_error(CTL_USAGE, "%s takes a value (see --help)", word);
		else
			return ctl_error(CTL_USAGE, "unknown option %s (see --help)", word);
	}
	*argc -= optind;
	*argv += optind;
	return 0;
}

int command_common(struct ctl *ctl, int *argc, char ***argv)
{
	return parse(ctl, NULL, false, argc, argv);
}

static void print_usage(FILE *file, const char *command, const struct verb *verb)
{
	fprintf(file, "hairpinctl %s", command);
	if (verb->name)
		fprintf(file, " %s", verb->name);
	if (verb->args)
		fprintf(file, " %s", verb->args);
	for (int i = 0; i < CTL_MAX_FLAGS && verb->flags[i].name; i++) {
		const struct flag *flag = &verb->flags[i];

		fprintf(file, " [--%s%s%s]", flag->name, flag->value ? " " : "",
			flag->value ? flag->value : "");
	}
	fputc('\n', file);
}

static void print_flag(const char *name, const char *value, const char *help)
{
	char left[40];

	snprintf(left, sizeof(left), "--%s%s%s", name, value ? " " : "", value ? value : "");
	printf("  %-20s %s\n", left, help);
}

static int help_verb(const char *command, const struct verb *verb)
{
	printf("usage: ");
	print_usage(stdout, command, verb);
	printf("\n%s\n\n", verb->help);
	for (int i = 0; i < CTL_MAX_FLAGS && verb->flags[i].name; i++)
		print_flag(verb->flags[i].name, verb->flags[i].value, verb->flags[i].help);
	print_flag(COMMON_JSON, NULL, "print JSON");
	print_flag(COMMON_SOCKET, "PATH", "the daemon's socket (default " CTL_SOCKET ")");
	print_flag(COMMON_HELP, NULL, "this text");
	return CTL_DONE;
}

static void print_verbs(FILE *file, const char *command, const struct verb *verbs)
{
	for (const struct verb *verb = verbs; verb->run; verb++) {
		fprintf(file, verb == verbs ? "usage: " : "       ");
		print_usage(file, command, verb);
	}
}

static const struct verb *find_verb(const char *command, const struct verb *verbs, const char *name)
{
	const char *names[MAX_VERBS], *nearest;
	size_t count = 0;

	for (; verbs[count].run && count < MAX_VERBS; count++) {
		if (!strcmp(verbs[count].name, name))
			return &verbs[count];
		names[count] = verbs[count].name;
	}
	nearest = quote_nearest(name, names, count);
	if (nearest)
		ctl_error(0, "%s: unknown command %s; did you mean %s?", command, name, nearest);
	else
		ctl_error(0, "%s: unknown command %s (see hairpinctl %s --help)", command, name,
			  command);
	return NULL;
}

int command_run(struct ctl *ctl, const char *command, const struct verb *verbs, int argc,
		char **argv)
{
	const struct verb *verb = verbs;

	if (verbs->name) {
		if (command_common(ctl, &argc, &argv))
			return CTL_USAGE;
		if (!argc) {
			if (ctl->version)
				return ctl_version();
			print_verbs(ctl->help ? stdout : stderr, command, verbs);
			return ctl->help ? CTL_DONE : CTL_USAGE;
		}
		verb = find_verb(command, verbs, argv[0]);
		if (!verb)
			return CTL_USAGE;
	}
	if (parse(ctl, verb->flags, true, &argc, &argv))
		return CTL_USAGE;
	if (ctl->help)
		return help_verb(command, verb);
	if (ctl->version)
		return ctl_version();
	if (argc < verb->min_args || argc > verb->max_args) {
		ctl_error(0, "%s%s%s: %s", command, verb->name ? " " : "",
			  verb->name ? verb->name : "",
			  argc < verb->min_args ? "too few arguments" : "too many arguments");
		fprintf(stderr, "usage: ");
		print_usage(stderr, command, verb);
		return CTL_USAGE;
	}
	return verb->run(ctl, argv);
}
