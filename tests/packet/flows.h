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

/* TCP_4IN4: hash 0xad7e58891d4a2e36, its low word as bytes 54.46.74.29 */
#define TCP_4IN4_LABEL 0xa2e36
#define TCP_4IN4_SLOT 170
/* TCP_4IN6: hash 0x1ac073f4e43f18cc, its low word as bytes 204.24.63.228 */
#define TCP_4IN6_LABEL 0xf18cc
#define TCP_4IN6_SLOT 26
/* UDP_4IN4: hash 0x1409e1659f28deb8, its low word as bytes 184.222.40.159 */
#define UDP_4IN4_LABEL 0x8deb8
#define UDP_4IN4_SLOT 19
/* UDP_4IN6: hash 0x2245fe4eae68d49c, its low word as bytes 156.212.104.174 */
#define UDP_4IN6_LABEL 0x8d49c
#define UDP_4IN6_SLOT 33
/* TCP_6IN4: hash 0x4adfe0b8bc9f6c29, its low word as bytes 41.108.159.188 */
#define TCP_6IN4_LABEL 0xf6c29
#define TCP_6IN4_SLOT 73
/* TCP_6IN6: hash 0x7bdba3602e1b1cad, its low word as bytes 173.28.27.46 */
#define TCP_6IN6_LABEL 0xb1cad
#define TCP_6IN6_SLOT 121
/* UDP_6IN4: hash 0x26223d47f9d4b38e, its low word as bytes 142.179.212.249 */
#define UDP_6IN4_LABEL 0x4b38e
#define UDP_6IN4_SLOT 37
/* UDP_6IN6: hash 0x725954fffb886fb2, its low word as bytes 178.111.136.251 */
#define UDP_6IN6_LABEL 0x86fb2
#define UDP_6IN6_SLOT 112
/* TCP4_WRONG_PORT: hash 0x282c880235ab0a82, its low word as bytes 130.10.171.53 */
#define TCP4_WRONG_PORT_LABEL 0xb0a82
#define TCP4_WRONG_PORT_SLOT 39
/* UDP4_WRONG_PORT: hash 0xaad49b2b06600e0f, its low word as bytes 15.14.96.6 */
#define UDP4_WRONG_PORT_LABEL 0x00e0f
#define UDP4_WRONG_PORT_SLOT 167
/* TCP6_WRONG_PORT: hash 0x78bc4178e03159be, its low word as bytes 190.89.49.224 */
#define TCP6_WRONG_PORT_LABEL 0x159be
#define TCP6_WRONG_PORT_SLOT 118
/* UDP6_WRONG_PORT: hash 0xb08dffbe208655eb, its low word as bytes 235.85.134.32 */
#define UDP6_WRONG_PORT_LABEL 0x655eb
#define UDP6_WRONG_PORT_SLOT 173
/* TCP4_OTHERS_PORT: hash 0x778ada84a2ed0f3a, its low word as bytes 58.15.237.162 */
#define TCP4_OTHERS_PORT_LABEL 0xd0f3a
#define TCP4_OTHERS_PORT_SLOT 117
/* TCP6_OTHERS_PORT: hash 0x07513f3268c7ab49, its low word as bytes 73.171.199.104 */
#define TCP6_OTHERS_PORT_LABEL 0x7ab49
#define TCP6_OTHERS_PORT_SLOT 7
/* TCP4_STRANGER: hash 0xe64c0b7eaa1d3982, its low word as bytes 130.57.29.170 */
#define TCP4_STRANGER_LABEL 0xd3982
#define TCP4_STRANGER_SLOT 225
/* UDP4_STRANGER: hash 0x159e2372e67ebed2, its low word as bytes 210.190.126.230 */
#define UDP4_STRANGER_LABEL 0xebed2
#define UDP4_STRANGER_SLOT 21
/* TCP6_STRANGER: hash 0xd57fb88c84c763e4, its low word as bytes 228.99.199.132 */
#define TCP6_STRANGER_LABEL 0x763e4
#define TCP6_STRANGER_SLOT 209
/* UDP6_STRANGER: hash 0x89f05e8a3965f966, its low word as bytes 102.249.101.57 */
#define UDP6_STRANGER_LABEL 0x5f966
#define UDP6_STRANGER_SLOT 135
/* TCP6_MAPPED: hash 0xb9dc750c6757f710, its low word as bytes 16.247.87.103 */
#define TCP6_MAPPED_LABEL 0x7f710
#define TCP6_MAPPED_SLOT 182
/* TCP4_REVERSED: hash 0xfb914501dcc1f5cc, its low word as bytes 204.245.193.220 */
#define TCP4_REVERSED_LABEL 0x1f5cc
#define TCP4_REVERSED_SLOT 246
/* TCP4_OTHER: hash 0x6cff69547c562c5b, its low word as bytes 91.44.86.124 */
#define TCP4_OTHER_LABEL 0x62c5b
#define TCP4_OTHER_SLOT 106
/* TCP6_OTHER: hash 0x5981a9c0640c2fbc, its low word as bytes 188.47.12.100 */
#define TCP6_OTHER_LABEL 0xc2fbc
#define TCP6_OTHER_SLOT 87
/* TCP4_ANY: hash 0xeae911a071eaec1f, its low word as bytes 31.236.234.113 */
#define TCP4_ANY_LABEL 0xaec1f
#define TCP4_ANY_SLOT 230
/* TCP4_ANY_ZERO: hash 0xebd666c8d06171bf, its low word as bytes 191.113.97.208 */
#define TCP4_ANY_ZERO_LABEL 0x171bf
#define TCP4_ANY_ZERO_SLOT 231
/* TCP4_ANY_EXACT: hash 0xea78a975010a5e5a, its low word as bytes 90.94.10.1 */
#define TCP4_ANY_EXACT_LABEL 0xa5e5a
#define TCP4_ANY_EXACT_SLOT 229
/* UDP4_ANY: hash 0xbad6085a2dbe1f8f, its low word as bytes 143.31.190.45 */
#define UDP4_ANY_LABEL 0xe1f8f
#define UDP4_ANY_SLOT 183
/* UDP6_ANY: hash 0x3f71226da14a642e, its low word as bytes 46.100.74.161 */
#define UDP6_ANY_LABEL 0xa642e
#define UDP6_ANY_SLOT 62
/* TCP4_CLIENT: hash 0x935341e90a89ec61, its low word as bytes 97.236.137.10 */
#define TCP4_CLIENT_LABEL 0x9ec61
#define TCP4_CLIENT_SLOT 144
/* TCP4_CLIENT_PORT: hash 0x935341e90a89ec61, its low word as bytes 97.236.137.10 */
#define TCP4_CLIENT_PORT_LABEL 0x9ec61
#define TCP4_CLIENT_PORT_SLOT 144
/* TCP4_CLIENT_OTHER: hash 0x8e2bf21922865726, its low word as bytes 38.87.134.34 */
#define TCP4_CLIENT_OTHER_LABEL 0x65726
#define TCP4_CLIENT_OTHER_SLOT 139
/* TCP4_CLIENT_OFF: hash 0x34776266f4f51a25, its low word as bytes 37.26.245.244 */
#define TCP4_CLIENT_OFF_LABEL 0x51a25
#define TCP4_CLIENT_OFF_SLOT 51
/* TCP6_CLIENT: hash 0x3a2ee866f9f83742, its low word as bytes 66.55.248.249 */
#define TCP6_CLIENT_LABEL 0x83742
#define TCP6_CLIENT_SLOT 57
/* TCP6_CLIENT_PORT: hash 0x3a2ee866f9f83742, its low word as bytes 66.55.248.249 */
#define TCP6_CLIENT_PORT_LABEL 0x83742
#define TCP6_CLIENT_PORT_SLOT 57
/* TCP6_CLIENT_OTHER: hash 0x233de983523eace5, its low word as bytes 229.172.62.82 */
#define TCP6_CLIENT_OTHER_LABEL 0xeace5
#define TCP6_CLIENT_OTHER_SLOT 34
/* TCP4_EMPTY: hash 0x7383d0fd593f5cd5, its low word as bytes 213.92.63.89 */
#define TCP4_EMPTY_LABEL 0xf5cd5
#define TCP4_EMPTY_SLOT 113
/* TCP4_NO_TABLE: hash 0x3d5fd86086f34da8, its low word as bytes 168.77.243.134 */
#define TCP4_NO_TABLE_LABEL 0x34da8
#define TCP4_NO_TABLE_SLOT 60
/* TCP4_UNRESOLVED: hash 0x2f27aa675b91640b, its low word as bytes 11.100.145.91 */
#define TCP4_UNRESOLVED_LABEL 0x1640b
#define TCP4_UNRESOLVED_SLOT 46
/* TCP4_ODD_HEADER: hash 0xd3ae5cb9ba6d7d4e, its low word as bytes 78.125.109.186 */
#define TCP4_ODD_HEADER_LABEL 0xd7d4e
#define TCP4_ODD_HEADER_SLOT 207
/* TCP4_ELSEWHERE: hash 0xb2183a4c803eb2b6, its low word as bytes 182.178.62.128 */
#define TCP4_ELSEWHERE_LABEL 0xeb2b6
#define TCP4_ELSEWHERE_SLOT 174
/* TCP4_UNWRITTEN: hash 0x66a949277a13b5ec, its low word as bytes 236.181.19.122 */
#define TCP4_UNWRITTEN_LABEL 0x3b5ec
#define TCP4_UNWRITTEN_SLOT 100
/* TCP4_NO_POOL: hash 0xed84e619b4ddc846, its low word as bytes 70.200.221.180 */
#define TCP4_NO_POOL_LABEL 0xdc846
#define TCP4_NO_POOL_SLOT 232
/* TCP_4IN4_VARIED: hash 0x8aa2985efb3fa303, its low word as bytes 3.163.63.251 */
#define TCP_4IN4_VARIED_LABEL 0xfa303
#define TCP_4IN4_VARIED_SLOT 135
/* TCP_4IN4_VARIED_2: hash 0x19963715ca6915e9, its low word as bytes 233.21.105.202 */
#define TCP_4IN4_VARIED_2_LABEL 0x915e9
#define TCP_4IN4_VARIED_2_SLOT 25
/* TCP_4IN6_VARIED: hash 0x1fb939ef0490bb8d, its low word as bytes 141.187.144.4 */
#define TCP_4IN6_VARIED_LABEL 0x0bb8d
#define TCP_4IN6_VARIED_SLOT 31
/* TCP_6IN4_VARIED: hash 0x1a2b56013764ca2f, its low word as bytes 47.202.100.55 */
#define TCP_6IN4_VARIED_LABEL 0x4ca2f
#define TCP_6IN4_VARIED_SLOT 25
/* TCP_6IN6_VARIED: hash 0xfdb8517db70643e3, its low word as bytes 227.67.6.183 */
#define TCP_6IN6_VARIED_LABEL 0x643e3
#define TCP_6IN6_VARIED_SLOT 248
/* TCP4_SPREAD: hash 0xecb464430192c376, its low word as bytes 118.195.146.1 */
#define TCP4_SPREAD_LABEL 0x2c376
#define TCP4_SPREAD_SLOT 232
/* TCP4_SPREAD_PORT: hash 0xef35a155e7d660fc, its low word as bytes 252.96.214.231 */
#define TCP4_SPREAD_PORT_LABEL 0x660fc
#define TCP4_SPREAD_PORT_SLOT 234
/* UDP4_SPREAD: hash 0x8b405d92f4414679, its low word as bytes 121.70.65.244 */
#define UDP4_SPREAD_LABEL 0x14679
#define UDP4_SPREAD_SLOT 136
/* TCP6_SPREAD: hash 0x8e2a4069f8d7a36a, its low word as bytes 106.163.215.248 */
#define TCP6_SPREAD_LABEL 0x7a36a
#define TCP6_SPREAD_SLOT 139
/* TCP6_SPREAD_PORT: hash 0x5de7367819851fc7, its low word as bytes 199.31.133.25 */
#define TCP6_SPREAD_PORT_LABEL 0x51fc7
#define TCP6_SPREAD_PORT_SLOT 92
/* UDP6_SPREAD: hash 0xe7d9b712574cf6a7, its low word as bytes 167.246.76.87 */
#define UDP6_SPREAD_LABEL 0xcf6a7
#define UDP6_SPREAD_SLOT 227
/* TCP4_THREE: hash 0xb9df145f915c67cf, its low word as bytes 207.103.92.145 */
#define TCP4_THREE_LABEL 0xc67cf
#define TCP4_THREE_SLOT 2
/* clang-format on */

#endif
