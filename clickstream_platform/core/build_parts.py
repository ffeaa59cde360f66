"""In which parts the marts are built: what one dbt command builds.

Belongs here: dividing hours, as pure values. Which hours have changed belongs in
`defs.rollups.changed_hours`; what is rebuilt for an hour in `dbt_sql/macros/days.sql`.

A command builds some days of events at most, however many there are: a year in one statement is
more than Athena, or a laptop's memory, takes. And hours that lie far apart do not have all days
between them rebuilt.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from clickstream_platform.core.hours import (
    HourRange,
    contiguous_chunks,
    hour_before,
    hours_between,
)

_DAY_H = 24
_BRIDGED_H = 5 * _DAY_H  # of hours so near, most of the days between depend on them anyway
_ANY_H = 10**6


@dataclass(frozen=True)
class BuildPart:
    """What one dbt command builds.

    Attributes:
        hours: The hours whose days it rebuilds.
        is_anew: Whether everything is built anew, part by part: then a table that is not there yet
            gets the days of this part alone, and not all days.
        is_followed: Whether the next part begins with the hour after this one's last: then what
            depends on all days before it is left to that part.
        tested_since: The first hour of what the data tests look at, when this is the last part;
            the others are not tested.
    """

    hours: HourRange
    is_anew: bool = False
    is_followed: bool = False
    tested_since: str | None = None


def parts_of_changed(hours: Collection[str], max_days: int) -> Sequence[BuildPart]:
    """The parts in which the days of some hours are rebuilt.

    Args:
        hours: Hours that have changed; not empty.
        max_days: Days of events that a part spans at most.

    Returns:
        The parts, in order. Those of hours near each other cover the hours between them too.
    """
    return _parts(hours, max_days, bridged_h=_BRIDGED_H, is_anew=False)


def parts_of_all(hours: Collection[str], max_days: int) -> Sequence[BuildPart | None]:
    """The parts in which everything is built.

    Args:
        hours: The hours with events.
        max_days: Days of events that a part spans at most.

    Returns:
        The parts, in order, without a gap; None alone if one command may build everything.
    """
    parts = _parts(hours, max_days, bridged_h=_ANY_H, is_anew=True)
    if len(parts) > 1:
        return parts
    return [None]


def _parts(
    hours: Collection[str], max_days: int, *, bridged_h: int, is_anew: bool
) -> list[BuildPart]:
    chunks = contiguous_chunks(hours, max_hours=max_days * _DAY_H, max_gap_hours=bridged_h)
    parts = []
    for chunk, following in pairwise(chunks):
        is_followed = hours_between(chunk.last, following.first) - 1 <= bridged_h
        last = hour_before(following.first) if is_followed else chunk.last
        parts.append(BuildPart(HourRange(chunk.first, last), is_anew, is_followed))
    if chunks:
        parts.append(BuildPart(chunks[-1], is_anew, tested_since=chunks[0].first))
    return parts
