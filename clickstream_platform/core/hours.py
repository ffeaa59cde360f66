"""Arithmetic on hours: neighbours, half-open windows, contiguous ranges.

Belongs here: what can be said of datehours alone. When an hour is due belongs in `pending`; which
partitions exist belongs in `clickstream_platform.partitions`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

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


def next_hour(datehour: str) -> str:
    """The datehour that follows."""
    return lake.datehour_of(lake.start_of(datehour) + _HOUR)


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
    datehours: Iterable[str], *, max_hours: int, max_gap_hours: int
) -> list[HourRange]:
    """Groups hours into ranges, each one run.

    A run costs far more than an hour in it (dbt alone takes seconds to start), so a short gap is
    bridged: rebuilding its hours again is idempotent and cheaper than a second run.

    Args:
        datehours: The hours to cover, in any order, repeated or not.
        max_hours: How many hours a range spans at most, gaps included.
        max_gap_hours: How many missing hours are bridged at most.

    Returns:
        Disjoint ranges in order. Every hour given lies in exactly one, and every range begins and
        ends with an hour that was given.
    """
    chunks: list[HourRange] = []
    for hour in sorted(set(datehours)):
        if chunks:
            current = chunks[-1]
            gap = hours_between(current.last, hour) - 1
            if gap <= max_gap_hours and hours_between(current.first, hour) < max_hours:
                chunks[-1] = HourRange(current.first, hour)
                continue
        chunks.append(HourRange(hour, hour))
    return chunks
