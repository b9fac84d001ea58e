/* SPDX-License-Identifier: GPL-2.0-only */
/* What faults_inject.c and faults_control.c share: one page of a file. */
#ifndef HAIRPIN_TEST_FAULTS_H
#define HAIRPIN_TEST_FAULTS_H

#include <stdint.h>

struct faults {
	uint32_t counted; /* operations so far */
	uint32_t at;      /* of the operation where something happens, from 1; 0: none */
	int32_t error;    /* an errno: it fails; 0: the daemon is killed after it */
	uint32_t lasts;   /* 1: all after it fail too */
};

#endif
