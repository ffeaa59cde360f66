"""Which records of the stream the lake's objects hold.

Belongs here: what the key of an object says of them, and reading their positions from its content.
Comparing these with the stream belongs in `stream_audit`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from itertools import chain

import msgspec
import pyarrow.parquet as pq

from clickstream_platform.core.retention import SET_ASIDE_PREFIXES
from clickstream_platform.core.stream_audit import Position, Span

_BATCH = re.compile(r"/(?P<shard>shardId-\d+)-(?P<first>\d+)-(?P<last>\d+)\.(parquet|json)$")
_PLACE = ["shard_id", "sequence_number"]
_DAY = timedelta(days=1)

# Looks into objects: how far each reaches.
Look = Callable[[Sequence[str]], Iterable[Sequence[Span]]]


class _Line(msgspec.Struct):
    """Of a line of the quarantine, where the record was."""

    shard_id: str
    sequence_number: str


_line = msgspec.json.Decoder(_Line)


def span_of(key: str) -> Span | None:
    """The sequence numbers an object's key names, or None when it names none."""
    match = _BATCH.search(key)
    if match is None:
        return None
    return Span(key, match["shard"], int(match["first"]), int(match["last"]))


def by_shard(keys: Iterable[str], look: Look = lambda _: ()) -> dict[str, list[Span]]:
    """The objects of each shard.

    Our own archive names the sequence numbers in the key. Firehose names its objects as it likes
    and puts records of several shards into one, so those are looked into: one that nobody knows the
    extent of would have to be read beside every page of the stream.

    Args:
        keys: The objects.
        look: Looks into those whose key names no sequence numbers; they are left out without it.
    """
    found: dict[str, list[Span]] = {}
    nameless: list[str] = []
    for key in keys:
        span = span_of(key)
        if span is None:
            nameless.append(key)
        else:
            found.setdefault(span.shard_id, []).append(span)
    for span in chain.from_iterable(look(nameless)):
        found.setdefault(span.shard_id, []).append(span)
    return found


def spans_within(key: str, held: Iterable[Position]) -> list[Span]:
    """How far an object reaches on each shard of which it holds records, by what it holds."""
    numbers: dict[str, list[int]] = {}
    for shard_id, number in held:
        numbers.setdefault(shard_id, []).append(number)
    return [Span(key, shard, min(found), max(found)) for shard, found in numbers.items()]


def in_parquet(content: bytes) -> set[Position]:
    """The positions of the events of a raw object; an event without one is evidence of nothing.

    Raises:
        pyarrow.ArrowException: If it is no Parquet file of events.
    """
    file = pq.ParquetFile(BytesIO(content))
    if not set(_PLACE) <= set(file.schema_arrow.names):
        return set()
    table = file.read(columns=_PLACE)
    pairs = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return {Position(shard, int(number)) for shard, number in pairs if shard and number}


def in_quarantine(content: bytes) -> set[Position]:
    """The positions of the records of a quarantine object.

    Raises:
        msgspec.DecodeError: If a line is no quarantine record.
    """
    lines = (_line.decode(line) for line in content.splitlines() if line.strip())
    return {Position(line.shard_id, int(line.sequence_number)) for line in lines}


def of_line(line: bytes) -> Position | None:
    """The position of one line of a quarantine object; None if somebody else has written it."""
    try:
        found = _line.decode(line)
        return Position(found.shard_id, int(found.sequence_number))
    except ValueError:  # msgspec's errors are such, too
        return None


def quarantine_prefixes(start: datetime, end: datetime) -> Iterator[str]:
    """Where records are set aside that arrived in a window.

    An object lies below the day on which the first bad record of its batch arrived. When the
    archive is behind, a batch spans hours, so the day before is looked at too.

    Args:
        start: Begin of the window, in UTC.
        end: Its end.
    """
    day = (start - _DAY).date()
    while day <= end.date():
        for prefix in SET_ASIDE_PREFIXES:
            yield f"{prefix}/day={day:%Y-%m-%d}/"
        day += _DAY
