"""The partitions of the batch side.

Belongs here: partitions definitions. Arithmetic on hours belongs in `core.hours`.
"""

import dagster as dg

from clickstream_platform.core.hours import next_hour
from lambdas.shared import lake


def hourly_partitions(first_hour: str, last_hour: str | None) -> dg.HourlyPartitionsDefinition:
    """One partition per hour of event time, in UTC, named by its datehour.

    Args:
        first_hour: The first datehour.
        last_hour: The last datehour, itself included; None when the hours go on for ever.

    Returns:
        The partitions. An hour exists once it has ended.

    Raises:
        ValueError: If an hour is not a datehour.
    """
    lake.start_of(first_hour)
    return dg.HourlyPartitionsDefinition(
        start_date=first_hour,
        end_date=None if last_hour is None else next_hour(last_hour),
        timezone="UTC",
        fmt=lake.DATEHOUR_FORMAT,
    )
