#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Numbered datagrams, one way, counted at both ends.

    stream.py send ADDRESS PORT [--flows N] [--rate N]   N flows, N datagrams a second together, until
                                                         SIGTERM; JSON: {"sent": N}
    stream.py receive ADDRESS PORT [ADDRESS PORT]...     until SIGTERM; JSON: {"received", "flows",
                                                         "disordered", "twice"}
"""
import argparse
import json
import select
import signal
import socket
import struct
import time

BURST = 16
ROOM = 1 << 25  # for what comes while the receiver does not run
SO_RCVBUFFORCE = 33
NUMBER = struct.Struct("!II")  # flow, number in it

going = True


def stop(*_):
    global going
    going = False


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def send(options):
    address, port = options.where[0], int(options.where[1])
    socks = [socket.socket(family_of(address), socket.SOCK_DGRAM) for _ in range(options.flows)]
    for sock in socks:
        sock.connect((address, port))
    sent, start = 0, time.monotonic()
    print("started", flush=True)
    while going:
        due = (time.monotonic() - start) * options.rate
        if sent + BURST > due:
            time.sleep(BURST / options.rate)
            continue
        for _ in range(BURST):
            flow = sent % options.flows
            socks[flow].send(NUMBER.pack(flow, sent // options.flows))
            sent += 1
    return {"sent": sent}


def receive(options):
    socks = []
    for address, port in zip(options.where[::2], options.where[1::2]):
        sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        sock.bind((address, int(port)))
        sock.setblocking(False)
        socks.append(sock)
    seen, last, disordered = set(), {}, 0
    print("started", flush=True)
    received = 0
    while going or select.select(socks, [], [], 0)[0]:
        for sock in select.select(socks, [], [], 0.1)[0]:
            data, sender = sock.recvfrom(64)
            key, number = (sock.fileno(), *sender[:2]), NUMBER.unpack(data)[1]
            received += 1
            disordered += number <= last.get(key, -1)
            last[key] = max(number, last.get(key, -1))
            seen.add((key, number))
    return {"received": received, "flows": len(last), "disordered": disordered,
            "twice": received - len(seen)}


parser = argparse.ArgumentParser()
parser.add_argument("do", choices=["send", "receive"])
parser.add_argument("where", nargs="+")
parser.add_argument("--flows", type=int, default=8)
parser.add_argument("--rate", type=int, default=4000)
signal.signal(signal.SIGTERM, stop)
parsed = parser.parse_args()
print(json.dumps(globals()[parsed.do](parsed)), flush=True)
