#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""VLAN tags (IEEE 802.1Q, 802.1ad) on arrival and on departure."""
import sys
from itertools import product

from scapy.layers.l2 import ARP

from frames import (BALANCER, FAMILIES, ROUTER, STRANGER, VIP, Lab, Way, arriving, ethernet, flow,
                    it, main)

ARRIVAL = {
    'without a tag': (),
    'in a VLAN': ((0x8100, 100),),
    'in a service VLAN': ((0x88a8, 200),),
    'in a VLAN in a service VLAN': ((0x88a8, 200), (0x8100, 4094)),
    'in a VLAN in a VLAN': ((0x8100, 1), (0x8100, 2)),
    'with a priority tag': ((0x8100, 0),),
}
DEPARTURE = {
    'without a tag': (),
    'into a VLAN': ((0x8100, 7),),
    'into a service VLAN': ((0x88a8, 8),),
    'into a VLAN in a service VLAN': ((0x88a8, 4094), (0x8100, 1)),
}
WAYS = {(encapsulation, family, to): Way(encapsulation, family, DEPARTURE[to])
        for encapsulation, family, to in product(('ipip', 'gue', 'gre', 'vxlan'), FAMILIES,
                                                 DEPARTURE)}
WAYS.update({('none', 4, to): Way('none', 4, DEPARTURE[to]) for to in DEPARTURE})


def lab():
    if not hasattr(lab, 'made'):
        lab.made = Lab('vlan')
        for way in WAYS.values():
            way.port = lab.made.serve([way])
    return lab.made


for (encapsulation, family, to), way in WAYS.items():
    @it(f'{encapsulation} over IPv{family}, {to}: from wherever the packet comes')
    def _(way=way):
        for tags, inner, protocol in product(ARRIVAL.values(), FAMILIES, ('TCP', 'UDP')):
            f = flow(inner, protocol, way.port)
            packet = f.packet(b'tagged', tos=0x29)
            lab().expect(arriving(packet, tags), 'SENT',
                         way.frame(packet, 0x29, inner, f.entropy))


@it('the priority and the drop bit of a tag do not matter')
def _():
    way = WAYS['ipip', 4, 'without a tag']
    for bits in range(16):
        f = flow(4, 'TCP', way.port)
        packet = f.packet()
        frame = bytearray(arriving(packet, ((0x8100, 100),)))
        frame[14] |= bits << 4
        lab().expect(frame, 'SENT', way.frame(packet, 0, 4, f.entropy))


@it('what is for no service passes with its tags')
def _():
    for tags, family in product(ARRIVAL.values(), FAMILIES):
        lab().expect(arriving(flow(family, 'TCP', 80, destination=STRANGER[family]).packet(),
                              tags), 'NO_SERVICE')
        lab().expect(arriving(flow(family, 'UDP', 9).packet(), tags), 'NO_SERVICE')


@it('ARP in a VLAN passes')
def _():
    for tags in ARRIVAL.values():
        lab().expect(arriving(ARP(pdst=VIP[4]), tags), 'NOT_IP')


@it('a VLAN tag cut at each byte, and one with nothing behind it, pass')
def _():
    for name, tags in ARRIVAL.items():
        for family in FAMILIES:
            frame = arriving(flow(family, 'TCP', 1001).packet(), tags)
            for length in range(14, 14 + 4 * len(tags)):
                lab().expect(frame[:length], 'NOT_IP')
            start = 14 + 4 * len(tags)
            for length in range(start, start + {4: 20, 6: 40}[family]):
                lab().expect(frame[:length], 'TRUNCATED')


@it('a packet in a VLAN that the frame cuts is dropped')
def _():
    for tags, family in product(ARRIVAL.values(), FAMILIES):
        frame = arriving(flow(family, 'TCP', 1001).packet(b'0123456789'), tags)
        for length in range(14 + 4 * len(tags) + {4: 20, 6: 40}[family], len(frame)):
            lab().expect(frame[:length], 'BAD_LENGTH')


@it('three tags are not followed')
def _():
    for tpids in product((0x8100, 0x88a8), repeat=3):
        tags = [(tpid, 10) for tpid in tpids]
        lab().expect(arriving(flow(4, 'TCP', 1001).packet(), tags), 'NOT_IP')


@it('a tag with another type than IP behind it passes')
def _():
    for ether_type in (0x0000, 0x05ff, 0x8847, 0x88cc, 0x9100, 0xffff):
        header = ethernet(BALANCER, ROUTER, ((0x8100, 10),))
        header.lastlayer().type = ether_type
        lab().expect(bytes(header) + bytes(flow(4, 'TCP', 1001).packet()), 'NOT_IP')


@it('MTU: tags take nothing of it, neither those that come nor those that go')
def _():
    for tags, (key, way) in product(ARRIVAL.values(), WAYS.items()):
        if key[0] != 'ipip' or key[1] != 4:
            continue
        f = flow(4, 'UDP', way.port)
        packet = f.packet(bytes(1600 - 20 - 28))
        lab().expect(arriving(packet, tags), 'SENT', way.frame(packet, 0, 4, f.entropy))


if __name__ == '__main__':
    sys.exit(main(lab))
