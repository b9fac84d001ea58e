/* SPDX-License-Identifier: GPL-2.0-only */
/* cmocka, and what its header needs before it. */
#ifndef HAIRPIN_TESTS_HARNESS_H
#define HAIRPIN_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* harness_start(): true when the tests can run; else it has printed why they are skipped. */
bool harness_start(void);

#endif
