#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""To backends behind other interfaces, and on other CPUs."""
import sys
from itertools import product

from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt,
                                IPv6ExtHdrFragment, PadN)
from scapy.layers.l2 import ARP
from scapy.packet import Raw

from frames import (BALANCER, CLIENT, FAMILIES, FEATURES, ROUTER, STRANGER, VIP, Lab, Way,
                    arriving, ethernet, flow, it, main)

LOOPBACK, HP_A, HP_B = 1, 2, 3  # the interfaces of frames-shell's network
TAGS = ((), ((0x8100, 9),), ((0x88a8, 9), (0x8100, 10)))


def serve(made, interfaces):
    """A port for each kind of way, and interface."""
    ways = []
    for encapsulation, family, tags, interface in product(
            ('ipip', 'gue', 'none'), FAMILIES, ((), ((0x8100, 5),)), interfaces):
        way = Way(encapsulation, family, tags)
        way.interface = interface
        way.port = made.serve([way])
        ways.append(way)
    return ways


def lab():
    # Two interfaces, both of which packets can be redirected to; nothing can be sent to the third.
    lab.two = Lab('two', FEATURES + ' many_interfaces')
    lab.two.ways = serve(lab.two, (LOOPBACK, HP_A, HP_B))
    for port in (HP_A, HP_B):
        lab.two.command(f'port {port}')
    # Of two CPUs only the first is there.
    lab.half = Lab('half', FEATURES + ' spread')
    lab.half.ways = serve(lab.half, (HP_A,))
    lab.half.command('cpu 0')
    lab.half_local = Lab('half_local', FEATURES + ' spread spread_local')
    lab.half_local.command('cpu 0')
    lab.none = Lab('none', FEATURES + ' spread')
    lab.none.port = lab.none.serve([Way()])
    # What runs on a CPU that packets are handed to.
    lab.on_cpu = Lab('on_cpu', FEATURES + ' spread')
    lab.on_cpu.ways = serve(lab.on_cpu, (LOOPBACK, HP_A))
    lab.on_cpu.command(f'port {HP_A}')


def packets_to(way):
    for family, protocol in product(FAMILIES, ('TCP', 'UDP')):
        f = flow(family, protocol, way.port)
        packet = f.packet(b'elsewhere', tos=0x22)
        yield packet, way.frame(packet, 0x22, family, f.entropy)


@it('a packet leaves by the interface of its backend: whole frames')
def _():
    for way, arrival, tags in product(lab.two.ways, (HP_A, HP_B), TAGS):
        if way.interface == LOOPBACK:
            continue
        reason = 'SENT' if way.interface == arrival else 'REDIRECTED'
        for packet, expected in packets_to(way):
            lab.two.expect(arriving(packet, tags), reason, expected, arrival)


@it('without the feature nobody asks for the interface')
def _():
    one = Lab('one')
    way = Way()
    way.interface = HP_B
    way.port = one.serve([way])
    for packet, expected in packets_to(way):
        one.expect(arriving(packet), 'SENT', expected, HP_A)


@it('a packet to an interface that is not there is dropped')
def _():
    for way, arrival in product(lab.two.ways, (HP_A, HP_B)):
        if way.interface == LOOPBACK:
            for packet, _ in packets_to(way):
                lab.two.expect(arriving(packet), 'NO_PORT', interface=arrival)


@it('what is redirected counts for its service and backend')
def _():
    way = next(way for way in lab.two.ways if way.interface == HP_B)
    packet, expected = next(packets_to(way))

    def counts():
        return [int(word) for what in ('service', 'backend')
                for word in lab.two.command(f'count {what} {way.index}').split()]
    before, size = counts(), len(arriving(packet))
    lab.two.expect(arriving(packet), 'REDIRECTED', expected, HP_A)
    assert [a - b for a, b in zip(counts(), before)] == [1, size] * 2, (before, counts())


def ping(family):
    """A request to the VIP, and the frame of its answer."""
    if family == 4:
        request = IP(src=CLIENT[4], dst=VIP[4], ttl=9, id=7) / ICMP(type=8, id=1) / b'ping'
        answer = IP(src=VIP[4], dst=CLIENT[4], ttl=64, id=7) / ICMP(type=0, id=1) / b'ping'
    else:
        request = IPv6(src=CLIENT[6], dst=VIP[6]) / ICMPv6EchoRequest(id=1, data=b'ping')
        answer = IPv6(src=VIP[6], dst=CLIENT[6]) / ICMPv6EchoReply(id=1, data=b'ping')
    return request, bytes(ethernet(ROUTER, BALANCER) / answer)


@it('answers leave by the interface of arrival, and what is for no service passes')
def _():
    for family, arrival in product(FAMILIES, (LOOPBACK, HP_A, HP_B)):
        request, answer = ping(family)
        lab.two.expect(arriving(request), 'ECHO_ANSWERED', answer, arrival)
        stranger = flow(family, 'TCP', 80, destination=STRANGER[family]).packet()
        lab.two.expect(arriving(stranger), 'NO_SERVICE', interface=arrival)


