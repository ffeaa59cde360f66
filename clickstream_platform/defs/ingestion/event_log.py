"""What Dagster has recorded of the hours.

Belongs here: reading the event log and the runs. What follows from it belongs to whoever asks.
"""

from datetime import UTC, datetime

import dagster as dg

from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.reconciliation import Event

# Dagster has no public constants for these tags.
_PARTITION_TAG = "dagster/partition"
_RANGE_START_TAG = "dagster/asset_partition_range_start"
_RANGE_END_TAG = "dagster/asset_partition_range_end"
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_LOG_PAGE = 1000


def latest_of(
    instance: dg.DagsterInstance, asset: dg.AssetKey, since: datetime
) -> dict[str | None, Event]:
    """The latest materialization of each hour of an asset.

    Args:
        instance: The instance.
        asset: The asset.
        since: Only those recorded after this time.

    Returns:
        The materializations by hour; None is the hour of one that has no partition.
    """
    found: dict[str | None, Event] = {}
    wanted = dg.AssetRecordsFilter(asset_key=asset, after_timestamp=since.timestamp())
    cursor: str | None = None
    while True:
        page = instance.fetch_materializations(
            wanted, limit=_LOG_PAGE, cursor=cursor, ascending=True
        )
        for record in page.records:
            at = datetime.fromtimestamp(record.timestamp, UTC)
            found[record.partition_key] = Event(record.storage_id, at)
        if not page.has_more:
            return found
        cursor = page.cursor


def hours_under_way(instance: dg.DagsterInstance) -> list[HourRange]:
    """The hours of every run that waits or is being executed."""
    found = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED)):
        tags = record.dagster_run.tags
        if _RANGE_START_TAG in tags:
            found.append(HourRange(tags[_RANGE_START_TAG], tags[_RANGE_END_TAG]))
        elif _PARTITION_TAG in tags:
            found.append(HourRange(tags[_PARTITION_TAG], tags[_PARTITION_TAG]))
    return found
