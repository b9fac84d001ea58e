// SPDX-License-Identifier: GPL-2.0-only
#include "reason.h"

#include <linux/bpf.h>

static const struct {
	const char *upper, *words;
	unsigned int action;
} reasons[LB_REASON_COUNT] = {
#define X(name, action, words) [LB_##name] = {#name, words, XDP_##action},
	LB_REASONS(X)
#undef X
};

const char *reason_key(enum lb_reason reason)
{
	static char keys[LB_REASON_COUNT][32];
	const char *from = reasons[reason].upper;
	char *to = keys[reason];

	for (; *from; from++)
		*to++ = *from >= 'A' && *from <= 'Z' ? *from - 'A' + 'a' : *from;
	*to = 0;
	return keys[reason];
}

const char *reason_words(enum lb_reason reason)
{
	return reasons[reason].words;
}

const char *reason_action(enum lb_reason reason)
{
	return action_name(reasons[reason].action);
}

const char *action_name(unsigned int action)
{
	static const char *const names[] = {
		[XDP_ABORTED] = "aborted", [XDP_DROP] = "drop",         [XDP_PASS] = "pass",
		[XDP_TX] = "tx",           [XDP_REDIRECT] = "redirect",
	};

	return action < sizeof(names) / sizeof(*names) ? names[action] : "unknown";
}
