"""Which hours are not what their raw objects say they should be, and are on nobody's list.

Belongs here: comparing what lies in the raw zone with what was compacted and rolled up, as pure
values. Listing, asking Dagster and reporting belong to `defs/ingestion/reconciliation`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.retention import is_read
from clickstream_platform.core.stored_object import StoredObject
from lambdas.shared import lake

_HOUR = timedelta(hours=1)


class Cause(StrEnum):
    """Why an hour has to be rebuilt."""

    NEVER_COMPACTED = "never_compacted"
    NEWER_OBJECTS = "newer_objects"
    MARTS_NOT_REBUILT = "marts_not_rebuilt"


class Event(NamedTuple):
    """Where a materialization lies in Dagster's event log, and when it was recorded."""

    storage_id: int
    at: datetime


@dataclass(frozen=True)
class RawHour:
    """The raw objects of one hour, summed up.

    Attributes:
        objects: How many there are.
        size_bytes: Their size.
        newest_at: When the newest was written, of those that should have been noticed by now; None
            if all are too young to say.
    """

    objects: int
    size_bytes: int
    newest_at: datetime | None

    @classmethod
    def of(cls, objects: Collection[StoredObject], noticed_before: datetime) -> "RawHour":
        """Sums up a listing of one hour.

        Args:
            objects: Its objects.
            noticed_before: The notifications of objects written before this time have come, or
                they are lost.
        """
        settled = [one.modified_at for one in objects if one.modified_at < noticed_before]
        return cls(len(objects), sum(one.size_bytes for one in objects), max(settled, default=None))


@dataclass(frozen=True)
class Known:
    """What is known of the hours, apart from their raw objects.

    Attributes:
        locations: Where each hour's events partition lies.
        noticed: When news of an hour was last recorded, the recent ones.
        under_way: The hours of runs that have not ended.
        compacted: When each hour was last compacted.
        rolled_up: The same of each mart. An hour of None stands for all hours.
    """

    locations: Mapping[str, str]
    noticed: Mapping[str | None, Event] = field(default_factory=dict)
    under_way: Collection[HourRange] = ()
    compacted: Mapping[str | None, Event] = field(default_factory=dict)
    rolled_up: Collection[Mapping[str | None, Event]] = ()

    def is_under_way(self, datehour: str) -> bool:
        """Whether a run that has not ended rebuilds the hour."""
        return any(one.first <= datehour <= one.last for one in self.under_way)

    def is_rolled_up(self, datehour: str, compacted: Event) -> bool:
        """Whether every mart was rebuilt after the hour was compacted."""
        return all(
            any(mart.get(key, compacted) > compacted for key in (datehour, None))
            for mart in self.rolled_up
        )


@dataclass(frozen=True)
class Findings:
    """What a reconciliation found.

    Attributes:
        due: The hours to rebuild, and why.
        pending: Hours that would be due if their rebuild were not on its way.
    """

    due: Mapping[str, Cause]
    pending: Collection[str]


@dataclass(frozen=True)
class ReconciliationPolicy:
    """When an hour counts as forgotten.

    Attributes:
        grace: How long after its end an hour is released in normal operation.
        notice: How long a notification may be on its way.
        patience: How long news that was recorded stands: until then the hour waits for more files,
            or its run for its turn. Longer than late files are gathered, shorter than a day: the
            next reconciliation heals what came to nothing.
    """

    grace: timedelta
    notice: timedelta = timedelta(minutes=30)
    patience: timedelta = timedelta(hours=3)

    def findings(self, raw: Mapping[str, RawHour], known: Known, now: datetime) -> Findings:
        """Finds the closed hours that are not what they should be.

        Args:
            raw: The raw hours.
            known: What else is known.
            now: The present.
        """
        since = {hour: found for hour, found in self._causes(raw, known) if self._closed(hour, now)}
        pending = {hour for hour, (_, at) in since.items() if self._pending(hour, at, known, now)}
        due = {hour: cause for hour, (cause, _) in sorted(since.items()) if hour not in pending}
        return Findings(due, sorted(pending))

    def _causes(
        self, raw: Mapping[str, RawHour], known: Known
    ) -> Iterable[tuple[str, tuple[Cause, datetime]]]:
        """Each hour that is not what it should be, why, and since when."""
        for hour, compacted in known.compacted.items():
            if hour is not None and not known.is_rolled_up(hour, compacted):
                yield hour, (Cause.MARTS_NOT_REBUILT, compacted.at)
        for hour, found in raw.items():  # the later cause of an hour is the one that is told
            location = known.locations.get(hour)
            if found.newest_at is not None and not is_read(location, found.newest_at):
                cause = Cause.NEVER_COMPACTED if location is None else Cause.NEWER_OBJECTS
                yield hour, (cause, found.newest_at)

    def _closed(self, datehour: str, now: datetime) -> bool:
        return lake.start_of(datehour) + _HOUR + self.grace <= now

    def _pending(self, datehour: str, since: datetime, known: Known, now: datetime) -> bool:
        noticed = known.noticed.get(datehour)
        stands = noticed is not None and since <= noticed.at and now - noticed.at < self.patience
        return stands or known.is_under_way(datehour)
