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

/* TCP_4IN4: hash 0x2c0c2222727a30b0, its low word as bytes 176.48.122.114 */
#define TCP_4IN4_LABEL 0xa30b0
#define TCP_4IN4_SLOT 43
/* TCP_4IN6: hash 0x1780d65bbfa3b319, its low word as bytes 25.179.163.191 */
#define TCP_4IN6_LABEL 0x3b319
#define TCP_4IN6_SLOT 23
/* UDP_4IN4: hash 0x8c8159b9c614058a, its low word as bytes 138.5.20.198 */
#define UDP_4IN4_LABEL 0x4058a
#define UDP_4IN4_SLOT 137
/* UDP_4IN6: hash 0x627c7d39f055cd50, its low word as bytes 80.205.85.240 */
#define UDP_4IN6_LABEL 0x5cd50
#define UDP_4IN6_SLOT 96
/* TCP_6IN4: hash 0x5346606fa3c9eea9, its low word as bytes 169.238.201.163 */
#define TCP_6IN4_LABEL 0x9eea9
#define TCP_6IN4_SLOT 81
/* TCP_6IN6: hash 0x3116dbcb95ca17a1, its low word as bytes 161.23.202.149 */
#define TCP_6IN6_LABEL 0xa17a1
#define TCP_6IN6_SLOT 48
/* UDP_6IN4: hash 0x1b7ea088a9708af7, its low word as bytes 247.138.112.169 */
#define UDP_6IN4_LABEL 0x08af7
#define UDP_6IN4_SLOT 26
/* UDP_6IN6: hash 0xe3b1cbd88400168d, its low word as bytes 141.22.0.132 */
#define UDP_6IN6_LABEL 0x0168d
#define UDP_6IN6_SLOT 223
/* TCP4_WRONG_PORT: hash 0x6b84868a7dbc1b9a, its low word as bytes 154.27.188.125 */
#define TCP4_WRONG_PORT_LABEL 0xc1b9a
#define TCP4_WRONG_PORT_SLOT 105
/* UDP4_WRONG_PORT: hash 0x44870f000c689548, its low word as bytes 72.149.104.12 */
#define UDP4_WRONG_PORT_LABEL 0x89548
#define UDP4_WRONG_PORT_SLOT 67
/* TCP6_WRONG_PORT: hash 0x2aa28a0ce9644aab, its low word as bytes 171.74.100.233 */
#define TCP6_WRONG_PORT_LABEL 0x44aab
#define TCP6_WRONG_PORT_SLOT 41
/* UDP6_WRONG_PORT: hash 0xf34b82a972ab974c, its low word as bytes 76.151.171.114 */
#define UDP6_WRONG_PORT_LABEL 0xb974c
#define UDP6_WRONG_PORT_SLOT 238
/* TCP4_OTHERS_PORT: hash 0x02f27d67c3740e79, its low word as bytes 121.14.116.195 */
#define TCP4_OTHERS_PORT_LABEL 0x40e79
#define TCP4_OTHERS_PORT_SLOT 2
/* TCP6_OTHERS_PORT: hash 0x7e15c68128588c62, its low word as bytes 98.140.88.40 */
#define TCP6_OTHERS_PORT_LABEL 0x88c62
#define TCP6_OTHERS_PORT_SLOT 123
/* TCP4_STRANGER: hash 0xa75432ff651d3f90, its low word as bytes 144.63.29.101 */
#define TCP4_STRANGER_LABEL 0xd3f90
#define TCP4_STRANGER_SLOT 164
/* UDP4_STRANGER: hash 0x5ac3ebf3dd456277, its low word as bytes 119.98.69.221 */
#define UDP4_STRANGER_LABEL 0x56277
#define UDP4_STRANGER_SLOT 88
/* TCP6_STRANGER: hash 0x1320129b82675ff9, its low word as bytes 249.95.103.130 */
#define TCP6_STRANGER_LABEL 0x75ff9
#define TCP6_STRANGER_SLOT 18
/* UDP6_STRANGER: hash 0x67ef2921ce1859f0, its low word as bytes 240.89.24.206 */
#define UDP6_STRANGER_LABEL 0x859f0
#define UDP6_STRANGER_SLOT 101
/* TCP6_MAPPED: hash 0xb4aced8856ce313e, its low word as bytes 62.49.206.86 */
#define TCP6_MAPPED_LABEL 0xe313e
#define TCP6_MAPPED_SLOT 177
/* TCP4_REVERSED: hash 0x4e1973aee6eb2f4b, its low word as bytes 75.47.235.230 */
#define TCP4_REVERSED_LABEL 0xb2f4b
#define TCP4_REVERSED_SLOT 76
/* TCP4_OTHER: hash 0xb3ab5b4cd56aac16, its low word as bytes 22.172.106.213 */
#define TCP4_OTHER_LABEL 0xaac16
#define TCP4_OTHER_SLOT 176
/* TCP6_OTHER: hash 0xda2be7b459a9074c, its low word as bytes 76.7.169.89 */
#define TCP6_OTHER_LABEL 0x9074c
#define TCP6_OTHER_SLOT 213
/* TCP4_ANY: hash 0x6e9314b9bd434bb7, its low word as bytes 183.75.67.189 */
#define TCP4_ANY_LABEL 0x34bb7
#define TCP4_ANY_SLOT 108
/* TCP4_ANY_ZERO: hash 0x8f96ca1d9ffbc587, its low word as bytes 135.197.251.159 */
#define TCP4_ANY_ZERO_LABEL 0xbc587
#define TCP4_ANY_ZERO_SLOT 140
/* TCP4_ANY_EXACT: hash 0xfbf4e04e9da838b7, its low word as bytes 183.56.168.157 */
#define TCP4_ANY_EXACT_LABEL 0x838b7
#define TCP4_ANY_EXACT_SLOT 247
/* UDP4_ANY: hash 0x452dd970c2e4a41e, its low word as bytes 30.164.228.194 */
#define UDP4_ANY_LABEL 0x4a41e
#define UDP4_ANY_SLOT 67
/* UDP6_ANY: hash 0x1f37528d203c45c1, its low word as bytes 193.69.60.32 */
#define UDP6_ANY_LABEL 0xc45c1
#define UDP6_ANY_SLOT 30
/* TCP4_CLIENT: hash 0x58927b2efabb83e3, its low word as bytes 227.131.187.250 */
#define TCP4_CLIENT_LABEL 0xb83e3
#define TCP4_CLIENT_SLOT 86
/* TCP4_CLIENT_PORT: hash 0x58927b2efabb83e3, its low word as bytes 227.131.187.250 */
#define TCP4_CLIENT_PORT_LABEL 0xb83e3
#define TCP4_CLIENT_PORT_SLOT 86
/* TCP4_CLIENT_OTHER: hash 0x5e617821753c8b0e, its low word as bytes 14.139.60.117 */
#define TCP4_CLIENT_OTHER_LABEL 0xc8b0e
#define TCP4_CLIENT_OTHER_SLOT 92
/* TCP4_CLIENT_OFF: hash 0x6c14d6b4f06a5bea, its low word as bytes 234.91.106.240 */
#define TCP4_CLIENT_OFF_LABEL 0xa5bea
#define TCP4_CLIENT_OFF_SLOT 105
/* TCP6_CLIENT: hash 0x6e2933125dea17fe, its low word as bytes 254.23.234.93 */
#define TCP6_CLIENT_LABEL 0xa17fe
#define TCP6_CLIENT_SLOT 108
/* TCP6_CLIENT_PORT: hash 0x6e2933125dea17fe, its low word as bytes 254.23.234.93 */
#define TCP6_CLIENT_PORT_LABEL 0xa17fe
#define TCP6_CLIENT_PORT_SLOT 108
/* TCP6_CLIENT_OTHER: hash 0x1cafbb84add5fd58, its low word as bytes 88.253.213.173 */
#define TCP6_CLIENT_OTHER_LABEL 0x5fd58
#define TCP6_CLIENT_OTHER_SLOT 28
/* TCP4_EMPTY: hash 0x98bb617f9f666e33, its low word as bytes 51.110.102.159 */
#define TCP4_EMPTY_LABEL 0x66e33
#define TCP4_EMPTY_SLOT 149
/* TCP4_NO_TABLE: hash 0x44e7be858bc3109d, its low word as bytes 157.16.195.139 */
#define TCP4_NO_TABLE_LABEL 0x3109d
#define TCP4_NO_TABLE_SLOT 67
/* TCP4_UNRESOLVED: hash 0x94a819da9270ae13, its low word as bytes 19.174.112.146 */
#define TCP4_UNRESOLVED_LABEL 0x0ae13
#define TCP4_UNRESOLVED_SLOT 145
/* TCP4_ODD_HEADER: hash 0x5841e452ec7893aa, its low word as bytes 170.147.120.236 */
#define TCP4_ODD_HEADER_LABEL 0x893aa
#define TCP4_ODD_HEADER_SLOT 86
/* TCP4_ELSEWHERE: hash 0xf487144c2830c931, its low word as bytes 49.201.48.40 */
#define TCP4_ELSEWHERE_LABEL 0x0c931
#define TCP4_ELSEWHERE_SLOT 239
/* TCP4_UNWRITTEN: hash 0xe732bfb9f0cc3dc9, its low word as bytes 201.61.204.240 */
#define TCP4_UNWRITTEN_LABEL 0xc3dc9
#define TCP4_UNWRITTEN_SLOT 226
/* TCP4_NO_POOL: hash 0xdd9c9de91b219bbc, its low word as bytes 188.155.33.27 */
#define TCP4_NO_POOL_LABEL 0x19bbc
#define TCP4_NO_POOL_SLOT 217
/* TCP_4IN4_VARIED: hash 0x1c874afda7599040, its low word as bytes 64.144.89.167 */
#define TCP_4IN4_VARIED_LABEL 0x99040
#define TCP_4IN4_VARIED_SLOT 27
/* TCP_4IN4_VARIED_2: hash 0x278ab4747733bca2, its low word as bytes 162.188.51.119 */
#define TCP_4IN4_VARIED_2_LABEL 0x3bca2
#define TCP_4IN4_VARIED_2_SLOT 38
/* TCP_4IN6_VARIED: hash 0x4d4f7939672d8309, its low word as bytes 9.131.45.103 */
#define TCP_4IN6_VARIED_LABEL 0xd8309
#define TCP_4IN6_VARIED_SLOT 75
/* TCP_6IN4_VARIED: hash 0x7a24bf64e52eb92d, its low word as bytes 45.185.46.229 */
#define TCP_6IN4_VARIED_LABEL 0xeb92d
#define TCP_6IN4_VARIED_SLOT 119
/* TCP_6IN6_VARIED: hash 0x65a8b7ce85c92866, its low word as bytes 102.40.201.133 */
#define TCP_6IN6_VARIED_LABEL 0x92866
#define TCP_6IN6_VARIED_SLOT 99
/* TCP4_SPREAD: hash 0x32f841e2218a322e, its low word as bytes 46.50.138.33 */
#define TCP4_SPREAD_LABEL 0xa322e
#define TCP4_SPREAD_SLOT 49
/* TCP4_SPREAD_PORT: hash 0x259f5c708c4922c6, its low word as bytes 198.34.73.140 */
#define TCP4_SPREAD_PORT_LABEL 0x922c6
#define TCP4_SPREAD_PORT_SLOT 36
/* UDP4_SPREAD: hash 0x3bb9b212278b91bb, its low word as bytes 187.145.139.39 */
#define UDP4_SPREAD_LABEL 0xb91bb
#define UDP4_SPREAD_SLOT 58
/* TCP6_SPREAD: hash 0x3473855100229ffa, its low word as bytes 250.159.34.0 */
#define TCP6_SPREAD_LABEL 0x29ffa
#define TCP6_SPREAD_SLOT 51
/* TCP6_SPREAD_PORT: hash 0x9a0b0f7c91a5058b, its low word as bytes 139.5.165.145 */
#define TCP6_SPREAD_PORT_LABEL 0x5058b
#define TCP6_SPREAD_PORT_SLOT 151
/* UDP6_SPREAD: hash 0xcfdef3c9763a5200, its low word as bytes 0.82.58.118 */
#define UDP6_SPREAD_LABEL 0xa5200
#define UDP6_SPREAD_SLOT 203
/* TCP4_THREE: hash 0xddb0642bd66bf23e, its low word as bytes 62.242.107.214 */
#define TCP4_THREE_LABEL 0xbf23e
#define TCP4_THREE_SLOT 2
/* clang-format on */

#endif
