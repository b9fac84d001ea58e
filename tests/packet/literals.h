/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HAIRPIN_TESTS_LITERALS_H
#define HAIRPIN_TESTS_LITERALS_H

#include "harness.h"

extern const struct CMUnitTest literal_tests[];
extern const size_t literal_test_count;

#endif
