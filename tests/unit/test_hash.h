/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of bpf/hash.h share: flows to vary, and the chi-square test. */
#ifndef HAIRPIN_TEST_HASH_H
#define HAIRPIN_TEST_HASH_H

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>

#include "hash.h"

/*
 * Spread: the chi-square statistic of flows over cells, turned into a standard normal z by Wilson
 * and Hilferty (1931). A perfect hash is above CHI_LIMIT once in a million runs (p = 1e-6); inputs
 * and seeds are fixed, so that a run says the same each time. A z far below 0 is fine: structured
 * inputs may be spread more evenly than by chance.
 */
#define CHI_LIMIT 4.75

static inline double chi_square_z(const uint32_t *cells, uint32_t cell_count, uint32_t total)
{
	double expected = (double)total / cell_count, sum = 0, k = cell_count - 1;

	for (uint32_t i = 0; i < cell_count; i++)
		sum += (cells[i] - expected) * (cells[i] - expected) / expected;
	return (cbrt(sum / k) - (1 - 2 / (9 * k))) / sqrt(2 / (9 * k));
}

static inline struct flow base_ipv4(void)
{
	struct flow flow = {
		.source.words = {0, 0, htonl(0xffff), htonl(0x0a000001)},
		.destination.words = {0, 0, htonl(0xffff), htonl(0xcb00710a)},
		.source_port = htons(40000),
		.destination_port = htons(443),
		.protocol = IPPROTO_TCP,
	};

	return flow;
}

static inline struct flow base_ipv6(void)
{
	struct flow flow = {
		.source.words = {htonl(0x20010db8), htonl(1), 0, htonl(1)},
		.destination.words = {htonl(0x20010db8), 0, 0, htonl(0x10)},
		.source_port = htons(40000),
		.destination_port = htons(443),
		.protocol = IPPROTO_TCP,
	};

	return flow;
}

#endif