def cpu_of(made, packet, tags=()):
    """Whether the packet goes to the CPU that is there; it is as it came."""
    frame = arriving(packet, tags)
    reason, _, _ = made.run(frame)
    made.expect(frame, 'SPREAD' if reason == 'SPREAD' else 'NO_CPU')
    return reason


@it('flows are spread over the CPUs, and all packets of a flow go to the same')
def _():
    ways = lab.half.ways
    for family, protocol in product(FAMILIES, ('TCP', 'UDP')):
        found = []
        for port in range(20000, 20100):
            f = flow(family, protocol, ways[0].port, port)
            first = cpu_of(lab.half, f.packet(flags='S'))
            found.append(first)
            for flags, length, tos, tags in (('A', 0, 0, ()), ('PA', 900, 0xb8, TAGS[1]),
                                             ('FA', 3, 1, TAGS[2])):
                assert cpu_of(lab.half, f.packet(bytes(length), tos, flags), tags) == first
        # 100 throws of a coin: fewer than 20 of a side is six standard deviations off.
        assert 20 <= found.count('SPREAD') <= 80, found.count('SPREAD')


@it('all fragments of a datagram go to the same CPU, whatever is between their headers')
def _():
    pad = [PadN(optdata=bytes(4))]
    for number in range(50):
        f = flow(4, 'UDP', lab.half.ways[0].port, source=f'198.51.100.{number}')
        found = {cpu_of(lab.half, f.ip(flags=flags, frag=offset, proto=17, id=number) / data)
                 for flags, offset, data in (('MF', 0, f.transport(bytes(40))),
                                             ('MF', 6, Raw(bytes(48))), (0, 12, Raw(b'end')))}
        assert len(found) == 1, found
        f = flow(6, 'UDP', lab.half.ways[0].port, source=f'2001:db8:c::{number}')
        option = IPv6ExtHdrDestOpt(nh=17, options=pad)
        for kind, first in ((17, f.transport(bytes(40))), (60, option / f.transport(bytes(40)))):
            found = {cpu_of(lab.half, f.ip(nh=44) / IPv6ExtHdrFragment(
                nh=kind, m=more, offset=offset, id=number) / data)
                     for more, offset, data in ((1, 0, first), (1, 6, Raw(bytes(48))),
                                                (0, 12, Raw(b'end')))}
            assert len(found) == 1, found


@it('what is not for a VIP stays where it is')
def _():
    for family in FAMILIES:
        for number in range(20):
            f = flow(family, 'TCP', number, destination=STRANGER[family])
            lab.half.expect(arriving(f.packet()), 'NO_SERVICE')
    lab.half.expect(arriving(ARP(pdst=VIP[4])), 'NOT_IP')
    lab.half.expect(arriving(flow(4, 'TCP', 80).packet())[:20], 'TRUNCATED')


@it('what is not for a VIP is spread too, if that is wished')
def _():
    for family in FAMILIES:
        found = [cpu_of(lab.half_local,
                        flow(family, 'TCP', port, destination=STRANGER[family]).packet())
                 for port in range(100)]
        assert 20 <= found.count('SPREAD') <= 80, found.count('SPREAD')
        f = flow(family, 'TCP', 80, destination=STRANGER[family])
        assert len({cpu_of(lab.half_local, f.packet(flags=flags)) for flags in 'SAFR'}) == 1
    lab.half_local.expect(arriving(ARP(pdst=VIP[4])), 'NOT_IP')


@it('without the CPUs all for a VIP is dropped')
def _():
    for family, protocol in product(FAMILIES, ('TCP', 'UDP')):
        lab.none.expect(arriving(flow(family, protocol, lab.none.port).packet()), 'NO_CPU')


@it('a ping and an error about a flow are handed on as all for a VIP is')
def _():
    lab.half.command('cpu 1')
    for family in FAMILIES:
        lab.half.expect(arriving(ping(family)[0]), 'SPREAD')
        f = flow(family, 'TCP', 80)
        lab.half.expect(arriving(f.packet()), 'SPREAD')


@it('from another CPU all packets leave by redirection')
def _():
    for way, arrival, tags in product(lab.on_cpu.ways, (LOOPBACK, HP_A, HP_B), TAGS):
        for packet, expected in packets_to(way):
            reason = 'REDIRECTED' if way.interface == HP_A else 'NO_PORT'
            lab.on_cpu.expect(arriving(packet, tags), reason, expected, arrival, 'cpu')


@it('from another CPU answers are redirected to the interface of arrival')
def _():
    for family in FAMILIES:
        request, answer = ping(family)
        lab.on_cpu.expect(arriving(request), 'ECHO_ANSWERED', answer, HP_A, 'cpu')
        lab.on_cpu.expect(arriving(request), 'NO_PORT', interface=HP_B, program='cpu')


@it('from another CPU what is for no service passes')
def _():
    for family in FAMILIES:
        stranger = flow(family, 'TCP', 80, destination=STRANGER[family]).packet()
        lab.on_cpu.expect(arriving(stranger), 'NO_SERVICE', interface=HP_A, program='cpu')


if __name__ == '__main__':
    sys.exit(main(lab))
