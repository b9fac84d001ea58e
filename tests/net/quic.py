#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""QUIC packets, written from the specifications (RFC 8999, RFC 9000, draft-ietf-quic-load-balancers
section 5.1), to servers that say who they are. Prints who answered: {"b1": 20, "silence": 1}.

    quic.py ADDRESS PORT [--header short|initial|zerortt|handshake|retry] [--server-id HEX]
            [--config N] [--nonce N] [--source ADDRESS] [--source-port N] [--count N]

Each packet has another nonce, and, without --source-port, another port. Without --server-id the id is a
random one, as those of a client's first packets are.
"""
import argparse
import collections
import json
import os
import socket
import struct

# RFC 9000 section 17.2: header form, fixed bit, type
LONG = {"initial": 0xC0, "zerortt": 0xD0, "handshake": 0xE0, "retry": 0xF0}
SHORT = 0x40  # RFC 9000 section 17.3.1


def connection_id(options):
    """The first octet has the configuration, and may have the length of what follows."""
    server_id = bytes.fromhex(options.server_id) if options.server_id else os.urandom(4)
    rest = server_id + os.urandom(options.nonce)
    return bytes([options.config << 5 | len(rest)]) + rest


def packet(options):
    name = connection_id(options)
    protected = os.urandom(40)
    if options.header == "short":
        return bytes([SHORT | os.urandom(1)[0] & 0x3F]) + name + protected
    source = os.urandom(8)
    return bytes([LONG[options.header] | os.urandom(1)[0] & 0x0F]) + struct.pack("!I", 1) + \
        bytes([len(name)]) + name + bytes([len(source)]) + source + protected


def ask(options, family):
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.bind((options.source, options.source_port))
        client.connect((options.address, options.port))
        client.settimeout(options.timeout)
        sent = packet(options)
        client.send(sent)
        try:
            name, _, back = client.recv(2048).partition(b" ")
        except (TimeoutError, ConnectionError):
            return "silence"
        return name.decode() if back == sent else "wrong"


parser = argparse.ArgumentParser()
parser.add_argument("address")
parser.add_argument("port", type=int)
parser.add_argument("--header", choices=["short", *LONG], default="short")
parser.add_argument("--server-id")
parser.add_argument("--config", type=int, default=0)
parser.add_argument("--nonce", type=int, default=6)
parser.add_argument("--source", default="")
parser.add_argument("--source-port", type=int, default=0)
parser.add_argument("--count", type=int, default=20)
parser.add_argument("--timeout", type=float, default=0.5)
parsed = parser.parse_args()
its_family = socket.AF_INET6 if ":" in parsed.address else socket.AF_INET
print(json.dumps(collections.Counter(ask(parsed, its_family) for _ in range(parsed.count)),
                 sort_keys=True))
