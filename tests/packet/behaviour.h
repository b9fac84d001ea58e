/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HAIRPIN_TESTS_BEHAVIOUR_H
#define HAIRPIN_TESTS_BEHAVIOUR_H

#include "harness.h"

extern const struct CMUnitTest behaviour_tests[];
extern const size_t behaviour_test_count;

#endif
