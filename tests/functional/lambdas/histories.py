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
from lambdas.aggregator.attempts import Attempts
from lambdas.aggregator.logic import plan_batch, session_key
from lambdas.aggregator.remains import Remains
from lambdas.aggregator.session_store import SessionStore
from lambdas.aggregator.store import CounterStore
from lambdas.anomaly_detector.rules import Thresholds
from lambdas.anomaly_detector.traffic import TrafficLimits
from lambdas.event_processor.logic import sort_batch
from lambdas.shared.codec import StreamRecord, decode_record, encode
from lambdas.shared.event import Event
from lambdas.shared.limits import Limits
from lambdas.shared.redriven import Consumer as Package
from lambdas.shared.redriven import Redriven
from lambdas.shared.stream import decode_batch, span_of
from tests.fakes.dynamodb import CrashError, FakeDynamoDB, OneByOne
from tests.functional.lambdas.detecting import Detector

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LIMITS = Limits()
TOUCHY = Thresholds(3, 2, traffic=TrafficLimits(baseline_min=2, min_events=2, spike_factor=2))
JUNK = b"junk"
BAD = "bad"
SCATTER = "key "
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
        self.chance = chance
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
            roll = self.chance.random()
            if roll < 0.05:
                self.bad += 1
                self.put("junk", JUNK)
                continue
            if roll < 0.25 and self._sent:
                event = self.chance.choice(self._sent[-4:])
                self.put(event.session_id, encode(event))
                continue
            event = self._event()
            self.events.append(event)
            if event.session_id == SCATTERED:
                self.put(f"{SCATTER}{self.chance.randrange(3)}", encode(event))
            else:
                self._sent.append(event)
                self.put(event.session_id, encode(event))

    def wait(self, minutes: int) -> None:
        """Lets time pass."""
        self.now += timedelta(minutes=minutes)

    def split(self) -> None:
        """Splits an open shard in two."""
        wide = [shard for shard in self.shards.values() if shard.is_open and len(shard.slots) > 1]
        if wide:
            shard = self.chance.choice(wide)
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
            at = self.chance.randrange(len(ring) - 1)
            one, other = ring[at : at + 2]
            one.is_open = other.is_open = False
            self._make(range(one.slots.start, other.slots.stop), one.id, other.id)

    @property
    def made_from(self) -> dict[str, tuple[str, ...]]:
        return {shard.id: shard.parents for shard in self.shards.values()}

    def parents(self, shard_id: str) -> list[str]:
        """As `lambdas.shared.shards` tells them."""
        return list(self.shards[shard_id].parents)

    def read(self, shard_id: str, first: str, last: str) -> list[StreamRecord]:
        """As `lambdas.shared.shards` reads them."""
        records = self.shards[shard_id].records
        return [r for r in records if int(first) <= int(r.sequence_number) <= int(last)]

    def _make(self, slots: range, *parents: str) -> None:
        id_ = f"shardId-{len(self.shards):03d}"
        self.shards[id_] = Shard(id_, slots, parents)

    def _event(self) -> Event:
        chance = self.chance
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

    def put(self, key: str, data: bytes, redriven: Redriven | None = None) -> None:
        """Puts a record on the shard that takes its key."""
        self._sequence += self.chance.randint(1, 3)
        slot = zlib.crc32(key.encode()) % _SLOTS
        shard = next(s for s in self.shards.values() if s.is_open and slot in s.slots)
        self.now += timedelta(seconds=self.chance.choice([0, 0, 1, 20]))
        record = StreamRecord(shard.id, str(self._sequence), self.now, data, key, redriven)
        shard.records.append(record)


class Aggregating:
    """The aggregator as its handler runs it."""

    package: Package = "aggregator"

    def __init__(self, stream: Stream) -> None:
        self.dynamodb = FakeDynamoDB()
        self._stream: Any = stream
        self.restart()
        self._other = self._stores
        self.restart()

    def restart(self) -> None:
        """A cold start."""
        dynamodb: Any = self.dynamodb
        remains = Remains(dynamodb, self._stream, "c", LIMITS, now=lambda: 0.0)
        self._stores = (
            CounterStore(dynamodb, "c", now=lambda: 0.0),
            SessionStore(dynamodb, "c", now=lambda: 0.0),
            Attempts(dynamodb, self._stream, "c", remains),
        )
        for part in (*self._stores, remains):
            part._writer._pool = OneByOne()  # type: ignore[assignment]

    def swap(self) -> None:
        """Another process, which has been used before, gets the next batch."""
        self._stores, self._other = self._other, self._stores

    def process(self, records: list[StreamRecord]) -> None:
        arrivals, _ = decode_batch(records, LIMITS, self.package)
        shard_id, span = records[0].shard_id, span_of(records)
        counters, sessions, attempts = self._stores
        attempt = attempts.begin(records)
        names = map(session_key, arrivals)
        known = sessions.read(names, shard_id, is_next=attempt.is_next)
        plan = plan_batch(arrivals, known, span, attempts.past(attempt, arrivals))
        counters.apply(plan)
        sessions.write(plan.sessions, shard_id)
        attempts.end(attempt)


