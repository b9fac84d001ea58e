/* SPDX-License-Identifier: GPL-2.0-only */
/* What the unit tests share: cmocka with what it needs, and whole files. */
#ifndef HAIRPIN_TEST_H
#define HAIRPIN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* test_read(): the whole file with a NUL behind it; fails the test if there is none. */
static inline char *test_read(const char *path, size_t *length)
{
	FILE *file = fopen(path, "r");
	char *text;
	long size;

	if (!file)
		fail_msg("cannot open %s", path);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	text = malloc(size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, size, file), size);
	text[size] = '\0';
	fclose(file);
	if (length)
		*length = size;
	return text;
}

#endif
