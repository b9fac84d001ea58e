#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Whole files over TCP, to the byte, where packets are as large as the path allows.

    transfer.py serve ADDRESS PORT...        to each PORT
    transfer.py down  ADDRESS PORT BYTES     the server sends BYTES; prints what came: "BYTES SHA"
    transfer.py up    ADDRESS PORT BYTES     the server says what came; both are compared
"""
import asyncio
import hashlib
import sys

TIMEOUT_S = 20


def block_of(count):
    """Bytes that repeat only after 65,521 of them: what is lost or comes twice is seen."""
    block = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(2048))[:65521]
    return (block * (count // len(block) + 1))[:count]


def word(data):
    return f"{len(data)} {hashlib.sha256(data).hexdigest()[:16]}"


async def answer(reader, writer):
    try:
        verb, count = (await reader.readline()).split()
        if verb == b"down":
            writer.write(block_of(int(count)))
        else:
            writer.write(word(await reader.readexactly(int(count))).encode() + b"\n")
        await writer.drain()
    except (ConnectionError, ValueError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def serve(pairs):
    for address, port in zip(pairs[::2], pairs[1::2]):
        await asyncio.start_server(answer, address, int(port))
    print("ready", flush=True)
    await asyncio.Event().wait()


async def transfer(verb, address, port, count):
    reader, writer = await asyncio.open_connection(address, int(port), limit=1 << 20)
    data = block_of(int(count))
    writer.write(f"{verb} {count}\n".encode())
    if verb == "down":
        came = word(await reader.readexactly(int(count)))
    else:
        writer.write(data)
        await writer.drain()
        came = (await reader.readline()).decode().strip()
    print(came)
    if came != word(data):
        sys.exit(f"not what was sent, {word(data)}")


if sys.argv[1] == "serve":
    asyncio.run(serve(sys.argv[2:]))
else:
    asyncio.run(asyncio.wait_for(transfer(*sys.argv[1:]), TIMEOUT_S))
