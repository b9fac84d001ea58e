#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""path.py PROGRAM-ID tcp|udp ADDRESS PORT [-v]: the instructions that one packet meets.

Follows a packet to a service through what the kernel's verifier has left of a loaded program, with
the maps as they are, and counts instructions by line of source. Changes nothing, and does not depend
on how busy the machine is. -v prints each of them.

    bench/path.py $(bpftool -j prog show name hairpin_lb | jq '.[-1].id') tcp 192.0.2.1 443
"""
import ctypes
import ipaddress
import json
import struct
import subprocess
import sys
from collections import Counter

MASK = (1 << 64) - 1
CONTEXT, STACK, FRAME, PER_CPU, MAPS = 1 << 36, 2 << 36, 3 << 36, 4 << 36, 16 << 36
HEADROOM = 256
libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)


def program(number):
    """Its instructions as (opcode, dst, src, off, imm), and the source line and text of each."""
    dump = json.loads(subprocess.run(
        ["/usr/sbin/bpftool", "-j", "prog", "dump", "xlated", "id", str(number), "opcodes"],
        check=True, stdout=subprocess.PIPE).stdout)
    instructions, texts, line = [], [], ""
    for entry in dump:
        line = entry.get("src", line)
        raw = entry["opcodes"]
        data = bytes(int(byte, 16) for byte in raw["off"] + raw["imm"])
        off, imm = struct.unpack_from("<hi", data)
        instructions.append([int(raw["code"], 16), int(raw["dst_reg"], 16),
                             int(raw["src_reg"], 16), off, imm])
        texts.append((line, entry["disasm"]))
        if len(data) > 6:  # the second half of a 64-bit constant
            instructions.append([0, 0, 0, 0, struct.unpack_from("<i", data, len(data) - 4)[0]])
            texts.append((line, entry["disasm"]))
    return instructions, texts


class Memory:
    """What the packet can meet: maps, stack, frame and context."""

    def __init__(self):
        self.regions, self.maps = [], {}

    def add(self, address, data):
        self.regions.append((address, data))
        return address

    def map(self, number):
        """The address of an array's first value."""
        if number not in self.maps:
            self.maps[number] = self.add(MAPS + (number << 36), array(number))
        return self.maps[number]

    def at(self, address, size):
        for start, data in self.regions:
            if start <= address and address + size <= start + len(data):
                return data, address - start
        raise LookupError(f"no memory at {address:#x}")

    def load(self, address, size):
        data, offset = self.at(address, size)
        return int.from_bytes(data[offset:offset + size], "little")

    def store(self, address, size, value):
        data, offset = self.at(address, size)
        data[offset:offset + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")


def array(number):
    """All values of an array map."""
    info, size = (ctypes.c_uint32 * 64)(), ctypes.c_uint32(256)
    file = libbpf.bpf_map_get_fd_by_id(number)
    if file < 0 or libbpf.bpf_obj_get_info_by_fd(file, info, ctypes.byref(size)):
        raise LookupError(f"no map {number}")
    value_size, entries = info[3], info[4]
    stride, values = (value_size + 7) // 8 * 8, bytearray()
    for key in range(entries):
        value = ctypes.create_string_buffer(stride)
        libbpf.bpf_map_lookup_elem(file, ctypes.byref(ctypes.c_uint32(key)), value)
        values += value.raw
    return values


def frame(protocol, address, port):
    ip = ipaddress.ip_address(address)
    number = {"tcp": 6, "udp": 17}[protocol]
    transport = struct.pack("!HHIIHHHH", 1025, port, 0, 0, 0x5010, 1024, 0, 0)
    if protocol == "udp":
        transport = struct.pack("!HHHH12x", 1025, port, 20, 0)
    if ip.version == 4:
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0x4000, 64, number, 0,
                             bytes([10, 0, 0, 1]), ip.packed)
    else:
        header = struct.pack("!IHBB16s16s", 6 << 28, 20, number, 64,
                             ipaddress.ip_address("fd00::1:1").packed, ip.packed)
    kind = b"\x08\x00" if ip.version == 4 else b"\x86\xdd"
    return (bytes(12) + kind + header + transport).ljust(60, b"\0")


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def compute(operation, a, b, bits):
    """ALU operations but moves and byte order, by the high half of their opcode."""
    shift = b & (bits - 1)
    results = {0x0: lambda: a + b, 0x1: lambda: a - b, 0x2: lambda: a * b,
               0x3: lambda: a // b if b else 0, 0x4: lambda: a | b, 0x5: lambda: a & b,
               0x6: lambda: a << shift, 0x7: lambda: a >> shift, 0x8: lambda: -a,
               0x9: lambda: a % b if b else a, 0xa: lambda: a ^ b, 0xb: lambda: b,
               0xc: lambda: signed(a, bits) >> shift}
    return results[operation]() & ((1 << bits) - 1)


