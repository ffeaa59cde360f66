"""How many events of each type arrive in a minute, and when that is out of the ordinary.

Belongs here: the counts of a shard and the two limits that follow from them. Minutes are those of
arrival: nobody can forge them, and a replay of old events is traffic of today. What is said about
it belongs in `rules`.
"""

import math
from collections import defaultdict

from msgspec import Struct


class TrafficLimits(Struct, frozen=True):
    """When traffic is out of the ordinary.

    Attributes:
        baseline_min: How many minutes before a minute it is compared with.
        min_events: Events a minute on a shard below which nothing is said.
        spike_factor: How many times the mean a minute must exceed.
        drop_factor: Below which share of the mean a minute must fall.
    """

    baseline_min: int = 15
    min_events: int = 100
    spike_factor: float = 3.0
    drop_factor: float = 0.25


MOST_TYPES = 500  # of a shard at a time; whoever sends events may make up more
OTHERS = "(others)"


class Traffic:
    """Events by type and minute of one shard, as far back as they matter."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, dict[int, int]] = defaultdict(dict)
        self._minutes: set[int] = set()

    def name_of(self, event_type: str) -> str:
        """The name a type is counted by: its own, or that of all beyond the first few hundred."""
        is_one_more = event_type not in self._counts and len(self._counts) >= MOST_TYPES
        return OTHERS if is_one_more else event_type

    def add(self, event_type: str, minute: int, events: int = 1) -> int:
        """Adds events; returns how many of the type the minute has now."""
        counts = self._counts[event_type]
        counts[minute] = total = counts.get(minute, 0) + events
        self._minutes.add(minute)
        return total

    def forget(self, before: int) -> None:
        """Drops the minutes before one."""
        self._minutes = {minute for minute in self._minutes if minute >= before}
        for event_type, counts in list(self._counts.items()):
            kept = {minute: count for minute, count in counts.items() if minute >= before}
            if kept:
                self._counts[event_type] = kept
            else:
                del self._counts[event_type]

    def spike_at(self, event_type: str, minute: int, limits: TrafficLimits) -> int | None:
        """The count at which a minute becomes the first of a spike.

        Returns:
            The number of events; None while there is nothing to compare with, or when the minute
            before was a spike already.
        """
        limit = self._spike_limit(event_type, minute, limits)
        before = self._spike_limit(event_type, minute - 1, limits)
        is_going_on = before is not None and self._count(event_type, minute - 1) >= before
        return None if is_going_on else limit

    def drops_in(self, minute: int, limits: TrafficLimits) -> list[tuple[str, int, float]]:
        """The types of which a whole minute is the first of a drop: type, count and mean."""
        return [
            (event_type, self._count(event_type, minute), mean)
            for event_type in sorted(self._counts)
            if (mean := self._dropped_from(event_type, minute, limits)) is not None
            and self._dropped_from(event_type, minute - 1, limits) is None
        ]

    def mean_before(self, event_type: str, minute: int, limits: TrafficLimits) -> float | None:
        """Events a minute before this one; None when the shard was not watched for long enough."""
        first = minute - limits.baseline_min
        if not self._minutes or min(self._minutes) > first:
            return None
        counts = self._counts.get(event_type, {})
        total = sum(counts.get(earlier, 0) for earlier in range(first, minute))
        return total / limits.baseline_min

    def _count(self, event_type: str, minute: int) -> int:
        return self._counts.get(event_type, {}).get(minute, 0)

    def _spike_limit(self, event_type: str, minute: int, limits: TrafficLimits) -> int | None:
        mean = self.mean_before(event_type, minute, limits)
        if mean is None:
            return None
        return max(limits.min_events, math.floor(limits.spike_factor * mean) + 1)

    def _dropped_from(self, event_type: str, minute: int, limits: TrafficLimits) -> float | None:
        """The mean a minute has dropped from, if it has."""
        mean = self.mean_before(event_type, minute, limits)
        if mean is None or mean < limits.min_events:
            return None
        return mean if self._count(event_type, minute) < limits.drop_factor * mean else None
