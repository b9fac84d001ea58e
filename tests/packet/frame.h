/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes frames, field by field, with nothing of the code under test. */
#ifndef HAIRPIN_TESTS_FRAME_H
#define HAIRPIN_TESTS_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "flows.h"

#define FRAME_SIZE 9216 /* jumbo frames, and tunnel headers */

struct frame {
	uint32_t length;
	uint8_t bytes[FRAME_SIZE];
};

enum flow_name {
	NO_FLOW,
#define X(name, source, source_port, destination, destination_port, protocol) name,
	FLOWS(X)
#undef X
};

enum protocol {
	ICMP = 1,
	IPIP = 4,
	TCP = 6,
	UDP = 17,
	IPV6 = 41,
	ICMPV6 = 58,
};

enum tcp_flags {
	FIN = 1,
	SYN = 2,
	PSH = 8,
	ACK = 16,
};

/* An IP header. The family follows from the source. */
struct ip {
	const char *source, *destination;
	uint8_t protocol, tos, ttl;
	uint16_t length;    /* as on the wire: IPv4 with, IPv6 without the header */
	uint16_t id, flags; /* IPv4: flags and fragment offset */
	uint32_t label;     /* IPv6 */
};

struct patch {
	uint16_t at; /* from the start of the frame; 0: no patch */
	uint8_t width;
	uint32_t value; /* written in network order */
};

/* A packet of a flow as it comes from the router to the balancer. */
struct input {
	enum flow_name flow;
	uint8_t tcp_flags;
	uint8_t tos;
	uint16_t payload;      /* bytes after the TCP or UDP header */
	uint16_t frame_length; /* padded or cut to it; 0: as long as it is */
	uint8_t protocol;      /* of the IP header; 0: the flow's */
	const char *options;   /* hex; between the IP header and TCP or UDP */
	struct patch patches[4];
	const char *hex; /* instead of all the above: the frame */
};

extern const uint8_t mac_router[6], mac_balancer[6], mac_next_hop[6];

void frame_put(struct frame *frame, const void *bytes, size_t length);
void frame_put_number(struct frame *frame, uint32_t value, int width);
void frame_put_hex(struct frame *frame, const char *hex);
void frame_put_ethernet(struct frame *frame, const uint8_t *destination, const uint8_t *source,
			uint16_t type);
void frame_put_ip(struct frame *frame, const struct ip *ip);

/* frame_put_icmp(): length bytes, behind the IP header that frame ends with: type and code, mtu in
 * the last two bytes of the header, and a quote. */
void frame_put_icmp(struct frame *frame, uint16_t length, uint16_t type_code, uint16_t mtu,
		    const uint8_t *quote);

/* frame_address(): 16 bytes, IPv4 as ::ffff:a.b.c.d; returns 4 or 6. */
int frame_address(const char *text, uint8_t out[16]);

/* frame_checksum(): RFC 1071, byte by byte. */
uint16_t frame_checksum(const uint8_t *bytes, size_t length);

void frame_patch(struct frame *frame, const struct patch *patch);
void frame_build(const struct input *input, struct frame *out);

/* frame_compare(): fails the running test with the first difference. */
void frame_compare(const struct frame *got, const struct frame *expected, const char *what);

#endif
