#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""QUIC connection ids (draft-ietf-quic-load-balancers, plaintext; RFC 8999) name the backend."""
import sys
from itertools import count, product

from scapy.layers.inet6 import IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, PadN
from scapy.packet import Raw

import flows
from frames import FAMILIES, FEATURES, Lab, Way, arriving, flow, it, main

SLOTS = 5
# config, bytes of the server id, bytes of the nonce: together at most 19
SHAPES = [(config, length, nonce) for config in range(7)
          for length, nonce in ((1, 4), (1, 18), (2, 17), (4, 4), (8, 8), (14, 5), (15, 4))]
SHAPES += [(3, length, 4) for length in range(1, 16)]
numbers = count(1)


class Service:
    """A QUIC service, and its pool of five backends."""

    def __init__(self, config, length, nonce, quic=True):
        self.config, self.length, self.nonce = config, length, nonce
        self.ways = [Way(('ipip', 'gue', 'gre', 'vxlan', 'none')[at], FAMILIES[at % 2],
                         number=40 + at) for at in range(SLOTS)]
        # LB_SERVICE_QUIC, and the shape of ids: bpf/abi.h
        flags = (1 << 4 | config << 5 | length << 8 | (nonce - 4) << 12) if quic else 0
        self.port = lab().serve(self.ways, flags)

    def server_id(self, at):
        return bytes((0x51 + 31 * at + 7 * byte) & 0xff for byte in range(self.length))

    def give_ids(self, pool=None):
        pairs = ' '.join(f'{self.server_id(at).hex()} {way.index}'
                         for at, way in enumerate(self.ways))
        lab().command(f'quic {pool or self.ways[0].index} {pairs}')

    def hashed(self, f):
        return flows.slot_of(f.hash, SLOTS)

    def other(self, f):
        """A backend that the hash would not choose."""
        return (self.hashed(f) + 2) % SLOTS

    def cid(self, at, config=None, low=0b10101, length=None):
        config = self.config if config is None else config
        whole = (bytes((config << 5 | low,)) + self.server_id(at) +
                 bytes(0xa0 + byte for byte in range(self.nonce)))
        return whole if length is None else whole[:length]


def short(cid, first=0x40):
    """RFC 8999 section 5.2: the id, then what the version makes of it."""
    return bytes((first,)) + cid + b'\x99' * 20


def long(cid, first=0xc3, version=1):
    """RFC 8999 section 5.1: version, both ids with their lengths."""
    return (bytes((first,)) + version.to_bytes(4, 'big') + bytes((len(cid),)) + cid +
            b'\x04scid' + b'\x99' * 20)


def lab():
    if not hasattr(lab, 'made'):
        lab.made = Lab('quic', FEATURES + ' quic')
        lab.services = {shape: Service(*shape) for shape in dict.fromkeys(SHAPES)}
        lab.plain = Service(0, 4, 4, quic=False)
    return lab.made


def goes_to(service, f, at, payload, packet=None):
    way = service.ways[at]
    packet = f.packet(payload) if packet is None else packet
    lab().expect(arriving(packet), 'SENT', way.frame(packet, 0, f.family, f.entropy))


def each_flow(service, ports=range(50000, 50004)):
    for family, port in product(FAMILIES, ports):
        yield flow(family, 'UDP', service.port, port)


@it('short and long headers lead to the backend that their id names: each shape of ids')
def _():
    for service in lab.services.values():
        service.give_ids()
        for f, header in product(each_flow(service, (50000,)), (short, long)):
            for at in range(SLOTS):
                goes_to(service, f, at, header(service.cid(at)))


def example():
    """A service, and a flow of each family to it."""
    service = lab.services[2, 4, 4]
    service.give_ids()
    return service, list(each_flow(service, (50000, 50001)))


@it('a connection whose client changes its address and port stays on its backend')
def _():
    service, _ = example()
    for family, at in product(FAMILIES, range(SLOTS)):
        for host, port in product(range(1, 6), (1000, 2000)):
            source = {4: f'198.51.100.{host}', 6: f'2001:db8:c::{host}'}[family]
            f = flow(family, 'UDP', service.port, port, source=source)
            goes_to(service, f, at, short(service.cid(at)))


@it('the version\'s bits of the first byte, the version and the rest of an id\'s do not matter')
def _():
    service, fs = example()
    for f in fs:
        at = service.other(f)
        for bits in range(0, 128, 5):
            goes_to(service, f, at, short(service.cid(at), bits))
            goes_to(service, f, at, long(service.cid(at), 0x80 | bits))
        for version in (0, 1, 0x6b3343cf, 0xffffffff):
            goes_to(service, f, at, long(service.cid(at), version=version))
        for low in range(32):
            goes_to(service, f, at, short(service.cid(at, low=low)))


@it('an id of another configuration goes by the hash, also one of the reserved one')
def _():
    service, fs = example()
    for f, header in product(fs, (short, long)):
        at = service.other(f)
        for config in set(range(8)) - {service.config}:
            goes_to(service, f, service.hashed(f), header(service.cid(at, config)))


