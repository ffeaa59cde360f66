"""Protocol buffers, as far as Terraform's plugin protocol needs them here."""

from collections import defaultdict
from collections.abc import Iterable

_VARINT, _BYTES = 0, 2


def message(*parts: bytes) -> bytes:
    return b"".join(parts)


def some(field: int, content: bytes | str) -> bytes:
    """A field of bytes, text or another message."""
    encoded = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | _BYTES) + _varint(len(encoded)) + encoded


def number(field: int, value: int) -> bytes:
    """A field of a number or a truth; nothing for zero, as it is on the wire."""
    return _varint(field << 3 | _VARINT) + _varint(value) if value else b""


def mapped(field: int, entries: Iterable[tuple[str, bytes]]) -> bytes:
    """A field that maps texts to messages."""
    return b"".join(some(field, some(1, name) + some(2, value)) for name, value in entries)


def fields_of(encoded: bytes) -> dict[int, list[bytes]]:
    """A message's fields of bytes, by their numbers."""
    found: dict[int, list[bytes]] = defaultdict(list)
    position = 0
    while position < len(encoded):
        tag, position = _read_varint(encoded, position)
        length, position = _read_varint(encoded, position)
        if tag & 7 == _BYTES:
            found[tag >> 3].append(encoded[position : position + length])
            position += length
        elif tag & 7 != _VARINT:
            raise ValueError(f"a field of wire type {tag & 7}")
    return found


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def _read_varint(encoded: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = encoded[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
        shift += 7
