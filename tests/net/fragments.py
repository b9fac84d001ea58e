#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sends one UDP datagram in fragments, in an order of its own, and prints who answers.

    fragments.py ADDRESS PORT [--size N] [--source-port N] [--order 1,0,2]...

--order: which fragments to send, and when; each further one a moment later. Without it the kernel
fragments.
"""
import argparse
import os
import socket
import struct
import time

PIECE = 1400  # bytes of a fragment
UDP, FRAGMENT = 17, 44


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF) or 0xFFFF


def datagram(source, destination, ports, payload):
    length = 8 + len(payload)
    pseudo = source + destination + struct.pack("!II", length, UDP)
    head = struct.pack("!HHH", *ports, length)
    return head + struct.pack("!H", checksum(pseudo + head + bytes(2) + payload)) + payload


def fragments_of(family, source, destination, data):
    """Whole IP packets."""
    found, name = [], os.urandom(4)
    for offset in range(0, len(data), PIECE):
        piece, more = data[offset:offset + PIECE], offset + PIECE < len(data)
        if family == socket.AF_INET:  # the kernel fills in the header's checksum
            head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(piece), int.from_bytes(name[:2]),
                               more << 13 | offset // 8, 64, UDP, 0)
            found.append(head + source + destination + piece)
        else:
            head = struct.pack("!IHBB", 6 << 28, 8 + len(piece), FRAGMENT, 64)
            found.append(head + source + destination +
                         struct.pack("!BBH", UDP, 0, offset | more) + name + piece)
    return found


parser = argparse.ArgumentParser()
parser.add_argument("address")
parser.add_argument("port", type=int)
parser.add_argument("--size", type=int, default=4000)
parser.add_argument("--source-port", type=int, default=0)
parser.add_argument("--order", action="append", default=[])
options = parser.parse_args()

family = socket.AF_INET6 if ":" in options.address else socket.AF_INET
client = socket.socket(family, socket.SOCK_DGRAM)
client.bind(("", options.source_port))
client.connect((options.address, options.port))
client.settimeout(0.5)
payload = os.urandom(options.size)
if options.order:
    source = socket.inet_pton(family, client.getsockname()[0])
    destination = socket.inet_pton(family, options.address)
    pieces = fragments_of(family, source, destination,
                          datagram(source, destination, (client.getsockname()[1], options.port),
                                   payload))
    raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for order in options.order:
        for index in order.split(","):
            raw.sendto(pieces[int(index)], (options.address, 0))
        time.sleep(0.05)
else:
    client.send(payload)
try:
    name, _, back = client.recv(65536).partition(b" ")
    print(name.decode() if back == payload else "wrong answer")
except TimeoutError:
    print("silence")
