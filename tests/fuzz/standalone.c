// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drives a fuzz target without libFuzzer, with any compiler: first the files as they are, then
 * mutations of them. The same seed makes the same inputs.
 *
 *   fuzz-NAME [--iterations N] [--seconds N] [--seed N] FILE-OR-FOLDER...
 *
 * An input that aborts the target is left in crash-input.
 */
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SIZE  16384
#define MAX_FILES 1024

struct input {
	uint8_t data[MAX_SIZE];
	size_t size;
};

static struct input *corpus[MAX_FILES];
static size_t corpus_count;
static struct input current;
static uint64_t random_state = 1;

static const char *const tokens[] = {
	"{",      "}",     "[",         "]",    ",",     ":",       "\"",  "\\u0000", "null",
	"true",   "0",     "-1",        "1e9",  "65536", "\"any\"", "\n",  "\xff",    "\xc3\xa9",
	"::1",    "\\",    "{\"a\":1}", "1e99", "\"\"",  "251",     "\t",  "\\ud800", "10.0.0.1",
	"weight", "state", "address",   "port", "pool",  "table",   "tcp", "::",      "backends",
};

/* xorshift64* */
static size_t random_below(size_t limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return limit ? (random_state * 0x2545f4914f6cdd1d >> 16) % limit : 0;
}

static void replace(struct input *input, size_t at, size_t removed, const void *bytes, size_t size)
{
	size_t rest = input->size - at - removed;

	if (input->size - removed + size > MAX_SIZE)
		return;
	memmove(input->data + at + size, input->data + at + removed, rest);
	memcpy(input->data + at, bytes, size);
	input->size = at + size + rest;
}

static void mutate(struct input *input)
{
	size_t at = random_below(input->size + 1), room = input->size - at;
	size_t length = random_below((room < 64 ? room : 64) + 1);
	const char *token = tokens[random_below(sizeof(tokens) / sizeof(tokens[0]))];
	const struct input *other = corpus[random_below(corpus_count)];
	size_t from = random_below(other->size + 1), other_room = other->size - from;
	uint8_t copy[64], byte = random_below(256);

	switch (random_below(7)) {
	case 0:
		if (room)
			input->data[at] ^= 1 << random_below(8);
		break;
	case 1:
		replace(input, at, room > 0, &byte, 1);
		break;
	case 2:
		replace(input, at, 0, token, strlen(token));
		break;
	case 3:
		replace(input, at, length, token, strlen(token));
		break;
	case 4:
		replace(input, at, length, "", 0);
		break;
	case 5:
		memcpy(copy, input->data + at, length);
		replace(input, at, 0, copy, length);
		break;
	default:
		length = length < other_room ? length : other_room;
		replace(input, at, random_below(room + 1), other->data + from, length);
	}
}

static void run(const struct input *input)
{
	/* a copy of the exact size: the sanitizer sees a read behind the input */
	uint8_t *data = malloc(input->size ? input->size : 1);

	if (!data)
		abort();
	memcpy(data, input->data, input->size);
	LLVMFuzzerTestOneInput(data, input->size);
	free(data);
}

static void add_file(const char *path)
{
	struct input *input = calloc(1, sizeof(*input));
	FILE *file = fopen(path, "r");

	if (!input || !file || corpus_count == MAX_FILES) {
		perror(path);
		exit(2);
	}
	input->size = fread(input->data, 1, MAX_SIZE, file);
	fclose(file);
	corpus[corpus_count++] = input;
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void add_path(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, not_hidden, alphasort);
	char inner[4096];

	if (count < 0) {
		add_file(path);
		return;
	}
	for (int i = 0; i < count; i++) {
		snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name);
		add_file(inner);
		free(entries[i]);
	}
	free(entries);
}

static void save_input(int signal_number)
{
	FILE *file = fopen("crash-input", "w");

	if (file) {
		fwrite(current.data, 1, current.size, file);
		fclose(file);
	}
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

int main(int argc, char **argv)
{
	long iterations = 10000, seconds = 0, done = 0;
	time_t start = time(NULL);

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--iterations") == 0 && i + 1 < argc)
			iterations = atol(argv[++i]);
		else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
			seconds = atol(argv[++i]);
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			random_state = strtoull(argv[++i], NULL, 10) | 1;
		else
			add_path(argv[i]);
	}
	if (corpus_count == 0) {
		fprintf(stderr, "no corpus\n");
		return 2;
	}
	signal(SIGABRT, save_input);
	for (size_t i = 0; i < corpus_count; i++) {
		current = *corpus[i];
		run(&current);
	}
	for (; seconds ? time(NULL) - start < seconds : done < iterations; done++) {
		current = *corpus[random_below(corpus_count)];
		for (size_t i = random_below(5); i < 5; i++)
			mutate(&current);
		run(&current);
	}
	printf("%zu files, %ld mutations: fine\n", corpus_count, done);
	for (size_t i = 0; i < corpus_count; i++)
		free(corpus[i]);
	return 0;
}
