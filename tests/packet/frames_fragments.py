#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Fragments (RFC 791, RFC 8200 section 4.5): the first selects the backend, the others follow it."""
import sys
from itertools import count, product

from scapy.layers.inet6 import IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, PadN

import flows
from frames import (FAMILIES, OTHER_VIP, STRANGER, VIP, Lab, Way, arriving, flow, it, main)

ENCAPSULATIONS = ('ipip', 'gue', 'gre', 'vxlan', 'none')
SLOTS = 13
ids = count(1)  # every datagram has its own: the program remembers


def lab():
    if not hasattr(lab, 'made'):
        lab.made = Lab('fragments')
        lab.ways = [Way(ENCAPSULATIONS[at % 5], FAMILIES[at % 2], number=30 + at)
                    for at in range(SLOTS)]
        lab.port = lab.made.serve(lab.ways)
        lab.made.serve([Way(number=90)], address=OTHER_VIP)
        lab.other = lab.port + SLOTS
    return lab.made


def way_of(f):
    return lab.ways[flows.slot_of(f.hash, SLOTS)]


def datagram(protocol, length):
    """The flow, and the bytes that a datagram of it has behind its IP header."""
    f = flow(6, protocol, lab.port)
    return f, bytes(f.transport(bytes(at & 0xff for at in range(length))))


def protocol_of(f):
    return {'TCP': 6, 'UDP': 17}[f.protocol]


def fragment(f, data, start, end, number, more=None, tos=0, between=()):
    """The bytes [start, end) of data; more: None: if there are. between: headers of IPv6 before the
    fragment header."""
    more = end < len(data) if more is None else more
    if f.family == 4:
        return f.ip(tos, id=number & 0xffff, flags=1 if more else 0, frag=start // 8,
                    proto=protocol_of(f)) / data[start:end]
    packet = f.ip(tos, nh=60 if between else 44)
    for header in between:
        packet /= header
    return packet / IPv6ExtHdrFragment(nh=protocol_of(f), offset=start // 8, m=int(more),
                                       id=number) / data[start:end]


def split(f, payload, size=64, **fields):
    """All fragments of a datagram."""
    data = bytes(f.transport(payload))
    number = next(ids)
    return [fragment(f, data, at, min(at + size, len(data)), number, **fields)
            for at in range(0, len(data), size)]


def follows(f, packet, way=None, tos=0, tags=()):
    way = way or way_of(f)
    lab().expect(arriving(packet, tags), 'SENT', way.frame(packet, tos, f.family, f.entropy))


def each_flow(ports=range(50000, 50040)):
    for family, protocol, port in product(FAMILIES, ('TCP', 'UDP'), ports):
        yield flow(family, protocol, lab.port, port)


@it('all fragments of a datagram go to the backend of its flow, with the same outer header')
def _():
    for f in each_flow():
        for packet in split(f, bytes(range(200))):
            follows(f, packet)


@it('fragments come out of order: those behind the first one follow')
def _():
    for f in each_flow(range(100, 103)):
        first, *others = split(f, bytes(300))
        for packet in others:
            lab().expect(arriving(packet), 'FRAGMENT_UNKNOWN')
        follows(f, first)
        for packet in reversed(others):
            follows(f, packet)


@it('DSCP and ECN are those of each fragment; tags do not matter')
def _():
    for f in each_flow(range(100, 103)):
        data = bytes(f.transport(bytes(200)))
        number = next(ids)
        for at, (tos, tags) in enumerate(((0xb8, ()), (0x03, ((0x8100, 5),)),
                                          (0xff, ((0x88a8, 5), (0x8100, 6))))):
            packet = fragment(f, data, at * 64, at * 64 + 64, number, tos=tos)
            follows(f, packet, tos=tos, tags=tags)


@it('fragments of another id, source or destination are unknown')
def _():
    for f in each_flow(range(100, 102)):
        data = bytes(f.transport(bytes(200)))
        number = next(ids)
        follows(f, fragment(f, data, 0, 64, number))
        others = ((f, next(ids)),
                  (f._replace(source={4: '198.51.100.8', 6: '2001:db8:c::8'}[f.family]), number),
                  (f._replace(destination=OTHER_VIP[f.family]), number))
        for other, other_number in others:
            packet = fragment(other, data, 64, 128, other_number)
            lab().expect(arriving(packet), 'FRAGMENT_UNKNOWN')
        follows(f, fragment(f, data, 64, 128, number))


