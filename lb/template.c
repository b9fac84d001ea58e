// SPDX-License-Identifier: GPL-2.0-only
#include "template.h"

#include <string.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "address.h"

#define OUTER_TTL 64
#define IPV4_DF   0x4000

#define VXLAN_HAS_VNI 0x08000000 /* RFC 7348 section 5 */

static const uint8_t inner_source[ETH_ALEN] = {0x02, 0x68, 0x70, 0, 0, 1};
static const uint8_t inner_destination[ETH_ALEN] = {0x02, 0x68, 0x70, 0, 0, 2};

static void put(struct lb_backend *backend, const void *bytes, size_t length)
{
	memcpy(backend->header + backend->header_length, bytes, length);
	backend->header_length += length;
}

static void put_number(struct lb_backend *backend, uint16_t number)
{
	const uint16_t wire = htons(number);

	put(backend, &wire, sizeof(wire));
}

static void put_ethernet(struct lb_backend *backend, const struct template_link *link,
			 uint16_t type)
{
	put(backend, link->destination_mac, ETH_ALEN);
	put(backend, link->source_mac, ETH_ALEN);
	for (int i = 0; i < link->vlan_count; i++) {
		put_number(backend, link->vlans[i].protocol);
		put_number(backend, link->vlans[i].id);
	}
	put_number(backend, type);
}

/* The program fills in lengths, DSCP and ECN, and the checksum, for which this sums up the rest. */
static void put_ipv4(struct lb_backend *backend, const struct template_source *source,
		     const struct lb_address *destination, uint8_t protocol)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.frag_off = htons(IPV4_DF),
		.ttl = OUTER_TTL,
		.protocol = protocol,
		.saddr = source->address.words[3],
		.daddr = destination->words[3],
	};
	uint16_t words[sizeof(ip) / 2];

	memcpy(words, &ip, sizeof(ip));
	for (size_t i = 0; i < sizeof(ip) / 2; i++)
		backend->checksum += words[i];
	put(backend, &ip, sizeof(ip));
}

static void put_ipv6(struct lb_backend *backend, const struct template_source *source,
		     const struct lb_address *destination, uint8_t protocol)
{
	struct ipv6hdr ip = {.version = 6, .nexthdr = protocol, .hop_limit = OUTER_TTL};

	memcpy(&ip.saddr, &source->address, sizeof(ip.saddr));
	memcpy(&ip.daddr, destination, sizeof(ip.daddr));
	put(backend, &ip, sizeof(ip));
}

static void put_udp(struct lb_backend *backend, uint16_t port)
{
	struct udphdr udp = {.dest = htons(port)};

	put(backend, &udp, sizeof(udp));
}

static void put_vxlan(struct lb_backend *backend, uint32_t vni)
{
	const uint32_t words[2] = {htonl(VXLAN_HAS_VNI), htonl(vni << 8)};

	put(backend, words, sizeof(words));
	put(backend, inner_destination, ETH_ALEN);
	put(backend, inner_source, ETH_ALEN);
	put_number(backend, 0);
}

/* 0: it names the inner family, which the record does not know: a backend serves VIPs of both. */
static uint8_t outer_protocol(enum lb_encapsulation kind)
{
	switch (kind) {
	case LB_ENCAP_GUE:
	case LB_ENCAP_VXLAN:
		return IPPROTO_UDP;
	case LB_ENCAP_GRE:
		return IPPROTO_GRE;
	default:
		return 0;
	}
}

static void put_tunnel(struct lb_backend *backend, enum lb_encapsulation kind, uint32_t vni)
{
	static const uint8_t none[4];

	switch (kind) {
	case LB_ENCAP_GUE:
		put_udp(backend, TEMPLATE_GUE_PORT);
		put(backend, none, sizeof(none));
		break;
	case LB_ENCAP_GRE:
		put(backend, none, sizeof(none));
		break;
	case LB_ENCAP_VXLAN:
		put_udp(backend, TEMPLATE_VXLAN_PORT);
		put_vxlan(backend, vni);
		break;
	default:
		break;
	}
}

static __be32 varied_bits(const struct template_source *source, int family_bits)
{
	int bits = family_bits - source->prefix_length;

	if (bits <= 0)
		return 0;
	return htonl(bits >= 32 ? 0xffffffff : (1u << bits) - 1);
}

static void put_outer(struct lb_backend *backend, enum lb_encapsulation kind,
		      const struct template_source *source, const struct lb_address *destination)
{
	if (address_is_ipv4(destination)) {
		backend->flags |= LB_BACKEND_OUTER_IPV4;
		backend->source_mask = varied_bits(source, 32);
		put_ipv4(backend, source, destination, outer_protocol(kind));
	} else {
		backend->source_mask = varied_bits(source, 128);
		put_ipv6(backend, source, destination, outer_protocol(kind));
	}
}

void template_make(uint32_t encapsulation, const struct template_source *source,
		   const struct lb_address *destination, const struct template_link *link,
		   struct lb_backend *out)
{
	enum lb_encapsulation kind = encapsulation & 0xff;
	struct lb_backend backend = {
		.flags = LB_BACKEND_USED | LB_BACKEND_RESOLVED,
		.encapsulation = kind,
		.interface = link->interface,
	};
	uint16_t outer_length;

	if (kind == LB_ENCAP_NONE) {
		put_ethernet(&backend, link, 0);
		backend.ip_offset = backend.header_length;
	} else {
		put_ethernet(&backend, link, address_is_ipv4(destination) ? ETH_P_IP : ETH_P_IPV6);
		backend.ip_offset = backend.header_length;
		put_outer(&backend, kind, source, destination);
		put_tunnel(&backend, kind, encapsulation >> 8);
	}
	if (kind == LB_ENCAP_IPIP && !link->vlan_count)
		backend.flags |= LB_BACKEND_PLAIN;
	outer_length = backend.header_length - backend.ip_offset;
	backend.inner_mtu = link->mtu > outer_length ? link->mtu - outer_length : 0;
	*out = backend;
}

void template_unresolved(struct lb_backend *out)
{
	*out = (struct lb_backend){.flags = LB_BACKEND_USED};
}
