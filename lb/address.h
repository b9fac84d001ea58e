/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4 and IPv6 addresses in one form: 16 bytes, IPv4 as v4-mapped (RFC 4291, 2.5.5.2). */
#ifndef HAIRPIN_ADDRESS_H
#define HAIRPIN_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

#define ADDRESS_TEXT_SIZE 46 /* INET6_ADDRSTRLEN */

bool address_is_ipv4(const struct lb_address *address);
bool address_equal(const struct lb_address *a, const struct lb_address *b);

/* address_parse(): dotted quad or RFC 4291 text. Returns 0 or -EINVAL; *out only set on success.
 * A v4-mapped IPv6 text ("::ffff:10.0.0.1") is refused: it would be a second name of an IPv4 one.
 */
int address_parse(const char *text, struct lb_address *out);

/* address_format(): writes the text into buffer (ADDRESS_TEXT_SIZE bytes) and returns it. */
const char *address_format(const struct lb_address *address, char *buffer);

#endif
