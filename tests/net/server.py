#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A real server that says who it is: each line, or each datagram, comes back with its name.

    server.py NAME [--tcp ADDRESS PORT]... [--udp ADDRESS PORT]... [--late ADDRESS PORT]...

--late: datagrams too, but when the answer comes, the client has gone.
"""
import argparse
import asyncio


LATE_S = 0.2


class Echo(asyncio.DatagramProtocol):
    def __init__(self, name, delay=0):
        self.name = name
        self.delay = delay

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, sender):
        if not self.delay:
            self.transport.sendto(self.name + b" " + data, sender)
            return
        asyncio.get_running_loop().call_later(self.delay, self.transport.sendto,
                                              self.name + b" " + data, sender)


async def serve(options):
    name = options.name.encode()
    loop = asyncio.get_running_loop()

    async def answer(reader, writer):
        try:
            while line := await reader.readline():
                writer.write(name + b" " + line)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    for address, port in options.tcp:
        await asyncio.start_server(answer, address, int(port), backlog=4096)
    for address, port in options.udp:
        # bound to the VIP: the answer must come from there
        await loop.create_datagram_endpoint(lambda: Echo(name), (address, int(port)))
    for address, port in options.late:
        await loop.create_datagram_endpoint(lambda: Echo(name, LATE_S), (address, int(port)))
    print("ready", flush=True)
    await asyncio.Event().wait()


parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("--tcp", nargs=2, action="append", default=[])
parser.add_argument("--udp", nargs=2, action="append", default=[])
parser.add_argument("--late", nargs=2, action="append", default=[])
asyncio.run(serve(parser.parse_args()))
