// SPDX-License-Identifier: GPL-2.0-only
#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"

static const char *const mode_names[] = {
	[ATTACH_AUTO] = "auto",
	[ATTACH_NATIVE] = "native",
	[ATTACH_GENERIC] = "generic",
	[ATTACH_OFFLOAD] = "offload",
};

const char *attach_mode_name(enum attach_mode mode)
{
	return mode_names[mode];
}

int config_set_mode(struct config *config, const char *text, struct err *err)
{
	for (size_t i = 0; i < sizeof(mode_names) / sizeof(*mode_names); i++) {
		if (!strcmp(text, mode_names[i])) {
			config->mode = i;
			return 0;
		}
	}
	return err_set(err, -EINVAL, "--mode %s: is none of native, generic, offload, auto", text);
}

static int add_interface(struct config *config, const char *name, size_t length, struct err *err)
{
	char *slot = config->interfaces[config->interface_count];

	if (!length)
		return err_set(err, -EINVAL, "-i: an interface name is empty");
	if (length >= sizeof(config->interfaces[0]))
		return err_set(err, -EINVAL, "-i %.*s: longer than the 15 characters of a name",
			       (int)length, name);
	if (config->interface_count == CONFIG_MAX_INTERFACES)
		return err_set(err, -EINVAL, "-i: more than %d interfaces", CONFIG_MAX_INTERFACES);
	memcpy(slot, name, length);
	slot[length] = 0;
	for (unsigned int i = 0; i < config->interface_count; i++)
		if (!strcmp(config->interfaces[i], slot))
			return err_set(err, -EINVAL, "-i %s: named twice", slot);
	config->interface_count++;
	return 0;
}

int config_add_interfaces(struct config *config, const char *list, struct err *err)
{
	for (;;) {
		size_t length = strcspn(list, ",");
		int status = add_interface(config, list, length, err);

		if (status || !list[length])
			return status;
		list += length + 1;
	}
}

/* Whether all bits of address after the first length ones are zero. */
static bool host_bits_zero(const struct lb_address *address, unsigned int length)
{
	for (unsigned int bit = length; bit < 128; bit++)
		if (address->bytes[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

int config_add_source(struct config *config, const char *text, struct err *err)
{
	struct template_source source = {0}, *slot;
	unsigned int family_bits, offset;
	char address[ADDRESS_TEXT_SIZE];
	size_t length = strcspn(text, "/");
	char *end = NULL;
	long bits;

	if (length >= sizeof(address))
		return err_set(err, -EINVAL, "--source %s: not an address", text);
	memcpy(address, text, length);
	address[length] = 0;
	if (address_parse(address, &source.address))
		return err_set(err, -EINVAL, "--source %s: not an IPv4 or IPv6 address", text);
	if (!source.address.words[3] && !source.address.halves[0])
		return err_set(err, -EINVAL, "--source %s: nothing can be sent from it", text);
	slot = address_is_ipv4(&source.address) ? &config->source_ipv4 : &config->source_ipv6;
	family_bits = slot == &config->source_ipv4 ? 32 : 128;
	offset = 128 - family_bits;
	bits = text[length] ? strtol(text + length + 1, &end, 10) : family_bits;
	if (end &&
	    (*end || !isdigit((unsigned char)text[length + 1]) || bits < 1 || bits > family_bits))
		return err_set(err, -EINVAL, "--source %s: the prefix length is 1 to %u", text,
			       family_bits);
	if (!host_bits_zero(&source.address, offset + bits))
		return err_set(err, -EINVAL, "--source %s: has bits set after its prefix of %ld",
			       text, bits);
	if (slot->prefix_length)
		return err_set(err, -EINVAL, "--source %s: a second source of its family", text);
	source.prefix_length = bits;
	*slot = source;
	return 0;
}

static int add_cpu(struct config *config, const char *list, unsigned long cpu, struct err *err)
{
	if (cpu >= (unsigned long)sysconf(_SC_NPROCESSORS_CONF))
		return err_set(err, -EINVAL, "--cpus %s: there is no CPU %lu; the last one is %ld",
			       list, cpu, sysconf(_SC_NPROCESSORS_CONF) - 1);
	if (config->cpu_count == LB_MAX_CPUS)
		return err_set(err, -EINVAL, "--cpus %s: more than %d CPUs", list, LB_MAX_CPUS);
	for (unsigned int i = 0; i < config->cpu_count; i++)
		if (config->cpus[i] == cpu)
			return err_set(err, -EINVAL, "--cpus %s: CPU %lu is named twice", list,
				       cpu);
	config->cpus[config->cpu_count++] = cpu;
	return 0;
}

/* A number at *at, which moves behind it; false: there is none. */
static bool read_cpu(const char **at, unsigned long *out)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	*out = strtoul(*at, &end, 10);
	*at = end;
	return true;
}

int config_set_cpus(struct config *config, const char *list, struct err *err)
{
	const char *at = list;
	int status = 0;

	config->cpu_count = 0;
	for (;;) {
		unsigned long first, last;

		if (!read_cpu(&at, &first))
			break;
		last = first;
		if (*at == '-' && (at++, !read_cpu(&at, &last)))
			break;
		if (last < first)
			break;
		for (unsigned long cpu = first; !status && cpu <= last; cpu++)
			status = add_cpu(config, list, cpu, err);
		if (status || !*at)
			return status;
		if (*at++ != ',')
			break;
	}
	return err_set(err, -EINVAL, "--cpus %s: not a list of CPUs such as 2-5,8", list);
}

int config_set_priority(struct config *config, const char *text, struct err *err)
{
	char *end;
	unsigned long priority = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || priority > 1000)
		return err_set(err, -EINVAL, "--priority %s: not a number from 0 to 1000", text);
	config->priority = priority;
	return 0;
}

int config_set_flow_count(struct config *config, const char *text, struct err *err)
{
	char *end;
	unsigned long count = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || count < 1024 || count > 16777216)
		return err_set(err, -EINVAL, "--flows %s: not a number from 1024 to 16777216",
			       text);
	config->flow_count = count;
	return 0;
}
