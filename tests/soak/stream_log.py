"""Everything that is on the stream, read from end to end.

Belongs here: reading it, and telling which of the sent events each record is, without the
platform's own decoder. What follows from it belongs in `expected`.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import boto3
import msgspec

from infra.local.progress import StreamEnd
from tests.soak.facts import Fact
from tests.soak.traffic import Traffic

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

_AT_ONCE = 5000


class Row(NamedTuple):
    """One record.

    Attributes:
        place: Its sequence number as a number; the emulator's grow along the whole stream.
        number: Its sequence number.
        shard: Its shard.
        key: Its partition key.
        data: Its payload.
    """

    place: int
    number: str
    shard: str
    key: str
    data: bytes


class Arrived(NamedTuple):
    """One record that is an event.

    Attributes:
        row: The record.
        event_id: The event's id.
        fact: What is true of it.
        only_for: The function that a redrive put it there for; None for all of them.
    """

    row: Row
    event_id: str
    fact: Fact
    only_for: str | None = None

    def is_for(self, function: str) -> bool:
        """Whether a function, by its package, has to take it."""
        return self.only_for in {None, function}


class StreamLog:
    """The stream, read on with every look."""

    def __init__(self, stream: str) -> None:
        self._kinesis: KinesisClient = boto3.client("kinesis")
        self._stream = stream
        self._last: dict[str, str] = {}
        self.rows: list[Row] = []

    def look(self) -> StreamEnd:
        """Reads what is new; where the stream ends now."""
        for shard in self._kinesis.list_shards(StreamName=self._stream)["Shards"]:
            self._read_on(shard["ShardId"])
        return StreamEnd(dict(self._last), len(self.rows))

    def _read_on(self, shard: str) -> None:
        iterator: str | None = self._open(shard)
        while iterator is not None:
            answer = self._kinesis.get_records(ShardIterator=iterator, Limit=_AT_ONCE)
            iterator = answer.get("NextShardIterator")
            for record in answer["Records"]:
                number = record["SequenceNumber"]
                self._last[shard] = number
                row = Row(int(number), number, shard, record["PartitionKey"], record["Data"])
                self.rows.append(row)
            if not answer["Records"]:
                return

    def _open(self, shard: str) -> str:
        if shard not in self._last:
            return self._kinesis.get_shard_iterator(
                StreamName=self._stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
        return self._kinesis.get_shard_iterator(
            StreamName=self._stream,
            ShardId=shard,
            ShardIteratorType="AFTER_SEQUENCE_NUMBER",
            StartingSequenceNumber=self._last[shard],
        )["ShardIterator"]


class Contents(NamedTuple):
    """What the records of a stream are.

    Attributes:
        events: Those that are events, in the order of their sequence numbers.
        bad: Those that are none, each with the reason.
        unknown: Those that nobody sent.
    """

    events: list[Arrived]
    bad: list[tuple[Row, str]]
    unknown: list[Row]

    @property
    def facts(self) -> dict[str, Fact]:
        """What is true of each distinct event."""
        return {event.event_id: event.fact for event in self.events}


def understand(rows: Iterable[Row], traffic: Traffic) -> Contents:
    """Tells what each record is."""
    contents = Contents([], [], [])
    facts = dict(traffic.facts)
    for row in sorted(rows):
        if (reason := traffic.bad.get(row.data)) is not None:
            contents.bad.append((row, reason))
        elif (fact := traffic.nameless.get(row.data)) is not None:
            event_id = f"{row.shard}:{row.number}"
            facts[event_id] = fact  # by which a redrive sends it again
            contents.events.append(Arrived(row, event_id, fact))
        elif (named := _named(row, facts)) is not None:
            contents.events.append(named)
        else:
            contents.unknown.append(row)
    return contents


def _named(row: Row, facts: dict[str, Fact]) -> Arrived | None:
    try:
        event, only_for = msgspec.json.decode(row.data), None
        if "redriven" in event:
            event, only_for = event["event"], event["redriven"]["function"]
        return Arrived(row, event["event_id"], facts[event["event_id"]], only_for)
    except (msgspec.DecodeError, LookupError, TypeError):
        return None
