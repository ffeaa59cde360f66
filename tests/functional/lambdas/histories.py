"""A stream in memory and its three consumers, which can be interrupted anywhere.

Belongs here: shards that split and merge, records that arrive, and consumers on fakes. What happens
in which order is decided by the tests.
"""

import itertools
import random
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.mappings.batching import Record
from infra.local.mappings.delivery import Delivery, Policy
from lambdas.aggregator.logic import plan_batch, session_key
from lambdas.aggregator.store import CounterStore
from lambdas.anomaly_detector.rules import Thresholds
from lambdas.anomaly_detector.traffic import TrafficLimits
from lambdas.event_processor.logic import sort_batch
from lambdas.shared.codec import StreamRecord, encode
from lambdas.shared.event import Event
from lambdas.shared.limits import Limits
from lambdas.shared.stream import decode_batch
from tests.fakes.dynamodb import CrashError, FakeDynamoDB, OneByOne
from tests.functional.lambdas.detecting import Detector

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LIMITS = Limits()
TOUCHY = Thresholds(3, 2, traffic=TrafficLimits(baseline_min=2, min_events=2, spike_factor=2))
SCATTERED = "scattered"  # a session whose producer does not partition by session
_SLOTS = 16


@dataclass
class Shard:
    """A shard: the slots of the hash ring it takes, and what it was made from."""

    id: str
    slots: range
    parents: tuple[str, ...] = ()
    is_open: bool = True
    records: list[StreamRecord] = field(default_factory=list)


class Stream:
    """A stream of few sessions and pages, with clients that send events again."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.now = START
        self.shards: dict[str, Shard] = {}
        self.events: list[Event] = []
        self._sent: list[Event] = []  # by clients that partition by session and may send again
        self.bad = 0
        self._sequence = 10**20
        self._numbers = itertools.count()
        self._make(range(_SLOTS))

    def produce(self, count: int) -> None:
        """Puts records on the stream: new events, events sent again, and junk."""
        for _ in range(count):
            roll = self._chance.random()
            if roll < 0.05:
                self.bad += 1
                self._put("junk", b"junk")
                continue
            if roll < 0.25 and self._sent:
                event = self._chance.choice(self._sent[-4:])
                self._put(event.session_id, encode(event))
                continue
            event = self._event()
            self.events.append(event)
            if event.session_id == SCATTERED:
                self._put(f"key {self._chance.randrange(3)}", encode(event))
            else:
                self._sent.append(event)
                self._put(event.session_id, encode(event))

    def wait(self, minutes: int) -> None:
        """Lets time pass."""
        self.now += timedelta(minutes=minutes)

    def split(self) -> None:
        """Splits an open shard in two."""
        wide = [shard for shard in self.shards.values() if shard.is_open and len(shard.slots) > 1]
        if wide:
            shard = self._chance.choice(wide)
            middle = shard.slots.start + len(shard.slots) // 2
            shard.is_open = False
            self._make(range(shard.slots.start, middle), shard.id)
            self._make(range(middle, shard.slots.stop), shard.id)

    def merge(self) -> None:
        """Merges two neighbours."""
        ring = sorted(
            (shard for shard in self.shards.values() if shard.is_open),
            key=lambda shard: shard.slots.start,
        )
        if len(ring) > 1:
            at = self._chance.randrange(len(ring) - 1)
            one, other = ring[at : at + 2]
            one.is_open = other.is_open = False
            self._make(range(one.slots.start, other.slots.stop), one.id, other.id)

    @property
    def parents(self) -> dict[str, tuple[str, ...]]:
        return {shard.id: shard.parents for shard in self.shards.values()}

    def _make(self, slots: range, *parents: str) -> None:
        id_ = f"shardId-{len(self.shards):03d}"
        self.shards[id_] = Shard(id_, slots, parents)

    def _event(self) -> Event:
        chance = self._chance
        kind = chance.choice(["page_view", "page_view", "click"])
        return Event(
            event_id=f"e{next(self._numbers)}",
            event_type=kind,
            event_time=self.now - timedelta(seconds=chance.choice([0, 1, 70, 4000])),
            received_at=self.now,
            session_id=chance.choice(["s0", "s1", "s2", "s3", "s4", SCATTERED]),
            user_id=f"u{chance.randrange(6)}",
            page_path=chance.choice(["/a", "/b", "/checkout"]),
            user_agent=chance.choice([None, "Mozilla", "SomeBot/1"]),
        )

    def _put(self, key: str, data: bytes) -> None:
        self._sequence += self._chance.randint(1, 3)
        slot = zlib.crc32(key.encode()) % _SLOTS
        shard = next(s for s in self.shards.values() if s.is_open and slot in s.slots)
        self.now += timedelta(seconds=self._chance.choice([0, 0, 1, 20]))
        record = StreamRecord(shard.id, str(self._sequence), self.now, data, key)
        shard.records.append(record)


class Aggregating:
    """The aggregator as its handler runs it."""

    def __init__(self, _: Stream) -> None:
        self.dynamodb = FakeDynamoDB()
        self.restart()

    def restart(self) -> None:
        self._store = CounterStore(self.dynamodb, "c", now=lambda: 0.0)  # type: ignore[arg-type]
        self._store._writer._pool = OneByOne()  # type: ignore[assignment]

    def process(self, records: list[StreamRecord]) -> None:
        arrivals, _ = decode_batch(records, LIMITS)
        known = self._store.sessions(session_key(arrival) for arrival in arrivals)
        span = (records[0].sequence_number, records[-1].sequence_number)
        self._store.apply(plan_batch(arrivals, known, span))


class Detecting:
    """The detector as its handler runs it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.detector = Detector(TOUCHY)
        self.dynamodb = self.detector.dynamodb

    def restart(self) -> None:
        self.detector.restart()

    def process(self, records: list[StreamRecord]) -> None:
        self.detector.shards.parents = self._stream.parents
        arrivals, _ = decode_batch(records, LIMITS)
        self.detector.process(arrivals, records[-1].sequence_number)


