// SPDX-License-Identifier: GPL-2.0-only
#include "answer.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <netinet/in.h>

#include "stage.h"

#define OUTER_TTL  64
#define GUE_PORT   6080 /* IANA */
#define VXLAN_PORT 4789 /* RFC 7348 */

/* hairpin's: source ports that carry a flow's entropy, and the inner Ethernet header of VXLAN. */
#define LEAST_PORT 0xc000
static const uint8_t inner_ethernet[2 * ETH_ALEN] = {
	0x02, 0x68, 0x70, 0, 0, 2, 0x02, 0x68, 0x70, 0, 0, 1,
};

uint32_t answer_sent(const struct wire_traffic *traffic)
{
	uint32_t length = WIRE_ETHERNET + wire_ip_length(traffic);

	if (length < WIRE_FRAME)
		length = WIRE_FRAME;
	return length + (traffic->tagged ? WIRE_TAG : 0);
}

/* All bits of it are known; leave_open() takes some back. */
static void put(struct wire_answer *answer, const void *bytes, size_t length)
{
	memcpy(answer->header + answer->header_length, bytes, length);
	memset(answer->mask + answer->header_length, 0xff, length);
	answer->header_length += length;
}

static void put_number(struct wire_answer *answer, uint16_t number)
{
	const uint16_t wire = htons(number);

	put(answer, &wire, sizeof(wire));
}

static void leave_open(struct wire_answer *answer, size_t at, size_t length)
{
	memset(answer->mask + at, 0, length);
}

static void leave_backend_open(struct wire_answer *answer, size_t at)
{
	answer->backend_at = at;
	leave_open(answer, at, sizeof(uint16_t));
}

static void put_ethernet(struct wire_answer *answer, const struct mix *mix, uint16_t type)
{
	enum stage_device device = mix->way == WAY_SECOND ? DEVICE_SECOND : DEVICE_HAIRPIN;
	const uint8_t near[ETH_ALEN] = STAGE_MAC_NEAR(device);
	const uint8_t far[ETH_ALEN] = STAGE_MAC_FAR(device);
	const uint8_t backend[ETH_ALEN] = STAGE_MAC_BACKEND;

	put(answer, mix->way == WAY_LAYER2 ? backend : near, ETH_ALEN);
	if (mix->way == WAY_LAYER2)
		leave_backend_open(answer, ETH_ALEN - sizeof(uint16_t));
	put(answer, far, ETH_ALEN);
	put_number(answer, type);
}

/* RFC 2003, RFC 6864: don't fragment, identification 0. length: of what follows the header. */
static void put_ipv4(struct wire_answer *answer, const struct mix *mix, uint8_t protocol,
		     uint32_t length)
{
	const size_t start = answer->header_length;
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tot_len = htons(sizeof(ip) + length),
		.frag_off = htons(0x4000),
		.ttl = OUTER_TTL,
		.protocol = protocol,
		.saddr = htonl(0xc0a80002 | (uint32_t)mix->way << 8),    /* 192.168.WAY.2 */
		.daddr = htonl(0xac100000 + ((uint32_t)mix->way << 16)), /* 172.16 + WAY */
	};

	put(answer, &ip, sizeof(ip));
	leave_open(answer, start + offsetof(struct iphdr, check), sizeof(ip.check));
	leave_backend_open(answer, start + offsetof(struct iphdr, daddr) + 2);
	answer->length_at = start + offsetof(struct iphdr, tot_len);
	answer->ipv4_at = start;
}

/* RFC 2473; any flow label. */
static void put_ipv6(struct wire_answer *answer, const struct mix *mix, uint8_t protocol,
		     uint32_t length)
{
	const size_t start = answer->header_length;
	struct ipv6hdr ip = {
		.version = 6,
		.payload_len = htons(length),
		.nexthdr = protocol,
		.hop_limit = OUTER_TTL,
	};

	ip.saddr.s6_addr32[0] = htonl(0xfd000000); /* fd00:0:0:WAY::2 */
	ip.saddr.s6_addr32[1] = htonl(mix->way);
	ip.saddr.s6_addr32[3] = htonl(2);
	ip.daddr.s6_addr32[0] = htonl(0xfd010000 | mix->way); /* fd01:WAY:: */
	put(answer, &ip, sizeof(ip));
	answer->mask[start + 1] &= 0xf0;
	leave_open(answer, start + 2, 2);
	leave_backend_open(answer, start + sizeof(ip) - 2);
	answer->length_at = start + offsetof(struct ipv6hdr, payload_len);
}

/* Without a checksum: RFC 6935. */
static void put_udp(struct wire_answer *answer, uint16_t port, uint32_t length)
{
	const size_t start = answer->header_length;
	struct udphdr udp = {
		.source = htons(LEAST_PORT),
		.dest = htons(port),
		.len = htons(length),
	};
	const uint16_t known = htons(LEAST_PORT);

	put(answer, &udp, sizeof(udp));
	memcpy(answer->mask + start, &known, sizeof(known));
}

/* What is between the outer IP header and the inner packet. */
static uint32_t tunnel_length(enum mix_encapsulation encapsulation)
{
	switch (encapsulation) {
	case ENCAP_GUE:
		return sizeof(struct udphdr) + 4;
	case ENCAP_GRE:
		return 4;
	case ENCAP_VXLAN:
		return sizeof(struct udphdr) + 8 + ETH_HLEN;
	default:
		return 0;
	}
}

static uint8_t outer_protocol(const struct mix *mix)
{
	switch (mix->encapsulation) {
	case ENCAP_GUE:
	case ENCAP_VXLAN:
		return IPPROTO_UDP;
	case ENCAP_GRE:
		return IPPROTO_GRE;
	default:
		return mix->traffic.ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	}
}

static void put_tunnel(struct wire_answer *answer, const struct mix *mix, uint32_t length)
{
	const uint8_t gue[4] = {0, mix->traffic.ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP};
	const uint8_t vxlan[8] = {0x08, 0, 0, 0, 0, 0, MIX_VNI};
	const uint16_t type = mix->traffic.ipv6 ? ETH_P_IPV6 : ETH_P_IP;

	switch (mix->encapsulation) {
	case ENCAP_GUE:
		put_udp(answer, GUE_PORT, length);
		put(answer, gue, sizeof(gue));
		break;
	case ENCAP_GRE:
		put_number(answer, 0);
		put_number(answer, type);
		break;
	case ENCAP_VXLAN:
		put_udp(answer, VXLAN_PORT, length);
		put(answer, vxlan, sizeof(vxlan));
		put(answer, inner_ethernet, sizeof(inner_ethernet));
		put_number(answer, type);
		break;
	default:
		break;
	}
}

struct wire_answer answer_make(const struct mix *mix)
{
	const bool bare = mix->encapsulation == ENCAP_NONE || mix->traffic.kind == WIRE_ECHO;
	const bool ipv6 = mix->traffic.ipv6;
	const uint32_t length = tunnel_length(mix->encapsulation) + wire_ip_length(&mix->traffic);
	struct wire_answer answer = {0};

	put_ethernet(&answer, mix, ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	if (!bare) {
		(ipv6 ? put_ipv6 : put_ipv4)(&answer, mix, outer_protocol(mix), length);
		put_tunnel(&answer, mix, length);
	}
	answer.frame_length = answer_sent(&mix->traffic) - WIRE_ETHERNET -
			      (mix->traffic.tagged ? WIRE_TAG : 0) + answer.header_length;
	return answer;
}

uint32_t answer_growth(const struct mix *mix)
{
	return answer_make(mix).frame_length - answer_sent(&mix->traffic);
}
