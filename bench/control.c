// SPDX-License-Identifier: GPL-2.0-only
/*
 * control: how long a change takes from the catalog to the last map write, what is written, what
 * the daemon costs; beside what no change can do without: a swap of one table, which waits for
 * packets, reading the JSON, and writing to disk.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "control_stage.h"

#define TIMEOUT_S 60
#define RATE_S    1.0

static const struct control_size sizes[] = {
	{10, 10, 1},       {100, 100, 10},     {1000, 1000, 100},
	{4000, 1000, 100}, {1000, 10000, 100}, {4000, 10000, 1000},
};

static const char *hairpind;
static pid_t served; /* the process of hairpind */
static int rounds = 9;

static char *catalog_text(const json_t *catalog)
{
	char *text = json_dumps(catalog, JSON_INDENT(2));

	if (!text)
		control_fail("out of memory", "hairpind said");
	return text;
}

/* A start with nothing pinned. */
static void start(const json_t *catalog, struct samples *ready, struct samples *forwarded)
{
	double begin = control_now(), end_ready = 0, end_forwarded = 0;

	notify_drain();
	served = control_serve(hairpind, catalog);
	while (!end_ready || !end_forwarded) {
		if (!end_forwarded && control_forwards(0))
			end_forwarded = control_now();
		if (!end_ready && notify_ready())
			end_ready = control_now();
		if (control_now() - begin > TIMEOUT_S)
			control_fail("no packet comes back through hairpin", "hairpind said");
	}
	samples_add(ready, 1e3 * (end_ready - begin));
	samples_add(forwarded, 1e3 * (end_forwarded - begin));
}

static json_t *backend_of(json_t *catalog, const char *pool, const char *backend)
{
	json_t *pools = json_object_get(catalog, "pools");

	return json_object_get(json_object_get(json_object_get(pools, pool), "backends"), backend);
}

static uint64_t realtime_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

/* What hairpind has written last, when it was written after since. */
static json_t *last_plan(uint64_t since)
{
	json_t *status = api_call("GET", "/v1/status", NULL), *plan;

	plan = json_incref(json_object_get(status, "last_plan"));
	json_decref(status);
	if ((uint64_t)json_integer_value(json_object_get(plan, "finished_us")) > since)
		return plan;
	json_decref(plan);
	return NULL;
}

struct change {
	struct samples applied;  /* until the last map write */
	struct samples answered; /* until the API answered */
	json_t *operations;      /* of the last round */
	json_t *pools;           /* the names of those that it changed */
};

static json_t *change_json(struct change *change)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "applied_ms", samples_json(&change->applied),
			 "answered_ms", samples_json(&change->answered), "operations",
			 change->operations, "pools", change->pools);
}

static void change_note(struct change *change, uint64_t begin, json_t *plan)
{
	uint64_t end = json_integer_value(json_object_get(plan, "finished_us"));

	samples_add(&change->applied, (end - begin) / 1e3);
	json_decref(change->operations);
	change->operations = json_incref(json_object_get(plan, "operations"));
	json_decref(plan);
}

static json_t *names_of(json_t *object)
{
	json_t *names = json_array(), *value;
	const char *name;

	json_object_foreach(object, name, value)
		json_array_append_new(names, json_string(name));
	return names;
}

/* One backend changes: its weight, by PUT of the whole catalog. */
static json_t *measure_put(json_t *catalog)
{
	struct change change = {0};

	for (int i = 0; i < rounds; i++) {
		json_t *answer, *plan;
		char *text;
		uint64_t begin;

		json_object_set_new(backend_of(catalog, "pool0", "b0"), "weight",
				    json_integer(i & 1 ? 100 : 50));
		text = catalog_text(catalog);
		begin = realtime_us();
		answer = api_call("PUT", "/v1/catalog", text);
		samples_add(&change.answered, (realtime_us() - begin) / 1e3);
		free(text);
		plan = last_plan(begin);
		if (!plan)
			control_fail("a changed weight changed no map", "hairpind said");
		change_note(&change, begin, plan);
		json_decref(change.pools);
		change.pools = names_of(json_object_get(answer, "pools"));
		json_decref(answer);
	}
	return change_json(&change);
}

/* The same, by another file in the place of the catalog. The daemon waits until it is quiet. */
static json_t *measure_file(json_t *catalog)
{
	struct change change = {.pools = json_null()};
	char beside[64];

	snprintf(beside, sizeof(beside), "%s", control_path("catalog.json.new"));
	for (int i = 0; i < rounds / 3 + 1; i++) {
		json_t *plan = NULL;
		uint64_t begin;

		usleep(150000); /* what hairpind itself wrote is settled */
		json_object_set_new(backend_of(catalog, "pool0", "b0"), "weight",
				    json_integer(i & 1 ? 100 : 70));
		json_dump_file(catalog, beside, JSON_INDENT(2));
		begin = realtime_us();
		if (rename(beside, control_path("catalog.json")))
			control_fail("cannot replace the catalog", "hairpind said");
		while (!plan && realtime_us() - begin < TIMEOUT_S * 1000000ull) {
			usleep(50000);
			plan = last_plan(begin);
		}
		if (!plan)
			control_fail("the changed file was not read", "hairpind said");
		change_note(&change, begin, plan);
	}
	return change_json(&change);
}