class Detecting:
    """The detector as its handler runs it."""

    package: Package = "anomaly_detector"

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.detector = Detector(TOUCHY)
        self.dynamodb = self.detector.dynamodb

    def restart(self) -> None:
        self.detector.restart()

    def swap(self) -> None:
        self.detector.swap()

    def process(self, records: list[StreamRecord]) -> None:
        self.detector.shards.made_from = self._stream.made_from
        arrivals, _ = decode_batch(records, LIMITS, self.package)
        self.detector.process(arrivals, records[-1].sequence_number)


class Archiving:
    """The archive as its handler runs it: objects by key, each with the ids of its rows."""

    package: Package = "event_processor"

    def __init__(self, _: Stream) -> None:
        self.dynamodb = FakeDynamoDB()  # for its faults alone
        self.objects: dict[tuple[str, ...], list[str]] = {}

    def restart(self) -> None:
        """It keeps nothing."""

    swap = restart

    def process(self, records: list[StreamRecord]) -> None:
        batch = sort_batch(records, LIMITS)
        place = (batch.shard_id, batch.first, batch.last)
        for hour, events in batch.hours.items():
            self._write((hour, *place), [event.event_id for event in events])
        if batch.bad:
            self._write((BAD, *place), [item.record.sequence_number for item in batch.bad])

    def _write(self, key: tuple[str, ...], rows: list[str]) -> None:
        self.dynamodb._spend_a_write()
        self.objects[key] = rows


class Consumer:
    """A consumer's mapping: positions, retries, bisection, parents before children."""

    def __init__(self, stream: Stream, function: Any) -> None:
        self._stream = stream
        self.function = function
        self.given_up: list[StreamRecord] = []
        self.has_given_up = False
        self._done: dict[str, int] = {}
        self._floor: dict[str, int] = {}  # nothing is delivered again once it was given up

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
        start = max(self._floor.get(shard_id, 0), done - again)
        records = self._stream.shards[shard_id].records[start : done + size]
        self.function.dynamodb.writes_left = crash_after
        try:
            self.function.process(records)
        except CrashError:
            self._fail()
            return
        finally:
            self.function.dynamodb.writes_left = None
        self._done[shard_id] = min(done + size, len(self._stream.shards[shard_id].records))

    def deliver(self, shard_id: str, size: int, crashes: list[int], retries: int = 10**6) -> None:
        """One batch as the event source mapping delivers it; each try dies as it is told."""
        done, shard = self._done.get(shard_id, 0), self._stream.shards[shard_id]
        batch = {record.sequence_number: record for record in shard.records[done : done + size]}
        left = list(crashes)

        def invoke(records: list[Record]) -> None:
            self.function.dynamodb.writes_left = left.pop() if left else None
            try:
                self.function.process([batch[record.sequence_number] for record in records])
            except CrashError:
                self._fail()
                raise
            finally:
                self.function.dynamodb.writes_left = None

        def give_up(records: list[Record], _reason: str, _tries: int) -> None:
            self.has_given_up = True
            self.given_up += [batch[record.sequence_number] for record in records]
            self._floor[shard_id] = done + len(batch)

        policy = Policy(retries, 10**12, bisect_on_error=True, report_item_failures=True)
        delivery = Delivery(invoke, give_up, lambda _: None, policy, sleep=lambda _: None)
        delivery.deliver([Record(number, "", b"", 0) for number in batch])
        self._done[shard_id] = done + len(batch)

    def redrive(self, *, twice: bool = False) -> None:
        """Puts on the stream again what was given up; a redrive that is cut off does it twice.

        Not so with a session that has an item on each shard: after a reshard these do not know of
        each other.
        """
        package = self.function.package
        again = [
            one for one in self.given_up if twice and not one.partition_key.startswith(SCATTER)
        ]
        for record in self.given_up + again:
            if not record.is_for(package):
                continue
            if record.data == JUNK:
                if package == Archiving.package:
                    place = (BAD, record.shard_id, record.sequence_number)
                    self.function.objects[place] = [record.sequence_number]
                continue
            before = record.redriven.positions if record.redriven else ()
            here = (record.shard_id, record.sequence_number)
            event = decode_record(record, LIMITS)
            self._stream.put(
                record.partition_key, encode(event), Redriven(package, (*before, here))
            )
        self.given_up = []

    def _fail(self) -> None:
        """The process has died, or its function has only raised and is called again."""
        if self._stream.chance.random() < 0.5:
            self.function.restart()

    def drain(self) -> None:
        """Delivers all there is, redriven events included."""
        while self.given_up or self.readable():
            self.redrive()
            for shard_id in self.readable():
                self.deliver(shard_id, 7, [])

    def _is_finished(self, shard_id: str) -> bool:
        shard = self._stream.shards[shard_id]
        is_read = not shard.is_open and self._done.get(shard_id, 0) == len(shard.records)
        return is_read and all(self._is_finished(parent) for parent in shard.parents)
