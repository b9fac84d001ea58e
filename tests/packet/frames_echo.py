#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Pings (RFC 792, RFC 4443): the program answers those to a VIP, and no others."""
import sys
from itertools import product

from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt,
                                IPv6ExtHdrFragment, PadN)
from scapy.packet import Raw

from frames import (BALANCER, CLIENT, FAMILIES, FEATURES, OTHER_VIP, ROUTER, STRANGER, VIP, Lab,
                    Way, arriving, checksum, ethernet, it, main)

TAGS = ((), ((0x8100, 9),), ((0x88a8, 9), (0x8100, 10)))


def lab():
    if not hasattr(lab, 'made'):
        lab.made = Lab('echo')
        lab.made.serve([Way()])
    return lab.made


def request(family, payload=b'', number=1, sequence=1, to=None, code=0, source=None, **fields):
    to = (to or VIP)[family]
    source = source or CLIENT[family]
    if family == 4:
        return (IP(src=source, dst=to, **{'id': 77, 'ttl': 3, 'flags': 'DF', **fields}) /
                ICMP(type=8, code=code, id=number, seq=sequence) / Raw(payload))
    return (IPv6(src=source, dst=to, **{'hlim': 3, 'fl': 0x12345, **fields}) /
            ICMPv6EchoRequest(code=code, id=number, seq=sequence, data=payload))


def reply(family, payload=b'', number=1, sequence=1, to=None, tags=(), **fields):
    source = (to or VIP)[family]
    if family == 4:
        packet = (IP(src=source, dst=CLIENT[4], ttl=64, **{'id': 77, 'flags': 'DF', **fields}) /
                  ICMP(type=0, id=number, seq=sequence) / Raw(payload))
    else:
        packet = (IPv6(src=source, dst=CLIENT[6], hlim=64, **{'fl': 0x12345, **fields}) /
                  ICMPv6EchoReply(id=number, seq=sequence, data=payload))
    return bytes(ethernet(ROUTER, BALANCER, tags) / packet)


for family in FAMILIES:
    @it(f'a ping to an IPv{family} VIP is answered, with each length of payload')
    def _(family=family):
        for length in (*range(80), 1399, 1400, 1452):
            payload = bytes(at * 7 & 0xff for at in range(length))
            lab().expect(arriving(request(family, payload)), 'ECHO_ANSWERED',
                         reply(family, payload))

    @it(f'a ping to an IPv{family} VIP in VLANs is answered in them')
    def _(family=family):
        for tags in TAGS:
            lab().expect(arriving(request(family, b'tags'), tags), 'ECHO_ANSWERED',
                         reply(family, b'tags', tags=tags))

    @it(f'IPv{family}: the checksum of an answer is right for each id, also where it is 0 or 0xffff')
    def _(family=family):
        at = {4: 34, 6: 54}[family]
        for number in (*range(0, 0x10000, 61), *range(0xf700, 0xf810), 0xffff):
            payload = b'' if number & 1 else b'\xff\xff'
            frame = arriving(request(family, payload, number, 0))
            _, _, out = lab().run(frame)
            pseudo = out[22:54] + (len(out) - at).to_bytes(4, 'big') + bytes((0, 0, 0, 58))
            assert checksum((pseudo if family == 6 else b'') + out[at:]) == 0, out.hex()
            assert family == 6 or checksum(out[14:34]) == 0, out.hex()

    @it(f'IPv{family}: a ping that is all zero but for its type is answered with a right checksum')
    def _(family=family):
        for length in range(9):
            lab().expect(arriving(request(family, bytes(length), 0, 0)), 'ECHO_ANSWERED',
                         reply(family, bytes(length), 0, 0))

    @it(f'IPv{family}: what pads a frame behind a ping stays')
    def _(family=family):
        lab().expect(arriving(request(family)) + b'\xee' * 20, 'ECHO_ANSWERED',
                     reply(family) + b'\xee' * 20)

    @it(f'a ping to another IPv{family} VIP is answered by that one')
    def _(family=family):
        lab().expect(arriving(request(family, to=OTHER_VIP)), 'ECHO_ANSWERED',
                     reply(family, to=OTHER_VIP))

    @it(f'a ping to an IPv{family} stranger passes')
    def _(family=family):
        for tags in TAGS:
            lab().expect(arriving(request(family, to=STRANGER), tags), 'NO_SERVICE')

    @it(f'IPv{family}: a ping is left to the stack if echo is switched off')
    def _(family=family):
        off = Lab(f'echo-off-{family}', FEATURES.replace(' echo', ''))
        for tags in TAGS:
            off.expect(arriving(request(family), tags), 'ICMP')

    @it(f'IPv{family}: a reply, or a request with a code, is left to the stack')
    def _(family=family):
        lab().expect(arriving(request(family, code=1)), 'ICMP')
        header = (IP if family == 4 else IPv6)(src=CLIENT[family], dst=VIP[family])
        echo = ICMP(type=0, id=1, seq=1) if family == 4 else ICMPv6EchoReply(id=1, seq=1)
        lab().expect(arriving(header / echo), 'ICMP')

    @it(f'IPv{family}: a ping whose frame is cut at each byte is left to the stack')
    def _(family=family):
        frame = arriving(request(family, b'0123456789'))
        for length in range({4: 34, 6: 54}[family], len(frame)):
            lab().expect(frame[:length], 'ICMP')

    @it(f'IPv{family}: a ping whose length ends in its header is left to the stack')
    def _(family=family):
        frame = bytearray(arriving(request(family)))
        at, header = {4: (16, 20), 6: (18, 0)}[family]
        for length in range(header, header + 8):
            frame[at:at + 2] = length.to_bytes(2, 'big')
            lab().expect(frame, 'ICMP')

    @it(f'IPv{family}: a ping from what is no host\'s address is left to the stack')
    def _(family=family):
        for source in {4: ('0.0.0.0', '0.1.2.3', '127.0.0.1', '224.0.0.1', '239.255.255.255',
                           '240.0.0.1', '255.255.255.255'),
                       6: ('::', 'ff02::1', 'ff0e::7')}[family]:
            lab().expect(arriving(request(family, source=source)), 'ICMP')


