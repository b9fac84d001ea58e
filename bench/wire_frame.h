/* SPDX-License-Identifier: GPL-2.0-only */
/* The generator's frames: each is a function of traffic and the number of its flow, so that the
 * sink can tell what was sent. */
#ifndef HAIRPIN_WIRE_FRAME_H
#define HAIRPIN_WIRE_FRAME_H

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

/* Both transports are as long as a TCP header: UDP has 12 bytes of payload. */
#define TRANSPORT_LENGTH sizeof(struct tcphdr)
#define IPV4_LENGTH      (sizeof(struct iphdr) + TRANSPORT_LENGTH)
#define IPV6_LENGTH      (sizeof(struct ipv6hdr) + TRANSPORT_LENGTH)

/* Where the transport holds the number of the flow: TCP's sequence number, UDP's first payload. */
#define TCP_FLOW_WORD 1
#define UDP_FLOW_WORD 2

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

/* addresses: their sum, for the checksum. */
static __always_inline void frame_put_transport(__be32 *words, __u32 flow, __be32 ports,
						__u64 addresses)
{
	__u64 sum = addresses + bpf_htonl(traffic.protocol + TRANSPORT_LENGTH) + ports + flow;

	words[0] = ports;
	words[4] = 0;
	if (traffic.protocol == IPPROTO_UDP) {
		words[1] = bpf_htonl(TRANSPORT_LENGTH << 16);
		words[UDP_FLOW_WORD] = flow;
		words[3] = 0;
		/* 0 means that there is no checksum: RFC 768. */
		((__u16 *)words)[3] = frame_checksum(sum + words[1]) ?: 0xffff;
		return;
	}
	words[TCP_FLOW_WORD] = flow;
	words[2] = 0;
	words[3] = traffic.syn ? bpf_htonl(0x50020400) : bpf_htonl(0x50100400);
	((__u16 *)words)[8] = frame_checksum(sum + words[3]);
}

static __always_inline void frame_put_ipv4(__be32 *ip, __u32 flow)
{
	struct flow_words words = frame_flow_words(flow);
	__be32 destination = bpf_htonl(0xc6120000 + words.service); /* 198.18.0.0/15: RFC 2544 */
	__u64 addresses = (__u64)words.source + destination;

	ip[0] = bpf_htonl(0x45000000 | IPV4_LENGTH);
	ip[1] = bpf_htonl(0x00004000);
	ip[2] = bpf_htonl(0x40000000 | (__u32)traffic.protocol << 16);
	ip[3] = words.source;
	ip[4] = destination;
	((__u16 *)ip)[5] = frame_checksum(addresses + ip[0] + ip[1] + ip[2]);
	frame_put_transport(ip + 5, flow, words.ports, addresses);
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
