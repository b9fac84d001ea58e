#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The tables of lb/table.h, written a second time and as plainly as possible.

Prints the literals that tests/unit/table.c and table_rendezvous.c compare with: tables of 251 slots
and their digests.
All balancers of a catalog, of whatever version, have to agree on it.
"""

from fractions import Fraction

MASK = (1 << 64) - 1


def finalize(h):
    """The 64-bit finalizer of MurmurHash3."""
    h ^= h >> 33
    h = h * 0xFF51AFD7ED558CCD & MASK
    h ^= h >> 33
    h = h * 0xC4CEB9FE1A85EC53 & MASK
    return h ^ h >> 33


def hash_text(text, seed):
    """FNV-1a, seeded by the finalizer."""
    h = 14695981039346656037
    for byte in text.encode():
        h = (h ^ byte) * 1099511628211 & MASK
    return finalize(h ^ finalize((seed + 0x9E3779B97F4A7C15) & MASK))


def quotas(weights, hashes, size):
    """The exact shares, rounded by largest remainder; the smaller hash wins a tie."""
    total = sum(weights.values())
    exact = {name: Fraction(size * weight, total) for name, weight in weights.items()}
    quota = {name: int(share) for name, share in exact.items()}
    order = sorted(weights, key=lambda name: (quota[name] - exact[name], hashes[name]))
    for name in order[: size - sum(quota.values())]:
        quota[name] += 1
    return quota


def maglev(weights, seed, size):
    weights = {name: weight for name, weight in weights.items() if weight}
    hashes = {name: hash_text(name, hash_text(seed, 0)) for name in weights}
    preference = {
        name: [(h + j * (finalize(h) % (size - 1) + 1)) % size for j in range(size)]
        for name, h in hashes.items()
    }
    left = quotas(weights, hashes, size)
    table = [None] * size
    # All turns of all backends, in the order in which they come up.
    turns = sorted(
        ((turn + 1) * (2**40 // weights[name]), hashes[name], name)
        for name in weights
        for turn in range(left[name])
    )
    for _, _, name in turns:
        slot = next(slot for slot in preference[name] if table[slot] is None)
        table[slot] = name
    return table


def scores(weight, name_hash, size):
    """The score of a backend for every slot: the time of its first draw that names the slot."""
    score = {}
    draw = 0
    while len(score) < size:
        h = finalize(name_hash + draw * 0x9E3779B97F4A7C15 & MASK)
        age = draw << 16 | h & 0xFFFF
        score.setdefault((h >> 32) * size >> 32, (age << 16) // weight)
        draw += 1
    return score


def rendezvous(weights, seed, size):
    """Deferred acceptance, to the letter: slots propose, full backends refuse the worst."""
    weights = {name: weight for name, weight in weights.items() if weight}
    hashes = {name: hash_text(name, hash_text(seed, 0)) for name in weights}
    score = {name: scores(weight, hashes[name], size) for name, weight in weights.items()}
    total = sum(weights.values())
    capacity = {name: -(-size * weight * 102 // (total * 100)) for name, weight in weights.items()}
    ranking = [sorted(weights, key=lambda n: (score[n][s], hashes[n])) for s in range(size)]
    held = {name: [] for name in weights}
    free = list(range(size))
    while free:
        slot = free.pop()
        name = ranking[slot].pop(0)
        held[name].append(slot)
        if len(held[name]) > capacity[name]:
            worst = max(held[name], key=lambda s: score[name][s])
            held[name].remove(worst)
            free.append(worst)
    owner = {slot: name for name, slots in held.items() for slot in slots}
    return [owner[slot] for slot in range(size)]


def digest(table):
    h = finalize(len(table))
    for name in table:
        h = finalize(h ^ (hash_text(name, 0) if name else 0))
    return h


if __name__ == "__main__":
    backends = {"web-1": 100, "web-2": 100, "web-3": 50, "web-4": 7, "web-5": 255}
    for build in maglev, rendezvous:
        owners = build(backends, "site-a", 251)
        text = "".join(name[-1] for name in owners)
        print(build.__name__)
        for start in range(0, len(text), 64):
            print(f'\t"{text[start:start + 64]}"')
        print(f"digest 0x{digest(owners):016x}")
