/* SPDX-License-Identifier: GPL-2.0-only */
/* A command and its verbs: options, number of arguments, help. */
#ifndef HAIRPIN_COMMAND_H
#define HAIRPIN_COMMAND_H

#include "ctl.h"

struct flag {
	const char *name;  /* without the dashes */
	const char *value; /* what it takes, in words; NULL: nothing */
	const char *help;
};

struct verb {
	const char *name; /* NULL: the command has this one only, and it is not typed */
	int (*run)(const struct ctl *ctl, char **args);
	const char *args; /* in words */
	int min_args, max_args;
	struct flag flags[CTL_MAX_FLAGS]; /* up to the first without a name */
	const char *help;
};

/* The flag of every verb that changes something. */
#define COMMAND_DRY_RUN                                       \
	{                                                     \
		"dry-run", NULL, "only say what would change" \
	}

/* command_common(): takes the options that every command has from the front of argv, and leaves
 * argc and argv at the first word that is none. Returns 0 or CTL_USAGE. */
int command_common(struct ctl *ctl, int *argc, char ***argv);

/* command_run(): runs the verb of verbs (up to one without run) that argv asks for. */
int command_run(struct ctl *ctl, const char *command, const struct verb *verbs, int argc,
		char **argv);

#endif
