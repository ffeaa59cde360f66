"""XXH64, the 64-bit hash of Trino's `xxhash64`, from its published specification.

Belongs here: the algorithm. Does not belong here: how SQL calls it (see `scalars`).
"""

import struct

_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)
_MASK = (1 << 64) - 1
_STRIPE = 32


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _round(accumulator: int, lane: int) -> int:
    return _rotated((accumulator + lane * _P2) & _MASK, 31) * _P1 & _MASK


def _merged(accumulator: int, lane: int) -> int:
    return ((accumulator ^ _round(0, lane)) * _P1 + _P4) & _MASK


def _stripes(data: bytes) -> tuple[int, int]:
    """Return the accumulator after all whole stripes, and how many bytes they were."""
    lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
    end = len(data) - len(data) % _STRIPE
    for start in range(0, end, _STRIPE):
        words = struct.unpack_from("<4Q", data, start)
        lanes = [_round(lane, word) for lane, word in zip(lanes, words, strict=True)]
    total = sum(_rotated(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True))
    total &= _MASK
    for lane in lanes:
        total = _merged(total, lane)
    return total, end


def xxh64(data: bytes) -> int:
    """Return the hash with seed 0."""
    total, position = _stripes(data) if len(data) >= _STRIPE else (_P5, 0)
    total = (total + len(data)) & _MASK
    while position + 8 <= len(data):
        (word,) = struct.unpack_from("<Q", data, position)
        total = (_rotated(total ^ _round(0, word), 27) * _P1 + _P4) & _MASK
        position += 8
    if position + 4 <= len(data):
        (half,) = struct.unpack_from("<I", data, position)
        total = (_rotated(total ^ half * _P1 & _MASK, 23) * _P2 + _P3) & _MASK
        position += 4
    for byte in data[position:]:
        total = _rotated(total ^ byte * _P5 & _MASK, 11) * _P1 & _MASK
    total = (total ^ total >> 33) * _P2 & _MASK
    total = (total ^ total >> 29) * _P3 & _MASK
    return total ^ total >> 32
