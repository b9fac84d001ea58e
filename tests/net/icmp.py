#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What ping and traceroute do, and look closer at what comes back.

    icmp.py ping ADDRESS [--size N]...      a ping of each size, in both families checksums included;
                                            JSON: {"answered", "silent", "wrong", "ttl": [...]}
    icmp.py trace ADDRESS PORT --protocol udp|tcp|icmp --ttl N
                                            who answers a packet with this TTL, and what
"""
import argparse
import errno
import json
import os
import select
import socket
import struct
import time

ECHO = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}
NAMES = {
    (socket.AF_INET, 11): "time exceeded",
    (socket.AF_INET, 3): "unreachable",
    (socket.AF_INET6, 3): "time exceeded",
    (socket.AF_INET6, 1): "unreachable",
}


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def raw_socket(family):
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    found = socket.socket(family, socket.SOCK_RAW, protocol)
    if family == socket.AF_INET6:  # of IPv4 the header comes along
        found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
    return found


def receive(sock, family, until):
    """(sender, TTL, ICMP message), or None when nothing came in time."""
    if not select.select([sock], [], [], max(0, until - time.monotonic()))[0]:
        return None
    data, ancillary, _, sender = sock.recvmsg(65536, 256)
    if family == socket.AF_INET:
        return sender[0], data[8], data[(data[0] & 15) * 4:]
    ttl = next(struct.unpack("i", value)[0] for _, kind, value in ancillary
               if kind == socket.IPV6_HOPLIMIT)
    return sender[0], ttl, data


def echo_request(family, number, payload):
    head = struct.pack("!BBHHH", ECHO[family][0], 0, 0, os.getpid() & 0xFFFF, number)
    if family == socket.AF_INET:  # in IPv6 the kernel does it
        head = head[:2] + struct.pack("!H", checksum(head + payload)) + head[4:]
    return head + payload


def ping(options):
    family = family_of(options.address)
    result = {"answered": 0, "silent": 0, "wrong": 0, "ttl": []}
    sock = raw_socket(family)
    for number, size in enumerate(options.size):
        payload = os.urandom(size)
        until = time.monotonic() + options.timeout
        sock.sendto(echo_request(family, number, payload), (options.address, 0))
        while True:
            came = receive(sock, family, until)
            if not came:
                result["silent"] += 1
                break
            sender, ttl, message = came
            if message[0] != ECHO[family][1] or message[4:8] != struct.pack(
                    "!HH", os.getpid() & 0xFFFF, number):
                continue
            fits = sender == options.address and message[8:] == payload and message[1] == 0
            if family == socket.AF_INET:
                fits = fits and checksum(message) == 0
            result["answered" if fits else "wrong"] += 1
            result["ttl"] = sorted({ttl, *result["ttl"]})
            break
    print(json.dumps(result))


def quotes(message, family, options):
    """Whether the ICMP message is an error about a packet to the address, by this protocol."""
    icmp, at, protocol_at = ((1, slice(16, 20), 9) if family == socket.AF_INET
                             else (58, slice(24, 40), 6))
    protocol = {"udp": 17, "tcp": 6, "icmp": icmp}[options.protocol]
    quoted = message[8:]
    return (family, message[0]) in NAMES and len(quoted) >= 28 and \
        quoted[protocol_at] == protocol and \
        quoted[at] == socket.inet_pton(family, options.address)


def probe_socket(family, options):
    level, option = ((socket.IPPROTO_IP, socket.IP_TTL) if family == socket.AF_INET
                     else (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS))
    if options.protocol == "icmp":
        probe = raw_socket(family)
    else:
        kind = socket.SOCK_DGRAM if options.protocol == "udp" else socket.SOCK_STREAM
        probe = socket.socket(family, kind)
    probe.setsockopt(level, option, options.ttl)
    probe.setblocking(False)
    return probe


def send_probe(probe, family, options):
    if options.protocol == "icmp":
        probe.sendto(echo_request(family, 1, b"trace"), (options.address, 0))
        return
    try:
        probe.connect((options.address, options.port))
    except BlockingIOError:
        return
    probe.send(b"trace\n")


def answer_of(probe, family, options):
    """None: what is there to read is no answer."""
    if options.protocol == "tcp":
        code = probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return f"{options.address} {errno.errorcode[code] if code else 'connected'}"
    if options.protocol == "icmp":
        sender, _, message = receive(probe, family, time.monotonic() + 1)
        return f"{sender} echo reply" if message[0] == ECHO[family][1] else None
    try:
        return f"{options.address} {probe.recv(100).split()[0].decode()}"
    except ConnectionRefusedError:
        return None  # the raw socket tells who refused


def trace(options):
    family = family_of(options.address)
    errors, probe = raw_socket(family), probe_socket(family, options)
    until = time.monotonic() + options.timeout
    send_probe(probe, family, options)
    while time.monotonic() < until:
        wants = [] if options.protocol != "tcp" else [probe]
        readable, writable, _ = select.select([errors, probe], wants, [], 0.1)
        if errors in readable:
            sender, _, message = receive(errors, family, until)
            if quotes(message, family, options):
                print(sender, NAMES[family, message[0]])
                return
        elif probe in readable or probe in writable:
            answer = answer_of(probe, family, options)
            if answer:
                print(answer)
                return
    print("silence")


parser = argparse.ArgumentParser()
parser.add_argument("do", choices=["ping", "trace"])
parser.add_argument("address")
parser.add_argument("port", type=int, nargs="?")
parser.add_argument("--size", type=int, action="append", default=[])
parser.add_argument("--protocol", choices=["udp", "tcp", "icmp"], default="udp")
parser.add_argument("--ttl", type=int, default=64)
parser.add_argument("--timeout", type=float, default=1)
parsed = parser.parse_args()
globals()[parsed.do](parsed)
