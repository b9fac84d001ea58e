#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Frames in more than one buffer: BPF_PROG_RUN puts what is behind 3.5 KB into others."""
import sys
from itertools import product

from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6PacketTooBig, IPv6

from frames import (BALANCER, CLIENT, FAMILIES, FEATURES, ROUTER, STRANGER, VIP, Lab, Way,
                    arriving, ethernet, flow, it, main)

WAYS = [Way(encapsulation, family, tags, mtu=9000)
        for encapsulation, family, tags in product(('ipip', 'gue', 'gre', 'vxlan'), FAMILIES,
                                                   ((), ((0x88a8, 5), (0x8100, 6))))]
WAYS += [Way('none', mtu=9000)]
TAGS = ((), ((0x88a8, 9), (0x8100, 10)))
SIZES = (1000, 3400, 3500, 3520, 3600, 4096, 8800)


def lab():
    if not hasattr(lab, 'made'):
        lab.made = Lab('jumbo', FEATURES + ' frags')
        for way in WAYS:
            way.port = lab.made.serve([way])
        # The common way alone.
        lab.lean = Lab('jumbo-lean', 'ipv6 outer_ipv4 outer_ipv6 frags')
        lab.lean_way = Way('ipip', 6, mtu=9000)
        lab.lean_way.port = lab.lean.serve([lab.lean_way])
    lab.made.command('rest')
    return lab.made


def payload(length):
    return bytes(at * 3 & 0xff for at in range(length))


for way in WAYS:
    @it(f'{way}: whole frames of many sizes')
    def _(way=way):
        for family, protocol, size, tags in product(FAMILIES, ('TCP', 'UDP'), SIZES, TAGS):
            f = flow(family, protocol, way.port)
            packet = f.packet(payload(size), tos=3)
            lab().expect(arriving(packet, tags), 'SENT',
                         way.frame(packet, 3, family, f.entropy))


@it('a program with nothing but IP-in-IP sends them too')
def _():
    way = lab.lean_way
    for family, size in product(FAMILIES, SIZES):
        f = flow(family, 'TCP', way.port)
        packet = f.packet(payload(size))
        lab.lean.expect(arriving(packet), 'SENT', way.frame(packet, 0, family, f.entropy))


@it('one that the frame cuts is dropped')
def _():
    for family, size in product(FAMILIES, SIZES):
        packet = flow(family, 'TCP', WAYS[0].port).packet(payload(size))
        lab().expect(arriving(packet)[:-1], 'BAD_LENGTH')
        lab.lean.expect(arriving(flow(family, 'TCP', lab.lean_way.port).packet(payload(size)))[:-1],
                        'BAD_LENGTH')


@it('one that is too big is answered, and cut to the quote')
def _():
    way = WAYS[0]
    for family, tags in product(FAMILIES, TAGS):
        packet = flow(family, 'TCP', way.port).packet(payload(9000))
        header = ethernet(ROUTER, BALANCER, tags)
        if family == 4:
            answer = (IP(src=VIP[4], dst=CLIENT[4], ttl=64, id=0, flags='DF') /
                      ICMP(type=3, code=4, nexthopmtu=8980) / bytes(packet)[:548])
        else:
            answer = (IPv6(src=VIP[6], dst=CLIENT[6], hlim=64) /
                      ICMPv6PacketTooBig(mtu=8980) / bytes(packet)[:1232])
        lab().expect(arriving(packet, tags), 'TOO_BIG_ANSWERED', bytes(header / answer))


@it('a large ping is answered')
def _():
    for size in SIZES:
        lab().expect(arriving(IP(src=CLIENT[4], dst=VIP[4]) / ICMP(type=8) / payload(size)),
                     'ECHO_ANSWERED',
                     bytes(ethernet(ROUTER, BALANCER) /
                           IP(src=VIP[4], dst=CLIENT[4]) / ICMP(type=0) / payload(size)))
        lab().expect(arriving(IPv6(src=CLIENT[6], dst=VIP[6]) /
                              ICMPv6EchoRequest(data=payload(size))), 'ECHO_ANSWERED',
                     bytes(ethernet(ROUTER, BALANCER) / IPv6(src=VIP[6], dst=CLIENT[6]) /
                           ICMPv6EchoReply(data=payload(size))))


@it('one to a stranger passes as it came')
def _():
    for family, size in product(FAMILIES, SIZES):
        lab().expect(arriving(flow(family, 'UDP', 80, destination=STRANGER[family]).packet(
            payload(size))), 'NO_SERVICE')


if __name__ == '__main__':
    sys.exit(main(lab))
