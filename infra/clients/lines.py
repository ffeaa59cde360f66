"""Lines of a file, and what they become.

Belongs here: reading numbered lines without trusting the file, and the two things a line can turn
out to be. What a line means belongs in `access_log` and `ndjson`.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, NamedTuple

from lambdas.shared.codec import MAX_RECORD_BYTES

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line that is not blank, without its line ending. Numbers start at 1."""

    number: int
    data: bytes


class UnreadableLine(NamedTuple):
    """A line that gave no event.

    Attributes:
        number: The line's number, from 1.
        reason: A short stable code.
        detail: What was wrong, for a person.
    """

    number: int
    reason: str
    detail: str


class ClientEvent(NamedTuple):
    """One event on its way to the collector.

    Attributes:
        event: The event in the contract's names.
        line: The number of the line it came from, where there is one.
    """

    event: Mapping[str, object]
    line: int | None = None


OnUnreadable = Callable[[UnreadableLine], None]


def read_lines(file: BinaryIO, on_unreadable: OnUnreadable) -> Iterator[Line]:
    """Reads the lines of a file, holding one at a time.

    Blank lines are passed over but counted, so numbers are those of an editor. A line too long for
    the stream is reported and skipped without being held in memory.

    Args:
        file: Any binary file, also standard input or one that `gzip` opened.
        on_unreadable: Called with each line that is too long.

    Yields:
        The lines, in the order of the file.
    """
    number = 0
    while piece := file.readline(MAX_RECORD_BYTES + 1):
        number += 1
        if len(piece) > MAX_RECORD_BYTES and not piece.endswith(b"\n"):
            _skip_to_end_of_line(file)
            detail = f"longer than {MAX_RECORD_BYTES} bytes"
            on_unreadable(UnreadableLine(number, "too_long", detail))
            continue
        data = piece.rstrip(b"\r\n")
        if number == 1:
            data = data.removeprefix(_BYTE_ORDER_MARK)
        if data.strip():
            yield Line(number, data)


def line_digest(line: Line) -> bytes:
    """Sixteen bytes that tell this line from every other of its file, the same on every reading.

    Two requests can look alike to the byte, so the number is part of it.
    """
    return hashlib.blake2b(b"%d:%s" % line, digest_size=16).digest()


def _skip_to_end_of_line(file: BinaryIO) -> None:
    while (piece := file.readline(MAX_RECORD_BYTES)) and not piece.endswith(b"\n"):
        pass
