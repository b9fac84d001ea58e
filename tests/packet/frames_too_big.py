#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What is too large for the way to its backend: RFC 1191, RFC 1812 section 4.3.2, RFC 4443."""
import sys
import time
from itertools import product

from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, PadN
from scapy.packet import Raw

from frames import (BALANCER, CLIENT, FAMILIES, ROUTER, VIP, Lab, Way, arriving, ethernet, flow,
                    it, main)

MTU = 1500
OUTER = {4: 20, 6: 40}
TUNNEL = {'ipip': 0, 'gre': 4, 'gue': 8 + 4, 'vxlan': 8 + 8 + 14}
TAGS = ((), ((0x8100, 9),), ((0x88a8, 9), (0x8100, 10)))
WAYS = [Way(encapsulation, family, mtu=MTU) for encapsulation in TUNNEL for family in FAMILIES]
WAYS.append(Way('none', 4, mtu=MTU))
WAYS.append(Way('ipip', 4, mtu=MTU, tags=((0x8100, 5),)))


def lab():
    """As many answers as there may be are due."""
    if not hasattr(lab, 'made'):
        lab.made = Lab('too-big')
        for way in WAYS:
            way.port = lab.made.serve([way])
    lab.made.command('rest')
    return lab.made


def inner_mtu(way):
    if way.encapsulation == 'none':
        return MTU
    return MTU - OUTER[way.family] - TUNNEL[way.encapsulation]


def answer(packet, mtu, tags=()):
    """Who sent packet learns that mtu is the most."""
    packet = bytes(packet)
    header = ethernet(ROUTER, BALANCER, tags)
    if packet[0] >> 4 == 4:
        # RFC 1812 section 4.3.2.3: all in all up to 576 bytes.
        return bytes(header / IP(src=VIP[4], dst=CLIENT[4], ttl=64, id=0, flags='DF') /
                     ICMP(type=3, code=4, nexthopmtu=mtu) / Raw(packet[:576 - 20 - 8]))
    # RFC 4443 section 2.4 (c): up to the least MTU.
    return bytes(header / IPv6(src=VIP[6], dst=CLIENT[6], hlim=64) /
                 ICMPv6PacketTooBig(code=0, mtu=mtu) / Raw(packet[:1280 - 40 - 8]))


def of_length(f, length, **fields):
    packet = f.ip(**fields)
    bare = len(bytes(packet / f.transport()))
    return packet / f.transport(bytes(at & 0xff for at in range(length - bare)))


for way, family in product(WAYS, FAMILIES):
    @it(f'IPv{family} to {way}: what just fits is sent, '
        'one byte more is answered with the MTU that is left')
    def _(way=way, family=family):
        mtu = inner_mtu(way)
        for protocol in ('TCP', 'UDP'):
            f = flow(family, protocol, way.port)
            packet = of_length(f, mtu)
            lab().expect(arriving(packet), 'SENT', way.frame(packet, 0, family, f.entropy))
            for length in (mtu + 1, mtu + 2, MTU + 1, MTU + 300):
                packet = of_length(f, length)
                lab().expect(arriving(packet), 'TOO_BIG_ANSWERED', answer(packet, mtu))


@it('an answer leaves in the VLANs that the packet came in')
def _():
    for tags, family, way in product(TAGS, FAMILIES, WAYS):
        packet = of_length(flow(family, 'TCP', way.port), 1502)
        lab().expect(arriving(packet, tags), 'TOO_BIG_ANSWERED',
                     answer(packet, inner_mtu(way), tags))


@it('DSCP, ECN and what pads the frame are not in an answer, but in its quote')
def _():
    way = WAYS[0]
    for family, tos in product(FAMILIES, (1, 0xb8, 0xff)):
        packet = of_length(flow(family, 'TCP', way.port), 1502, tos=tos)
        lab().expect(arriving(packet) + b'\xee' * 9, 'TOO_BIG_ANSWERED',
                     answer(packet, inner_mtu(way)))


@it('answers for many quotes have right checksums')
def _():
    way = WAYS[0]
    lab()
    for number in range(40):
        for family in FAMILIES:
            f = flow(family, 'UDP', way.port, source_port=number * 1637)
            packet = f.ip() / f.transport(bytes(at * number & 0xff for at in range(1480)))
            lab().expect(arriving(packet), 'TOO_BIG_ANSWERED', answer(packet, inner_mtu(way)))


@it('IPv4 options and IPv6 extension headers are quoted')
def _():
    way = WAYS[0]
    f = flow(4, 'TCP', way.port)
    packet = of_length(f, 1510, options=[b'\x01' * 40])
    lab().expect(arriving(packet), 'TOO_BIG_ANSWERED', answer(packet, 1480))
    f = flow(6, 'TCP', way.port)
    packet = (f.ip(nh=60) / IPv6ExtHdrDestOpt(nh=6, options=[PadN(optdata=bytes(20))]) /
              f.transport(bytes(1460)))
    lab().expect(arriving(packet), 'TOO_BIG_ANSWERED', answer(packet, 1480))