class Archiving:
    """The archive as its handler runs it: objects by key, each with its rows."""

    def __init__(self, _: Stream) -> None:
        self.dynamodb = FakeDynamoDB()  # for its faults alone
        self.objects: dict[tuple[str, ...], list[str]] = {}

    def restart(self) -> None:
        """It keeps nothing."""

    def process(self, records: list[StreamRecord]) -> None:
        batch = sort_batch(records, LIMITS)
        place = (batch.shard_id, batch.first, batch.last)
        for hour, events in batch.hours.items():
            self._write((hour, *place), [event.sequence_number or "" for event in events])
        if batch.bad:
            self._write(("bad", *place), [item.record.sequence_number for item in batch.bad])

    def _write(self, key: tuple[str, ...], rows: list[str]) -> None:
        self.dynamodb._spend_a_write()
        self.objects[key] = rows


class Consumer:
    """A consumer's mapping: positions, retries, bisection, parents before children."""

    def __init__(self, stream: Stream, function: Any) -> None:
        self._stream = stream
        self.function = function
        self._done: dict[str, int] = {}

    def readable(self) -> list[str]:
        """The shards of which there is something to read."""
        return [
            shard.id
            for shard in self._stream.shards.values()
            if self._done.get(shard.id, 0) < len(shard.records)
            and all(self._is_finished(parent) for parent in shard.parents)
        ]

    def attempt(self, shard_id: str, size: int, again: int, crash_after: int | None) -> None:
        """One invocation that may die at a write; a success moves the position."""
        done = self._done.get(shard_id, 0)
        records = self._stream.shards[shard_id].records[max(0, done - again) : done + size]
        self.function.dynamodb.writes_left = crash_after
        try:
            self.function.process(records)
        except CrashError:
            self.function.restart()
            return
        finally:
            self.function.dynamodb.writes_left = None
        self._done[shard_id] = min(done + size, len(self._stream.shards[shard_id].records))

    def deliver(self, shard_id: str, size: int, crashes: list[int]) -> None:
        """One batch as the event source mapping delivers it; each try dies as it is told."""
        done, shard = self._done.get(shard_id, 0), self._stream.shards[shard_id]
        batch = {record.sequence_number: record for record in shard.records[done : done + size]}
        left = list(crashes)

        def invoke(records: list[Record]) -> None:
            self.function.dynamodb.writes_left = left.pop() if left else None
            try:
                self.function.process([batch[record.sequence_number] for record in records])
            except CrashError:
                self.function.restart()
                raise
            finally:
                self.function.dynamodb.writes_left = None

        policy = Policy(10**6, 10**12, bisect_on_error=True, report_item_failures=True)
        delivery = Delivery(invoke, _never, policy, sleep=lambda _: None)
        delivery.deliver([Record(number, "", b"", 0) for number in batch])
        self._done[shard_id] = done + len(batch)

    def drain(self) -> None:
        """Delivers all there is."""
        while shards := self.readable():
            for shard_id in shards:
                self.deliver(shard_id, 7, [])

    def _is_finished(self, shard_id: str) -> bool:
        shard = self._stream.shards[shard_id]
        is_read = not shard.is_open and self._done.get(shard_id, 0) == len(shard.records)
        return is_read and all(self._is_finished(parent) for parent in shard.parents)


def _never(records: list[Record], reason: str, tries: int) -> None:
    raise AssertionError(f"gave up {len(records)} records after {tries} tries: {reason}")
