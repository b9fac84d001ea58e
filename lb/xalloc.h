/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocation that aborts when memory runs out.
 *
 * The control plane may die at any instruction and the data plane goes on, so a clean death is
 * better than paths for half-built things that no test ever walks.
 */
#ifndef HAIRPIN_XALLOC_H
#define HAIRPIN_XALLOC_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* xcheck(): returns pointer, or aborts when it is NULL. */
static inline void *xcheck(void *pointer)
{
	if (!pointer) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return pointer;
}

/* xrealloc_array(): old (may be NULL) with room for count entries of size bytes, at least one. */
static inline void *xrealloc_array(void *old, size_t count, size_t size)
{
	return xcheck(reallocarray(old, count ? count : 1, size));
}

/* xcalloc(): count (at least one) zeroed entries of size bytes. */
static inline void *xcalloc(size_t count, size_t size)
{
	return xcheck(calloc(count ? count : 1, size));
}

static inline char *xstrdup(const char *text)
{
	return xcheck(strdup(text));
}

#endif
