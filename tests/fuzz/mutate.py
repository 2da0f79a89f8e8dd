"""Mutations of a file's bytes, chosen by a random generator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Mutation = Callable[[bytearray, np.random.Generator], bytearray]

INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)
"""Bytes at the ends of ranges."""


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """Return `data` after one to four mutations. Headers are hit as often as everything behind them."""
    mutated = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        if mutated:
            mutated = MUTATIONS[rng.integers(len(MUTATIONS))](mutated, rng)
    return bytes(mutated)


def _place(data: bytearray, rng: np.random.Generator) -> int:
    return int(rng.integers(min(len(data), 256) if rng.random() < 0.5 else len(data)))


def _flip_bit(data: bytearray, rng: np.random.Generator) -> bytearray:
    data[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return data


def _set_byte(data: bytearray, rng: np.random.Generator) -> bytearray:
    data[_place(data, rng)] = INTERESTING[rng.integers(len(INTERESTING))]
    return data


def _set_number(data: bytearray, rng: np.random.Generator) -> bytearray:
    """Overwrite four bytes, such as a length or a dimension, with a number of either byte order."""
    at = _place(data, rng)
    number = int(rng.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, int(rng.integers(1 << 32))]))
    data[at : at + 4] = number.to_bytes(4, "big" if rng.random() < 0.5 else "little")
    return data


def _cut_off(data: bytearray, rng: np.random.Generator) -> bytearray:
    return data[: _place(data, rng)]


def _take_out(data: bytearray, rng: np.random.Generator) -> bytearray:
    at = _place(data, rng)
    del data[at : at + int(rng.integers(1, 1 + min(4096, len(data))))]
    return data


def _repeat(data: bytearray, rng: np.random.Generator) -> bytearray:
    at = _place(data, rng)
    piece = data[at : at + int(rng.integers(1, 1 + min(4096, len(data))))]
    return data[:at] + piece + data[at:]


def _noise(data: bytearray, rng: np.random.Generator) -> bytearray:
    at = _place(data, rng)
    size = int(rng.integers(1, 64))
    data[at : at + size] = rng.bytes(size)
    return data


MUTATIONS: tuple[Mutation, ...] = (_flip_bit, _set_byte, _set_number, _cut_off, _take_out, _repeat, _noise)
