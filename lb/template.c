// SPDX-License-Identifier: GPL-2.0-only
#include "template.h"

#include <string.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "address.h"

#define OUTER_TTL 64
#define IPV4_DF   0x4000

/*
 * The protocol number of an ipip header names the inner family, which the record does not know: a
 * backend serves VIPs of both. The program fills it in.
 */
static uint32_t put_ipv4(const struct template_source *source, const struct lb_address *destination,
			 uint8_t *at)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.frag_off = htons(IPV4_DF),
		.ttl = OUTER_TTL,
		.saddr = source->address.words[3],
		.daddr = destination->words[3],
	};
	uint16_t words[sizeof(ip) / 2];
	uint32_t sum = 0;

	memcpy(at, &ip, sizeof(ip));
	memcpy(words, &ip, sizeof(ip));
	for (size_t i = 0; i < sizeof(ip) / 2; i++)
		sum += words[i];
	return sum;
}

static void put_ipv6(const struct template_source *source, const struct lb_address *destination,
		     uint8_t *at)
{
	struct ipv6hdr ip = {.version = 6, .hop_limit = OUTER_TTL};

	memcpy(&ip.saddr, &source->address, sizeof(ip.saddr));
	memcpy(&ip.daddr, destination, sizeof(ip.daddr));
	memcpy(at, &ip, sizeof(ip));
}

static __be32 varied_bits(const struct template_source *source, int family_bits)
{
	int bits = family_bits - source->prefix_length;

	if (bits <= 0)
		return 0;
	return htonl(bits >= 32 ? 0xffffffff : (1u << bits) - 1);
}

void template_ipip(const struct template_source *source, const struct lb_address *destination,
		   const struct template_link *link, struct lb_backend *out)
{
	struct ethhdr eth = {.h_proto = htons(ETH_P_IPV6)};
	struct lb_backend backend = {.flags = LB_BACKEND_USED | LB_BACKEND_RESOLVED};
	size_t outer_length;

	if (address_is_ipv4(destination)) {
		outer_length = sizeof(struct iphdr);
		eth.h_proto = htons(ETH_P_IP);
		backend.source_mask = varied_bits(source, 32);
		backend.checksum = put_ipv4(source, destination, backend.header + ETH_HLEN);
	} else {
		outer_length = sizeof(struct ipv6hdr);
		backend.source_mask = varied_bits(source, 128);
		put_ipv6(source, destination, backend.header + ETH_HLEN);
	}
	memcpy(eth.h_dest, link->destination_mac, ETH_ALEN);
	memcpy(eth.h_source, link->source_mac, ETH_ALEN);
	memcpy(backend.header, &eth, sizeof(eth));
	backend.header_length = ETH_HLEN + outer_length;
	backend.ip_offset = ETH_HLEN;
	backend.inner_mtu = link->mtu > outer_length ? link->mtu - outer_length : 0;
	backend.interface = link->interface;
	*out = backend;
}

void template_unresolved(struct lb_backend *out)
{
	*out = (struct lb_backend){.flags = LB_BACKEND_USED};
}
