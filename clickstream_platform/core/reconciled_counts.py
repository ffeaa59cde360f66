"""The counters of real time against the rows of the lake, hour by hour and type by type.

Belongs here: which hours can be compared, and which differences have an explanation. The lake's
numbers come from `conservation`, the counters from the counters resource.

Both sides count the same records of the stream. The lake keeps an event_id once an hour. Real time
forgets ids: a duplicate that comes after 512 other events of its session is counted again. So the
counters lie between the compacted rows and the archived records, unless events are on their way.
Where an erasure has taken events out of the lake, real time goes on counting them for a day: such
an hour is only asked whether the lake has more.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from clickstream_platform.core.conservation import HourCounts, TypeCounts
from lambdas.shared import lake

# The counters expire a day after they were last written. What arrived within this time was counted
# no earlier, so all of it is still there, with an hour to spare for the query and the reading.
COUNTERS_KEPT = timedelta(hours=23)

_NOTHING = TypeCounts(records=0, raw_ids=0, recent=0, rows=0)

HourAndType = tuple[str, str]


class RealTimeCount(NamedTuple):
    """What the counters say of one event type in one hour.

    Attributes:
        events: Events counted.
        changed_at: When one of them was counted last.
    """

    events: int
    changed_at: datetime


@dataclass(frozen=True)
class Comparison:
    """One event type in one hour, on both sides.

    Attributes:
        datehour: The hour.
        event_type: The type.
        realtime: Events as counted in real time.
        batch: Rows as compacted.
        duplicates: Archived records that repeat an event_id: real time may have counted them.
        late: Archived ids that came after the hour was compacted; the next rebuild has them.
        unexplained: What neither accounts for: above zero what the lake lacks, below zero what
            real time lacks.
    """

    datehour: str
    event_type: str
    realtime: int
    batch: int
    duplicates: int
    late: int
    unexplained: int

    @property
    def difference(self) -> int:
        """How much more real time counted than the lake holds."""
        return self.realtime - self.batch


@dataclass(frozen=True)
class Reconciliation:
    """What came of comparing some hours.

    Attributes:
        compared: Every type of every hour that was judged.
        unsettled: Those that were still being counted, which were not judged.
        hours: The hours that were compared.
        skipped: Those that were not, because counters of theirs may have expired.
        erased: Those of which real time may have counted more, because of an erasure.
    """

    compared: tuple[Comparison, ...]
    unsettled: tuple[HourAndType, ...]
    hours: tuple[str, ...]
    skipped: tuple[str, ...]
    erased: tuple[str, ...] = ()

    @property
    def differing(self) -> list[Comparison]:
        """Those that are not equal, the least explained first."""
        found = [one for one in self.compared if one.difference]
        return sorted(found, key=lambda one: (-abs(one.unexplained), -abs(one.difference)))

    @property
    def unexplained(self) -> list[Comparison]:
        """Those whose difference has no explanation."""
        return [one for one in self.compared if one.unexplained]

    @property
    def lacking(self) -> list[str]:
        """The hours of which real time counted more than the lake accounts for, in order."""
        return sorted({one.datehour for one in self.compared if one.unexplained > 0})


def is_comparable(hour: HourCounts, now: datetime) -> bool:
    """Whether the counters of an hour still hold all of its events.

    Args:
        hour: The hour. One without archived rows had its events, if any, after it began.
        now: The present, before the counters are read.
    """
    earliest = hour.first_received_at or lake.start_of(hour.datehour)
    return not hour.is_raw_expired and earliest >= now - COUNTERS_KEPT


def reconcile(
    hours: Iterable[HourCounts],
    counters: Mapping[HourAndType, RealTimeCount],
    now: datetime,
    settled_at: datetime,
    erased: Collection[str] = (),
) -> Reconciliation:
    """Compares both sides.

    An hour of which the lake has nothing is compared whenever it was: counters may have expired,
    but those that are there count events that are not in the lake.

    Args:
        hours: The lake's numbers, by type where the hour can be compared.
        counters: The counters of at least these hours, read after the lake's numbers.
        now: The present, before the lake was asked.
        settled_at: Up to when everything that was counted had been archived too. Counters that
            changed later are not judged.
        erased: Hours that an erasure has taken events out of.

    Returns:
        What is equal, what differs, and what could not be judged.
    """
    wanted: list[HourCounts] = []
    skipped: list[str] = []
    for hour in hours:
        if is_comparable(hour, now) or hour.is_empty:
            wanted.append(hour)
        else:
            skipped.append(hour.datehour)
    batch = {(hour.datehour, name): one for hour in wanted for name, one in hour.types.items()}
    names = {hour.datehour for hour in wanted}
    both = sorted(batch.keys() | {place for place in counters if place[0] in names})
    compared: list[Comparison] = []
    unsettled: list[HourAndType] = []
    for place in both:
        counted = counters.get(place)
        if counted is not None and counted.changed_at > settled_at:
            unsettled.append(place)
        else:
            events = counted.events if counted is not None else 0
            is_erased = place[0] in erased
            compared.append(
                _compare(place, events, batch.get(place, _NOTHING), is_erased=is_erased)
            )
    return Reconciliation(
        tuple(compared),
        tuple(unsettled),
        tuple(sorted(names)),
        tuple(skipped),
        tuple(sorted(names.intersection(erased))),
    )


def _compare(
    place: HourAndType, realtime: int, lake_has: TypeCounts, *, is_erased: bool
) -> Comparison:
    duplicates = max(0, lake_has.records - lake_has.raw_ids)
    late = max(0, lake_has.raw_ids - lake_has.rows)
    difference = realtime - lake_has.rows
    if difference > 0:
        unexplained = 0 if is_erased else max(0, difference - duplicates - late)
    else:
        unexplained = min(0, difference + lake_has.recent)
    return Comparison(*place, realtime, lake_has.rows, duplicates, late, unexplained)