@it('in IPv4 fragments of another protocol are unknown (RFC 791)')
def _():
    for protocol, other in (('TCP', 'UDP'), ('UDP', 'TCP')):
        f = flow(4, protocol, lab.port)
        data = bytes(f.transport(bytes(200)))
        number = next(ids)
        follows(f, fragment(f, data, 0, 64, number))
        packet = fragment(f._replace(protocol=other), data, 64, 128, number)
        lab().expect(arriving(packet), 'FRAGMENT_UNKNOWN')


@it('a first fragment that does not hold the transport header is tiny')
def _():
    for f in each_flow(range(100, 101)):
        data = bytes(f.transport(bytes(100)))
        for length in range(0, 20 if f.protocol == 'TCP' else 8):
            packet = fragment(f, data, 0, length, next(ids), more=True)
            lab().expect(arriving(packet), 'FRAGMENT_TINY')


@it('a fragment that begins in the TCP header is tiny, also when the first one was seen')
def _():
    for family in FAMILIES:
        f = flow(family, 'TCP', lab.port)
        data = bytes(f.transport(bytes(100)))
        number = next(ids)
        for start in (8, 16):
            lab().expect(arriving(fragment(f, data, start, 80, number)), 'FRAGMENT_TINY')
        follows(f, fragment(f, data, 0, 64, number))
        for start in (8, 16):
            lab().expect(arriving(fragment(f, data, start, 80, number)), 'FRAGMENT_TINY')


@it('fragments that overlap others behind the transport header follow: reassembly is the backend\'s')
def _():
    for f in each_flow(range(100, 101)):
        data = bytes(f.transport(bytes(200)))
        number = next(ids)
        follows(f, fragment(f, data, 0, 64, number))
        for start in (24, 32, 56, 64, 120):
            follows(f, fragment(f, data, start, 160, number))


@it('the largest offset follows too')
def _():
    for f in each_flow(range(100, 101)):
        number = next(ids)
        data = bytes(f.transport(bytes(200)))
        follows(f, fragment(f, data, 0, 64, number))
        packet = fragment(f, data, 0, 0, number, more=False)
        if f.family == 4:
            packet.frag = 8189
        else:
            packet.offset = 8189
        packet = packet / b'12345678'
        follows(f, packet)


@it('IPv6: headers before and behind the fragment header')
def _():
    for protocol in ('TCP', 'UDP'):
        f = flow(6, protocol, lab.port)
        bare = bytes(f.transport(bytes(200)))
        option = bytes(IPv6ExtHdrDestOpt(nh=protocol_of(f), options=[PadN(optdata=bytes(20))]))
        before = IPv6ExtHdrDestOpt(nh=44, options=[PadN(optdata=bytes(4))])
        for between, data, kind in product(((), (before,), (before, before)),
                                           (bare, option + bare), (0,)):
            if len(between) == 2:
                between = (IPv6ExtHdrDestOpt(nh=60, options=[PadN(optdata=bytes(4))]), before)
            number = next(ids)
            for start in range(0, len(data), 64):
                packet = fragment(f, data, start, min(start + 64, len(data)), number,
                                  between=between)
                if data is not bare:
                    packet[IPv6ExtHdrFragment].nh = 60
                follows(f, packet)


@it('a whole datagram in one fragment (RFC 6946) is remembered by nobody')
def _():
    f = flow(6, 'UDP', lab.port)
    data = bytes(f.transport(bytes(100)))
    number = next(ids)
    follows(f, fragment(f, data, 0, len(data), number, more=False))
    lab().expect(arriving(fragment(f, data, 64, 100, number)), 'FRAGMENT_UNKNOWN')


@it('fragments to a stranger pass')
def _():
    for family, protocol in product(FAMILIES, ('TCP', 'UDP')):
        for packet in split(flow(family, protocol, 80, destination=STRANGER[family]), bytes(200)):
            lab().expect(arriving(packet), 'NO_SERVICE')