@it('IPv4 without DF is dropped: XDP cannot fragment')
def _():
    for way in WAYS:
        for flags in (0, 'evil'):
            packet = of_length(flow(4, 'TCP', way.port), 1501, flags=flags)
            lab().expect(arriving(packet), 'TOO_BIG_NO_DF')


@it('a first fragment that may not be fragmented further is answered')
def _():
    way = WAYS[0]
    f = flow(4, 'UDP', way.port)
    packet = of_length(f, 1500, flags='DF+MF', id=901)
    lab().expect(arriving(packet), 'TOO_BIG_ANSWERED', answer(packet, 1480))
    f = flow(6, 'UDP', way.port)
    packet = f.ip(nh=44) / IPv6ExtHdrFragment(nh=17, m=1, id=902) / f.transport(bytes(1440))
    lab().expect(arriving(packet), 'TOO_BIG_ANSWERED', answer(packet, 1480))


@it('a later fragment is not answered (RFC 1812 section 4.3.2.7)')
def _():
    way = WAYS[0]
    f = flow(4, 'UDP', way.port)
    first = f.ip(flags='DF+MF', id=903, proto=17) / f.transport(bytes(1000))
    lab().expect(arriving(first), 'SENT', way.frame(first, 0, 4, f.entropy))
    for flags in ('DF', 'DF+MF'):
        lab().expect(arriving(f.ip(flags=flags, id=903, frag=126, proto=17) / Raw(bytes(1480))),
                     'TOO_BIG')
    lab().expect(arriving(f.ip(flags=0, id=903, frag=126, proto=17) / Raw(bytes(1480))),
                 'TOO_BIG_NO_DF')
    f = flow(6, 'UDP', way.port)
    first = f.ip(nh=44) / IPv6ExtHdrFragment(nh=17, m=1, id=904) / f.transport(bytes(1000))
    lab().expect(arriving(first), 'SENT', way.frame(first, 0, 6, f.entropy))
    lab().expect(arriving(f.ip(nh=44) / IPv6ExtHdrFragment(nh=17, offset=126, id=904) /
                          Raw(bytes(1480))), 'TOO_BIG')


@it('an ICMP error is not answered')
def _():
    way = WAYS[0]
    for family in FAMILIES:
        f = flow(family, 'TCP', way.port)
        quote = bytes((IP(src=VIP[4], dst=CLIENT[4]) if family == 4 else
                       IPv6(src=VIP[6], dst=CLIENT[6])) /
                      f._replace(source_port=way.port, port=40001).transport())
        body = Raw(bytes(({4: 3, 6: 1}[family], 1, 0, 0, 0, 0, 0, 0)) + quote + bytes(1460))
        packet = (IP(src='203.0.113.77', dst=VIP[4], proto=1, flags='DF') if family == 4 else
                  IPv6(src='2001:db8:9::77', dst=VIP[6], nh=58)) / body
        lab().expect(arriving(packet), 'TOO_BIG')


@it('a packet from what is no host\'s address is not answered')
def _():
    way = WAYS[0]
    for family, sources in ((4, ('0.0.0.0', '127.0.0.1', '224.0.0.1', '239.1.2.3',
                                 '255.255.255.255')), (6, ('::', 'ff02::1', 'ff0e::1'))):
        for source in sources:
            packet = of_length(flow(family, 'TCP', way.port, source=source), 1502)
            lab().expect(arriving(packet), 'TOO_BIG')


@it('answers are limited: 50 at once, then one each millisecond')
def _():
    way = WAYS[0]
    for family in FAMILIES:
        packet = of_length(flow(family, 'TCP', way.port), 1502)
        lab()
        before = time.monotonic_ns()
        lab.made.expect(arriving(packet), 'TOO_BIG_ANSWERED', answer(packet, 1480))
        after = time.monotonic_ns()
        # After the first of 50 there are 49 that could leave at this very moment.
        due = int(lab.made.command('due'))
        assert before <= due + 49 * 1000000 <= after, (before, due, after)
        for _ in range(49):
            lab.made.expect(arriving(packet), 'TOO_BIG_ANSWERED', answer(packet, 1480))
        lab.made.command('rest never')
        lab.made.expect(arriving(packet), 'TOO_BIG')
        lab.made.command('rest')
        lab.made.expect(arriving(packet), 'TOO_BIG_ANSWERED', answer(packet, 1480))


if __name__ == '__main__':
    sys.exit(main(lab))
