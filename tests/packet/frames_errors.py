#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""ICMP and ICMPv6 errors (RFC 792, RFC 4443) go where the flow goes that they are about."""
import sys
from itertools import product

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting, PadN)
from scapy.packet import Raw

import flows
from frames import (CLIENT, FAMILIES, FEATURES, OTHER_VIP, STRANGER, VIP, Lab, Way, arriving,
                    flow, it, main)

ROUTERS = {4: '203.0.113.77', 6: '2001:db8:9::77'}
# Of each type, with all codes that are assigned, and one that is not.
TYPES = {4: [(3, code) for code in range(17)] + [(11, 0), (11, 1), (12, 0), (12, 1), (12, 2)],
         6: [(1, code) for code in range(9)] + [(2, 0), (3, 0), (3, 1), (4, 0), (4, 1), (4, 2)]}
SLOTS = 13
ENCAPSULATIONS = ('ipip', 'gue', 'gre', 'vxlan', 'none')


def lab():
    if not hasattr(lab, 'made'):
        lab.made = Lab('errors')
        lab.ways = [Way(ENCAPSULATIONS[at % 5], FAMILIES[at % 2], number=30 + at)
                    for at in range(SLOTS)]
        lab.port = lab.made.serve(lab.ways)
    return lab.made


def way_of(f):
    return lab.ways[flows.slot_of(f.hash, SLOTS)]


def each_flow(ports=range(50000, 50020)):
    for family, protocol, port in product(FAMILIES, ('TCP', 'UDP'), ports):
        yield flow(family, protocol, lab.port, port)


def answer(f, payload=b'answer'):
    """What the backend has sent to the client: it comes from the VIP."""
    transport = (TCP if f.protocol == 'TCP' else UDP)(sport=f.port, dport=f.source_port)
    return transport / Raw(payload)


def quote(f, length=None, between=(), **fields):
    """The first bytes of an answer: its IP header, and length bytes behind that and its options."""
    if f.family == 4:
        whole = bytes(IP(src=f.destination, dst=f.source, **{'ttl': 1, 'flags': 'DF', **fields}) /
                      answer(f))
        headers = (whole[0] & 15) * 4
    else:
        packet = IPv6(src=f.destination, dst=f.source, hlim=1, **fields)
        for header in between:
            packet /= header
        headers = len(bytes(packet))
        whole = bytes(packet / answer(f))
        packet = IPv6(whole)
    return whole if length is None else whole[:headers + length]


def error(family, kind, code, quoted, to=None, source=None, **fields):
    """The first four bytes behind the checksum are of no interest here, and not zero."""
    source, to = source or ROUTERS[family], (to or VIP)[family]
    body = bytes((kind, code, 0xbe, 0xef, 0, 0, 5, 0x78)) + quoted
    if family == 4:
        return IP(src=source, dst=to, proto=1, **{'ttl': 60, **fields}) / Raw(body)
    return IPv6(src=source, dst=to, nh=58, **{'hlim': 60, **fields}) / Raw(body)


def follows(f, packet, tos=0, tags=()):
    way = way_of(f)
    lab().expect(arriving(packet, tags), 'SENT', way.frame(packet, tos, f.family, f.entropy))


for family in FAMILIES:
    for kind, code in TYPES[family]:
        @it(f'IPv{family}: an error of type {kind} and code {code} follows the flow')
        def _(family=family, kind=kind, code=code):
            for f in each_flow(range(50000, 50010)):
                if f.family == family:
                    follows(f, error(family, kind, code, quote(f)))

    @it(f'IPv{family}: messages that are no errors are left to the stack')
    def _(family=family):
        f = flow(family, 'TCP', lab.port)
        errors = {kind for kind, _ in TYPES[family]}
        for kind in set(range(256)) - errors - {8 if family == 4 else 128}:
            lab().expect(arriving(error(family, kind, 0, quote(f))), 'ICMP')


@it('eight bytes of the transport header are enough, and any more')
def _():
    for f in each_flow(range(50000, 50005)):
        whole = len(quote(f))
        for length in range(8, whole - {4: 20, 6: 40}[f.family]):
            follows(f, error(f.family, {4: 3, 6: 1}[f.family], 1, quote(f, length)))


