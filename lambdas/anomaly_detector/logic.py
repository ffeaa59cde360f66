"""One batch in the light of its shard's state.

Belongs here: the pure walk over a batch's events. What follows depends on the records of the shard
and their order alone, so a batch that is delivered again, cut anywhere, causes the same alerts.
Rules belong in `rules`, the state in `state`.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import dropwhile
from typing import NamedTuple

from lambdas.anomaly_detector import rules
from lambdas.anomaly_detector.rules import Alert, Thresholds
from lambdas.anomaly_detector.state import MOST, Entry, Segment, ShardState, digest, pack
from lambdas.shared.event import PAGE_VIEW, Event
from lambdas.shared.sequence import padded
from lambdas.shared.stream import Arrival

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_EVENTS = 65_535


class Findings(NamedTuple):
    """What a batch leads to.

    Attributes:
        alerts: What people should know, in the order in which it was found.
        segments: What the shard's log has to hold of it.
        unjudged: Ids of alerts that only an earlier attempt at redriven events can have found.
    """

    alerts: list[Alert]
    segments: list[Segment]
    unjudged: list[str]


def examine(
    arrivals: list[Arrival], state: ShardState, last: str, thresholds: Thresholds
) -> Findings:
    """Examines a batch and takes it into the state.

    Args:
        arrivals: The events of one shard in its order.
        state: The shard's state; records up to its fence are part of it and are passed over.
        last: Padded sequence number of the batch's last record, event or not.
        thresholds: From where on something is an anomaly.

    Returns:
        The alerts, and what is to be logged once they are raised.
    """
    walk, fence = _Walk(state, thresholds), state.fence
    for arrival in dropwhile(
        lambda old: padded(old.event.sequence_number or "") <= fence, arrivals
    ):
        walk.take(arrival)
    state.fence = max(fence, last)
    return Findings(walk.alerts, walk.segments(), walk.unjudged)


class _Walk:
    """The way through one batch."""

    def __init__(self, state: ShardState, thresholds: Thresholds) -> None:
        self._state = state
        self._thresholds = thresholds
        self._spikes: dict[str, int | None] = {}
        self._minute_ends_at = _end_of(state.clock)
        self._logged: defaultdict[int, tuple[list[Entry], dict[str, int]]] = defaultdict(_nothing)
        self.alerts: list[Alert] = []
        self.unjudged: list[str] = []

    def take(self, arrival: Arrival) -> None:
        """Takes the next event."""
        event, state = arrival.event, self._state
        if arrival.arrived_at >= self._minute_ends_at:
            self._advance(int(arrival.arrived_at.timestamp()) // 60, event.shard_id or "")
        if arrival.redriven is not None and rules.is_checkout(event):
            self.unjudged.append(rules.sequence_alert_id(event))
        id_ = digest(f"{event.session_id}\n{event.event_id}")
        if state.has(id_):
            return
        session, minute = digest(event.session_id), int(event.event_time.timestamp()) // 60
        known = state.known(session, minute)
        is_new = arrival.redriven is None
        found = rules.judge(event, known, minute, self._thresholds, is_in_order=is_new)
        self.alerts += found
        entry = Entry(
            session,
            id_,
            minute,
            known.burst + (known.burst < _MOST_EVENTS),
            known.views + (event.event_type == PAGE_VIEW and known.views < MOST),
            known.warned | rules.warnings_of(found),
        )
        state.add(entry)
        self._logged[state.clock][0].append(entry)
        if is_new:
            self._count(event)

    def segments(self) -> list[Segment]:
        """What was taken, by minute of the clock."""
        return [
            Segment(clock, pack(entries), arrivals)
            for clock, (entries, arrivals) in self._logged.items()
        ]

    def _count(self, event: Event) -> None:
        """Adds an event to the traffic, which may be a spike by that."""
        state = self._state
        event_type = state.traffic.name_of(event.event_type)
        arrivals = self._logged[state.clock][1]
        arrivals[event_type] = arrivals.get(event_type, 0) + 1
        events = state.traffic.add(event_type, state.clock)
        limits = self._thresholds.traffic
        if event_type not in self._spikes:
            self._spikes[event_type] = state.traffic.spike_at(event_type, state.clock, limits)
        if events == self._spikes[event_type]:
            mean = state.traffic.mean_before(event_type, state.clock, limits) or 0
            shard_id = event.shard_id or ""
            self.alerts.append(rules.spike(event_type, state.clock, events, mean, shard_id))

    def _advance(self, clock: int, shard_id: str) -> None:
        """Moves the clock on; the minutes that end by it are looked at as a whole."""
        state, limits = self._state, self._thresholds.traffic
        if state.clock:
            for minute in range(state.clock, min(clock, state.clock + limits.baseline_min)):
                for event_type, events, mean in state.traffic.drops_in(minute, limits):
                    self.alerts.append(rules.drop(event_type, minute, events, mean, shard_id))
        state.advance(clock)
        self._minute_ends_at = _end_of(clock)
        self._logged[clock] = _nothing()  # logged even when a duplicate alone moved it
        self._spikes.clear()


def _end_of(minute: int) -> datetime:
    return _EPOCH + timedelta(minutes=minute + 1)


def _nothing() -> tuple[list[Entry], dict[str, int]]:
    return [], {}
