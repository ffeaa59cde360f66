"""Which items a batch changes, and by how much.

Belongs here: the pure part of exact counting. Every item has one writer (its shard, or the shard
its session hashes to) and a fence: the highest sequence number it holds. An item that already holds
some of the records refuses the batch's update, and `above` says what is still missing from it.
Conditions and calls belong in `store`, what becomes of a session in `sessions`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from lambdas.aggregator.keys import (
    HOUR,
    MINUTE,
    Key,
    keys_of,
    page_key,
    page_of,
    session_name,
    time_text,
    type_key,
    visitors_key,
)
from lambdas.aggregator.past import Past, Traces, traces_of
from lambdas.aggregator.sessions import Session, Visit
from lambdas.shared.event import Event
from lambdas.shared.sequence import padded
from lambdas.shared.stream import Arrival


class Counter(msgspec.Struct, frozen=True):
    """What a batch does to one counter item.

    Attributes:
        key: The item.
        sequences: Padded sequence numbers of the records that add one.
        withdrawn: Those of the records that take one away (see `effects_of`).
    """

    key: Key
    sequences: list[str]
    withdrawn: list[str] = []

    @property
    def amount(self) -> int:
        """What all of the batch adds."""
        return len(self.sequences) - len(self.withdrawn)

    def above(self, fence: str) -> int | None:
        """What of the batch an item with this fence is missing; None when it has all of it."""
        added = [sequence for sequence in self.sequences if sequence > fence]
        withdrawn = [sequence for sequence in self.withdrawn if sequence > fence]
        return len(added) - len(withdrawn) if added or withdrawn else None


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


class _Tally:
    """What a batch counts across sessions: by type and minute, by page and hour, by visitor."""

    def __init__(self) -> None:
        self._types: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._pages: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._visitors: defaultdict[str, set[str]] = defaultdict(set)
        self._adjusted: dict[Key, Counter] = {}

    def add(self, event: Event, time: str, sequence: str) -> None:
        """Counts one event."""
        hour = time[:HOUR]
        self._types[event.event_type, time[:MINUTE]].append(sequence)
        if page := page_of(event):
            self._pages[page, hour].append(sequence)
        self._visitors[hour].add(event.user_id or event.anonymous_id or event.session_id)

    def adjust(self, event: Event, time: str, sequence: str, effects: Sequence[int]) -> None:
        """Adds as much of an event to each of its counters as is missing there."""
        for key, effect in zip(keys_of(event, time, event.shard_id or ""), effects, strict=True):
            if effect:
                counter = self._adjusted.setdefault(key, Counter(key, [], []))
                (counter.sequences if effect > 0 else counter.withdrawn).append(sequence)
        self._visitors[time[:HOUR]].add(event.user_id or event.anonymous_id or event.session_id)

    def counters(self, shard_id: str) -> list[Counter]:
        """What is done to the items of one shard, each once."""
        types = [
            Counter(type_key(name, minute, shard_id), sequences)
            for (name, minute), sequences in self._types.items()
        ]
        pages = [
            Counter(page_key(page, hour, shard_id), sequences)
            for (page, hour), sequences in self._pages.items()
        ]
        return self._merged(types + pages) if self._adjusted else types + pages

    def visitors(self, shard_id: str) -> dict[Key, set[str]]:
        """The visitors of each hour, by the key of the shard's sketch."""
        return {visitors_key(hour, shard_id): who for hour, who in self._visitors.items()}

    def _merged(self, counters: list[Counter]) -> list[Counter]:
        merged = dict(self._adjusted)
        for counter in counters:
            other = merged.get(counter.key)
            merged[counter.key] = (
                counter
                if other is None
                else Counter(counter.key, counter.sequences + other.sequences, other.withdrawn)
            )
        return list(merged.values())


def session_key(arrival: Arrival) -> str:
    """The key of an event's session item."""
    event = arrival.event
    return session_name(event.session_id, arrival.partition_key, event.shard_id or "")


def plan_batch(
    arrivals: list[Arrival],
    known: Mapping[str, Session],
    span: tuple[str, str],
    past: Past | None = None,
) -> Plan:
    """Plans the writes of one batch.

    Args:
        arrivals: The batch's events in the order of their shard, whose id in the keys of counters
            makes it their only writer.
        known: The stored state of their sessions by `session_key`, read before anything is written.
        span: Padded sequence numbers of the batch's first and last record, events or not.
        past: What attempts before have left behind, if anything.

    Returns:
        What to write.
    """
    tally, duplicates = _Tally(), 0
    visits: dict[str, Visit] = {}
    for arrival in arrivals:
        event, name = arrival.event, session_key(arrival)
        visit = visits.get(name)
        if visit is None:
            visit = visits[name] = Visit(known.get(name) or Session(name))
        sequence = padded(event.sequence_number or "")
        if sequence <= visit.session.fence:
            continue  # delivered again after the session was written: wholly counted
        time = time_text(event.event_time)
        traces = traces_of(arrival, past) if past is not None else None
        if traces is not None:
            counts, effects = effects_of(arrival, visit, traces)
            tally.adjust(event, time, sequence, effects)
            duplicates += not counts
        elif visit.takes(event, time):
            tally.add(event, time, sequence)
        else:
            duplicates += 1
    first, last = span
    shard_id = (arrivals[0].event.shard_id or "") if arrivals else ""
    sessions = [
        (visit.session.fence, visit.advanced(last))
        for visit in visits.values()
        if last > visit.session.fence
    ]
    return Plan(
        first, last, tally.counters(shard_id), sessions, tally.visitors(shard_id), duplicates
    )


def effects_of(
    arrival: Arrival, visit: Visit, traces: Traces | None
) -> tuple[bool, tuple[int, ...]]:
    """What an event adds to its counters, and whether it counts in its session.

    Batches that were given up may have counted it in part: a counter that has it already gets
    nothing. When the client has sent the event again meanwhile, that one was counted: then such a
    counter has one too many. The session remembers which traces are accounted for, so that doing it
    again changes nothing.

    Args:
        arrival: The event.
        visit: Its session; takes it in.
        traces: What was left behind of it; None for an event that arrives for the first time.
    """
    event, time = arrival.event, time_text(arrival.event.event_time)
    kinds = len(keys_of(event, time, ""))
    found = traces or {}
    new = visit.settles(event, found)
    if (found and not new) or any(found[place].is_whole for place in new):
        return False, (0,) * kinds
    counts = len(new) == len(found) and visit.takes(event, time)
    before = [found[place].effects for place in new]
    return counts, tuple(counts - sum(one[kind] for one in before) for kind in range(kinds))