def holds(operation, a, b, bits):
    x, y = signed(a, bits), signed(b, bits)
    return {0x0: True, 0x1: a == b, 0x2: a > b, 0x3: a >= b, 0x4: bool(a & b), 0x5: a != b,
            0x6: x > y, 0x7: x >= y, 0xa: a < b, 0xb: a <= b, 0xc: x < y, 0xd: x <= y}[operation]


class Walk:
    """A run of the program."""

    def __init__(self, instructions, packet):
        self.code, self.memory = instructions, Memory()
        self.registers = [0] * 11
        self.memory.add(FRAME, bytearray(HEADROOM) + bytearray(packet))
        self.memory.add(STACK, bytearray(8 * 512))
        self.memory.add(PER_CPU, bytearray(8))  # we are on CPU 0
        self.data = FRAME + HEADROOM
        self.memory.add(CONTEXT, bytearray(64))
        self.memory.store(CONTEXT + 8, 8, FRAME + HEADROOM + len(packet))
        self.memory.store(CONTEXT, 8, self.data)
        self.registers[1], self.registers[10] = CONTEXT, STACK + 512
        self.frames, self.calls = [], []

    def constant(self, at):
        """A 64-bit constant, or what the kernel tells of a map's address."""
        _, dst, src, _, imm = self.code[at]
        high = self.code[at + 1][4]
        if src == 2:
            return dst, self.memory.map(imm) + high
        if src == 1:
            return dst, self.memory.map(imm) - self.values_offset(at + 2)
        return dst, (imm & 0xffffffff) | (high & 0xffffffff) << 32

    def values_offset(self, at):
        """An inlined lookup adds the offset of an array's values to the map's address."""
        code, _, _, _, imm = self.code[at]
        if code != 0x07:
            raise LookupError("a map's address that is not added to")
        return imm

    def call(self, at):
        _, _, src, off, imm = self.code[at]
        if src == 1:
            self.frames.append((at + 1, self.registers[6:10], self.registers[10]))
            self.registers[10] += 512
            return at + 1 + (off or imm)
        self.calls.append(imm)
        # The one helper on the way of a common packet: bpf_xdp_adjust_head().
        self.data += signed(self.registers[2], 32)
        self.memory.store(CONTEXT, 8, self.data)
        self.registers[0] = 0
        return at + 1

    def leave(self):
        if not self.frames:
            return None
        at, self.registers[6:10], self.registers[10] = self.frames.pop()
        return at

    def jump(self, at):
        code, dst, src, off, imm = self.code[at]
        if code == 0x85:
            return self.call(at)
        if code == 0x95:
            return self.leave()
        bits = 64 if code & 7 == 5 else 32
        mask = (1 << bits) - 1
        b = self.registers[src] if code & 8 else imm
        taken = holds(code >> 4, self.registers[dst] & mask, b & mask, bits)
        return at + 1 + (off if taken else 0)

    def alu(self, at):
        code, dst, src, off, imm = self.code[at]
        bits = 64 if code & 7 == 7 else 32
        mask = (1 << bits) - 1
        a, b = self.registers[dst], self.registers[src] if code & 8 else imm
        if code >> 4 == 0xd:  # byte order: to big endian
            swapped = (a & ((1 << imm) - 1)).to_bytes(imm // 8, "little")
            self.registers[dst] = int.from_bytes(swapped, "big" if code & 8 else "little")
        elif code == 0xbf and off == -1:  # the address of a per-CPU variable
            self.registers[dst] = PER_CPU
        else:
            self.registers[dst] = compute(code >> 4, a & mask, b & mask, bits)

    def step(self, at):
        code, dst, src, off, imm = self.code[at]
        kind, size = code & 7, {0: 4, 1: 2, 2: 1, 3: 8}[code >> 3 & 3]
        if kind in (4, 7):
            self.alu(at)
        elif kind in (5, 6):
            return self.jump(at)
        elif code == 0x18:
            dst, self.registers[dst] = self.constant(at)
            return at + 2
        elif kind == 1:
            self.registers[dst] = self.memory.load(self.registers[src] + off & MASK, size)
        elif code >> 5 == 6:  # an atomic addition
            address = self.registers[dst] + off
            self.memory.store(address, size, self.memory.load(address, size) + self.registers[src])
        else:
            value = self.registers[src] if kind == 3 else imm
            self.memory.store(self.registers[dst] + off & MASK, size, value)
        return at + 1


def main():
    number, protocol, address, port = sys.argv[1:5]
    instructions, texts = program(number)
    walk, at, met, total = Walk(instructions, frame(protocol, address, int(port))), 0, Counter(), 0
    while at is not None:
        line, text = texts[at]
        met[line] += 1
        total += 1
        if "-v" in sys.argv[5:]:
            print(f"{at:5}: {text:50} {line}")
        at = walk.step(at)
    for line, count in met.items():
        print(f"{count:4}  {line}")
    action = {0: "ABORTED", 1: "DROP", 2: "PASS", 3: "TX", 4: "REDIRECT"}
    print(f"{total:4}  instructions, {len(walk.calls)} calls of helpers; "
          f"XDP_{action[walk.registers[0] & 0xffffffff]}")


if len(sys.argv) < 5:
    sys.exit(__doc__)
main()
