/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Written by flows.py: name, source, port, destination, port, protocol of each flow in the rows;
 * then its IPv6 flow label, and its slot in a table of 251 slots (of 3: ..._THREE), for the seed
 * FLOWS_SEED.
 */
#ifndef HAIRPIN_TESTS_FLOWS_H
#define HAIRPIN_TESTS_FLOWS_H

#define FLOWS_SEED 0x5eed1234

/* clang-format off */
#define FLOWS(X) \
	X(TCP_4IN4, "198.51.100.7", 40001, "192.0.2.1", 80, 6) \
	X(TCP_4IN6, "198.51.100.7", 40002, "192.0.2.1", 443, 6) \
	X(UDP_4IN4, "198.51.100.7", 40003, "192.0.2.1", 53, 17) \
	X(UDP_4IN6, "198.51.100.7", 40004, "192.0.2.1", 443, 17) \
	X(TCP_6IN4, "2001:db8:c::7", 40005, "2001:db8::1", 80, 6) \
	X(TCP_6IN6, "2001:db8:c::7", 40006, "2001:db8::1", 443, 6) \
	X(UDP_6IN4, "2001:db8:c::7", 40007, "2001:db8::1", 53, 17) \
	X(UDP_6IN6, "2001:db8:c::7", 40008, "2001:db8::1", 443, 17) \
	X(TCP4_WRONG_PORT, "198.51.100.7", 40009, "192.0.2.1", 81, 6) \
	X(UDP4_WRONG_PORT, "198.51.100.7", 40010, "192.0.2.1", 80, 17) \
	X(TCP6_WRONG_PORT, "2001:db8:c::7", 40011, "2001:db8::1", 81, 6) \
	X(UDP6_WRONG_PORT, "2001:db8:c::7", 40012, "2001:db8::1", 80, 17) \
	X(TCP4_OTHERS_PORT, "198.51.100.7", 40013, "192.0.2.2", 80, 6) \
	X(TCP6_OTHERS_PORT, "2001:db8:c::7", 40014, "2001:db8::2", 80, 6) \
	X(TCP4_STRANGER, "198.51.100.7", 40015, "203.0.113.9", 80, 6) \
	X(UDP4_STRANGER, "198.51.100.7", 40016, "203.0.113.9", 53, 17) \
	X(TCP6_STRANGER, "2001:db8:c::7", 40017, "2001:db8:f::9", 80, 6) \
	X(UDP6_STRANGER, "2001:db8:c::7", 40018, "2001:db8:f::9", 53, 17) \
	X(TCP6_MAPPED, "2001:db8:c::7", 40019, "::ffff:192.0.2.1", 80, 6) \
	X(TCP4_REVERSED, "192.0.2.1", 80, "198.51.100.7", 40001, 6) \
	X(TCP4_OTHER, "198.51.100.7", 40020, "192.0.2.2", 8080, 6) \
	X(TCP6_OTHER, "2001:db8:c::7", 40021, "2001:db8::2", 8080, 6) \
	X(TCP4_ANY, "198.51.100.7", 40022, "192.0.2.3", 12345, 6) \
	X(TCP4_ANY_ZERO, "198.51.100.7", 40023, "192.0.2.3", 0, 6) \
	X(TCP4_ANY_EXACT, "198.51.100.7", 40024, "192.0.2.3", 80, 6) \
	X(UDP4_ANY, "198.51.100.7", 40025, "192.0.2.3", 12345, 17) \
	X(UDP6_ANY, "2001:db8:c::7", 40026, "2001:db8::3", 65535, 17) \
	X(TCP4_CLIENT, "198.51.100.7", 40027, "192.0.2.4", 80, 6) \
	X(TCP4_CLIENT_PORT, "198.51.100.7", 50027, "192.0.2.4", 80, 6) \
	X(TCP4_CLIENT_OTHER, "198.51.100.8", 40027, "192.0.2.4", 80, 6) \
	X(TCP4_CLIENT_OFF, "198.51.100.7", 40027, "192.0.2.4", 80, 6) \
	X(TCP6_CLIENT, "2001:db8:c::7", 40028, "2001:db8::4", 80, 6) \
	X(TCP6_CLIENT_PORT, "2001:db8:c::7", 50028, "2001:db8::4", 80, 6) \
	X(TCP6_CLIENT_OTHER, "2001:db8:c::8", 40028, "2001:db8::4", 80, 6) \
	X(TCP4_EMPTY, "198.51.100.7", 40029, "192.0.2.5", 1, 6) \
	X(TCP4_NO_TABLE, "198.51.100.7", 40030, "192.0.2.5", 2, 6) \
	X(TCP4_UNRESOLVED, "198.51.100.7", 40031, "192.0.2.5", 3, 6) \
	X(TCP4_ODD_HEADER, "198.51.100.7", 40032, "192.0.2.5", 4, 6) \
	X(TCP4_ELSEWHERE, "198.51.100.7", 40033, "192.0.2.5", 5, 6) \
	X(TCP4_UNWRITTEN, "198.51.100.7", 40034, "192.0.2.5", 6, 6) \
	X(TCP4_NO_POOL, "198.51.100.7", 40035, "192.0.2.5", 7, 6) \
	X(TCP4_MULTICAST, "224.51.100.7", 40001, "192.0.2.1", 80, 6) \
	X(TCP_4IN4_VARIED, "198.51.100.7", 40036, "192.0.2.6", 80, 6) \
	X(TCP_4IN4_VARIED_2, "198.51.100.7", 40037, "192.0.2.6", 80, 6) \
	X(TCP_4IN6_VARIED, "198.51.100.7", 40038, "192.0.2.6", 443, 6) \
	X(TCP_6IN4_VARIED, "2001:db8:c::7", 40039, "2001:db8::6", 80, 6) \
	X(TCP_6IN6_VARIED, "2001:db8:c::7", 40040, "2001:db8::6", 443, 6) \
	X(TCP4_SPREAD, "198.51.100.7", 40041, "192.0.2.7", 80, 6) \
	X(TCP4_SPREAD_PORT, "198.51.100.7", 40042, "192.0.2.7", 80, 6) \
	X(UDP4_SPREAD, "198.51.100.7", 40041, "192.0.2.7", 80, 17) \
	X(TCP6_SPREAD, "2001:db8:c::7", 40041, "2001:db8::7", 80, 6) \
	X(TCP6_SPREAD_PORT, "2001:db8:c::7", 40042, "2001:db8::7", 80, 6) \
	X(UDP6_SPREAD, "2001:db8:c::7", 40041, "2001:db8::7", 80, 17) \
	X(TCP4_THREE, "198.51.100.7", 40043, "192.0.2.7", 3, 6)

