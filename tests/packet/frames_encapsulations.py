#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Each encapsulation, with packets of each family and protocol, and each DSCP and ECN."""
import sys
from itertools import product

from frames import FAMILIES, FEATURES, Lab, Way, arriving, flow, it, main

WAYS = [Way(encapsulation, family) for encapsulation in ('ipip', 'gue', 'gre', 'vxlan')
        for family in FAMILIES] + [Way('none')]
TOS = (0x00, 0x01, 0x02, 0x03, 0x28, 0xb8, 0xb9, 0xff)


def lab():
    if not hasattr(lab, 'made'):
        lab.made = Lab('encapsulations')
        for way in WAYS:
            way.port = lab.made.serve([way])
    return lab.made


def check(way, family, protocol, **fields):
    f = flow(family, protocol, way.port)
    packet = f.packet(**fields)
    lab().expect(arriving(packet), 'SENT',
                 way.frame(packet, fields.get('tos', 0), family, f.entropy))


for way, family, protocol in product(WAYS, FAMILIES, ('TCP', 'UDP')):
    @it(f'{protocol} in IPv{family} by {way}: the whole frame, for each DSCP and ECN')
    def _(way=way, family=family, protocol=protocol):
        for tos in TOS:
            check(way, family, protocol, tos=tos, payload=b'hairpin')


for way, family in product(WAYS, FAMILIES):
    @it(f'IPv{family} by {way}: payloads of all lengths up to 70, and the largest')
    def _(way=way, family=family):
        for length in range(70):
            check(way, family, 'UDP', payload=bytes(range(length)))
        # 1600 less the outer header and what is between.
        overhead = {'ipip': 0, 'gre': 4, 'gue': 12, 'vxlan': 30, 'none': 0}[way.encapsulation]
        if way.encapsulation != 'none':
            overhead += {4: 20, 6: 40}[way.family]
        inner = {4: 20, 6: 40}[family] + 8
        check(way, family, 'UDP', payload=bytes(1600 - overhead - inner))


def source_ports(way, family, flows_):
    ports = []
    for f in flows_:
        _, _, out = lab().run(arriving(f.packet()))
        at = 14 + {4: 20, 6: 40}[way.family]
        ports.append(int.from_bytes(out[at:at + 2], 'big'))
    return ports


for way, family in product([way for way in WAYS if way.encapsulation in ('gue', 'vxlan')],
                           FAMILIES):
    @it(f'IPv{family} by {way}: the UDP source port is ephemeral, and differs between flows')
    def _(way=way, family=family):
        ports = source_ports(way, family, [flow(family, 'TCP', way.port, source_port=port)
                                           for port in range(20000, 20200)])
        assert all(49152 <= port <= 65535 for port in ports), ports
        # 200 of 16,384 at random: 199 different ones on the average, give or take 1.
        assert len(set(ports)) > 185, len(set(ports))

    @it(f'IPv{family} by {way}: the UDP source port of a flow stays')
    def _(way=way, family=family):
        f = flow(family, 'TCP', way.port)
        ports = {source_ports(way, family, [f])[0]}
        for flags, length, tos in (('A', 1, 0), ('PA', 700, 0xb8), ('FA', 0, 3), ('R', 0, 1)):
            _, _, out = lab().run(arriving(f.packet(bytes(length), tos, flags)))
            at = 14 + {4: 20, 6: 40}[way.family]
            ports.add(int.from_bytes(out[at:at + 2], 'big'))
        assert len(ports) == 1, ports


@it('padding behind the packet stays behind it, and no length counts it')
def _():
    for way, family in product(WAYS, FAMILIES):
        f = flow(family, 'UDP', way.port)
        packet = f.packet(b'x')
        lab().expect(arriving(packet) + b'\xee' * 17, 'SENT',
                     way.frame(packet, 0, family, f.entropy, b'\xee' * 17))


@it('IPv4 checksums that fold twice are right: many source addresses')
def _():
    way = WAYS[0]
    for last in range(300):
        f = flow(4, 'TCP', way.port, source=f'198.51.{last >> 8}.{last & 255}')
        packet = f.packet(tos=last & 0xff, payload=bytes(last % 300))
        lab().expect(arriving(packet), 'SENT', way.frame(packet, last & 0xff, 4, f.entropy))


for encapsulation, family in product(('ipip', 'gue', 'gre', 'vxlan'), FAMILIES):
    @it(f'the outer source varies by flow: {Way(encapsulation, family)}')
    def _(encapsulation=encapsulation, family=family):
        own = Lab(f'varied-{encapsulation}-{family}', FEATURES + ' source_varied')
        way = Way(encapsulation, family, prefix={4: 24, 6: 64}[family])
        port = own.serve([way])
        sources = set()
        for inner, protocol, source_port in product(FAMILIES, ('TCP', 'UDP'), range(100, 200)):
            f = flow(inner, protocol, port, source_port)
            packet = f.packet(tos=source_port & 0xff)
            expected = way.frame(packet, source_port & 0xff, inner, f.entropy)
            own.expect(arriving(packet), 'SENT', expected)
            sources.add(expected[26:30] if family == 4 else expected[34:38])
        assert len(sources) > 100, len(sources)


@it('a program for nothing but IP-in-IP, which is shorter, writes the same')
def _():
    lean = Lab('lean', 'ipv6 outer_ipv4 outer_ipv6')
    for way in (Way('ipip', 4), Way('ipip', 6)):
        port = lean.serve([way])
        for family, protocol, tos, tags in product(FAMILIES, ('TCP', 'UDP'), TOS,
                                                   ((), ((0x8100, 4),))):
            f = flow(family, protocol, port)
            packet = f.packet(b'lean', tos)
            lean.expect(arriving(packet, tags), 'SENT', way.frame(packet, tos, family, f.entropy))


if __name__ == '__main__':
    sys.exit(main(lab))
