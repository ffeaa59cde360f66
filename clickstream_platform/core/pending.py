"""Which hours have news and when they are rebuilt.

Belongs here: the sensor's memory (its cursor) and the rule that releases an hour, as pure values.
Reading messages and requesting runs belongs to the sensor.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from clickstream_platform.core.hours import HourRange, contiguous_chunks, gaps_of
from lambdas.shared import lake

# A stream of late files must not postpone its hour for ever: after this many times the debounce
# the hour is rebuilt although files still arrive.
_PATIENCE = 4
_HOUR = timedelta(hours=1)


class Arrivals(NamedTuple):
    """When the objects of one hour that no run has seen yet were recorded, in epoch seconds."""

    first: float
    last: float

    def including(self, at: float) -> "Arrivals":
        """These arrivals and one more."""
        return Arrivals(min(self.first, at), max(self.last, at))


@dataclass(frozen=True)
class Cursor:
    """What the sensor remembers between ticks. Its size grows with waiting hours, not with keys.

    Attributes:
        after: Storage id of the last materialization taken into account.
        pending: Arrivals of each hour that waits for its rebuild.
    """

    after: int = 0
    pending: Mapping[str, Arrivals] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str | None) -> "Cursor":
        """Reads a cursor; None or an empty text is the cursor of the first tick."""
        if not text:
            return cls()
        document = json.loads(text)
        pending = {hour: Arrivals(*times) for hour, times in document["pending"].items()}
        return cls(after=document["after"], pending=pending)

    def to_json(self) -> str:
        """Writes the cursor."""
        pending = {hour: list(self.pending[hour]) for hour in sorted(self.pending)}
        return json.dumps({"after": self.after, "pending": pending})

    def seeing(self, storage_id: int, datehour: str, at: float) -> "Cursor":
        """The cursor after one more materialization of a raw hour.

        Args:
            storage_id: Where the materialization lies in the event log.
            datehour: The hour it is of.
            at: When it was recorded, in epoch seconds.
        """
        known = self.pending.get(datehour, Arrivals(at, at))
        return Cursor(max(self.after, storage_id), {**self.pending, datehour: known.including(at)})

    def past(self, storage_id: int) -> "Cursor":
        """The cursor after a materialization that says nothing about an hour."""
        return replace(self, after=max(self.after, storage_id))

    def without(self, datehours: Iterable[str]) -> "Cursor":
        """The cursor once some hours were released."""
        gone = set(datehours)
        kept = {hour: times for hour, times in self.pending.items() if hour not in gone}
        return replace(self, pending=kept)


@dataclass(frozen=True)
class ReleasePolicy:
    """When an hour is rebuilt, and how many together.

    Attributes:
        grace: How long after its end an hour may still receive events in normal operation.
        debounce: How long a closed hour must have been quiet before late files rebuild it.
        max_hours_per_run: Hours one run spans at most.
    """

    grace: timedelta
    debounce: timedelta
    max_hours_per_run: int

    def due(self, cursor: Cursor, now: datetime) -> list[str]:
        """The waiting hours that are to be rebuilt now, in order."""
        return [
            hour
            for hour, times in sorted(cursor.pending.items())
            if self.due_at(hour, times) <= now
        ]

    def due_at(self, datehour: str, arrivals: Arrivals) -> datetime:
        """When an hour is to be rebuilt.

        An hour in time is rebuilt once, a grace after its end. Files that come later are gathered
        until none came for the debounce, but never longer than a few debounces altogether.
        """
        settled = lake.start_of(datehour) + _HOUR + self.grace
        first, last = (datetime.fromtimestamp(at, UTC) for at in arrivals)
        if first < settled:
            return settled
        return min(last + self.debounce, first + _PATIENCE * self.debounce)

    def gaps(self, hours: Iterable[str]) -> list[str]:
        """The hours between some hours that one run might span with them."""
        return gaps_of(hours, max_gap_hours=self.max_hours_per_run)

    def chunks(self, hours: Iterable[str], occupied: Iterable[str]) -> list[HourRange]:
        """The ranges, one run each, that rebuild some hours and no others.

        A run costs far more than an hour in it (dbt alone takes seconds to start), and a run takes
        one range. So hours that hold nothing are spanned, and an hour that holds something and is
        not due is not: nobody asked for it.

        Args:
            hours: The hours that are due.
            occupied: The hours among `gaps` that have raw objects.
        """
        return contiguous_chunks(
            hours,
            max_hours=self.max_hours_per_run,
            max_gap_hours=self.max_hours_per_run,
            occupied=occupied,
        )


def run_key(chunk: HourRange, pending: Mapping[str, Arrivals]) -> str:
    """Names a run after its hours and the arrivals that caused it.

    The same evidence gives the same key, so a tick repeated after a crash starts no second run;
    later files of the same hours give another.
    """
    evidence = [(hour, *pending[hour]) for hour in chunk.hours() if hour in pending]
    digest = sha256(json.dumps(evidence).encode()).hexdigest()[:12]
    return f"{chunk.first}..{chunk.last}@{digest}"
