"""One batch in the light of its shard's state.

Belongs here: the pure walk over a batch's events. What follows depends on the records of the shard
and their order alone, so a batch that is delivered again, cut anywhere, causes the same alerts.
Rules belong in `rules`, the state in `state`.
"""

from typing import NamedTuple

from lambdas.anomaly_detector import rules
from lambdas.anomaly_detector.rules import Alert, Thresholds
from lambdas.anomaly_detector.state import MOST, Entry, Segment, ShardState, digest, pack
from lambdas.shared.event import PAGE_VIEW, Event
from lambdas.shared.sequence import padded
from lambdas.shared.stream import Arrival

_MOST_EVENTS = 65_535


class Findings(NamedTuple):
    """What a batch leads to.

    Attributes:
        alerts: What people should know, in the order in which it was found.
        segments: What the shard's log has to hold of it.
    """

    alerts: list[Alert]
    segments: list[Segment]


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
    walk = _Walk(state, thresholds)
    for arrival in arrivals:
        if padded(arrival.event.sequence_number or "") > state.fence:
            walk.take(arrival)
    state.fence = max(state.fence, last)
    return Findings(walk.alerts, walk.segments())


class _Walk:
    """The way through one batch."""

    def __init__(self, state: ShardState, thresholds: Thresholds) -> None:
        self._state = state
        self._thresholds = thresholds
        self._spikes: dict[str, int | None] = {}
        self._logged: dict[int, tuple[list[Entry], dict[str, int]]] = {}
        self.alerts: list[Alert] = []

    def take(self, arrival: Arrival) -> None:
        """Takes the next event."""
        event, state = arrival.event, self._state
        self._advance(int(arrival.arrived_at.timestamp()) // 60, event.shard_id or "")
        id_ = digest(f"{event.session_id}\n{event.event_id}")
        if state.has(id_):
            return
        session, minute = digest(event.session_id), int(event.event_time.timestamp()) // 60
        known = state.known(session, minute)
        found = list(rules.judge(event, known, minute, self._thresholds))
        self.alerts += found
        entry = Entry(
            session,
            id_,
            minute,
            min(known.burst + 1, _MOST_EVENTS),
            min(known.views + (event.event_type == PAGE_VIEW), MOST),
            known.warned | rules.warnings_of(found),
        )
        state.add(entry)
        self._log(entry, event)

    def segments(self) -> list[Segment]:
        """What was taken, by minute of the clock."""
        return [
            Segment(clock, pack(entries), arrivals)
            for clock, (entries, arrivals) in self._logged.items()
        ]

    def _log(self, entry: Entry, event: Event) -> None:
        state, event_type = self._state, event.event_type
        entries, arrivals = self._logged.setdefault(state.clock, ([], {}))
        entries.append(entry)
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
        if clock <= state.clock:
            return
        if state.clock:
            for minute in range(state.clock, min(clock, state.clock + limits.baseline_min)):
                for event_type, events, mean in state.traffic.drops_in(minute, limits):
                    self.alerts.append(rules.drop(event_type, minute, events, mean, shard_id))
        state.advance(clock)
        self._logged.setdefault(clock, ([], {}))  # even when a duplicate alone has moved it
        self._spikes.clear()
