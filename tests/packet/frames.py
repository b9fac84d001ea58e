# SPDX-License-Identifier: GPL-2.0-only
"""For frames_*.py: the rig behind frames-shell, and frames as Scapy writes them.

Nothing of what is expected comes from hairpin: headers and checksums are Scapy's, the values in them
are from the RFCs, and flow hashes are from flows.py.
"""
import logging
import os
import subprocess
import sys
from collections import namedtuple

logging.getLogger('scapy').setLevel(logging.ERROR)
from scapy.layers.inet import IP, TCP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.l2 import GRE, Dot1AD, Dot1Q, Ether  # noqa: E402
from scapy.layers.vxlan import VXLAN  # noqa: E402
from scapy.packet import Raw  # noqa: E402

import flows  # noqa: E402

ROUTER, BALANCER, NEXT_HOP = '02:00:00:00:00:01', '02:00:00:00:00:02', '02:00:00:00:00:03'
CLIENT = {4: '198.51.100.7', 6: '2001:db8:c::7'}
VIP = {4: '192.0.2.1', 6: '2001:db8::1'}
OTHER_VIP = {4: '192.0.2.2', 6: '2001:db8::2'}
STRANGER = {4: '203.0.113.9', 6: '2001:db8:f::9'}
SOURCE = {4: '10.0.0.1', 6: '2001:db8:b::1'}
FAMILIES = (4, 6)
PROTOCOLS = {'TCP': 6, 'UDP': 17}

DROP, PASS, TX, REDIRECT = 1, 2, 3, 4
ACTIONS = {
    'SENT': TX, 'NOT_IP': PASS, 'NO_SERVICE': PASS, 'TRUNCATED': PASS, 'ICMP': PASS,
    'FRAGMENT_UNKNOWN': DROP, 'EXTENSIONS': DROP, 'BAD_LENGTH': DROP, 'NO_BACKEND': DROP,
    'UNRESOLVED': DROP, 'NO_PORT': DROP, 'TOO_BIG': DROP, 'REDIRECTED': REDIRECT,
    'ECHO_ANSWERED': TX, 'TOO_BIG_ANSWERED': TX, 'TOO_BIG_NO_DF': DROP, 'FRAGMENT_TINY': DROP,
    'SPREAD': REDIRECT, 'NO_CPU': DROP,
}

ENCAPSULATIONS = {'ipip': 1, 'gue': 2, 'gre': 3, 'vxlan': 4, 'none': 5}

# All that a program without moved slots, spreading and redirecting can have.
FEATURES = ('ipv6 any_port outer_ipv4 outer_ipv6 not_plain gue gre vxlan layer2 echo')


def ethernet(destination, source, tags=()):
    """Ethernet and its tags: (TPID, id), outermost first."""
    header = Ether(dst=destination, src=source)
    for tpid, vlan in tags:
        header /= {0x8100: Dot1Q, 0x88a8: Dot1AD}[tpid](vlan=vlan)
    return header


class Flow(namedtuple('Flow', 'family protocol source source_port destination port')):
    """A client's flow to a VIP. protocol: "TCP" or "UDP"."""

    @property
    def hash(self):
        return flows.hash_flow(self.source, self.source_port, self.destination, self.port,
                               PROTOCOLS[self.protocol], flows.SEED)

    @property
    def entropy(self):
        return flows.entropy_of(self.hash)

    def transport(self, payload=b'', flags='S'):
        header = (TCP(sport=self.source_port, dport=self.port, flags=flags, seq=1, ack=2)
                  if self.protocol == 'TCP' else UDP(sport=self.source_port, dport=self.port))
        return header / Raw(payload)

    def ip(self, tos=0, **fields):
        if self.family == 4:
            return IP(**{'src': self.source, 'dst': self.destination, 'id': 0x1234, 'ttl': 61,
                         'flags': 'DF', 'tos': tos, **fields})
        return IPv6(**{'src': self.source, 'dst': self.destination, 'fl': 0xabcde, 'hlim': 61,
                       'tc': tos, **fields})

    def packet(self, payload=b'', tos=0, flags='S'):
        return self.ip(tos) / self.transport(payload, flags)