@it('a quote that ends before its ports do names no flow')
def _():
    for f in each_flow(range(50000, 50001)):
        for length in range({4: 20, 6: 40}[f.family] + 4):
            packet = error(f.family, {4: 3, 6: 1}[f.family], 1, quote(f)[:length])
            lab().expect(arriving(packet), 'ICMP')


@it('what pads the frame behind an error is no quote')
def _():
    for f in each_flow(range(50000, 50001)):
        whole = quote(f)
        for length in range({4: 20, 6: 40}[f.family] + 4):
            packet = error(f.family, {4: 3, 6: 1}[f.family], 1, whole[:length])
            lab().expect(arriving(packet) + whole[length:], 'ICMP')


@it('an error that the frame cuts at each byte is left to the stack')
def _():
    for f in each_flow(range(50000, 50001)):
        frame = arriving(error(f.family, {4: 11, 6: 3}[f.family], 0, quote(f)))
        for length in range(14 + {4: 20, 6: 40}[f.family], len(frame)):
            lab().expect(frame[:length], 'ICMP')


@it('a quote with IPv4 options of each length')
def _():
    for words, protocol in product(range(11), ('TCP', 'UDP')):
        f = flow(4, protocol, lab.port)
        options = [b'\x01' * 4 * words] if words else []
        follows(f, error(4, 3, 4, quote(f, 8, options=options)))
        for length in range(4):
            lab().expect(arriving(error(4, 3, 4, quote(f, length, options=options))), 'ICMP')


@it('an error with IPv4 options of its own')
def _():
    for words in range(1, 11):
        f = flow(4, 'TCP', lab.port)
        follows(f, error(4, 3, 4, quote(f, 8), options=[b'\x01' * 4 * words]))


@it('a quote with IPv6 extension headers')
def _():
    f = flow(6, 'TCP', lab.port)
    pad = [PadN(optdata=bytes(4))]
    hop, dest = IPv6ExtHdrHopByHop(options=pad), IPv6ExtHdrDestOpt(options=pad)
    first = IPv6ExtHdrFragment(offset=0, m=1, id=5)
    for between in ((hop,), (dest,), (IPv6ExtHdrRouting(segleft=0),), (hop, dest), (first,),
                    (IPv6ExtHdrFragment(offset=0, m=0, id=5),), (hop, dest, first, dest),
                    (dest,) * 6):
        follows(f, error(6, 2, 0, quote(f, 8, between)))
        for length in range(4):
            lab().expect(arriving(error(6, 2, 0, quote(f, length, between))), 'ICMP')
        start = len(quote(f, 0, between))
        for length in range(40, start):
            lab().expect(arriving(error(6, 2, 0, quote(f, 0, between)[:length])), 'ICMP')
    lab().expect(arriving(error(6, 2, 0, quote(f, 8, (dest,) * 7))), 'ICMP')


@it('an error with IPv6 extension headers of its own')
def _():
    f = flow(6, 'UDP', lab.port)
    packet = (IPv6(src=ROUTERS[6], dst=VIP[6]) /
              IPv6ExtHdrDestOpt(nh=58, options=[PadN(optdata=bytes(4))]) /
              Raw(bytes((2, 0, 0xbe, 0xef, 0, 0, 5, 0x78)) + quote(f)))
    follows(f, packet)


@it('a quote of a later fragment names no flow')
def _():
    for protocol in ('TCP', 'UDP'):
        f = flow(4, protocol, lab.port)
        lab().expect(arriving(error(4, 11, 1, quote(f, frag=1))), 'ICMP')
        f = flow(6, protocol, lab.port)
        between = (IPv6ExtHdrFragment(offset=1, m=0, id=5),)
        lab().expect(arriving(error(6, 3, 1, quote(f, None, between))), 'ICMP')


@it('a quote of a first fragment names the flow')
def _():
    for protocol in ('TCP', 'UDP'):
        f = flow(4, protocol, lab.port)
        follows(f, error(4, 11, 1, quote(f, flags='MF')))


