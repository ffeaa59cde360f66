"""Keeping what the checks have found, for the mart `data_quality_hourly`.

Belongs here: reading and writing the objects of the table `checked_hours`. Their content belongs in
`core.checked_hours`.
"""

from collections.abc import Mapping
from functools import partial

import dagster as dg

from clickstream_platform.core.checked_hours import Line, day_of, key_of, replaced
from clickstream_platform.core.hours import HourRange
from clickstream_platform.resources.lake import LakeResource, change

CHECKED_HOURS = dg.AssetKey(["quality", "checked_hours"])


def build_checked_hours(events: dg.AssetKey) -> dg.AssetSpec:
    """What was found, as an asset: the checks write it, whoever runs them.

    Args:
        events: The asset of the compacted events.
    """
    return dg.AssetSpec(
        CHECKED_HOURS,
        deps=[events],
        description=(
            "What the checks of the compacted events found in each hour last. Grain: one row per "
            "hour. Source: the checks of lake/events. Lateness: with every rebuild of the hour."
        ),
        group_name="quality",
        owners=["team:data-platform"],
        kinds={"s3", "json"},
    )


def keep(lake: LakeResource, hours: HourRange | None, lines: Mapping[str, Line]) -> None:
    """Writes what was found over what was found before.

    Args:
        lake: The lake.
        hours: The hours that were checked; None for all.
        lines: What was found, by hour.
    """
    days = {day_of(hour) for hour in [*lines, *(hours.hours() if hours is not None else ())]}
    for day in sorted(days):
        of_day = {hour: line for hour, line in lines.items() if day_of(hour) == day}
        change(lake, key_of(day), partial(replaced, hours=hours, lines=of_day))
