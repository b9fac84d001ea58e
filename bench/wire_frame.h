/* SPDX-License-Identifier: GPL-2.0-only */
/* The generator's frames: each is a function of traffic and the number of its flow, so that the
 * sink can tell what was sent. */
#ifndef HAIRPIN_WIRE_FRAME_H
#define HAIRPIN_WIRE_FRAME_H

#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "wire_abi.h"

struct wire_traffic traffic = {};

/* All transports are as long as a TCP header: UDP has 12 bytes of payload. */
#define TRANSPORT_LENGTH sizeof(struct tcphdr)

/* Of a QUIC packet's connection id: 2 bits of a configuration, 2 bytes of a server id, 4 of a nonce. */
#define QUIC_START 0x40400000

struct flow_words {
	__be32 source;
	__be32 ports;
	__u32 service;
};

static __always_inline struct flow_words frame_flow_words(__u32 flow)
{
	__u64 mixed = (flow + 1) * 0x9fb21c651e98df25ULL;

	mixed ^= mixed >> 32;
	return (struct flow_words){
		/* An odd factor permutes 24 bits: flows differ in the address alone. */
		.source = bpf_htonl(0x0a000000 | ((flow * 0x9e3779b1u) & 0xffffff)),
		.ports = bpf_htonl((1024 + (mixed & 0x7fff)) << 16 | 443),
		.service = (mixed >> 16 & 0xffffffff) * traffic.services >> 32,
	};
}

/* The Internet checksum (RFC 1071) of a sum of 32-bit words. */
static __always_inline __u16 frame_checksum(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* A half of a word, which the compiler may not take for none of it. */
static __always_inline void frame_put_half(__be32 *words, __u32 index, __u16 half)
{
	__builtin_memcpy((void *)words + 2 * index, &half, sizeof(half));
}

/* Where the transport holds the number of the flow: TCP's sequence number, the first payload of UDP
 * and of pings, the nonce of QUIC. */
static __always_inline __u32 frame_flow_word(void)
{
	if (traffic.kind == WIRE_QUIC)
		return 3;
	return traffic.protocol == IPPROTO_TCP && traffic.kind != WIRE_ECHO ? 1 : 2;
}

/* The number of the backend that the connection id of a QUIC flow names. */
static __always_inline __u32 frame_quic_backend(__u32 flow)
{
	return flow % traffic.backends + 1;
}

/* addresses: their sum, for the checksum. */
static __always_inline void frame_put_udp(__be32 *words, __u32 flow, __be32 ports, __u64 addresses)
{
	__u32 length = wire_ip_length(&traffic) - (traffic.ipv6 ? 40 : 20);
	__u64 sum = addresses + bpf_htonl(IPPROTO_UDP + length) + ports + flow;

	words[0] = ports;
	words[1] = bpf_htonl(length << 16);
	words[2] = flow;
	words[3] = 0;
	words[4] = 0;
	if (traffic.kind == WIRE_QUIC) {
		words[2] = bpf_htonl(QUIC_START | frame_quic_backend(flow));
		words[3] = flow;
		sum += words[2];
	}
	if (traffic.kind == WIRE_FRAGMENTS)
		words[1] = bpf_htonl(2 * length << 16); /* without a checksum */
	else
		/* 0 means that there is no checksum: RFC 768. */
		frame_put_half(words, 3, frame_checksum(sum + words[1]) ?: 0xffff);
}

static __always_inline void frame_put_tcp(__be32 *words, __u32 flow, __be32 ports, __u64 addresses)
{
	__u64 sum = addresses + bpf_htonl(IPPROTO_TCP + TRANSPORT_LENGTH) + ports + flow;

	words[0] = ports;
	words[1] = flow;
	words[2] = 0;
	words[3] = traffic.syn ? bpf_htonl(0x50020400) : bpf_htonl(0x50100400);
	words[4] = 0;
	frame_put_half(words, 8, frame_checksum(sum + words[3]));
}

static __always_inline void frame_put_transport(__be32 *words, __u32 flow, __be32 ports,
						__u64 addresses)
{
	if (traffic.protocol == IPPROTO_UDP)
		frame_put_udp(words, flow, ports, addresses);
	else
		frame_put_tcp(words, flow, ports, addresses);
}

/* An echo request, or the reply to it. */
static __always_inline void frame_put_echo(__be32 *words, __u32 flow, __be32 ports, bool reply)
{
	__u16 checksum;

	words[0] = reply ? 0 : bpf_htonl(8u << 24);
	words[1] = ports; /* identifier and sequence number */
	words[2] = flow;
	words[3] = 0;
	words[4] = 0;
	checksum = frame_checksum((__u64)words[0] + ports + flow);
	/* Who adjusts a checksum cannot tell the two zeroes apart, and hairpin writes the one that is
	 * right also when all else is zero. */
	frame_put_half(words, 1, reply && !checksum ? 0xffff : checksum);
}

#define FRAGMENT_FIRST 0x2000 /* more fragments */
#define FRAGMENT_LATER 3      /* 24 bytes before it */

/* The IPv4 header's second word. */
static __always_inline __be32 frame_fragment(__u32 flow, bool later)
{
	if (traffic.kind != WIRE_FRAGMENTS)
		return bpf_htonl(0x00004000);
	return bpf_htonl((flow & 0xffff) << 16 | (later ? FRAGMENT_LATER : FRAGMENT_FIRST));
}

/* later: fragments: the one that follows the first; back: as it has to come back. */
static __always_inline void frame_put_ipv4(__be32 *ip, __u32 flow, bool later, bool back)
{
	struct flow_words words = frame_flow_words(flow);
	__be32 destination = bpf_htonl(0xc6120000 + words.service); /* 198.18.0.0/15: RFC 2544 */
	__u64 addresses = (__u64)words.source + destination;
	bool echo = traffic.kind == WIRE_ECHO;

	ip[0] = bpf_htonl(0x45000000 | wire_ip_length(&traffic));
	ip[1] = frame_fragment(flow, later);
	ip[2] = bpf_htonl(0x40000000 | (__u32)(echo ? IPPROTO_ICMP : traffic.protocol) << 16);
	ip[3] = echo && back ? destination : words.source;
	ip[4] = echo && back ? words.source : destination;
	frame_put_half(ip, 5, frame_checksum(addresses + ip[0] + ip[1] + ip[2]));
	if (echo)
		frame_put_echo(ip + 5, flow, words.ports, back);
	else
		frame_put_transport(ip + 5, flow, words.ports, addresses);
	if (traffic.kind == WIRE_FRAGMENTS)
		ip[10] = 0;
}

static __always_inline void frame_put_ipv6(__be32 *ip, __u32 flow)
{
	struct flow_words words = frame_flow_words(flow);

	ip[0] = bpf_htonl(0x60000000);
	ip[1] = bpf_htonl((__u32)TRANSPORT_LENGTH << 16 | traffic.protocol << 8 | 64);
	ip[2] = bpf_htonl(0xfd000000);
	ip[3] = 0;
	ip[4] = 0;
	ip[5] = words.source;
	ip[6] = bpf_htonl(0x20010db8);
	ip[7] = 0;
	ip[8] = 0;
	ip[9] = bpf_htonl(words.service);
	frame_put_transport(ip + 10, flow, words.ports,
			    (__u64)ip[2] + words.source + ip[6] + ip[9]);
}

#endif