@it('a quote of what the VIP did not send is left to the stack')
def _():
    for f in each_flow(range(50000, 50001)):
        kind = {4: 3, 6: 1}[f.family]
        for other in (f._replace(destination=STRANGER[f.family]),
                      f._replace(destination=OTHER_VIP[f.family]),
                      f._replace(destination=CLIENT[f.family], source=VIP[f.family])):
            lab().expect(arriving(error(f.family, kind, 1, quote(other))), 'ICMP')


@it('a quote of another protocol, or of the other version of IP, is left to the stack')
def _():
    for family in FAMILIES:
        f = flow(family, 'TCP', lab.port)
        kind, at = {4: (3, 9), 6: (1, 6)}[family]
        for protocol in (1, 4, 41, 47, 58, 132):
            quoted = bytearray(quote(f))
            quoted[at] = protocol
            lab().expect(arriving(error(family, kind, 1, bytes(quoted))), 'ICMP')
        other = quote(flow(10 - family, 'TCP', lab.port))
        lab().expect(arriving(error(family, kind, 1, other)), 'ICMP')
        quoted = bytearray(quote(f))
        quoted[0] ^= 0x30
        lab().expect(arriving(error(family, kind, 1, bytes(quoted))), 'ICMP')


@it('a quoted IPv4 header that says that it has less than 20 bytes is left to the stack')
def _():
    f = flow(4, 'TCP', lab.port)
    for words in range(5):
        quoted = bytes((0x40 | words,)) + quote(f)[1:]
        lab().expect(arriving(error(4, 3, 1, quoted)), 'ICMP')


@it('an error about a port of the VIP that has no service passes')
def _():
    for family, protocol in product(FAMILIES, ('TCP', 'UDP')):
        f = flow(family, protocol, 9)
        lab().expect(arriving(error(family, {4: 3, 6: 1}[family], 1, quote(f))), 'NO_SERVICE')


@it('an error to a stranger passes')
def _():
    for family in FAMILIES:
        f = flow(family, 'TCP', lab.port, destination=STRANGER[family])
        lab().expect(arriving(error(family, {4: 3, 6: 1}[family], 1, quote(f), STRANGER)),
                     'NO_SERVICE')


@it('a fragment of an error is left to the stack')
def _():
    f = flow(4, 'TCP', lab.port)
    for flags, offset in (('MF', 0), ('MF', 5), (0, 5)):
        lab().expect(arriving(error(4, 3, 4, quote(f), flags=flags, frag=offset)), 'ICMP')


@it('DSCP, ECN and tags of an error are treated as those of any packet')
def _():
    for tags in ((), ((0x8100, 9),), ((0x88a8, 9), (0x8100, 10))):
        f = flow(4, 'TCP', lab.port)
        follows(f, error(4, 3, 4, quote(f), tos=0xc1), tos=0xc1, tags=tags)
        f = flow(6, 'TCP', lab.port)
        follows(f, error(6, 2, 0, quote(f), tc=0xc1), tos=0xc1, tags=tags)


@it('when slots are moved, an error follows the flow where that is, and stores nothing')
def _():
    own = Lab('errors-moved', FEATURES + ' moved')
    old, new = Way('ipip', 4, number=50), Way('gue', 6, number=51)
    port = own.serve([new])
    own.add(old)
    own.command(f'move {new.index} {old.index}')

    def check(f, packet, way):
        own.expect(arriving(packet), 'SENT', way.frame(packet, 0, f.family, f.entropy))

    for family in FAMILIES:
        f = flow(family, 'TCP', port)
        packet = error(family, {4: 3, 6: 1}[family], 1, quote(f))
        stored = own.command('count flows').split()[1:]
        check(f, packet, old)
        assert own.command('count flows').split()[1:] == stored
        check(f, f.packet(flags='S'), new)  # half open now
        after = own.command('count flows').split()[1:]
        assert int(after[0]) == int(stored[0]) + 1, (stored, after)
        check(f, packet, new)
        assert own.command('count flows').split()[1:] == after
        check(f, f.packet(flags='A'), new)  # established
        promoted = own.command('count flows').split()[1:]
        assert int(promoted[1]) == int(after[1]) + 1, (after, promoted)
        check(f, packet, new)
        assert own.command('count flows').split()[1:] == promoted


if __name__ == '__main__':
    sys.exit(main(lab))
