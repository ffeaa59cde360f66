"""The raw zone as Dagster sees it.

Belongs here: raw hours (somebody else's objects) and the Glue partitions that make them queryable.
Noticing new objects belongs to the sensor, rewriting them to `defs/lake`.
"""

from collections import Counter

import dagster as dg

from clickstream_platform.core.hours import spanning
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from lambdas.shared import lake as layout
from lambdas.shared.columns import EVENT_COLUMNS

RAW_HOURS = dg.AssetKey(["ingestion", "raw_hours"])
RAW_EVENTS = dg.AssetKey(["ingestion", "raw_events"])
QUARANTINE = dg.AssetKey(["ingestion", "quarantine"])
RAW_TABLE = "raw_events"
_LISTED_HOURS = 100  # what Glue takes in one call

_RAW_EVENTS = (
    "Glue partitions of the table raw_events, so that Athena can read the raw objects. "
    "Grain: event as delivered, duplicates included. Source: raw_hours. Lateness: "
    "registered with the hour's first run; objects that come later are seen at once."
)


def build_raw_hours(partitions: dg.PartitionsDefinition[str]) -> dg.AssetSpec:
    """The hours of raw objects, which the archive writes and nobody here does."""
    return dg.AssetSpec(
        RAW_HOURS,
        description=(
            "The objects of one hour of event time, as they landed in S3. Grain: object. Source: "
            "the archive, by our function one object per shard and minute, by Firehose one per "
            "minute or 64 MB. Lateness: an hour gets most of its objects within two minutes of "
            "its end, and late events at any time."
        ),
        group_name="ingestion",
        owners=["team:data-platform"],
        kinds={"s3", "parquet"},
        partitions_def=partitions,
    )


def build_quarantine() -> dg.AssetSpec:
    """The records that were set aside, by the archive too."""
    return dg.AssetSpec(
        QUARANTINE,
        description=(
            "Records that could not be accepted, with the reason. Grain: record. Source: the "
            "archive. Lateness: a minute after their arrival; `clickstream quarantine` "
            "shows them and sends them again."
        ),
        group_name="ingestion",
        owners=["team:data-platform"],
        kinds={"s3", "json"},
    )


def build_raw_events(
    partitions: dg.PartitionsDefinition[str], backfill_policy: dg.BackfillPolicy
) -> dg.AssetsDefinition:
    """The Glue partitions over the raw hours."""
    spec = dg.AssetSpec(
        RAW_EVENTS,
        deps=[RAW_HOURS],
        description=_RAW_EVENTS,
        group_name="ingestion",
        owners=["team:data-platform"],
        kinds={"s3", "glue"},
    )

    # multi_asset, because asset() has the policy as a beta only.
    @dg.multi_asset(
        name="raw_events",
        specs=[spec],
        partitions_def=partitions,
        backfill_policy=backfill_policy,
    )
    def raw_events(
        context: dg.AssetExecutionContext, lake: LakeResource, catalog: CatalogResource
    ) -> dg.MaterializeResult[None]:
        added = catalog.evolve(RAW_TABLE, EVENT_COLUMNS)
        total: Counter[str] = Counter()
        numbers: dict[str, dict[str, int]] = {}
        # A part at a time: a month may have more objects than a process can remember.
        for part in spanning(context.partition_keys).chunks(_LISTED_HOURS):
            objects = lake.list_raw(part)
            placement = catalog.place(
                RAW_TABLE, {hour: lake.uri(layout.raw_prefix(hour)) for hour in objects}
            )
            for hour, stored in objects.items():
                size = sum(one.size_bytes for one in stored)
                numbers[hour] = {"files": len(stored), "bytes": size}
            total.update(
                run_hours=len(objects),
                run_hours_empty=part.count - len(objects),
                run_files=sum(len(stored) for stored in objects.values()),
                run_partitions_created=placement.created,
                run_partitions_moved=placement.moved,
            )
        of_run = {**total, "run_columns_added": added} if added else {**total}
        for hour in context.partition_keys:
            context.add_asset_metadata({**numbers.get(hour, {}), **of_run}, partition_key=hour)
        return dg.MaterializeResult()

    return raw_events
