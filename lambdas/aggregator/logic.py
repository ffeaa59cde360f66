"""Which items a batch changes, and by how much.

Belongs here: the pure part of exact counting. Every item has one writer (its shard, or the shard
its session hashes to) and a fence: the highest sequence number it holds. An item that already holds
some of the records refuses the batch's update, and `above` says what is still missing from it.
Conditions and calls belong in `store`.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
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
        arrivals: The batch's events in the order of the shard.
        known: The stored state of their sessions by `session_key`, read before anything is written.
        span: Sequence numbers of the batch's first and last record, events or not.

    Returns:
        What to write.
    """
    sequences: defaultdict[Key, list[str]] = defaultdict(list)
    visitors: defaultdict[Key, set[str]] = defaultdict(set)
    fresh: defaultdict[str, list[Event]] = defaultdict(list)
    states: dict[str, Session] = {}
    recent: dict[str, set[bytes]] = {}
    duplicates = 0
    for arrival in arrivals:
        event, name = arrival.event, session_key(arrival)
        if name not in states:
            states[name] = known.get(name) or Session(name)
            recent[name] = _hashes(states[name].recent)
        sequence = padded(event.sequence_number or "")
        if sequence <= states[name].fence:
            continue  # delivered again after the session was written: wholly counted
        digest = _digest(event.event_id)
        if digest in recent[name]:
            duplicates += 1
            continue
        recent[name].add(digest)
        fresh[name].append(event)
        for key in _keys(event):
            sequences[key].append(sequence)
        visitors[_visitors_key(event)].add(_visitor(event))
    first, last = padded(span[0]), padded(span[1])
    return Plan(
        first,
        last,
        [Counter(key, tuple(found)) for key, found in sequences.items()],
        [
            (state.fence, _advance(state, fresh[name], last))
            for name, state in states.items()
            if last > state.fence
        ],
        dict(visitors),
        duplicates,
    )


def _visitors_key(event: Event) -> Key:
    hour = f"{event.event_time.astimezone(UTC):%Y-%m-%dT%H}"
    return Key("counters", UNIQUE_VISITORS, f"{hour}#{event.shard_id}")


def _visitor(event: Event) -> str:
    """Who it was, as the marts say it."""
    return event.user_id or event.anonymous_id or event.session_id


def _keys(event: Event) -> Iterable[Key]:
    """The counter items an event belongs to; the shard in the key makes it their only writer."""
    time = event.event_time.astimezone(UTC)
    minute = f"{time:%Y-%m-%dT%H:%M}#{event.shard_id}"
    yield Key("counters", f"events_per_minute_{event.event_type}", minute)
    if event.event_type == PAGE_VIEW and event.page:
        yield Key("page-metrics", event.page[:512], f"{time:%Y-%m-%dT%H}#{event.shard_id}")


def _advance(state: Session, events: list[Event], fence: str) -> Session:
    """A session after a batch's events; duplicates alone only move its fence."""
    times = [_iso(event.event_time) for event in events]
    views = [event for event in events if event.event_type == PAGE_VIEW]
    first = min([*times, *([state.first_activity] if state.first_activity else [])], default="")
    minutes = dict(state.minutes)
    for time in times:
        minutes[time[:16]] = minutes.get(time[:16], 0) + 1
    recent = state.recent + b"".join(_digest(event.event_id) for event in events)
    return state._replace(
        fence=fence,
        recent=recent[-RECENT_IDS * HASH_BYTES :],
        minutes=dict(sorted(minutes.items())[-RECENT_MINUTES:]),
        event_count=state.event_count + len(events),
        page_views=state.page_views + len(views),
        first_activity=first,
        last_activity=max([*times, state.last_activity]),
        entry_page=state.entry_page or next((event.page for event in views), None),
        user_agent=state.user_agent or next((e.user_agent for e in events if e.user_agent), None),
    )


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _digest(event_id: str) -> bytes:
    return hashlib.blake2b(event_id.encode(), digest_size=HASH_BYTES).digest()


def _hashes(recent: bytes) -> set[bytes]:
    return {recent[i : i + HASH_BYTES] for i in range(0, len(recent), HASH_BYTES)}