@it('an id that names no server goes by the hash')
def _():
    service, fs = example()
    for f, header in product(fs, (short, long)):
        cid = service.cid(service.other(f))
        for at in range(1, 1 + service.length):
            unknown = cid[:at] + bytes((cid[at] ^ 1,)) + cid[at + 1:]
            goes_to(service, f, service.hashed(f), header(unknown))
        goes_to(service, f, service.hashed(f), header(bytes(len(cid))))


@it('a long header with an id that is too short goes by the hash, with a longer one by the id')
def _():
    service, fs = example()
    for f in fs:
        at = service.other(f)
        whole = service.cid(at)
        for length in range(len(whole)):
            goes_to(service, f, service.hashed(f), long(whole[:length]))
            # The same, where what follows would make it whole.
            packet = bytearray(long(whole))
            packet[5] = length
            goes_to(service, f, service.hashed(f), bytes(packet))
        for more in range(1, 12):
            goes_to(service, f, at, long(whole + bytes(more)))


@it('a payload cut at each byte before the server id is whole goes by the hash')
def _():
    for shape in ((2, 4, 4), (0, 1, 18), (6, 15, 4)):
        service = lab.services[shape]
        service.give_ids()
        for f, (header, start) in product(each_flow(service), ((short, 1), (long, 6))):
            at = service.other(f)
            payload = header(service.cid(at))
            for length in range(start + 1 + service.length):
                goes_to(service, f, service.hashed(f), payload[:length])
            goes_to(service, f, at, payload[:start + len(service.cid(at))])


@it('what pads the frame is no id')
def _():
    service, fs = example()
    for f, (header, start) in product(fs, ((short, 1), (long, 6))):
        payload = header(service.cid(service.other(f)))
        for length in range(start + 1 + service.length):
            packet = f.packet(payload[:length])
            way = service.ways[service.hashed(f)]
            lab().expect(arriving(packet) + payload[length:], 'SENT',
                         way.frame(packet, 0, f.family, f.entropy, payload[length:]))


@it('an id of a backend that is down, or whose index another one has, goes by the hash')
def _():
    service, fs = example()
    for f, header, life in product(fs, (short, long), (0, 2)):
        at = service.other(f)
        goes_to(service, f, at, header(service.cid(at)))
        lab().command(f'life {service.ways[at].index} {life}')
        goes_to(service, f, service.hashed(f), header(service.cid(at)))
        lab().command(f'life {service.ways[at].index} 1')
        goes_to(service, f, at, header(service.cid(at)))


@it('ids of another pool name nobody')
def _():
    service, fs = example()
    service.give_ids(pool=lab.services[2, 8, 8].ways[0].index)
    for f, header in product(fs, (short, long)):
        goes_to(service, f, service.hashed(f), header(service.cid(service.other(f))))


@it('without any servers all goes by the hash')
def _():
    service, fs = example()
    lab().command(f'quic {service.ways[0].index}')
    for f, header in product(fs, (short, long)):
        goes_to(service, f, service.hashed(f), header(service.cid(service.other(f))))


@it('a service that is not QUIC does not look at ids')
def _():
    lab.plain.give_ids()
    for f, header in product(each_flow(lab.plain), (short, long)):
        goes_to(lab.plain, f, lab.plain.hashed(f), header(lab.plain.cid(lab.plain.other(f))))


@it('ids are found behind tags, options and extension headers')
def _():
    service, fs = example()
    for f, header in product(fs, (short, long)):
        at = service.other(f)
        way, payload = service.ways[at], header(service.cid(at))
        for tags in (((0x8100, 5),), ((0x88a8, 5), (0x8100, 6))):
            packet = f.packet(payload)
            lab().expect(arriving(packet, tags), 'SENT',
                         way.frame(packet, 0, f.family, f.entropy))
        if f.family == 4:
            packet = f.ip(options=[b'\x01' * 36]) / f.transport(payload)
        else:
            packet = (f.ip(nh=60) / IPv6ExtHdrDestOpt(nh=17, options=[PadN(optdata=bytes(20))]) /
                      f.transport(payload))
        goes_to(service, f, at, payload, packet)


@it('fragments: the first one goes by its id, the others follow it')
def _():
    service, fs = example()
    for f in fs:
        at = service.other(f)
        data, number = bytes(f.transport(short(service.cid(at)) + bytes(100))), next(numbers)
        for start in range(0, len(data), 48):
            end = min(start + 48, len(data))
            if f.family == 4:
                packet = f.ip(flags='MF' if end < len(data) else 0, frag=start // 8, proto=17,
                              id=number) / Raw(data[start:end])
            else:
                packet = f.ip(nh=44) / IPv6ExtHdrFragment(
                    nh=17, m=int(end < len(data)), offset=start // 8, id=number) / Raw(
                        data[start:end])
            goes_to(service, f, at, None, packet)


if __name__ == '__main__':
    sys.exit(main(lab))
