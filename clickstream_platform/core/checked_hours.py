"""What the checks have found in each hour, kept as a table.

Belongs here: a day's object of the table `checked_hours`, as text in and text out. Counting belongs
in `conservation` and `reconciled_counts`, writing to `defs/quality/kept_hours`.

An object holds the hours of a day, a JSON line each, as they were found last. Runs that check hours
exclude each other, so an object is read and written by one at a time.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from clickstream_platform.core.conservation import HourCounts
from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.reconciled_counts import Reconciliation

PREFIX = "checked_hours"
Line = dict[str, Any]


def key_of(day: str) -> str:
    """Where the hours of a day lie.

    Args:
        day: The day in UTC, yyyy-MM-dd.
    """
    return f"{PREFIX}/{day}.json"


def day_of(datehour: str) -> str:
    """The day of an hour."""
    return datehour[:10]


def lines_of(
    counts: Iterable[HourCounts], outcome: Reconciliation | None, checked_at: datetime
) -> dict[str, Line]:
    """What was found, by hour.

    Args:
        counts: The lake's numbers.
        outcome: What came of comparing them with real time; None where nothing was compared.
        checked_at: When.
    """
    realtime = _realtime(outcome)
    return {
        one.datehour: {
            "datehour": one.datehour,
            "raw_rows": one.raw_rows,
            "compacted_rows": one.rows,
            "duplicates": one.duplicates,
            "is_raw_expired": one.is_raw_expired,
            "is_conserved": one.is_conserved,
            "is_unique": one.is_unique,
            **realtime.get(one.datehour, {"realtime_events": None, "unexplained_events": None}),
            "checked_at": f"{checked_at:%Y-%m-%d %H:%M:%S.%f}"[:23],
        }
        for one in counts
    }


def replaced(content: bytes, hours: HourRange | None, lines: Mapping[str, Line]) -> bytes:
    """A day's object with some hours found anew.

    Args:
        content: The object as it is; empty if there is none.
        hours: The hours that were checked; None for all. One without a line has no rows any more.
        lines: What was found in the hours of this day.
    """
    kept = {
        line["datehour"]: line
        for line in map(json.loads, content.splitlines())
        if hours is not None and not hours.first <= line["datehour"] <= hours.last
    }
    found = {**kept, **lines}
    return b"".join(json.dumps(found[hour]).encode() + b"\n" for hour in sorted(found))


def _realtime(outcome: Reconciliation | None) -> dict[str, Line]:
    """What real time says of the hours that could be compared."""
    if outcome is None:
        return {}
    # Of an hour that was still being counted there is no number yet.
    unsettled = {hour for hour, _ in outcome.unsettled}
    found: dict[str, Line] = {
        hour: {"realtime_events": 0, "unexplained_events": 0}
        for hour in outcome.hours
        if hour not in unsettled
    }
    for one in outcome.compared:
        if one.datehour in found:
            found[one.datehour]["realtime_events"] += one.realtime
            found[one.datehour]["unexplained_events"] += abs(one.unexplained)
    return found
