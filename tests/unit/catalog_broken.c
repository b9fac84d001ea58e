// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every case of catalogs/NAME.txt: a broken catalog and the whole text of all its errors.
 *
 *   === what is wrong
 *   the catalog, up to the line before
 *   ---
 *   the errors, a line each
 */
#include "test.h"

#include <dirent.h>
#include <errno.h>

#include "catalog.h"

#define FOLDER    SOURCE_ROOT "/tests/unit/catalogs/"
#define MAX_CASES 1000
#define LEAST     140

struct broken {
	const char *text;
	size_t length;
	const char *expected;
	size_t expected_length;
};

static struct broken cases[MAX_CASES];
static struct CMUnitTest tests[MAX_CASES];
static size_t count;

static void check_case(void **state)
{
	const struct broken *row = *state;
	/* a copy of the exact size: the sanitizer sees a read behind the text */
	char *text = memcpy(malloc(row->length), row->text, row->length);
	struct catalog *catalog = (struct catalog *)0x1;
	struct err_list errors = {0};
	char *told = NULL, line[2048];
	size_t size = 0;
	FILE *stream = open_memstream(&told, &size);

	assert_int_equal(catalog_parse(text, row->length, "lb.json", &catalog, &errors), -EINVAL);
	assert_ptr_equal(catalog, 0x1);
	for (size_t i = 0; i < errors.count; i++)
		fprintf(stream, "%s\n", err_format(&errors.errors[i], line, sizeof(line)));
	fclose(stream);
	if (size != row->expected_length || memcmp(told, row->expected, size) != 0)
		fail_msg("expected:\n%.*sgot:\n%s", (int)row->expected_length, row->expected, told);
	err_list_done(&errors);
	free(told);
	free(text);
}

/* Cuts off and ends the line at *text. */
static char *take_line(char **text)
{
	char *line = *text, *end = strchr(line, '\n');

	if (end)
		*end = '\0';
	*text = end ? end + 1 : line + strlen(line);
	return line;
}

static void add_cases(const char *file, char *text)
{
	while (*text) {
		char *title = take_line(&text);
		char *middle = strstr(text, "\n---\n"), *end;

		if (strncmp(title, "=== ", 4) != 0 || !middle || count == MAX_CASES) {
			fprintf(stderr, "%s: not a case: %s\n", file, title);
			exit(1);
		}
		end = strstr(middle, "\n=== ");
		end = end ? end + 1 : middle + strlen(middle);
		cases[count] =
			(struct broken){text, middle + 1 - text, middle + 5, end - (middle + 5)};
		tests[count] =
			(struct CMUnitTest){title + 4, check_case, NULL, NULL, &cases[count]};
		count++;
		text = end;
	}
}

int main(void)
{
	DIR *folder = opendir(FOLDER);
	char *texts[64], path[1024];
	size_t text_count = 0;
	struct dirent *entry;
	int code;

	while (folder && (entry = readdir(folder))) {
		if (!strstr(entry->d_name, ".txt") || text_count == 64)
			continue;
		snprintf(path, sizeof(path), FOLDER "%s", entry->d_name);
		texts[text_count] = test_read(path, NULL);
		add_cases(entry->d_name, texts[text_count++]);
	}
	if (folder)
		closedir(folder);
	if (count < LEAST) {
		fprintf(stderr, "%zu cases in " FOLDER ", at least %d are wanted\n", count, LEAST);
		return 1;
	}
	code = _cmocka_run_group_tests("broken catalogs", tests, count, NULL, NULL);
	for (size_t i = 0; i < text_count; i++)
		free(texts[i]);
	return code;
}
