"""Arithmetic on hours: neighbours, half-open windows, contiguous ranges.

Belongs here: what can be said of datehours alone. When an hour is due belongs in `pending`; which
partitions exist belongs in `clickstream_platform.partitions`.
"""

from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from lambdas.shared import lake

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, order=True)
class HourRange:
    """A contiguous range of hours, both ends included, as Dagster's range tags have it.

    Attributes:
        first: First datehour.
        last: Last datehour, not before the first.
    """

    first: str
    last: str

    def __post_init__(self) -> None:
        """Checks the order, because a reversed range would rebuild nothing, silently."""
        if lake.start_of(self.first) > lake.start_of(self.last):
            raise ValueError(f"{self.last} lies before {self.first}")

    @property
    def end(self) -> str:
        """The datehour after the last: the open end of the half-open window."""
        return next_hour(self.last)

    @property
    def count(self) -> int:
        """How many hours the range spans."""
        return hours_between(self.first, self.last) + 1

    def hours(self) -> list[str]:
        """Every datehour of the range, in order."""
        start = lake.start_of(self.first)
        return [lake.datehour_of(start + index * _HOUR) for index in range(self.count)]

    def chunks(self, max_hours: int) -> list["HourRange"]:
        """The range in parts of so many hours, the last one shorter."""
        return contiguous_chunks(self.hours(), max_hours=max_hours, max_gap_hours=0)


def next_hour(datehour: str) -> str:
    """The datehour that follows."""
    return lake.datehour_of(lake.start_of(datehour) + _HOUR)


def hour_before(datehour: str) -> str:
    """The datehour that it follows."""
    return lake.datehour_of(lake.start_of(datehour) - _HOUR)


def hours_between(first: str, second: str) -> int:
    """How many hours the second starts after the first; negative when it starts before."""
    return (lake.start_of(second) - lake.start_of(first)) // _HOUR


def spanning(datehours: Iterable[str]) -> HourRange:
    """The range from the earliest to the latest of some hours.

    Raises:
        ValueError: If there are none.
    """
    ordered = sorted(datehours)
    if not ordered:
        raise ValueError("no hours to span")
    return HourRange(ordered[0], ordered[-1])


def contiguous_chunks(
    datehours: Iterable[str],
    *,
    max_hours: int,
    max_gap_hours: int,
    occupied: Iterable[str] = (),
) -> list[HourRange]:
    """Groups hours into ranges, each taken at once.

    Args:
        datehours: The hours to cover, in any order, repeated or not.
        max_hours: How many hours a range spans at most, gaps included.
        max_gap_hours: How many missing hours are bridged at most.
        occupied: Hours that no range may bridge, only begin, hold or end with.

    Returns:
        Disjoint ranges in order. Every hour given lies in exactly one, and every range begins and
        ends with an hour that was given.
    """
    wanted = sorted(set(datehours))
    barred = sorted(set(occupied).difference(wanted))
    chunks: list[HourRange] = []
    for hour in wanted:
        if chunks:
            current = chunks[-1]
            gap = hours_between(current.last, hour) - 1
            is_free = bisect(barred, current.last) == bisect(barred, hour)
            is_near = gap <= max_gap_hours and hours_between(current.first, hour) < max_hours
            if is_free and is_near:
                chunks[-1] = HourRange(current.first, hour)
                continue
        chunks.append(HourRange(hour, hour))
    return chunks


def gaps_of(datehours: Iterable[str], *, max_gap_hours: int) -> list[str]:
    """The hours between some hours, where not more than so many are missing together."""
    missing: list[str] = []
    for before, after in pairwise(sorted(set(datehours))):
        if 1 < hours_between(before, after) <= max_gap_hours + 1:
            missing += HourRange(before, after).hours()[1:-1]
    return missing
