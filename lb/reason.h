/* SPDX-License-Identifier: GPL-2.0-only */
/* bpf/reasons.h as words for people and keys for programs. */
#ifndef HAIRPIN_REASON_H
#define HAIRPIN_REASON_H

#include "reasons.h"

const char *reason_key(enum lb_reason reason);    /* "no_service" */
const char *reason_words(enum lb_reason reason);  /* "for no service" */
const char *reason_action(enum lb_reason reason); /* "tx", "pass", "drop" */

/* action_name(): of an enum xdp_action. */
const char *action_name(unsigned int action);

#endif