/* TCP_4IN4: hash 0xee4adef23413349b, entropy as bytes 105.234.89.218 */
#define TCP_4IN4_LABEL 0x9ea69
#define TCP_4IN4_SLOT 233
/* TCP_4IN6: hash 0xe1ba9138f5011a93, entropy as bytes 171.139.187.20 */
#define TCP_4IN6_LABEL 0xb8bab
#define TCP_4IN6_SLOT 221
/* UDP_4IN4: hash 0xf4d1d3c7b3c8c71e, entropy as bytes 217.20.25.71 */
#define UDP_4IN4_LABEL 0x914d9
#define UDP_4IN4_SLOT 240
/* UDP_4IN6: hash 0x9c1357dbf11c8e93, entropy as bytes 72.217.15.109 */
#define UDP_4IN6_LABEL 0xfd948
#define UDP_4IN6_SLOT 153
/* TCP_6IN4: hash 0x7821884f0635563d, entropy as bytes 114.222.20.126 */
#define TCP_6IN4_LABEL 0x4de72
#define TCP_6IN4_SLOT 117
/* TCP_6IN6: hash 0xc4a3025260c7692f, entropy as bytes 125.107.100.164 */
#define TCP_6IN6_LABEL 0x46b7d
#define TCP_6IN6_SLOT 192
/* UDP_6IN4: hash 0x32250ab52615090c, entropy as bytes 185.3.48.20 */
#define UDP_6IN4_LABEL 0x003b9
#define UDP_6IN4_SLOT 49
/* UDP_6IN6: hash 0x05094812803d060d, entropy as bytes 31.78.52.133 */
#define UDP_6IN6_LABEL 0x44e1f
#define UDP_6IN6_SLOT 4
/* TCP4_WRONG_PORT: hash 0x4efbd2e50379f318, entropy as bytes 253.33.130.77 */
#define TCP4_WRONG_PORT_LABEL 0x221fd
#define TCP4_WRONG_PORT_SLOT 77
/* UDP4_WRONG_PORT: hash 0x8f2a28f00a868ed0, entropy as bytes 32.166.172.133 */
#define UDP4_WRONG_PORT_LABEL 0xca620
#define UDP4_WRONG_PORT_SLOT 140
/* TCP6_WRONG_PORT: hash 0x0818d5ca702083cf, entropy as bytes 5.86.56.120 */
#define TCP6_WRONG_PORT_LABEL 0x85605
#define TCP6_WRONG_PORT_SLOT 7
/* UDP6_WRONG_PORT: hash 0x77b9c2190eedd6a4, entropy as bytes 189.20.84.121 */
#define UDP6_WRONG_PORT_LABEL 0x414bd
#define UDP6_WRONG_PORT_SLOT 117
/* TCP4_OTHERS_PORT: hash 0x7279cb8456540c94, entropy as bytes 16.199.45.36 */
#define TCP4_OTHERS_PORT_LABEL 0xdc710
#define TCP4_OTHERS_PORT_SLOT 112
/* TCP6_OTHERS_PORT: hash 0xe0c6ed7d1377bafd, entropy as bytes 128.87.177.243 */
#define TCP6_OTHERS_PORT_LABEL 0x15780
#define TCP6_OTHERS_PORT_SLOT 220
/* TCP4_STRANGER: hash 0x9270f91df991bf0e, entropy as bytes 19.70.225.107 */
#define TCP4_STRANGER_LABEL 0x14613
#define TCP4_STRANGER_SLOT 143
/* UDP4_STRANGER: hash 0xaceaaa28e40b0f27, entropy as bytes 15.165.225.72 */
#define UDP4_STRANGER_LABEL 0x1a50f
#define UDP4_STRANGER_SLOT 169
/* TCP6_STRANGER: hash 0x687b3ba230cc068d, entropy as bytes 47.61.183.88 */
#define TCP6_STRANGER_LABEL 0x73d2f
#define TCP6_STRANGER_SLOT 102
/* UDP6_STRANGER: hash 0xd96c379c35a596bd, entropy as bytes 33.161.201.236 */
#define UDP6_STRANGER_LABEL 0x9a121
#define UDP6_STRANGER_SLOT 213
/* TCP6_MAPPED: hash 0x6afcd7c7cc513e8b, entropy as bytes 76.233.173.166 */
#define TCP6_MAPPED_LABEL 0xde94c
#define TCP6_MAPPED_SLOT 104
/* TCP4_REVERSED: hash 0xed9c4264176e1b1f, entropy as bytes 123.89.242.250 */
#define TCP4_REVERSED_LABEL 0x2597b
#define TCP4_REVERSED_SLOT 232
/* TCP4_OTHER: hash 0xf281f0205f62a9ba, entropy as bytes 154.89.227.173 */
#define TCP4_OTHER_LABEL 0x3599a
#define TCP4_OTHER_SLOT 237
/* TCP6_OTHER: hash 0xf2a2e258fc62c69f, entropy as bytes 199.36.192.14 */
#define TCP6_OTHER_LABEL 0x024c7
#define TCP6_OTHER_SLOT 237
/* TCP4_ANY: hash 0xa3af16ebd4d2961b, entropy as bytes 240.128.125.119 */
#define TCP4_ANY_LABEL 0xd80f0
#define TCP4_ANY_SLOT 160
/* TCP4_ANY_ZERO: hash 0xe3a8c7c3c91cb4cd, entropy as bytes 14.115.180.42 */
#define TCP4_ANY_ZERO_LABEL 0x4730e
#define TCP4_ANY_ZERO_SLOT 223
/* TCP4_ANY_EXACT: hash 0xe13dbb2746374a61, entropy as bytes 70.241.10.167 */
#define TCP4_ANY_EXACT_LABEL 0xaf146
#define TCP4_ANY_EXACT_SLOT 220
/* UDP4_ANY: hash 0xf0cb2cf187efa56d, entropy as bytes 156.137.36.119 */
#define UDP4_ANY_LABEL 0x4899c
#define UDP4_ANY_SLOT 236
/* UDP6_ANY: hash 0x9c3a85181623bb72, entropy as bytes 106.62.25.138 */
#define UDP6_ANY_LABEL 0x93e6a
#define UDP6_ANY_SLOT 153
/* TCP4_CLIENT: hash 0xff1ffc7bc7d9bc29, entropy as bytes 82.64.198.56 */
#define TCP4_CLIENT_LABEL 0x64052
#define TCP4_CLIENT_SLOT 250
/* TCP4_CLIENT_PORT: hash 0xff1ffc7bc7d9bc29, entropy as bytes 82.64.198.56 */
#define TCP4_CLIENT_PORT_LABEL 0x64052
#define TCP4_CLIENT_PORT_SLOT 250
/* TCP4_CLIENT_OTHER: hash 0xaf3511e915fefaa4, entropy as bytes 77.235.203.186 */
#define TCP4_CLIENT_OTHER_LABEL 0xbeb4d
#define TCP4_CLIENT_OTHER_SLOT 171
/* TCP4_CLIENT_OFF: hash 0x9bce4ab8699d760b, entropy as bytes 179.60.83.242 */
#define TCP4_CLIENT_OFF_LABEL 0x33cb3
#define TCP4_CLIENT_OFF_SLOT 152
/* TCP6_CLIENT: hash 0x50d5b0423d135828, entropy as bytes 106.232.198.109 */
#define TCP6_CLIENT_LABEL 0x6e86a
#define TCP6_CLIENT_SLOT 79
/* TCP6_CLIENT_PORT: hash 0x50d5b0423d135828, entropy as bytes 106.232.198.109 */
#define TCP6_CLIENT_PORT_LABEL 0x6e86a
#define TCP6_CLIENT_PORT_SLOT 79
/* TCP6_CLIENT_OTHER: hash 0x3ca0298109f2acf4, entropy as bytes 117.133.82.53 */
#define TCP6_CLIENT_OTHER_LABEL 0x28575
#define TCP6_CLIENT_OTHER_SLOT 59
/* TCP4_EMPTY: hash 0x7e1ea158ca330594, entropy as bytes 204.164.45.180 */
#define TCP4_EMPTY_LABEL 0xda4cc
#define TCP4_EMPTY_SLOT 123
/* TCP4_NO_TABLE: hash 0x49c6f3c27a3ddaa3, entropy as bytes 97.41.251.51 */
#define TCP4_NO_TABLE_LABEL 0xb2961
#define TCP4_NO_TABLE_SLOT 72
/* TCP4_UNRESOLVED: hash 0xabece96243acc9e8, entropy as bytes 138.32.64.232 */
#define TCP4_UNRESOLVED_LABEL 0x0208a
#define TCP4_UNRESOLVED_SLOT 168
/* TCP4_ODD_HEADER: hash 0xaa5adbf61440a44c, entropy as bytes 186.127.26.190 */
#define TCP4_ODD_HEADER_LABEL 0xa7fba
#define TCP4_ODD_HEADER_SLOT 167
/* TCP4_ELSEWHERE: hash 0x03e500d25d14ed79, entropy as bytes 171.237.241.94 */
#define TCP4_ELSEWHERE_LABEL 0x1edab
#define TCP4_ELSEWHERE_SLOT 3
/* TCP4_UNWRITTEN: hash 0xe8e7435df4c55162, entropy as bytes 63.18.34.28 */
#define TCP4_UNWRITTEN_LABEL 0x2123f
#define TCP4_UNWRITTEN_SLOT 228
/* TCP4_NO_POOL: hash 0x3bff78c66a80c44c, entropy as bytes 138.188.127.81 */
#define TCP4_NO_POOL_LABEL 0xfbc8a
#define TCP4_NO_POOL_SLOT 58
/* TCP4_MULTICAST: hash 0x7b6a6bc5ba4aec23, entropy as bytes 230.135.32.193 */
#define TCP4_MULTICAST_LABEL 0x087e6
#define TCP4_MULTICAST_SLOT 121
/* TCP_4IN4_VARIED: hash 0x68abbd0b2c60c0be, entropy as bytes 181.125.203.68 */
#define TCP_4IN4_VARIED_LABEL 0xb7db5
#define TCP_4IN4_VARIED_SLOT 102
/* TCP_4IN4_VARIED_2: hash 0x257c886ca8a587a5, entropy as bytes 201.15.217.141 */
#define TCP_4IN4_VARIED_2_LABEL 0x90fc9
#define TCP_4IN4_VARIED_2_SLOT 36
/* TCP_4IN6_VARIED: hash 0xe47c744de7a0d4ca, entropy as bytes 135.160.220.3 */
#define TCP_4IN6_VARIED_LABEL 0xca087
#define TCP_4IN6_VARIED_SLOT 224
/* TCP_6IN4_VARIED: hash 0x361192246d5e0546, entropy as bytes 98.151.79.91 */
#define TCP_6IN4_VARIED_LABEL 0xf9762
#define TCP_6IN4_VARIED_SLOT 53
/* TCP_6IN6_VARIED: hash 0xc08cb445de66a08a, entropy as bytes 207.20.234.30 */
#define TCP_6IN6_VARIED_LABEL 0xa14cf
#define TCP_6IN6_VARIED_SLOT 188
/* TCP4_SPREAD: hash 0xdb34ea89916ffc3d, entropy as bytes 180.22.91.74 */
#define TCP4_SPREAD_LABEL 0xb16b4
#define TCP4_SPREAD_SLOT 214
/* TCP4_SPREAD_PORT: hash 0x6806cb327841492e, entropy as bytes 28.130.71.16 */
#define TCP4_SPREAD_PORT_LABEL 0x7821c
#define TCP4_SPREAD_PORT_SLOT 101
/* UDP4_SPREAD: hash 0x70d8046465bf0a29, entropy as bytes 77.14.103.21 */
#define UDP4_SPREAD_LABEL 0x70e4d
#define UDP4_SPREAD_SLOT 110
/* TCP6_SPREAD: hash 0x8930693664d6b466, entropy as bytes 80.221.230.237 */
#define TCP6_SPREAD_LABEL 0x6dd50
#define TCP6_SPREAD_SLOT 134
/* TCP6_SPREAD_PORT: hash 0x86265b3d0b61f550, entropy as bytes 109.174.71.141 */
#define TCP6_SPREAD_PORT_LABEL 0x7ae6d
#define TCP6_SPREAD_PORT_SLOT 131
/* UDP6_SPREAD: hash 0xd54d0ed02dce22e5, entropy as bytes 53.44.131.248 */
#define UDP6_SPREAD_LABEL 0x32c35
#define UDP6_SPREAD_SLOT 209
/* TCP4_THREE: hash 0x93111f8bc8aa38cf, entropy as bytes 68.39.187.91 */
#define TCP4_THREE_LABEL 0xb2744
#define TCP4_THREE_SLOT 1
/* clang-format on */

#endif
