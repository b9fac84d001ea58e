// SPDX-License-Identifier: GPL-2.0-only
#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "harness.h"

#define INPUT_TTL   61
#define INPUT_ID    0x1234
#define INPUT_LABEL 0xabcde
#define IPV4_DF     0x4000

const uint8_t mac_router[6] = {0x02, 0x00, 0x00, 0x00, 0x00, 0x01};
const uint8_t mac_balancer[6] = {0x02, 0x00, 0x00, 0x00, 0x00, 0x02};
const uint8_t mac_next_hop[6] = {0x02, 0x00, 0x00, 0x00, 0x00, 0x03};

struct known_flow {
	const char *source, *destination;
	uint16_t source_port, destination_port;
	uint8_t protocol;
};

static const struct known_flow known_flows[] = {
#define X(name, from, from_port, to, to_port, proto) [name] = {from, to, from_port, to_port, proto},
	FLOWS(X)
#undef X
};

void frame_put(struct frame *frame, const void *bytes, size_t length)
{
	assert_true(frame->length + length <= FRAME_SIZE);
	memcpy(frame->bytes + frame->length, bytes, length);
	frame->length += length;
}

void frame_put_number(struct frame *frame, uint32_t value, int width)
{
	for (int shift = 8 * (width - 1); shift >= 0; shift -= 8)
		frame_put(frame, &(uint8_t){value >> shift}, 1);
}

void frame_put_hex(struct frame *frame, const char *hex)
{
	for (; hex[0] && hex[1]; hex += *hex == ' ' ? 1 : 2) {
		const char digits[3] = {hex[0], hex[1]};

		if (*hex != ' ')
			frame_put_number(frame, strtoul(digits, NULL, 16), 1);
	}
}

void frame_put_ethernet(struct frame *frame, const uint8_t *destination, const uint8_t *source,
			uint16_t type)
{
	frame_put(frame, destination, 6);
	frame_put(frame, source, 6);
	frame_put_number(frame, type, 2);
}

int frame_address(const char *text, uint8_t out[16])
{
	memcpy(out, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
	if (inet_pton(AF_INET, text, out + 12) == 1)
		return 4;
	assert_int_equal(inet_pton(AF_INET6, text, out), 1);
	return 6;
}

uint16_t frame_checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++) {
		sum += i % 2 ? bytes[i] : bytes[i] << 8;
		if (sum > 0xffff)
			sum -= 0xffff; /* the carry comes in again at the low end */
	}
	return 0xffff - sum;
}

void frame_put_ip(struct frame *frame, const struct ip *ip)
{
	uint8_t source[16], destination[16];
	uint32_t start = frame->length;
	uint16_t check;

	frame_address(ip->destination, destination);
	if (frame_address(ip->source, source) == 6) {
		frame_put_number(frame, 6u << 28 | (uint32_t)ip->tos << 20 | ip->label, 4);
		frame_put_number(frame, ip->length, 2);
		frame_put_number(frame, ip->protocol, 1);
		frame_put_number(frame, ip->ttl, 1);
		frame_put(frame, source, 16);
		frame_put(frame, destination, 16);
		return;
	}
	frame_put_number(frame, 0x45, 1);
	frame_put_number(frame, ip->tos, 1);
	frame_put_number(frame, ip->length, 2);
	frame_put_number(frame, ip->id, 2);
	frame_put_number(frame, ip->flags, 2);
	frame_put_number(frame, ip->ttl, 1);
	frame_put_number(frame, ip->protocol, 1);
	frame_put_number(frame, 0, 2);
	frame_put(frame, source + 12, 4);
	frame_put(frame, destination + 12, 4);
	check = frame_checksum(frame->bytes + start, 20);
	frame->bytes[start + 10] = check >> 8;
	frame->bytes[start + 11] = check;
}