@it('tiny fragments to a stranger pass')
def _():
    for family in FAMILIES:
        f = flow(family, 'TCP', 80, destination=STRANGER[family])
        data = bytes(f.transport(bytes(100)))
        lab().expect(arriving(fragment(f, data, 0, 8, next(ids))), 'NO_SERVICE')
        lab().expect(arriving(fragment(f, data, 8, 80, next(ids))), 'NO_SERVICE')


@it('all fragments of a datagram to a port of a VIP that has no service pass, as whole ones do')
def _():
    for family, protocol in product(FAMILIES, ('TCP', 'UDP')):
        for packet in split(flow(family, protocol, 9), bytes(200)):
            lab().expect(arriving(packet), 'NO_SERVICE')


@it('fragments that the frame cuts are dropped')
def _():
    for f in each_flow(range(100, 101)):
        first, second, *_ = split(f, bytes(200))
        for packet in (first, second):
            frame = arriving(packet)
            for length in range(14 + {4: 20, 6: 40}[f.family], len(frame)):
                lab().expect(frame[:length], 'BAD_LENGTH')


@it('a later fragment whose length ends before its headers do is dropped')
def _():
    for f in each_flow(range(100, 101)):
        first, second, *_ = split(f, bytes(200))
        follows(f, first)
        for length in range({4: 20, 6: 8}[f.family]):
            frame = bytearray(arriving(second))
            at = 14 + {4: 2, 6: 4}[f.family]
            frame[at:at + 2] = length.to_bytes(2, 'big')
            lab().expect(frame, 'BAD_LENGTH')


@it('later fragments follow the first when the table has changed between them')
def _():
    own = Lab('fragments-changed')
    old, new = Way('ipip', 4, number=40), Way('gue', 6, number=41)
    port = own.serve([old])
    own.add(new)
    for family, protocol in product(FAMILIES, ('TCP', 'UDP')):
        f = flow(family, protocol, port)
        first, *others = split(f, bytes(200))
        own.command(f'table {old.index} 1 {old.index} 0')
        own.expect(arriving(first), 'SENT', old.frame(first, 0, family, f.entropy))
        own.command(f'table {old.index} 1 {new.index} 0')
        for packet in others:
            own.expect(arriving(packet), 'SENT', old.frame(packet, 0, family, f.entropy))
        for packet in split(f, bytes(200)):
            own.expect(arriving(packet), 'SENT', new.frame(packet, 0, family, f.entropy))


@it('later fragments to a backend that is down, or that another one has the index of, are dropped')
def _():
    own = Lab('fragments-down')
    way = Way('ipip', 4)
    port = own.serve([way])
    for family, life in product(FAMILIES, (0, 2)):
        f = flow(family, 'UDP', port)
        own.command(f'life {way.index} 1')
        first, second, third, *_ = split(f, bytes(200))
        own.expect(arriving(first), 'SENT', way.frame(first, 0, family, f.entropy))
        own.command(f'life {way.index} {life}')
        own.expect(arriving(second), 'NO_BACKEND')
        own.command(f'life {way.index} 1')
        own.expect(arriving(third), 'SENT', way.frame(third, 0, family, f.entropy))


@it('a datagram is forgotten after a minute')
def _():
    for family in FAMILIES:
        f = flow(family, 'UDP', lab.port)
        first, second, third, fourth, *_ = split(f, bytes(250))
        follows(f, first)
        lab().command('age 50')
        follows(f, second)
        lab().command('age 20')
        lab().expect(arriving(third), 'FRAGMENT_UNKNOWN')
        follows(f, first)
        follows(f, fourth)


@it('fragments count for the service and the backend of their flow')
def _():
    f = flow(4, 'UDP', lab.port)
    way = way_of(f)

    def counts():
        return [tuple(map(int, lab().command(f'count {what}').split()))
                for what in (f'service {lab.ways[0].index}', f'backend {way.index}')]
    packets = split(f, bytes(200))
    before = counts()
    for packet in packets:
        follows(f, packet)
    size = sum(len(arriving(packet)) for packet in packets)
    assert [(a[0] - b[0], a[1] - b[1]) for a, b in zip(counts(), before)] == \
        [(len(packets), size)] * 2, (before, counts())


if __name__ == '__main__':
    sys.exit(main(lab))
