"""Which items a batch changes, and by how much.

Belongs here: the pure part of exact counting. Every item has one writer (its shard, or the shard
its session hashes to) and a fence: the highest sequence number it holds. An item that already holds
some of the records refuses the batch's update, and `above` says what is still missing from it.
Conditions and calls belong in `store`.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from lambdas.shared.event import Event
from lambdas.shared.stream import Arrival

PAGE_VIEW = "page_view"
# Hashes a session remembers: as many as one request of a client that sends it again may hold.
RECENT_IDS = 512
HASH_BYTES = 8
RECENT_MINUTES = 15
UNIQUE_VISITORS = "unique_visitors"
STRAY = "#stray-on-"
_SEQUENCE_DIGITS = 60
_MINUTE = len("2026-11-23T01:00")
_HOUR = len("2026-11-23T01")


class Key(NamedTuple):
    """One counter item: `page-metrics` by page and hour, `counters` by metric and minute."""

    table: str
    partition: str
    sort: str


class Counter(NamedTuple):
    """What a batch adds to one counter item: one for each of these padded sequence numbers."""

    key: Key
    sequences: tuple[str, ...]

    def above(self, fence: str) -> int:
        """How much of the batch an item with this fence is missing."""
        return sum(1 for sequence in self.sequences if sequence > fence)


class Session(NamedTuple):
    """A session item. Times are ISO 8601 in UTC; `recent` is a run of 8-byte hashes.

    `minutes` counts events by minute of event time, for the last minutes in which there were any.
    """

    session_id: str
    fence: str = ""
    event_count: int = 0
    page_views: int = 0
    first_activity: str = ""
    last_activity: str = ""
    entry_page: str | None = None
    user_agent: str | None = None
    recent: bytes = b""
    minutes: Mapping[str, int] = MappingProxyType({})


class Fresh(NamedTuple):
    """An event that counts, its time in ISO 8601 and the hash of its id."""

    event: Event
    time: str
    digest: bytes


class Plan(NamedTuple):
    """The writes of one batch. Counters come first, so that a retry still sees the old sessions.

    Attributes:
        first: Padded sequence number of the batch's first record.
        last: Padded sequence number of its last record.
        counters: Additions to counter items.
        sessions: New states of session items, each with the fence of the state it replaces.
        visitors: The visitors of each hour, by the key of that hour's sketch.
        duplicates: Events left out because their session had seen their id.
    """

    first: str
    last: str
    counters: list[Counter]
    sessions: list[tuple[str, Session]]
    visitors: dict[Key, set[str]]
    duplicates: int


def padded(sequence_number: str) -> str:
    """A sequence number as text that sorts like the number: it is longer than 64 bits."""
    return sequence_number.zfill(_SEQUENCE_DIGITS)


def session_key(arrival: Arrival) -> str:
    """The key of an event's session item.

    A session has one shard when it is the partition key. Events that a producer put elsewhere are
    counted in an item of their shard, because an item has one writer and one fence.
    """
    event = arrival.event
    if arrival.partition_key == event.session_id:
        return event.session_id
    return f"{event.session_id}{STRAY}{event.shard_id}"


def plan_batch(
    arrivals: list[Arrival], known: Mapping[str, Session], span: tuple[str, str]
) -> Plan:
    """Plans the writes of one batch.

    Args:
        arrivals: The batch's events in the order of their shard, whose id in the keys of counters
            makes it their only writer.
        known: The stored state of their sessions by `session_key`, read before anything is written.
        span: Sequence numbers of the batch's first and last record, events or not.

    Returns:
        What to write.
    """
    counted: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    visitors: defaultdict[str, set[str]] = defaultdict(set)
    fresh: dict[str, list[Fresh]] = {}
    seen: dict[str, tuple[Session, set[bytes]]] = {}
    duplicates = 0
    for arrival in arrivals:
        event, name = arrival.event, session_key(arrival)
        if name not in seen:
            state = known.get(name) or Session(name)
            seen[name] = (state, _hashes(state.recent))
            fresh[name] = []
        state, recent = seen[name]
        sequence = padded(event.sequence_number or "")
        if sequence <= state.fence:
            continue  # delivered again after the session was written: wholly counted
        digest = _digest(event.event_id)
        if digest in recent:
            duplicates += 1
            continue
        recent.add(digest)
        time = _iso(event.event_time)
        fresh[name].append(Fresh(event, time, digest))
        for table, partition, length in _counters(event):
            counted[table, partition, time[:length]].append(sequence)
        visitors[time[:_HOUR]].add(event.user_id or event.anonymous_id or event.session_id)
    shard = arrivals[0].event.shard_id if arrivals else ""
    first, last = padded(span[0]), padded(span[1])
    return Plan(
        first,
        last,
        [
            Counter(Key(table, partition, f"{time}#{shard}"), tuple(sequences))
            for (table, partition, time), sequences in counted.items()
        ],
        [
            (state.fence, _advance(state, fresh[name], last))
            for name, (state, _) in seen.items()
            if last > state.fence
        ],
        {
            Key("counters", UNIQUE_VISITORS, f"{hour}#{shard}"): who
            for hour, who in visitors.items()
        },
        duplicates,
    )


def _counters(event: Event) -> Iterator[tuple[str, str, int]]:
    """The counter items an event belongs to: table, partition key, and how much of its time."""
    yield "counters", f"events_per_minute_{event.event_type}", _MINUTE
    if event.event_type == PAGE_VIEW and (page := event.page):
        yield "page-metrics", page[:512], _HOUR


def _advance(state: Session, fresh: list[Fresh], fence: str) -> Session:
    """A session after a batch's events; duplicates alone only move its fence."""
    first, last, minutes = state.first_activity, state.last_activity, dict(state.minutes)
    views, entry, agent = state.page_views, state.entry_page, state.user_agent
    for event, time, _ in fresh:
        first = min(first, time) if first else time
        last = max(last, time)
        minute = time[:_MINUTE]
        minutes[minute] = minutes.get(minute, 0) + 1
        if event.event_type == PAGE_VIEW:
            views += 1
            entry = entry or event.page
        agent = agent or event.user_agent
    if len(minutes) > RECENT_MINUTES:
        minutes = dict(sorted(minutes.items())[-RECENT_MINUTES:])
    recent = state.recent + b"".join([digest for _, _, digest in fresh])
    return Session(
        state.session_id,
        fence,
        state.event_count + len(fresh),
        views,
        first,
        last,
        entry,
        agent,
        recent[-RECENT_IDS * HASH_BYTES :],
        minutes,
    )


def _iso(instant: datetime) -> str:
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return instant.isoformat(timespec="microseconds")


def _digest(event_id: str) -> bytes:
    return hashlib.blake2b(event_id.encode(), digest_size=HASH_BYTES).digest()


def _hashes(recent: bytes) -> set[bytes]:
    return {recent[i : i + HASH_BYTES] for i in range(0, len(recent), HASH_BYTES)}
