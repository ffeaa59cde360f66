"""Which hours a check is about.

Belongs here: reading the hours of the run that a check is part of. What is checked in them belongs
to the checks.
"""

import dagster as dg

from clickstream_platform.core.hours import HourRange

# The checks have no partitions of their own (in Dagster 1.13 those are a preview), so they read the
# run's from its tags, for which there are no public constants.
_PARTITION_TAG = "dagster/partition"
_RANGE_START_TAG = "dagster/asset_partition_range_start"
_RANGE_END_TAG = "dagster/asset_partition_range_end"


def hours_of(context: dg.AssetCheckExecutionContext) -> HourRange | None:
    """The hours of the run, or None (every hour) when it was started without any."""
    tags = context.run.tags
    if _PARTITION_TAG in tags:
        return HourRange(tags[_PARTITION_TAG], tags[_PARTITION_TAG])
    if _RANGE_START_TAG in tags:
        return HourRange(tags[_RANGE_START_TAG], tags[_RANGE_END_TAG])
    return None
