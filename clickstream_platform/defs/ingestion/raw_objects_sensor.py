"""The sensor that turns S3's notifications into runs.

Belongs here: the order of the steps that keeps a notification from being lost. What a message
means belongs in `core.notifications`, when an hour is due in `core.pending`.

The steps, and what a crash after each leaves behind:

1. Messages are received. Nothing was recorded: SQS delivers them again.
2. The hours they touch are recorded as materializations of `raw_hours`, and their Glue partitions
   made. The messages come again and are recorded again: the hour is rebuilt once more, with the
   same result.
3. The messages are deleted. The event log holds what they said.
4. The log is read from the cursor on, due hours leave `pending` as run requests. Dagster stores the
   requests with the tick before the cursor; a repeated tick asks for the same run keys.
"""

from datetime import UTC, datetime

import dagster as dg

from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.notifications import RawObject, by_hour, parse_notification
from clickstream_platform.core.pending import Cursor, ReleasePolicy, run_key
from clickstream_platform.defs.ingestion.raw_hours import RAW_HOURS, RAW_TABLE
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.resources.raw_object_queue import QueueMessage, RawObjectQueueResource
from lambdas.shared import lake as layout

# The tags by which a run is told a range of partitions; Dagster has no public constant for them.
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"

# New hours go before the waiting chunks of a backfill, which have Dagster's default of 0.
_PRIORITY = {"dagster/priority": "1"}
_LOG_PAGE = 1000
_MOST_OUTSIDE = 2000
_SAMPLE = 5


def build_raw_objects_sensor(
    job_name: str,
    partitions: dg.PartitionsDefinition[str],
    policy: ReleasePolicy,
    interval_s: int,
) -> dg.SensorDefinition:
    """The sensor that rebuilds an hour once its raw objects are there.

    Args:
        job_name: The job that rebuilds hours.
        partitions: The hours that can be rebuilt; others wait, with a warning.
        policy: When an hour is rebuilt, and how many together.
        interval_s: How often it looks, in seconds.
    """

    @dg.sensor(
        name="raw_objects",
        job_name=job_name,
        minimum_interval_seconds=interval_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Records new raw objects and rebuilds their hours when these are due.",
    )
    def raw_objects(
        context: dg.SensorEvaluationContext,
        lake: LakeResource,
        queue: RawObjectQueueResource,
        catalog: CatalogResource,
    ) -> dg.SensorResult:
        received = record_arrivals(context, queue, lake, catalog)
        cursor = read_arrivals(context.instance, Cursor.from_json(context.cursor))
        due = policy.due(cursor, datetime.now(UTC))
        hours = [hour for hour in due if partitions.has_partition_key(hour)]
        occupied = catalog.locations(RAW_TABLE, policy.gaps(hours))
        chunks = policy.chunks(hours, occupied)
        outside = sorted(set(due).difference(hours))
        remaining = cursor.without([*hours, *_too_many(context, partitions, outside)])
        return dg.SensorResult(
            run_requests=[_request(chunk, cursor) for chunk in chunks],
            cursor=remaining.to_json(),
            skip_reason=None if chunks else _skip_reason(received, remaining),
        )

    return raw_objects


def record_arrivals(
    context: dg.SensorEvaluationContext,
    queue: RawObjectQueueResource,
    lake: LakeResource,
    catalog: CatalogResource,
) -> int:
    """Records what the queue announces, then deletes the messages.

    Args:
        context: The tick.
        queue: The queue.
        lake: The lake; objects of other buckets are none of ours.
        catalog: The catalog: the hours become queryable while they are still open.

    Returns:
        How many messages were taken.
    """
    messages: list[QueueMessage] = []
    objects: list[RawObject] = []
    for message in queue.receive():
        notification = parse_notification(message.body, lake.bucket)
        for reason in notification.ignored:
            context.log.warning(f"ignored in a message of the raw-objects queue: {reason}")
        objects += notification.objects
        messages.append(message)
    hours = by_hour(objects)
    for hour, arrived in hours.items():
        context.instance.report_runless_asset_event(_materialization(hour, arrived))
    catalog.place(RAW_TABLE, {hour: lake.uri(layout.raw_prefix(hour)) for hour in hours})
    failed = queue.delete(messages)
    if failed:
        context.log.warning(f"{failed} messages were not deleted; they will be delivered again")
    return len(messages)


def read_arrivals(instance: dg.DagsterInstance, cursor: Cursor) -> Cursor:
    """Takes the materializations of raw hours since the cursor into account.

    Whoever reports one (this sensor, a person, a reconciling job) gets the hour rebuilt.
    """
    while True:
        page = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=RAW_HOURS, after_storage_id=cursor.after),
            limit=_LOG_PAGE,
            ascending=True,
        )
        for record in page.records:
            if record.partition_key is None:
                cursor = cursor.past(record.storage_id)  # somebody's mistake; it is of no hour
            else:
                cursor = cursor.seeing(record.storage_id, record.partition_key, record.timestamp)
        if not page.has_more:
            return cursor


def _materialization(hour: str, arrived: list[RawObject]) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        asset_key=RAW_HOURS,
        partition=hour,
        metadata={
            "objects": len(arrived),
            "bytes": sum(one.size_bytes for one in arrived),
            "keys_sample": [one.key for one in arrived[:_SAMPLE]],
        },
    )


def _too_many(
    context: dg.SensorEvaluationContext,
    partitions: dg.PartitionsDefinition[str],
    outside: list[str],
) -> list[str]:
    """The hours without a partition that are no longer remembered; a warning names the others.

    Any client can send events of any hour. The latest hours wait in the cursor, so that they are
    rebuilt as soon as they have a partition; reconciliation finds the others.
    """
    if outside:
        context.log.warning(
            f"{len(outside)} hours have raw objects but no partition ({outside[0]} to "
            f"{outside[-1]}); they wait until CLICKSTREAM_FIRST_HOUR (now "
            f"{partitions.get_first_partition_key()}) and CLICKSTREAM_LAST_HOUR include them"
        )
    return outside[:-_MOST_OUTSIDE]


def _request(chunk: HourRange, cursor: Cursor) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=run_key(chunk, cursor.pending),
        tags={RANGE_START_TAG: chunk.first, RANGE_END_TAG: chunk.last, **_PRIORITY},
    )


def _skip_reason(received: int, cursor: Cursor) -> str:
    return f"{received} messages, {len(cursor.pending)} hours waiting, none due"