def arriving(packet, tags=()):
    """The frame of a packet that comes from the router, as bytes."""
    return bytes(ethernet(BALANCER, ROUTER, tags) / packet)


class Way:
    """How a backend is reached."""

    def __init__(self, encapsulation='ipip', family=4, tags=(), mtu=1600, prefix=None, number=21):
        self.encapsulation, self.family, self.tags, self.mtu = encapsulation, family, tags, mtu
        self.address = {4: f'10.0.0.{number}', 6: f'2001:db8:b::{number}'}[family]
        self.prefix = {4: 32, 6: 128}[family] if prefix is None else prefix
        self.source = SOURCE[family]
        if prefix is not None:
            self.source = {4: '10.0.9.0', 6: '2001:db8:b:9::'}[family]
        self.vni = 0xabcdef if encapsulation == 'vxlan' else 0
        self.interface = 1
        self.index = 0

    def __str__(self):
        tags = ('', ' in a VLAN', ' in two VLANs')[len(self.tags)]
        return f'{self.encapsulation} over IPv{self.family}{tags}'

    def record(self):
        tags = ' '.join(f'{tpid:#x} {vlan}' for tpid, vlan in self.tags)
        return (f'backend {self.index} {ENCAPSULATIONS[self.encapsulation]} {self.vni} '
                f'{self.source} {self.prefix} {self.address} {self.mtu} {self.interface} '
                f'{BALANCER} {NEXT_HOP} {tags}')

    def tunnel(self, inner_family, entropy):
        """What is between the outer IP header and the packet, and the outer protocol."""
        ether_type = {4: 0x0800, 6: 0x86dd}[inner_family]
        inner_protocol = {4: 4, 6: 41}[inner_family]
        port = 0xc000 | entropy & 0x3fff
        if self.encapsulation == 'ipip':  # RFC 2003, RFC 2473, RFC 4213
            return None, inner_protocol
        if self.encapsulation == 'gre':  # RFC 2784: no checksum, version 0
            return GRE(proto=ether_type), 47
        if self.encapsulation == 'gue':  # draft-ietf-intarea-gue-09 section 3.2, and IANA's port
            return (UDP(sport=port, dport=6080, chksum=0) /
                    Raw(bytes([0, inner_protocol, 0, 0]))), 17
        return (UDP(sport=port, dport=4789, chksum=0) /  # RFC 7348
                VXLAN(flags=8, vni=self.vni) /
                Ether(dst='02:68:70:00:00:02', src='02:68:70:00:00:01', type=ether_type)), 17

    def outer(self, length, tos, tunnel, protocol, entropy):
        """Fields of the outer IP header; length is that of what follows."""
        if self.family == 4:
            source = self.source
            if self.prefix < 32:
                varied = entropy.to_bytes(4, 'little')
                source = f'10.0.9.{varied[3]}'
            return IP(src=source, dst=self.address, ttl=64, id=0, flags='DF', tos=tos,
                      proto=protocol, len=20 + length)
        source = self.source
        if self.prefix < 128:
            varied = entropy.to_bytes(4, 'little').hex()
            source = f'2001:db8:b:9::{varied[:4]}:{varied[4:]}'
        return IPv6(src=source, dst=self.address, hlim=64, tc=tos, fl=entropy & 0xfffff,
                    nh=protocol, plen=length)

    def frame(self, packet, tos, inner_family, entropy, padding=b''):
        """The frame that leaves with packet, as bytes."""
        packet = bytes(packet)
        header = ethernet(NEXT_HOP, BALANCER, self.tags)
        if self.encapsulation == 'none':
            header.lastlayer().type = {4: 0x0800, 6: 0x86dd}[inner_family]
            return bytes(header) + packet + padding
        tunnel, protocol = self.tunnel(inner_family, entropy)
        length = len(packet) + (len(bytes(tunnel)) if tunnel else 0)
        whole = header / self.outer(length, tos, tunnel, protocol, entropy)
        if tunnel:
            whole /= tunnel
        return bytes(whole / Raw(packet)) + padding


