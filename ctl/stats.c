// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "client.h"
#include "command.h"
#include "output.h"
#include "xalloc.h"

enum { FLAG_WATCH, FLAG_ALL };

struct sample {
	json_t *stats;
	struct timespec time;
};

static int take_sample(const struct ctl *ctl, struct sample *out)
{
	struct sample sample = {};
	int ret = client_get(ctl, "/v1/stats", &sample.stats);

	if (ret)
		return ret;
	clock_gettime(CLOCK_MONOTONIC, &sample.time);
	*out = sample;
	return 0;
}

static double seconds_between(const struct sample *a, const struct sample *b)
{
	return b->time.tv_sec - a->time.tv_sec + (b->time.tv_nsec - a->time.tv_nsec) / 1e9;
}

/* A counter that went down belongs to something new: its rate is not known yet. */
static uint64_t rate(uint64_t before, uint64_t now, double seconds)
{
	return now > before && seconds > 0 ? (now - before) / seconds + 0.5 : 0;
}

static void bits_text(uint64_t bits, char *text)
{
	static const char *const units[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
	double value = bits;
	size_t unit = 0;

	for (; value >= 999.95 && unit + 1 < sizeof(units) / sizeof(*units); unit++)
		value /= 1000;
	snprintf(text, OUTPUT_SIZE, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/* before is NULL where there are no rates. */
static void print_counters(const char *const *titles, const char *group, const struct sample *now,
			   const struct sample *before)
{
	struct output_table *table = output_table_new(titles, 5);
	const json_t *old = before ? json_object_get(before->stats, group) : NULL;
	double seconds = before ? seconds_between(before, now) : 0;
	char text[OUTPUT_SIZE];
	const char *name;
	json_t *counter;

	json_object_foreach(json_object_get(now->stats, group), name, counter) {
		const json_t *last = json_object_get(old, name);
		uint64_t packets = answer_number(counter, "packets");
		uint64_t bytes = answer_number(counter, "bytes");
		uint64_t bits = 8 * rate(answer_number(last, "bytes"), bytes, seconds);

		output_cell(table, OUTPUT_PLAIN, "%s", name);
		output_cell(table, OUTPUT_PLAIN, "%s", output_number(packets, text));
		output_cell(table, OUTPUT_PLAIN, "%s", output_bytes(bytes, text));
		packets = rate(answer_number(last, "packets"), packets, seconds);
		output_cell(table, OUTPUT_PLAIN, "%s", before ? output_number(packets, text) : "");
		bits_text(bits, text);
		output_cell(table, OUTPUT_PLAIN, "%s", before ? text : "");
	}
	output_table_print(table);
	if (json_object_size(json_object_get(now->stats, group)))
		putchar('\n');
}

struct reason {
	const char *name; /* of the stats */
	uint64_t packets;
};

static int compare_reasons(const void *a, const void *b)
{
	const struct reason *left = a, *right = b;

	if (left->packets != right->packets)
		return left->packets < right->packets ? 1 : -1;
	return strcmp(left->name, right->name);
}

static void add_reason(struct output_table *table, const struct reason *reason,
		       const struct sample *now, const struct sample *before)
{
	const char *action = answer_text(json_object_get(now->stats, "actions"), reason->name);
	char text[OUTPUT_SIZE];
	uint64_t old;

	output_cell(table, OUTPUT_PLAIN, "%s", reason->name);
	output_cell(table, strcmp(action, "drop") ? OUTPUT_PLAIN : OUTPUT_WARN, "%s", action);
	output_cell(table, OUTPUT_PLAIN, "%s", output_number(reason->packets, text));
	if (before) {
		old = answer_number(json_object_get(before->stats, "reasons"), reason->name);
		old = rate(old, reason->packets, seconds_between(before, now));
		output_number(old, text);
	}
	output_cell(table, OUTPUT_PLAIN, "%s", before ? text : "");
	output_cell(table, OUTPUT_PLAIN, "%s",
		    answer_text(json_object_get(now->stats, "words"), reason->name));
}

static void print_reasons(const struct sample *now, const struct sample *before, bool all)
{
	static const char *const titles[] = {"REASON", "ACTION", ">PACKETS", ">PACKETS/S",
					     "MEANING"};
	struct output_table *table = output_table_new(titles, 5);
	json_t *reasons = json_object_get(now->stats, "reasons"), *value;
	struct reason *list = xcalloc(json_object_size(reasons), sizeof(*list));
	size_t count = 0;
	const char *name;

	json_object_foreach(reasons, name, value) {
		struct reason reason = {name, answer_number(reasons, name)};

		if (reason.packets || all)
			list[count++] = reason;
	}
	qsort(list, count, sizeof(*list), compare_reasons);
	for (size_t i = 0; i < count; i++)
		add_reason(table, &list[i], now, before);
	output_table_print(table);
	if (!count)
		puts("no packet was seen yet");
	free(list);
}

/* Nothing where no slot ever moved. */
static void print_flows(const struct sample *now)
{
	const json_t *flows = json_object_get(now->stats, "flows");
	char asked[OUTPUT_SIZE], stored[OUTPUT_SIZE], promoted[OUTPUT_SIZE], unstored[OUTPUT_SIZE];

	if (!answer_number(flows, "asked") && !answer_number(flows, "unstored"))
		return;
	printf("\nflows of moved slots: %s packets looked for theirs; %s stored, %s of them "
	       "established, %s without room\n",
	       output_number(answer_number(flows, "asked"), asked),
	       output_number(answer_number(flows, "stored"), stored),
	       output_number(answer_number(flows, "promoted"), promoted),
	       output_number(answer_number(flows, "unstored"), unstored));
}

/* In the shape of the counters: numbers, or objects of numbers. */
static json_t *rates_json(json_t *now, const json_t *before, double seconds)
{
	json_t *rates = xcheck(json_object()), *value;
	const char *name;

	json_object_foreach(now, name, value) {
		if (json_is_object(value))
			json_object_set_new(
				rates, name,
				rates_json(value, json_object_get(before, name), seconds));
		else if (json_is_integer(value))
			json_object_set_new(rates, name,
					    json_integer(rate(answer_number(before, name),
							      answer_number(now, name), seconds)));
	}
	return rates;
}

static void add_rates(json_t *stats, const json_t *before, double seconds)
{
	static const char *const groups[] = {"services", "backends", "reasons", "flows"};
	json_t *rates = xcheck(json_object());

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		json_object_set_new(rates, groups[i],
				    rates_json(json_object_get(stats, groups[i]),
					       json_object_get(before, groups[i]), seconds));
	json_object_set_new(stats, "rates", rates);
}

static void print_sample(const struct ctl *ctl, const struct sample *now,
			 const struct sample *before)
{
	static const char *const services[] = {"SERVICE", ">PACKETS", ">BYTES", ">PACKETS/S",
					       ">RATE"};
	static const char *const backends[] = {"BACKEND", ">PACKETS", ">BYTES", ">PACKETS/S",
					       ">RATE"};

	if (ctl->json && !before) {
		output_json(now->stats);
	} else if (ctl->json) {
		add_rates(now->stats, before->stats, seconds_between(before, now));
		json_dumpf(now->stats, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_counters(services, "services", now, before);
		print_counters(backends, "backends", now, before);
		print_reasons(now, before, ctl->flags[FLAG_ALL]);
		print_flows(now);
	}
}

/* Until interrupted, or the daemon is gone, or nobody reads on. */
static int watch(const struct ctl *ctl)
{
	bool terminal = isatty(STDOUT_FILENO) && !ctl->json;
	const char *between = terminal ? "\033[H\033[2J" : "";
	struct sample before = {}, now;
	int ret;

	ret = take_sample(ctl, &before);
	while (!ret) {
		sleep(1);
		ret = take_sample(ctl, &now);
		if (ret)
			break;
		fputs(between, stdout);
		print_sample(ctl, &now, &before);
		json_decref(before.stats);
		before = now;
		if (fflush(stdout))
			ret = CTL_REFUSED; /* main() says why */
		if (!terminal && !ctl->json)
			between = "\n";
	}
	json_decref(before.stats);
	return ret;
}

static int run(const struct ctl *ctl, char **args)
{
	struct sample now;
	int ret;

	(void)args;
	if (ctl->flags[FLAG_WATCH])
		return watch(ctl);
	ret = take_sample(ctl, &now);
	if (ret)
		return ret;
	print_sample(ctl, &now, NULL);
	json_decref(now.stats);
	return CTL_DONE;
}

static const struct verb verbs[] = {
	{
		.run = run,
		.flags = {[FLAG_WATCH] = {"watch", NULL,
					  "again each second, with rates, until interrupted"},
			  [FLAG_ALL] = {"all", NULL, "reasons without packets too"}},
		.help = "Prints packets and bytes of services and backends since the data plane "
			"was\n"
			"attached, and how many packets left by each reason. With --watch --json, "
			"each\n"
			"second one line of JSON with \"rates\" (per second) added.",
	},
	{},
};

int stats_main(struct ctl *ctl, int argc, char **argv)
{
	return command_run(ctl, "stats", verbs, argc, argv);
}
