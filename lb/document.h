/* SPDX-License-Identifier: GPL-2.0-only */
/* Text to JSON: everything that can be wrong with a document before one asks what it means. */
#ifndef HAIRPIN_DOCUMENT_H
#define HAIRPIN_DOCUMENT_H

#include <jansson.h>

#include "report.h"

#define DOCUMENT_MAX (64 * 1024 * 1024)

/*
 * document_parse(): the text of report as JSON, owned by the caller, or NULL with one error added:
 * the parser cannot go on behind it. Duplicate keys are errors too, but do not hide others: the
 * document is returned with the last of each.
 */
json_t *document_parse(struct report *report);

#endif
