// SPDX-License-Identifier: GPL-2.0-only
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static const __u8 mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool address_is_ipv4(const struct lb_address *address)
{
	return memcmp(address->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

bool address_equal(const struct lb_address *a, const struct lb_address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

int address_parse(const char *text, struct lb_address *out)
{
	struct lb_address address;

	if (inet_pton(AF_INET, text, &address.bytes[12]) == 1) {
		memcpy(address.bytes, mapped_prefix, sizeof(mapped_prefix));
		*out = address;
		return 0;
	}
	if (inet_pton(AF_INET6, text, address.bytes) != 1 || address_is_ipv4(&address))
		return -EINVAL;
	*out = address;
	return 0;
}

const char *address_format(const struct lb_address *address, char *buffer)
{
	if (address_is_ipv4(address))
		inet_ntop(AF_INET, &address->bytes[12], buffer, ADDRESS_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, address->bytes, buffer, ADDRESS_TEXT_SIZE);
	return buffer;
}
