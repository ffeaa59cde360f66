"""Keeping what the checks have found, for the mart `data_quality_hourly`.

Belongs here: reading and writing the objects of the table `checked_hours`. Their content belongs in
`core.checked_hours`.
"""

from collections.abc import Mapping

from clickstream_platform.core.checked_hours import Line, day_of, key_of, replaced
from clickstream_platform.core.hours import HourRange
from clickstream_platform.resources.lake import LakeResource


def keep(lake: LakeResource, hours: HourRange | None, lines: Mapping[str, Line]) -> None:
    """Writes what was found over what was found before.

    Args:
        lake: The lake.
        hours: The hours that were checked; None for all.
        lines: What was found, by hour.
    """
    days = {day_of(hour) for hour in [*lines, *(hours.hours() if hours is not None else ())]}
    for day in sorted(days):
        key = key_of(day)
        present = next((one for one in lake.list_objects(key) if one.key == key), None)
        content = lake.read(key) if present is not None else b""
        of_day = {hour: line for hour, line in lines.items() if day_of(hour) == day}
        wanted = replaced(content, hours, of_day)
        if wanted != content:
            lake.write(key, wanted)
