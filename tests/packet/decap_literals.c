// SPDX-License-Identifier: GPL-2.0-only
/* The ground under the rows: whole frames, written by Scapy 2.5, an independent implementation. */
#include "decap.h"

struct literal {
	const char *in, *out;
};

/* Headers a line each: Ethernet, outer IP, what is between, inner IP, the rest. */
/* clang-format off */
static const struct literal literals[] = {
	/* IPv4 in GRE over IPv4: ECT(0) inside, CE outside */
	{"02 00 00 00 00 03 02 00 00 00 00 02 08 00"
	 "45 03 00 40 00 00 40 00 40 2f 26 77 0a 00 00 01 0a 00 00 15"
	 "00 00 08 00"
	 "45 02 00 28 12 34 40 00 3d 06 3f 5e c6 33 64 07 c0 00 02 01"
	 "9c 41 00 50 00 00 00 01 00 00 00 02 50 10 02 00 25 04 00 00",
	 "02 00 00 00 00 03 02 00 00 00 00 02 08 00"
	 "45 03 00 28 12 34 40 00 3d 06 3f 5d c6 33 64 07 c0 00 02 01"
	 "9c 41 00 50 00 00 00 01 00 00 00 02 50 10 02 00 25 04 00 00"},
	/* IPv6 in GUE over IPv6: ECT(0) inside, ECT(1) outside */
	{"02 00 00 00 00 03 02 00 00 00 00 02 86 dd"
	 "6b 91 23 45 00 3f 11 40 20 01 0d b8 00 0b 00 00 00 00 00 00 00 00 00 01"
	 "20 01 0d b8 00 0b 00 00 00 00 00 00 00 00 00 21"
	 "c1 23 17 c0 00 3f 00 00 00 29 00 00"
	 "62 aa bc de 00 0b 11 3d 20 01 0d b8 00 0c 00 00 00 00 00 00 00 00 00 07"
	 "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01"
	 "9c 47 00 35 00 0b 3b 62 61 73 6b",
	 "02 00 00 00 00 03 02 00 00 00 00 02 86 dd"
	 "62 9a bc de 00 0b 11 3d 20 01 0d b8 00 0c 00 00 00 00 00 00 00 00 00 07"
	 "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01"
	 "9c 47 00 35 00 0b 3b 62 61 73 6b"},
	/* IPv4 in VXLAN over IPv4 in a VLAN: ECT(1) inside, CE outside */
	{"02 00 00 00 00 03 02 00 00 00 00 02 81 00 00 0a 08 00"
	 "45 03 00 5a 00 00 40 00 40 11 26 7b 0a 00 00 01 0a 00 00 15"
	 "c1 23 12 b5 00 46 00 00"
	 "08 00 00 00 00 00 2a 00"
	 "02 68 70 00 00 02 02 68 70 00 00 01 08 00"
	 "45 29 00 28 12 34 40 00 3d 06 3f 37 c6 33 64 07 c0 00 02 01"
	 "9c 41 00 50 00 00 00 01 00 00 00 02 50 10 02 00 25 04 00 00",
	 "02 00 00 00 00 03 02 00 00 00 00 02 81 00 00 0a 08 00"
	 "45 2b 00 28 12 34 40 00 3d 06 3f 35 c6 33 64 07 c0 00 02 01"
	 "9c 41 00 50 00 00 00 01 00 00 00 02 50 10 02 00 25 04 00 00"},
	/* IPv6 in VXLAN over IPv6 in QinQ: ECT(1) inside, nothing outside */
	{"02 00 00 00 00 03 02 00 00 00 00 02 88 a8 00 14 81 00 00 0a 86 dd"
	 "60 01 23 45 00 51 11 40 20 01 0d b8 00 0b 00 00 00 00 00 00 00 00 00 01"
	 "20 01 0d b8 00 0b 00 00 00 00 00 00 00 00 00 21"
	 "c1 23 12 b5 00 51 00 00"
	 "08 00 00 00 00 00 2a 00"
	 "02 68 70 00 00 02 02 68 70 00 00 01 86 dd"
	 "62 9a bc de 00 0b 11 3d 20 01 0d b8 00 0c 00 00 00 00 00 00 00 00 00 07"
	 "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01"
	 "9c 47 00 35 00 0b 3b 62 61 73 6b",
	 "02 00 00 00 00 03 02 00 00 00 00 02 88 a8 00 14 81 00 00 0a 86 dd"
	 "62 9a bc de 00 0b 11 3d 20 01 0d b8 00 0c 00 00 00 00 00 00 00 00 00 07"
	 "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01"
	 "9c 47 00 35 00 0b 3b 62 61 73 6b"},
};
/* clang-format on */

static void test_literals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(literals) / sizeof(*literals); i++) {
		struct frame in = {0}, out = {0};

		frame_put_hex(&in, literals[i].in);
		frame_put_hex(&out, literals[i].out);
		decap_check(&in, &out, DECAP_UNWRAPPED, XDP_PASS);
	}
}

const struct CMUnitTest decap_literal_tests[] = {
	{"a tunnel of each kind, byte by byte", test_literals},
};

const size_t decap_literal_test_count = sizeof(decap_literal_tests) / sizeof(*decap_literal_tests);
