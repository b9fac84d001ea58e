// SPDX-License-Identifier: GPL-2.0-only
/* One screen, worst things first; the `list` commands show all of each. */
#include <stdio.h>

#include "answer.h"
#include "backend.h"
#include "client.h"
#include "command.h"
#include "err.h"
#include "output.h"
#include "pool.h"
#include "service.h"

#define MAX_PROBLEMS 10
#define MAX_ROWS     10
#define MAX_BACKENDS 20

static void print_problems(const json_t *status)
{
	const json_t *problems = json_object_get(status, "problems");
	size_t i, count = json_array_size(problems);
	json_t *problem;

	if (!count) {
		bool well = answer_true(status, "well");

		printf("%s%s%s\n", output_begin(well ? OUTPUT_GOOD : OUTPUT_BAD),
		       well ? "all well" : "not well", output_end(OUTPUT_GOOD));
		return;
	}
	json_array_foreach(problems, i, problem) {
		if (i == MAX_PROBLEMS) {
			printf("... %zu more problems (hairpinctl status --json shows all)\n",
			       count - i);
			break;
		}
		printf("%s%s%s\n", output_begin(OUTPUT_BAD), json_string_value(problem),
		       output_end(OUTPUT_BAD));
	}
}

static void print_catalog(const json_t *catalog)
{
	const json_t *failed = json_object_get(catalog, "failed");
	char since[OUTPUT_SIZE], services[OUTPUT_SIZE], pools[OUTPUT_SIZE], backends[OUTPUT_SIZE];
	json_t *error;
	size_t i;

	printf("catalog %s, loaded %s: %s, %s, %s\n", answer_text(catalog, "path"),
	       output_since(answer_text(catalog, "loaded"), since),
	       output_count(answer_number(catalog, "services"), "service", services),
	       output_count(answer_number(catalog, "pools"), "pool", pools),
	       output_count(answer_number(catalog, "backends"), "backend", backends));
	if (!json_is_object(failed))
		return;
	printf("%sits file was refused %s, and the catalog of before is in force:%s\n",
	       output_begin(OUTPUT_BAD), output_since(answer_text(failed, "since"), since),
	       output_end(OUTPUT_BAD));
	json_array_foreach(json_object_get(failed, "errors"), i, error) {
		struct err err = {
			.line = answer_number(error, "line"),
			.column = answer_number(error, "column"),
		};
		char text[1200];

		if (i == MAX_PROBLEMS)
			break;
		snprintf(err.file, sizeof(err.file), "%s", answer_text(error, "file"));
		snprintf(err.path, sizeof(err.path), "%s", answer_text(error, "path"));
		snprintf(err.text, sizeof(err.text), "%s", answer_text(error, "text"));
		printf("  %s\n", err_format(&err, text, sizeof(text)));
	}
}

static void print_interfaces(const json_t *interfaces)
{
	static const char *const titles[] = {"INTERFACE", "LINK", "MODE", "ATTACH", ">PROGRAM"};
	struct output_table *table = output_table_new(titles, 5);
	json_t *interface;
	size_t i;

	json_array_foreach(interfaces, i, interface) {
		bool up = answer_true(interface, "up");

		output_cell(table, OUTPUT_PLAIN, "%s", answer_text(interface, "name"));
		output_cell(table, up ? OUTPUT_GOOD : OUTPUT_BAD, "%s", up ? "up" : "down");
		output_cell(table, OUTPUT_PLAIN, "%s", answer_text(interface, "mode"));
		output_cell(table, OUTPUT_PLAIN, "%s", answer_text(interface, "attach"));
		output_cell(table, OUTPUT_PLAIN, "%llu",
			    (unsigned long long)answer_number(interface, "program_id"));
	}
	output_table_print(table);
}

/* An empty line and a table, and how many rows did not fit. */
static void print_part(const json_t *array, void (*print)(const json_t *array, size_t most),
		       const char *noun)
{
	size_t count = json_array_size(array);

	if (!count)
		return;
	putchar('\n');
	print(array, MAX_ROWS);
	if (count > MAX_ROWS)
		printf("... %zu more (hairpinctl %s list shows all)\n", count - MAX_ROWS, noun);
}

/* "pool web: 6,554 of 65,537 slots have moved, 12s ago; settled in 888s if no old flow talks" */
static void print_motion(const json_t *motion)
{
	json_t *pool, *backend;
	size_t i;

	if (json_array_size(json_object_get(motion, "pools")))
		putchar('\n');
	json_array_foreach(json_object_get(motion, "pools"), i, pool) {
		uint64_t services = answer_number(pool, "services");
		char moved[OUTPUT_SIZE], size[OUTPUT_SIZE];

		printf("pool %s is in motion: %s of %s slots", answer_text(pool, "name"),
		       output_number(answer_number(pool, "moved"), moved),
		       output_number(answer_number(pool, "table_size"), size));
		if (services)
			printf(", %llu service%s", (unsigned long long)services,
			       services == 1 ? "" : "s");
		printf("; the last packet of an old flow %llus ago, settled in %llus if none "
		       "comes\n",
		       (unsigned long long)answer_number(pool, "idle_s"),
		       (unsigned long long)answer_number(pool, "settles_in_s"));
	}
	json_array_foreach(json_object_get(motion, "leaving"), i, backend)
		printf("backend %s/%s (%s) was removed; old flows still go there\n",
		       answer_text(backend, "pool"), answer_text(backend, "name"),
		       answer_text(backend, "address"));
}

static void print_cpus(const json_t *status)
{
	const json_t *cpus = json_object_get(status, "cpus"), *cpu;
	size_t i;

	if (!json_array_size(cpus))
		return;
	printf("packets for %s are handed to CPU%s",
	       json_is_true(json_object_get(status, "spread_local")) ? "VIPs and the host" : "VIPs",
	       json_array_size(cpus) > 1 ? "s" : "");
	json_array_foreach(cpus, i, cpu)
		printf("%s %lld", i ? "," : "", json_integer_value(cpu));
	putchar('\n');
}

static void print_status(const json_t *status)
{
	const json_t *backends = json_object_get(status, "backends");
	char since[OUTPUT_SIZE];

	print_problems(status);
	printf("\nhairpind %s, pid %llu, started %s\n", answer_text(status, "version"),
	       (unsigned long long)answer_number(status, "pid"),
	       output_since(answer_text(status, "started"), since));
	print_catalog(json_object_get(status, "catalog"));
	putchar('\n');
	print_interfaces(json_object_get(status, "interfaces"));
	print_cpus(status);
	print_part(json_object_get(status, "services"), service_table, "service");
	print_part(json_object_get(status, "pools"), pool_table, "pool");
	if (json_array_size(backends)) {
		putchar('\n');
		backend_table(backends, MAX_BACKENDS, true);
	}
	print_motion(json_object_get(status, "motion"));
}

static int run(const struct ctl *ctl, char **args)
{
	json_t *status = NULL;
	int ret;

	(void)args;
	ret = client_get(ctl, "/v1/status", &status);
	if (ret)
		return ret;
	if (ctl->json)
		output_json(status);
	else
		print_status(status);
	json_decref(status);
	return CTL_DONE;
}

static const struct verb verbs[] = {
	{
		.run = run,
		.help = "Shows on one screen whether all is well, and if not, what and since when.",
	},
	{},
};

int status_main(struct ctl *ctl, int argc, char **argv)
{
	return command_run(ctl, "status", verbs, argc, argv);
}
