#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Clients of server.py. The result is JSON: {"ok", "failed", "from": {SERVER: ANSWERS}, "errors"}.

    client.py ask  ADDRESS PORT [--count N]   N connections with one question each
    client.py crowd ADDRESS PORT [--count N]  N connections, all open at the same time
    client.py talk ADDRESS PORT [--count N]   N connections, a question on each every 50 ms, and
                                              a new connection too, until SIGTERM
    client.py udp  ADDRESS PORT [--count N]   N datagrams, each from a port of its own
    client.py send ADDRESS PORT [--count N]   N datagrams, no answer expected
"""
import argparse
import asyncio
import collections
import json
import signal
import socket

answers = collections.Counter()
errors = collections.Counter()


def count(answer):
    answers[answer.split(b" ")[0].decode()] += 1


class Connection:
    """A connection that asks; a failure is counted, and told by False."""

    def __init__(self, options):
        self.options = options

    async def attempt(self, step):
        try:
            await asyncio.wait_for(step, self.options.timeout)
            return True
        except Exception as error:  # whatever it was, the client was not served
            errors[f"{type(error).__name__} {error}".strip()] += 1
            return False

    async def _open(self):
        source = (self.options.source, 0) if self.options.source else None
        self.reader, self.writer = await asyncio.open_connection(
            self.options.address, self.options.port, local_addr=source)

    async def _ask(self):
        question = b" " + b"?" * self.options.size + b"\n"
        self.writer.write(question[1:])
        answer = await self.reader.readline()
        if not answer.endswith(question):
            raise ConnectionError(f"answered {answer[:100]}")
        count(answer)

    async def open(self):
        return await self.attempt(self._open())

    async def ask(self):
        return await self.attempt(self._ask())

    def close(self):
        if hasattr(self, "writer"):
            self.writer.close()


async def one_question(options):
    connection = Connection(options)
    if await connection.open():
        await connection.ask()
    connection.close()


async def ask(options):
    at_once = asyncio.Semaphore(options.parallel)

    async def one():
        async with at_once:
            await one_question(options)

    await asyncio.gather(*(one() for _ in range(options.count)))


async def crowd(options):
    connections = [Connection(options) for _ in range(options.count)]
    opened = await asyncio.gather(*(connection.open() for connection in connections))
    await asyncio.gather(*(c.ask() for c, is_open in zip(connections, opened) if is_open))
    for connection in connections:
        connection.close()


async def talk(options):
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def long():
        connection = Connection(options)
        if await connection.open():
            while not stop.is_set() and await connection.ask():
                await asyncio.sleep(0.05)
        connection.close()

    async def short():
        while not stop.is_set():
            await one_question(options)
            await asyncio.sleep(0.01)

    print("started", flush=True)
    await asyncio.gather(short(), *(long() for _ in range(options.count)))


async def udp(options):
    loop = asyncio.get_running_loop()
    at_once = asyncio.Semaphore(options.parallel)

    class Question(asyncio.DatagramProtocol):
        def __init__(self):
            self.answer = loop.create_future()

        def datagram_received(self, data, _):
            if not self.answer.done():
                self.answer.set_result(data)

    async def one(number):
        async with at_once:
            # connected: an answer from another address than the VIP does not arrive
            transport, question = await loop.create_datagram_endpoint(
                Question, remote_addr=(options.address, options.port))
            words = b" %d " % number + b"?" * options.size
            transport.sendto(words[1:])
            try:
                answer = await asyncio.wait_for(question.answer, options.timeout)
                if not answer.endswith(words):
                    raise ConnectionError(f"answered {answer[:100]}")
                count(answer)
            except Exception as error:
                errors[type(error).__name__] += 1
            transport.close()

    await asyncio.gather(*(one(number) for number in range(options.count)))


async def send(options):
    family = socket.AF_INET6 if ":" in options.address else socket.AF_INET
    for _ in range(options.count):
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.sendto(bytes(options.size), (options.address, options.port))
        await asyncio.sleep(0.0005)


parser = argparse.ArgumentParser()
parser.add_argument("do", choices=["ask", "crowd", "talk", "udp", "send"])
parser.add_argument("address")
parser.add_argument("port", type=int)
parser.add_argument("--count", type=int, default=1)
parser.add_argument("--parallel", type=int, default=20)
parser.add_argument("--timeout", type=float, default=3)
parser.add_argument("--size", type=int, default=100,
                    help="bytes of a question")
parser.add_argument("--source")
parsed = parser.parse_args()
asyncio.run(globals()[parsed.do](parsed))
print(json.dumps({"ok": answers.total(), "failed": errors.total(), "from": answers,
                  "errors": errors}))