void frame_put_icmp(struct frame *frame, uint16_t length, uint16_t type_code, uint16_t mtu,
		    const uint8_t *quote)
{
	const uint32_t start = frame->length;
	struct frame covered = {0};
	uint16_t check;

	frame_put_number(frame, type_code, 2);
	frame_put_number(frame, 0, 4);
	frame_put_number(frame, mtu, 2);
	frame_put(frame, quote, length - 8);
	if (frame->bytes[12] == 0x86) { /* the pseudo-header of RFC 8200 section 8.1 */
		frame_put(&covered, frame->bytes + start - 32, 32);
		frame_put_number(&covered, length, 4);
		frame_put_number(&covered, ICMPV6, 4);
	}
	frame_put(&covered, frame->bytes + start, length);
	check = frame_checksum(covered.bytes, covered.length);
	frame->bytes[start + 2] = check >> 8;
	frame->bytes[start + 3] = check;
}

/* The program does not look at the checksums of TCP and UDP: these say 0xbeef. */
static void put_transport(struct frame *frame, const struct known_flow *flow, uint8_t tcp_flags,
			  uint16_t payload)
{
	frame_put_number(frame, flow->source_port, 2);
	frame_put_number(frame, flow->destination_port, 2);
	if (flow->protocol == TCP) {
		frame_put_number(frame, 0x01020304, 4); /* sequence */
		frame_put_number(frame, 0x05060708, 4); /* acknowledgement */
		frame_put_number(frame, 0x5000 | tcp_flags, 2);
		frame_put_number(frame, 0xfaf0, 2); /* window */
	} else {
		frame_put_number(frame, 8 + payload, 2);
	}
	frame_put_number(frame, 0xbeef, 2);
	if (flow->protocol == TCP)
		frame_put_number(frame, 0, 2); /* urgent pointer */
	for (uint16_t i = 0; i < payload; i++)
		frame_put_number(frame, 'a' + i % 26, 1);
}

void frame_patch(struct frame *frame, const struct patch *patch)
{
	for (int i = 0; i < patch->width; i++)
		frame->bytes[patch->at + i] = patch->value >> 8 * (patch->width - 1 - i);
}

void frame_build(const struct input *input, struct frame *out)
{
	const struct known_flow *flow = &known_flows[input->flow];
	uint16_t transport = (flow->protocol == TCP ? 20 : 8) + input->payload;
	struct frame options = {0};
	uint8_t address[16];
	bool ipv6;

	memset(out, 0, sizeof(*out));
	if (input->hex) {
		frame_put_hex(out, input->hex);
		return;
	}
	if (input->options)
		frame_put_hex(&options, input->options);
	ipv6 = frame_address(flow->source, address) == 6;
	frame_put_ethernet(out, mac_balancer, mac_router, ipv6 ? 0x86dd : 0x0800);
	frame_put_ip(out, &(struct ip){
				  .source = flow->source,
				  .destination = flow->destination,
				  .protocol = input->protocol ? input->protocol : flow->protocol,
				  .tos = input->tos,
				  .ttl = INPUT_TTL,
				  .length = (ipv6 ? 0 : 20) + options.length + transport,
				  .id = INPUT_ID,
				  .flags = IPV4_DF,
				  .label = INPUT_LABEL,
			  });
	frame_put(out, options.bytes, options.length);
	put_transport(out, flow, input->tcp_flags, input->payload);
	for (size_t i = 0; i < 4 && input->patches[i].at; i++)
		frame_patch(out, &input->patches[i]);
	if (input->frame_length) {
		/* What pads a frame is not zero here, so that it is seen when it gets lost. */
		while (out->length < input->frame_length)
			frame_put_number(out, 0xee, 1);
		out->length = input->frame_length;
	}
}

void frame_compare(const struct frame *got, const struct frame *expected, const char *what)
{
	for (uint32_t i = 0; i < got->length && i < expected->length; i++)
		if (got->bytes[i] != expected->bytes[i])
			fail_msg("%s: byte %u is 0x%02x, expected 0x%02x", what, i, got->bytes[i],
				 expected->bytes[i]);
	if (got->length != expected->length)
		fail_msg("%s: %u bytes, expected %u", what, got->length, expected->length);
}
