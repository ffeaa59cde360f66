"""The hours that a person asks for.

Belongs here: reading FROM and TO, and what is wrong with them. How the hours are divided and which
of them are left to do belongs in `plan`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clickstream_platform.core.hours import HourRange
from lambdas.shared import lake

_DAY_FORMAT = "%Y-%m-%d"
_HOUR = timedelta(hours=1)


class WindowError(ValueError):
    """Hours that cannot be rebuilt as asked; the message says what to write instead."""


@dataclass(frozen=True)
class Partitions:
    """The hours that Dagster can rebuild.

    Attributes:
        first: The first datehour, None while no hour has ended.
        last: The last datehour.
    """

    first: str | None
    last: str | None


def read_window(first: str, last: str) -> HourRange:
    """Reads FROM and TO, both included; a day stands for its first or its last hour.

    Args:
        first: The first hour, `yyyy-MM-dd-HH`, or a day, `yyyy-MM-dd`, both in UTC.
        last: The last hour or day.

    Raises:
        WindowError: If one is neither, or TO lies before FROM.
    """
    begin, end = _hours_of("FROM", first).first, _hours_of("TO", last).last
    if end < begin:
        raise WindowError(f"TO ({last}) lies before FROM ({first})")
    return HourRange(begin, end)


def check_inside(window: HourRange, partitions: Partitions, now: datetime) -> None:
    """Checks that every hour of a window has a partition.

    Args:
        window: The hours.
        partitions: The hours there are.
        now: The time; an hour has a partition once it has ended.

    Raises:
        WindowError: If an hour has none.
    """
    first, last = partitions.first, partitions.last
    if first is None or last is None:
        raise WindowError("there is no partition yet: none of the platform's hours has ended")
    if window.first < first:
        raise WindowError(
            f"{window.first} has no partition, they begin at {first}. Begin there, or start the "
            f"platform with `clickstream up --first-hour {window.first}` (where it is deployed, "
            "set CLICKSTREAM_FIRST_HOUR)"
        )
    if window.last > last:
        ended = lake.start_of(window.last) + _HOUR <= now
        why = "they end" if ended else "it has not ended yet: they end"
        raise WindowError(
            f"{window.last} has no partition, {why} at {last}"
            + (". End there" if window.first <= last else "")
            + (", or set CLICKSTREAM_LAST_HOUR" if ended else "")
        )


def spelled_out(window: HourRange) -> str:
    """A window in words, without doubt about its ends."""
    begin, end = lake.start_of(window.first), lake.start_of(window.end)
    hours = "1 hour" if window.count == 1 else f"{window.count:,} hours"
    return f"{begin:%Y-%m-%d %H:%M} up to {end:%Y-%m-%d %H:%M} UTC, {hours}"


def _hours_of(name: str, text: str) -> HourRange:
    """The hour, or the hours of the day, that a text names."""
    try:
        hour = lake.datehour_of(lake.start_of(text))
        return HourRange(hour, hour)
    except ValueError:
        pass  # it may be a day
    try:
        day = datetime.strptime(text, _DAY_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise WindowError(
            f"{name}: {text!r} is no hour: write yyyy-MM-dd-HH, as 2026-11-23-01, or a day, as "
            "2026-11-23, in UTC"
        ) from None
    return HourRange(lake.datehour_of(day), lake.datehour_of(day + 23 * _HOUR))