@it('a ping with DSCP and ECN keeps them')
def _():
    for tos, family in product((1, 0x28, 0xb9, 0xff), FAMILIES):
        fields = {'tos': tos} if family == 4 else {'tc': tos}
        lab().expect(arriving(request(family, **fields)), 'ECHO_ANSWERED',
                     reply(family, **fields))


@it('a ping with IPv4 options is left to the stack')
def _():
    for words in range(1, 11):
        frame = arriving(request(4, options=[b'\x01' * 4 * words]))
        assert frame[14] == 0x45 + words
        lab().expect(frame, 'ICMP')


@it('a ping with IPv6 extension headers is left to the stack')
def _():
    header = IPv6(src=CLIENT[6], dst=VIP[6])
    lab().expect(arriving(header / IPv6ExtHdrDestOpt(nh=58, options=[PadN(optdata=bytes(4))]) /
                          ICMPv6EchoRequest(id=1, seq=1)), 'ICMP')


@it('a ping in fragments is left to the stack, all of it')
def _():
    for flags, offset in ((1, 0), (1, 3), (0, 3)):
        lab().expect(arriving(request(4, bytes(16), flags=flags, frag=offset)), 'ICMP')
        header = IPv6(src=CLIENT[6], dst=VIP[6], nh=44)
        lab().expect(arriving(header / IPv6ExtHdrFragment(nh=58, m=flags, offset=offset, id=3) /
                              Raw(bytes(24))), 'ICMP')


@it('ICMPv6 in IPv4 and ICMP in IPv6 are no pings')
def _():
    lab().expect(arriving(IP(src=CLIENT[4], dst=VIP[4], proto=58) /
                          Raw(bytes((128, 0, 0, 0, 0, 0, 0, 0)))), 'NO_SERVICE')
    lab().expect(arriving(IPv6(src=CLIENT[6], dst=VIP[6], nh=1) /
                          Raw(bytes((8, 0, 0, 0, 0, 0, 0, 0)))), 'NO_SERVICE')


if __name__ == '__main__':
    sys.exit(main(lab))
