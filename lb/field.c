// SPDX-License-Identifier: GPL-2.0-only
#include "field.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "abi.h"
#include "address.h"
#include "quote.h"

#define MAX_FIELDS 16

static size_t field_find(const struct field *fields, size_t count, const char *key)
{
	size_t i = 0;

	while (i < count && strcmp(fields[i].name, key) != 0)
		i++;
	return i;
}

static void add_unknown(struct report *report, const struct at *at, const struct field *fields,
			size_t count)
{
	const char *names[MAX_FIELDS];
	char known[256] = "", key[QUOTE_SIZE];
	const char *nearest;
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		names[i] = fields[i].name;
		used += snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
				 fields[i].name);
	}
	quote_text(at->key, key);
	nearest = quote_nearest(at->key, names, count);
	if (nearest)
		report_add_key(report, at, "unknown key %s; did you mean \"%s\"?", key, nearest);
	else
		report_add_key(report, at, "unknown key %s; known here: %s", key, known);
}

unsigned int fields_read(struct report *report, const struct at *at, json_t *object,
			 const char *what, const struct field *fields, size_t count, void *row)
{
	unsigned int read = 0;
	const char *key;
	json_t *value;

	if (!field_object(report, at, object, what))
		return 0;
	json_object_foreach(object, key, value) {
		struct at here = {.up = at, .key = key};
		size_t i = field_find(fields, count, key);

		if (i == count)
			add_unknown(report, &here, fields, count);
		else if (fields[i].read(report, &here, value, row))
			read |= 1u << i;
	}
	for (size_t i = 0; i < count; i++) {
		struct at here = {.up = at, .key = fields[i].name};

		if (fields[i].required && !json_object_get(object, fields[i].name))
			report_add(report, &here, "is missing (%s)", fields[i].required);
	}
	return read;
}

bool field_object(struct report *report, const struct at *at, const json_t *value, const char *what)
{
	char text[QUOTE_SIZE];

	if (json_is_object(value))
		return true;
	report_add(report, at, "%s is not %s (an object)", quote_json(value, text), what);
	return false;
}

bool field_name(struct report *report, const struct at *at)
{
	char text[QUOTE_SIZE];
	size_t length = 0;

	while (isalnum((unsigned char)at->key[length]) ||
	       (at->key[length] && strchr("._-", at->key[length])))
		length++;
	if (length > 0 && length < LB_NAME_SIZE && !at->key[length])
		return true;
	report_add_key(report, at,
		       "%s is not a name (1 to %d of a-z, A-Z, 0-9, \".\", \"_\", \"-\")",
		       quote_text(at->key, text), LB_NAME_SIZE - 1);
	return false;
}

static bool is_quoted_integer(const json_t *value)
{
	const char *text = json_string_value(value);

	if (!text)
		return false;
	text += *text == '-';
	return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 18;
}

bool field_integer(struct report *report, const struct at *at, const json_t *value,
		   const char *what, json_int_t low, json_int_t high, json_int_t *out)
{
	char text[QUOTE_SIZE];

	quote_json(value, text);
	if (is_quoted_integer(value)) {
		report_add(report, at, "%s is a string; write %s without the quotes", text,
			   json_string_value(value));
	} else if (json_is_real(value)) {
		report_add(report, at, "%s is not an integer", text);
	} else if (!json_is_integer(value) || json_integer_value(value) < low ||
		   json_integer_value(value) > high) {
		report_add(report, at, "%s is not %s", text, what);
	} else {
		*out = json_integer_value(value);
		return true;
	}
	return false;
}

#define WHY_LINK_LOCAL "a link-local address, which is not routed"

static const char *ipv4_refusal(__u32 host)
{
	if (host == INADDR_ANY)
		return "the unspecified address";
	if (host == INADDR_BROADCAST)
		return "the broadcast address";
	if (host >> 24 == 0)
		return "of 0.0.0.0/8, which is not routed";
	if (host >> 24 == 127)
		return "a loopback address";
	if (host >> 28 == 0xe)
		return "a multicast address";
	return host >> 16 == 0xa9fe ? WHY_LINK_LOCAL : NULL;
}

static const char *ipv6_refusal(const __u8 *bytes)
{
	static const struct in6_addr unspecified = IN6ADDR_ANY_INIT;
	static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;

	if (memcmp(bytes, &unspecified, sizeof(unspecified)) == 0)
		return "the unspecified address";
	if (memcmp(bytes, &loopback, sizeof(loopback)) == 0)
		return "the loopback address";
	if (bytes[0] == 0xff)
		return "a multicast address";
	return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80 ? WHY_LINK_LOCAL : NULL;
}

/* Why an address can be neither a VIP nor a backend; NULL if it can. */
static const char *address_refusal(const struct lb_address *address)
{
	return address_is_ipv4(address) ? ipv4_refusal(ntohl(address->words[3]))
					: ipv6_refusal(address->bytes);
}

bool field_address(struct report *report, const struct at *at, const json_t *value,
		   struct lb_address *out)
{
	const char *text = json_is_string(value) ? json_string_value(value) : "";
	char quoted[QUOTE_SIZE], ipv4[ADDRESS_TEXT_SIZE];
	struct lb_address address;
	const char *refusal;

	quote_json(value, quoted);
	if (address_parse(text, &address) < 0) {
		if (inet_pton(AF_INET6, text, address.bytes) == 1)
			report_add(report, at, "%s is an IPv4 address in disguise; write \"%s\"",
				   quoted, address_format(&address, ipv4));
		else if (strchr(text, '/'))
			report_add(report, at, "%s is not an address; write it without the \"/\"",
				   quoted);
		else
			report_add(report, at, "%s is not an IPv4 or IPv6 address", quoted);
		return false;
	}
	refusal = address_refusal(&address);
	if (refusal) {
		report_add(report, at, "%s is %s", quoted, refusal);
		return false;
	}
	*out = address;
	return true;
}

bool field_word(struct report *report, const struct at *at, const json_t *value, const char *what,
		const struct word *words, int *out)
{
	int found = json_is_string(value) ? word_value(words, json_string_value(value)) : 0;
	char text[QUOTE_SIZE], known[160] = "";
	size_t used = 0;

	if (found) {
		*out = found;
		return true;
	}
	for (size_t i = 0; words[i].text; i++) {
		const char *before = i == 0 ? "" : words[i + 1].text ? ", " : " or ";

		used += snprintf(known + used, sizeof(known) - used, "%s\"%s\"", before,
				 words[i].text);
	}
	report_add(report, at, "%s is not %s (%s)", quote_json(value, text), what, known);
	return false;
}

const char *word_text(const struct word *words, int value)
{
	while (words->text && words->value != value)
		words++;
	return words->text ? words->text : "unknown";
}

int word_value(const struct word *words, const char *text)
{
	while (words->text && strcmp(words->text, text) != 0)
		words++;
	return words->text ? words->value : 0;
}
