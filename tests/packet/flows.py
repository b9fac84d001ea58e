#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes flows.h: the flows of the rows, and what the flow hash makes of them.

This is a second implementation of hash_flow() and hash_client(), made from the comments of
bpf/hash.h and its constants, so that the rows can expect slots and flow labels as literals.
`flows.py --check flows.h` fails when the file is not what this script writes.
"""
import ipaddress
import sys

MASK = (1 << 64) - 1
M1, M2, M3 = 0x9fb21c651e98df25, 0xd6e8feb86659fd93, 0xa0761d6478bd642f
SEED = 0x5eed1234
TCP, UDP = 6, 17

CLIENT4, CLIENT6 = '198.51.100.7', '2001:db8:c::7'

# name, source, source port, destination, destination port, protocol, affinity "client"
FLOWS = [
    # The four pairings: port 80 and 53 have IPv4 backends, port 443 has IPv6 backends.
    ('TCP_4IN4', CLIENT4, 40001, '192.0.2.1', 80, TCP, False),
    ('TCP_4IN6', CLIENT4, 40002, '192.0.2.1', 443, TCP, False),
    ('UDP_4IN4', CLIENT4, 40003, '192.0.2.1', 53, UDP, False),
    ('UDP_4IN6', CLIENT4, 40004, '192.0.2.1', 443, UDP, False),
    ('TCP_6IN4', CLIENT6, 40005, '2001:db8::1', 80, TCP, False),
    ('TCP_6IN6', CLIENT6, 40006, '2001:db8::1', 443, TCP, False),
    ('UDP_6IN4', CLIENT6, 40007, '2001:db8::1', 53, UDP, False),
    ('UDP_6IN6', CLIENT6, 40008, '2001:db8::1', 443, UDP, False),
    # For nobody.
    ('TCP4_WRONG_PORT', CLIENT4, 40009, '192.0.2.1', 81, TCP, False),
    ('UDP4_WRONG_PORT', CLIENT4, 40010, '192.0.2.1', 80, UDP, False),
    ('TCP6_WRONG_PORT', CLIENT6, 40011, '2001:db8::1', 81, TCP, False),
    ('UDP6_WRONG_PORT', CLIENT6, 40012, '2001:db8::1', 80, UDP, False),
    ('TCP4_OTHERS_PORT', CLIENT4, 40013, '192.0.2.2', 80, TCP, False),
    ('TCP6_OTHERS_PORT', CLIENT6, 40014, '2001:db8::2', 80, TCP, False),
    ('TCP4_STRANGER', CLIENT4, 40015, '203.0.113.9', 80, TCP, False),
    ('UDP4_STRANGER', CLIENT4, 40016, '203.0.113.9', 53, UDP, False),
    ('TCP6_STRANGER', CLIENT6, 40017, '2001:db8:f::9', 80, TCP, False),
    ('UDP6_STRANGER', CLIENT6, 40018, '2001:db8:f::9', 53, UDP, False),
    ('TCP6_MAPPED', CLIENT6, 40019, '::ffff:192.0.2.1', 80, TCP, False),
    ('TCP4_REVERSED', '192.0.2.1', 80, CLIENT4, 40001, TCP, False),
    # A second service on a pool.
    ('TCP4_OTHER', CLIENT4, 40020, '192.0.2.2', 8080, TCP, False),
    ('TCP6_OTHER', CLIENT6, 40021, '2001:db8::2', 8080, TCP, False),
    # 192.0.2.3 takes any TCP port, and 80 has a service of its own; 2001:db8::3 any UDP port.
    ('TCP4_ANY', CLIENT4, 40022, '192.0.2.3', 12345, TCP, False),
    ('TCP4_ANY_ZERO', CLIENT4, 40023, '192.0.2.3', 0, TCP, False),
    ('TCP4_ANY_EXACT', CLIENT4, 40024, '192.0.2.3', 80, TCP, False),
    ('UDP4_ANY', CLIENT4, 40025, '192.0.2.3', 12345, UDP, False),
    ('UDP6_ANY', CLIENT6, 40026, '2001:db8::3', 65535, UDP, False),
    # Affinity "client".
    ('TCP4_CLIENT', CLIENT4, 40027, '192.0.2.4', 80, TCP, True),
    ('TCP4_CLIENT_PORT', CLIENT4, 50027, '192.0.2.4', 80, TCP, True),
    ('TCP4_CLIENT_OTHER', '198.51.100.8', 40027, '192.0.2.4', 80, TCP, True),
    ('TCP4_CLIENT_OFF', CLIENT4, 40027, '192.0.2.4', 80, TCP, False),
    ('TCP6_CLIENT', CLIENT6, 40028, '2001:db8::4', 80, TCP, True),
    ('TCP6_CLIENT_PORT', CLIENT6, 50028, '2001:db8::4', 80, TCP, True),
    ('TCP6_CLIENT_OTHER', '2001:db8:c::8', 40028, '2001:db8::4', 80, TCP, True),
    # Services whose pools are not well.
    ('TCP4_EMPTY', CLIENT4, 40029, '192.0.2.5', 1, TCP, False),
    ('TCP4_NO_TABLE', CLIENT4, 40030, '192.0.2.5', 2, TCP, False),
    ('TCP4_UNRESOLVED', CLIENT4, 40031, '192.0.2.5', 3, TCP, False),
    ('TCP4_ODD_HEADER', CLIENT4, 40032, '192.0.2.5', 4, TCP, False),
    ('TCP4_ELSEWHERE', CLIENT4, 40033, '192.0.2.5', 5, TCP, False),
    ('TCP4_UNWRITTEN', CLIENT4, 40034, '192.0.2.5', 6, TCP, False),
    ('TCP4_NO_POOL', CLIENT4, 40035, '192.0.2.5', 7, TCP, False),
    # Sends to nobody: its source is a multicast address.
    ('TCP4_MULTICAST', '224.51.100.7', 40001, '192.0.2.1', 80, TCP, False),
    # The outer source varies.
    ('TCP_4IN4_VARIED', CLIENT4, 40036, '192.0.2.6', 80, TCP, False),
    ('TCP_4IN4_VARIED_2', CLIENT4, 40037, '192.0.2.6', 80, TCP, False),
    ('TCP_4IN6_VARIED', CLIENT4, 40038, '192.0.2.6', 443, TCP, False),
    ('TCP_6IN4_VARIED', CLIENT6, 40039, '2001:db8::6', 80, TCP, False),
    ('TCP_6IN6_VARIED', CLIENT6, 40040, '2001:db8::6', 443, TCP, False),
    # Every slot is its own backend.
    ('TCP4_SPREAD', CLIENT4, 40041, '192.0.2.7', 80, TCP, False),
    ('TCP4_SPREAD_PORT', CLIENT4, 40042, '192.0.2.7', 80, TCP, False),
    ('UDP4_SPREAD', CLIENT4, 40041, '192.0.2.7', 80, UDP, False),
    ('TCP6_SPREAD', CLIENT6, 40041, '2001:db8::7', 80, TCP, False),
    ('TCP6_SPREAD_PORT', CLIENT6, 40042, '2001:db8::7', 80, TCP, False),
    ('UDP6_SPREAD', CLIENT6, 40041, '2001:db8::7', 80, UDP, False),
    ('TCP4_THREE', CLIENT4, 40043, '192.0.2.7', 3, TCP, False),
]


def address_bytes(text):
    address = ipaddress.ip_address(text)
    if address.version == 4:
        return bytes(10) + b'\xff\xff' + address.packed
    return address.packed


def native(data):
    """An integer as a little-endian machine reads it."""
    return int.from_bytes(data, 'little')


def mix(x):
    return ((x ^ x >> 32) * M1) & MASK


def hash_service(destination, port, protocol):
    dst = address_bytes(destination)
    key = native(port.to_bytes(2, 'big') + bytes([protocol]))
    return mix(((native(dst[:8]) * M2 & MASK) ^ native(dst[8:]) ^ key) * M3 & MASK)


def hash_flow(source, source_port, destination, destination_port, protocol, seed):
    src = address_bytes(source)
    ports = bytes(4) + source_port.to_bytes(2, 'big') + destination_port.to_bytes(2, 'big')
    if ':' in source:
        h = mix(mix(seed ^ native(src[:8])) ^ native(src[8:]))
        h = mix(h ^ native(ports))
    else:
        h = mix(native(src[12:] + ports[4:])) ^ seed
    return mix(h ^ hash_service(destination, destination_port, protocol))


def hash_client(source, seed):
    src = address_bytes(source)
    return mix(mix(mix(seed ^ native(src[:8])) ^ native(src[8:])))


def entropy_of(h):
    return (h ^ h >> 32) & 0xffffffff


def slot_of(h, size):
    return (h >> 32) * size >> 32


def write_flow(flow):
    name, source, source_port, destination, destination_port, protocol, affinity = flow
    h = (hash_client(source, SEED) if affinity else hash_flow(*flow[1:6], SEED))
    size = 3 if name.endswith('_THREE') else 251
    entropy = '.'.join(str(byte) for byte in entropy_of(h).to_bytes(4, 'little'))
    row = (f'\tX({name}, "{source}", {source_port}, "{destination}", {destination_port}, '
           f'{protocol}) \\')
    values = (f'/* {name}: hash 0x{h:016x}, entropy as bytes {entropy} */\n'
              f'#define {name}_LABEL 0x{entropy_of(h) & 0xfffff:05x}\n'
              f'#define {name}_SLOT {slot_of(h, size)}')
    return row, values


def write_header():
    rows, values = zip(*(write_flow(flow) for flow in FLOWS))
    return f'''/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Written by flows.py: name, source, port, destination, port, protocol of each flow in the rows;
 * then its IPv6 flow label, and its slot in a table of 251 slots (of 3: ..._THREE), for the seed
 * FLOWS_SEED.
 */
#ifndef HAIRPIN_TESTS_FLOWS_H
#define HAIRPIN_TESTS_FLOWS_H

#define FLOWS_SEED 0x{SEED:08x}

/* clang-format off */
#define FLOWS(X) \\
''' + '\n'.join(rows).removesuffix(' \\') + '\n\n' + '\n'.join(values) + '''
/* clang-format on */

#endif
'''


def main():
    if len(sys.argv) == 3 and sys.argv[1] == '--check':
        with open(sys.argv[2], encoding='ascii') as file:
            same = file.read() == write_header()
        print('1..1')
        print('ok 1' if same else 'not ok 1', '- flows.h is what flows.py writes')
        return 0 if same else 1
    sys.stdout.write(write_header())
    return 0


if __name__ == '__main__':
    sys.exit(main())
