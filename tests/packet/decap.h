/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames at the backend, and the program that gets them. */
#ifndef HAIRPIN_TESTS_DECAP_H
#define HAIRPIN_TESTS_DECAP_H

#include "harness.h"
#include "rows_decap.h"

/* decap_wrap(): inner with the outer headers of row in front, and nothing patched or cut. */
void decap_wrap(const struct decap_row *row, const struct frame *inner, struct frame *out);

/* decap_unwrap(): what has to come out: inner behind the MACs and VLAN tags of the tunnel. */
void decap_unwrap(const struct frame *tunnel, const struct frame *inner, struct frame *out);

/* decap_run(): runs the program; fails the test when action or frame are not as expected. */
void decap_run(const struct frame *in, const struct frame *expected, int action);

/* decap_check(): so too when it is not counted under reason. */
void decap_check(const struct frame *in, const struct frame *expected, enum decap_reason reason,
		 int action);

extern const struct CMUnitTest decap_ecn_tests[], decap_literal_tests[];
extern const size_t decap_ecn_test_count, decap_literal_test_count;

#endif