class Lab:
    """One rig. Its services: for each Way a pool, and a port of TCP and UDP on both VIPs."""

    shell = None

    def __init__(self, name, features=FEATURES):
        self.name, self.count = name, 0
        self.command(f'open {name} {features}', use=False)
        for address in (VIP[4], VIP[6], OTHER_VIP[4], OTHER_VIP[6]):
            self.command(f'vip {address}')

    def command(self, line, use=True):
        if use and Lab.current is not self:
            Lab.ask(f'use {self.name}')
        Lab.current = self
        return Lab.ask(line)

    current = None

    @staticmethod
    def ask(line):
        Lab.shell.stdin.write(line + '\n')
        Lab.shell.stdin.flush()
        answer = Lab.shell.stdout.readline().strip()
        if not answer or answer.startswith('error'):
            raise RuntimeError(f'frames-shell answered "{answer}" to: {line}')
        return answer

    def add(self, way):
        """A backend; its index is the way's."""
        self.count += 1
        way.index = self.count
        self.command(way.record())
        return way

    def serve(self, ways, flags=0, address=VIP, protocols=(6, 17)):
        """A pool of these ways, whose slot i is of ways[i], and services of it; returns the port."""
        for way in ways:
            self.add(way)
        pool = ways[0].index
        self.command(f'table {pool} {len(ways)} {pool} 1')
        for family in FAMILIES:
            for protocol in protocols:
                self.command(f'service {pool} {address[family]} {protocol} {1000 + pool} {pool} '
                             f'{flags:#x}')
        return 1000 + pool

    def run(self, frame, interface=0, program='lb'):
        reason, action, out = self.command(
            f'run {program} {interface} {bytes(frame).hex()}').split(' ')
        return reason, int(action), bytes.fromhex(out)

    def expect(self, frame, reason, expected=None, interface=0, program='lb'):
        """expected: the whole frame that leaves, if it is not the one that came."""
        got, action, out = self.run(frame, interface, program)
        wanted = ACTIONS[reason]
        if program == 'cpu' and wanted == TX:
            wanted = REDIRECT
        assert got == reason, f'left as {got}, expected {reason}: {bytes(frame).hex()}'
        assert action == wanted, f'{reason} was action {action}, expected {wanted}'
        if wanted == DROP:
            return
        compare(out, bytes(frame) if expected is None else expected)


def compare(got, expected):
    for at, (have, want) in enumerate(zip(got, expected)):
        assert have == want, (f'byte {at} is {have:#04x}, expected {want:#04x}\n'
                              f'got      {got.hex()}\nexpected {expected.hex()}')
    assert len(got) == len(expected), (f'{len(got)} bytes, expected {len(expected)}\n'
                                       f'got      {got.hex()}\nexpected {expected.hex()}')


def checksum(data):
    """RFC 1071: 0 if data, with its checksum in it, is right."""
    data += b'\0' * (len(data) % 2)
    total = sum(int.from_bytes(data[at:at + 2], 'big') for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return 0xffff - total


def flow(family, protocol='TCP', port=0, source_port=40001, destination=None, source=None):
    return Flow(family, protocol, source or CLIENT[family], source_port,
                destination or VIP[family], port)


TESTS = []


def it(sentence):
    """A test with this name, which fails by an exception."""
    def add(function):
        TESTS.append((sentence, function))
        return function
    return add


def main(prepare):
    """prepare() makes what the tests share."""
    if os.geteuid():
        print('1..0 # SKIP needs root')
        return 0
    Lab.shell = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True)
    failed = 0
    prepare()
    print(f'1..{len(TESTS)}')
    for number, (sentence, function) in enumerate(TESTS, 1):
        try:
            function()
            print(f'ok {number} - {sentence}', flush=True)
        except Exception as error:  # the others still run
            failed += 1
            print(f'not ok {number} - {sentence}', flush=True)
            for line in f'{type(error).__name__}: {error}'.splitlines():
                print(f'# {line}', flush=True)
    Lab.shell.stdin.close()
    if Lab.shell.wait():
        print('Bail out! frames-shell failed')
        failed += 1
    return 1 if failed else 0
