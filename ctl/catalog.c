// SPDX-License-Identifier: GPL-2.0-only
#include "catalog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "command.h"
#include "output.h"
#include "xalloc.h"

/* What the daemon takes of one request. */
#define MAX_FILE (4 * 1024 * 1024)

static int show(const struct ctl *ctl, char **args)
{
	json_t *json = NULL;
	int ret;

	(void)args;
	ret = client_get(ctl, "/v1/catalog", &json);
	if (!ret)
		output_json(json);
	json_decref(json);
	return ret;
}

static void print_errors(const struct ctl *ctl, const struct err_list *errors)
{
	char text[1200];
	json_t *json;

	if (ctl->json) {
		json = err_list_json(errors);
		json_object_set_new(json, "valid", json_false());
		output_json(json);
		json_decref(json);
		return;
	}
	for (size_t i = 0; i < errors->count; i++)
		fprintf(stderr, "%s\n", err_format(&errors->errors[i], text, sizeof(text)));
}

static void print_valid(const struct ctl *ctl, const char *file, const struct catalog *catalog)
{
	char text[3][OUTPUT_SIZE];
	uint64_t backends = 0;
	json_t *json;

	for (size_t i = 0; i < catalog->pool_count; i++)
		backends += catalog->pools[i].backend_count;
	if (!ctl->json) {
		printf("%s: valid: %s, %s, %s\n", file,
		       output_count(catalog->service_count, "service", text[0]),
		       output_count(catalog->pool_count, "pool", text[1]),
		       output_count(backends, "backend", text[2]));
		return;
	}
	json = xcheck(json_pack("{s:b, s:I, s:I, s:I}", "valid", 1, "services",
				(json_int_t)catalog->service_count, "pools",
				(json_int_t)catalog->pool_count, "backends", (json_int_t)backends));
	output_json(json);
	json_decref(json);
}

static int check(const struct ctl *ctl, char **args)
{
	struct catalog *catalog = NULL;
	struct err_list errors = {};
	int ret;

	ret = catalog_load(args[0], &catalog, &errors);
	if (ret)
		print_errors(ctl, &errors);
	else
		print_valid(ctl, args[0], catalog);
	catalog_free(catalog);
	err_list_done(&errors);
	return ret ? CTL_REFUSED : CTL_DONE;
}

static int read_file(const char *path, char **out, size_t *length)
{
	FILE *file = fopen(path, "re");
	char *text;

	if (!file)
		return ctl_error(CTL_REFUSED, "%s: %s", path, strerror(errno));
	text = xcalloc(1, MAX_FILE + 1);
	*length = fread(text, 1, MAX_FILE + 1, file);
	if (ferror(file) || *length > MAX_FILE) {
		ctl_error(0, "%s: %s", path,
			  ferror(file) ? strerror(errno) : "larger than 4 MiB, which is the most");
		free(text);
		fclose(file);
		return CTL_REFUSED;
	}
	fclose(file);
	*out = text;
	return 0;
}

/* The text goes as it is, so that the daemon's lines and columns are the file's. */
static int put(const struct ctl *ctl, const char *path, bool dry_run)
{
	struct client_request request = {
		.method = "PUT",
		.dry_run = dry_run,
		.file = path,
	};
	json_t *diff = NULL;
	char *text = NULL;
	int ret;

	ret = read_file(path, &text, &request.length);
	if (ret)
		return ret;
	request.body = text;
	request.path = client_path("/v1/catalog");
	ret = client_call(ctl, &request, &diff);
	if (!ret)
		output_diff(ctl, diff, dry_run, NULL, NULL);
	json_decref(diff);
	free(text);
	return ret;
}

static int diff(const struct ctl *ctl, char **args)
{
	return put(ctl, args[0], true);
}

static int apply(const struct ctl *ctl, char **args)
{
	return put(ctl, args[0], ctl->flags[0]);
}

static const struct verb verbs[] = {
	{
		.name = "show",
		.run = show,
		.help = "Prints the catalog in force.",
	},
	{
		.name = "check",
		.run = check,
		.args = "FILE",
		.min_args = 1,
		.max_args = 1,
		.help = "Says whether FILE is a valid catalog, or all that is wrong with it, one a "
			"line:\n"
			"file:line:column: path: text. Needs no daemon.",
	},
	{
		.name = "diff",
		.run = diff,
		.args = "FILE",
		.min_args = 1,
		.max_args = 1,
		.help = "Says what would change, and which share of each pool's slots would move, "
			"if "
			"FILE\nwere applied.",
	},
	{
		.name = "apply",
		.run = apply,
		.args = "FILE",
		.min_args = 1,
		.max_args = 1,
		.flags = {COMMAND_DRY_RUN},
		.help = "Makes FILE the catalog, if it is valid, and says what changed.",
	},
	{},
};

int catalog_main(struct ctl *ctl, int argc, char **argv)
{
	return command_run(ctl, "catalog", verbs, argc, argv);
}
