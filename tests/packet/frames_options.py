#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""IPv4 options (RFC 791) and IPv6 extension headers (RFC 8200, RFC 4302), and their malformed forms."""
import sys
from itertools import product

from scapy.layers.inet6 import (IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting, PadN)
from scapy.layers.ipsec import AH
from scapy.packet import Raw

from frames import STRANGER, Lab, Way, arriving, flow, it, main

WAYS = {encapsulation: Way(encapsulation) for encapsulation in ('ipip', 'gue', 'vxlan', 'none')}
KINDS = {0: IPv6ExtHdrHopByHop, 43: IPv6ExtHdrRouting, 60: IPv6ExtHdrDestOpt, 51: AH}


def lab():
    if not hasattr(lab, 'made'):
        lab.made = Lab('options')
        for way in WAYS.values():
            way.port = lab.made.serve([way])
    return lab.made


def with_options(f, options, payload=b'', **fields):
    """An IPv4 packet with these bytes of options, a multiple of 4."""
    header = f.ip(ihl=5 + len(options) // 4, proto=6 if f.protocol == 'TCP' else 17, **fields)
    bare = bytes(f.ip() / f.transport(payload))[20:]
    header.len = 20 + len(options) + len(bare)
    header.chksum = 0
    start = bytes(header)[:20] + options
    total = sum(int.from_bytes(start[at:at + 2], 'big') for at in range(0, len(start), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return start[:10] + (0xffff - total).to_bytes(2, 'big') + start[12:] + bare


def in_frame(packet):
    return arriving(Raw(packet))[:12] + b'\x08\x00' + packet


for protocol in ('TCP', 'UDP'):
    @it(f'{protocol} behind IPv4 options of every length is sent with them')
    def _(protocol=protocol):
        for way, words in product(WAYS.values(), range(11)):
            f = flow(4, protocol, way.port)
            packet = with_options(f, b'\x01' * 4 * words, b'payload')
            lab().expect(in_frame(packet), 'SENT', way.frame(packet, 0, 4, f.entropy))


@it('what is in the options does not matter: their lengths are not read')
def _():
    way = WAYS['ipip']
    f = flow(4, 'TCP', way.port)
    for options in (b'\x44\x04\x05\x00', b'\x07\x00\x00\x00', b'\x07\x01\x00\x00',
                    b'\x07\xff\x04\x00', b'\x94\x04\x00\x00', b'\x00\x00\x00\x00',
                    b'\x83\x27\x04' + bytes(37)):
        packet = with_options(f, options)
        lab().expect(in_frame(packet), 'SENT', way.frame(packet, 0, 4, f.entropy))


@it('a packet with options that the frame cuts at each byte is dropped')
def _():
    for protocol, words in product(('TCP', 'UDP'), (1, 5, 10)):
        frame = in_frame(with_options(flow(4, protocol, 1001), bytes(4 * words), b'abc'))
        for length in range(14, 34):
            lab().expect(frame[:length], 'TRUNCATED')
        for length in range(34, len(frame)):
            lab().expect(frame[:length], 'BAD_LENGTH')


@it('a total length that ends in the options or in the header behind them is dropped')
def _():
    for protocol, words in product(('TCP', 'UDP'), (1, 10)):
        whole = with_options(flow(4, protocol, 1001), bytes(4 * words), b'abc')
        least = 20 + 4 * words + (20 if protocol == 'TCP' else 8)
        for length in range(0, least):
            packet = whole[:2] + length.to_bytes(2, 'big') + whole[4:]
            lab().expect(in_frame(packet), 'BAD_LENGTH')


@it('a header length below 5 is dropped, if it is for a VIP')
def _():
    for words in range(5):
        packet = bytearray(bytes(flow(4, 'TCP', 1001).packet()))
        packet[0] = 0x40 | words
        lab().expect(in_frame(packet), 'BAD_LENGTH')
        packet[16:20] = bytes((203, 0, 113, 9))
        lab().expect(in_frame(packet), 'NO_SERVICE')


@it('options to a stranger, and to a port without a service, pass')
def _():
    for f in (flow(4, 'TCP', 80, destination=STRANGER[4]), flow(4, 'UDP', 9)):
        for words in range(11):
            lab().expect(in_frame(with_options(f, bytes(4 * words))), 'NO_SERVICE')


def chain(f, kinds, payload=b'payload', length=0):
    """An IPv6 packet with these extension headers, each of 8 * (1 + length) bytes."""
    packet = f.ip(nh=kinds[0])
    for at, kind in enumerate(kinds):
        following = kinds[at + 1] if at + 1 < len(kinds) else {'TCP': 6, 'UDP': 17}[f.protocol]
        if kind == 51:  # RFC 4302 section 2.2: in words of 4 bytes, less 2
            packet /= AH(nh=following, payloadlen=4 + 2 * length, spi=1, seq=1,
                         icv=b'i' * (12 + 8 * length))
        elif kind == 43:
            packet /= IPv6ExtHdrRouting(nh=following, type=253, segleft=0,
                                        addresses=['2001:db8::aa'] * (length // 2))
        else:
            packet /= KINDS[kind](nh=following, options=[PadN(optdata=bytes(4 + 8 * length))])
    return packet / f.transport(payload)


for kind, protocol in product(KINDS, ('TCP', 'UDP')):
    @it(f'{protocol} behind extension header {kind} of many lengths is sent with it')
    def _(kind=kind, protocol=protocol):
        for way, length in product(WAYS.values(), (0, 2, 4, 16, 30)):
            f = flow(6, protocol, way.port)
            packet = bytes(chain(f, [kind], length=length))
            lab().expect(arriving(Raw(packet))[:12] + b'\x86\xdd' + packet, 'SENT',
                         way.frame(packet, 0, 6, f.entropy))


def in_frame6(packet):
    return arriving(Raw(packet))[:12] + b'\x86\xdd' + bytes(packet)


@it('up to six extension headers are skipped, in any order')
def _():
    way = WAYS['ipip']
    orders = [order for count in (1, 2, 3) for order in product(KINDS, repeat=count)]
    orders += [(0, 60, 43, 51, 60, 60), (51,) * 6, (60,) * 5, (43, 43, 43, 43), (60,) * 6]
    for order in orders:
        f = flow(6, 'TCP', way.port)
        packet = bytes(chain(f, order))
        lab().expect(in_frame6(packet), 'SENT', way.frame(packet, 0, 6, f.entropy))


@it('more than six extension headers are dropped, if they are for a VIP')
def _():
    for order in ((60,) * 7, (0,) + (60,) * 6, (51,) * 8, (60,) * 20):
        lab().expect(in_frame6(chain(flow(6, 'TCP', 1001), order)), 'EXTENSIONS')
        stranger = flow(6, 'TCP', 80, destination=STRANGER[6])
        lab().expect(in_frame6(chain(stranger, order)), 'NO_SERVICE')


@it('a packet with extension headers that the frame cuts at each byte is dropped')
def _():
    for protocol, order in product(('TCP', 'UDP'), ((0,), (43,), (60,), (51,), (0, 51, 60))):
        frame = in_frame6(chain(flow(6, protocol, 1001), order))
        for length in range(54, len(frame)):
            lab().expect(frame[:length], 'BAD_LENGTH')


@it('a payload length that ends in the extension headers, or behind them, is dropped')
def _():
    for protocol, order in product(('TCP', 'UDP'), ((0,), (51,), (0, 60))):
        whole = bytes(chain(flow(6, protocol, 1001), order, payload=b''))
        for length in range(0, len(whole) - 40):
            lab().expect(in_frame6(whole[:4] + length.to_bytes(2, 'big') + whole[6:]), 'BAD_LENGTH')


@it('an extension header that says that it is longer than the packet is dropped')
def _():
    for kind in KINDS:
        whole = bytearray(bytes(chain(flow(6, 'TCP', 1001), [kind])))
        for length in (8, 64, 255):
            whole[41] = length
            lab().expect(in_frame6(whole), 'BAD_LENGTH')


@it('extension headers before what is no TCP or UDP pass')
def _():
    for last in (4, 41, 47, 50, 59, 132, 135, 139, 140, 253):
        packet = bytearray(bytes(chain(flow(6, 'TCP', 1001), [60])))
        packet[40] = last
        lab().expect(in_frame6(packet), 'NO_SERVICE')


@it('extension headers to a port without a service pass')
def _():
    for order in ((0,), (60, 43), (51,) * 6):
        lab().expect(in_frame6(chain(flow(6, 'UDP', 9), order)), 'NO_SERVICE')


@it('an atomic fragment (RFC 6946) is a whole packet, wherever its header stands')
def _():
    way = WAYS['gue']
    f = flow(6, 'UDP', way.port)
    for before, after in product(((), (60,)), repeat=2):
        packet = f.ip(nh=(before + (44,))[0])
        for _ in before:
            packet /= IPv6ExtHdrDestOpt(nh=44, options=[PadN(optdata=bytes(4))])
        packet /= IPv6ExtHdrFragment(nh=(after + (17,))[0], offset=0, m=0, id=7)
        for _ in after:
            packet /= IPv6ExtHdrDestOpt(nh=17, options=[PadN(optdata=bytes(4))])
        packet = bytes(packet / f.transport(b'whole'))
        lab().expect(in_frame6(packet), 'SENT', way.frame(packet, 0, 6, f.entropy))


if __name__ == '__main__':
    sys.exit(main(lab))
