/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HAIRPIN_QUANTILE_H
#define HAIRPIN_QUANTILE_H

#include <stdlib.h>

static inline int quantile_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* quantile(): share of the values are at most so large. Sorts them. */
static inline double quantile(double *values, int count, double share)
{
	double at = share * (count - 1);
	int below = at, above = below + 1 < count ? below + 1 : below;

	qsort(values, count, sizeof(*values), quantile_compare);
	return values[below] + (at - below) * (values[above] - values[below]);
}

static inline double quantile_median(double *values, int count)
{
	return quantile(values, count, 0.5);
}

#endif
