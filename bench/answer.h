/* SPDX-License-Identifier: GPL-2.0-only */
/* What has to come back for a mix, by the standards and not by hairpin's own code. */
#ifndef HAIRPIN_ANSWER_H
#define HAIRPIN_ANSWER_H

#include <stdint.h>

#include "mix.h"

/* answer_sent(): how long frames are when they are sent. */
uint32_t answer_sent(const struct wire_traffic *traffic);

struct wire_answer answer_make(const struct mix *mix);

/* answer_growth(): by how much the frames of a mix get longer: as much as its reference pushes. */
uint32_t answer_growth(const struct mix *mix);

#endif