static json_int_t peak_kib(pid_t pid)
{
	char path[64], line[256];
	long long kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmHWM: %lld kB", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

static json_t *rates(void)
{
	static const char trace[] = "{\"protocol\": \"tcp\", \"source\": \"10.0.0.1\", "
				    "\"source_port\": 1234, \"destination\": \"198.18.0.0\", "
				    "\"destination_port\": 443}";

	return json_pack("{s:f, s:f}", "get_status", api_rate("GET", "/v1/status", NULL, RATE_S),
			 "post_trace", api_rate("POST", "/v1/trace", trace, RATE_S));
}

static json_t *measure_starts(const json_t *catalog)
{
	struct samples ready = {0}, forwarded = {0};

	for (int i = 0; i < rounds / 3 + 1; i++) {
		if (i)
			control_unserve();
		start(catalog, &ready, &forwarded);
	}
	return json_pack("{s:o, s:o}", "ready_ms", samples_json(&ready), "first_packet_ms",
			 samples_json(&forwarded));
}

static json_t *measure(const struct control_size *size)
{
	json_t *catalog = control_catalog(size), *result, *plan;
	char *text = catalog_text(catalog);

	result = json_pack("{s:i, s:i, s:i, s:I}", "services", size->services, "backends",
			   size->backends, "pools", size->pools, "catalog_bytes",
			   (json_int_t)strlen(text));
	json_object_set_new(result, "cold_start", measure_starts(catalog));
	plan = last_plan(0);
	json_object_set(result, "cold_start_operations", json_object_get(plan, "operations"));
	json_decref(plan);
	json_object_set_new(result, "put", measure_put(catalog));
	json_object_set_new(result, "file", measure_file(catalog));
	json_object_set_new(result, "calls_per_second", rates());
	json_object_set_new(result, "peak_kib", json_integer(peak_kib(served)));
	control_unserve();
	json_object_set_new(result, "reference_swap_ms", reference_table_swap());
	json_object_set_new(result, "reference_json_ms", reference_json(text));
	json_object_set_new(result, "reference_fsync_ms",
			    reference_fsync(control_path("catalog.json")));
	free(text);
	json_decref(catalog);
	return result;
}

static double median_of(const json_t *result, const char *outer, const char *inner)
{
	const json_t *value = json_object_get(result, outer);

	if (inner)
		value = json_object_get(value, inner);
	return json_number_value(json_object_get(value, "median"));
}

static void tell(const json_t *result, const struct control_size *size)
{
	const json_t *rate = json_object_get(result, "calls_per_second");

	fprintf(stderr,
		"%4d services, %5d backends, %4d pools: ready %.0f ms, first packet %.0f ms; PUT "
		"%.1f ms, file %.1f ms (swap %.1f, JSON %.1f, fsync %.1f ms); %.0f status/s, %.0f "
		"trace/s; %lld MiB\n",
		size->services, size->backends, size->pools,
		median_of(result, "cold_start", "ready_ms"),
		median_of(result, "cold_start", "first_packet_ms"),
		median_of(result, "put", "applied_ms"), median_of(result, "file", "applied_ms"),
		median_of(result, "reference_swap_ms", NULL),
		median_of(result, "reference_json_ms", NULL),
		median_of(result, "reference_fsync_ms", NULL),
		json_number_value(json_object_get(rate, "get_status")),
		json_number_value(json_object_get(rate, "post_trace")),
		json_integer_value(json_object_get(result, "peak_kib")) / 1024);
}

int main(int argc, char **argv)
{
	bool quick = argc > 2 && !strcmp(argv[2], "--quick");
	json_t *results = json_array();

	hairpind = argc > 1 ? argv[1] : "build/lb/hairpind";
	if (argc > 3 || (argc > 2 && !quick)) {
		fprintf(stderr, "usage: control [HAIRPIND [--quick]]\n");
		return 2;
	}
	if (quick)
		rounds = 3;
	control_open();
	notify_open(control_path("notify"));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		json_t *result;

		if (quick && i != 0 && i != 2)
			continue;
		result = measure(&sizes[i]);
		tell(result, &sizes[i]);
		json_array_append_new(results, result);
	}
	json_dumpf(results, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	puts("");
	json_decref(results);
	return 0;
}
