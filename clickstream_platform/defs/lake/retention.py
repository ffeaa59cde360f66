"""Retention as an asset: when it runs and what it tells.

Belongs here: the asset, its job and its schedule. What leaves belongs in `core.retention`, in which
order in `retention_steps`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg

from clickstream_platform.core.departures import Departure
from clickstream_platform.core.retention import RetentionPolicy
from clickstream_platform.defs.lake.retention_steps import Retention, Tables
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.settings import Settings

RETENTION = dg.AssetKey(["lake", "retention"])

_DESCRIPTION = (
    "What left the lake, because its time had come. Grain: one run over the whole lake. Source: "
    "the raw zone, the compacted generations, the quarantine and their partitions. Lateness: daily "
    "at 03:15 UTC. An object that is in no live generation stays, whatever its age; dry_run "
    "tells what would leave and changes nothing."
)


class RetentionConfig(dg.Config):
    """What one run of retention may be told.

    Attributes:
        dry_run: Only tell what would leave.
    """

    dry_run: bool = False


def retention_policy(settings: Settings) -> RetentionPolicy:
    """How long things are kept, by the settings."""
    events = settings.events_retention_days
    return RetentionPolicy(
        raw=timedelta(days=settings.raw_retention_days),
        events=None if events is None else timedelta(days=events),
        set_aside=timedelta(days=settings.quarantine_retention_days),
        generation_grace=timedelta(hours=settings.generation_grace_h),
    )


def build_retention(
    policy: RetentionPolicy, tables: Tables, *, pool: str, tags: Mapping[str, str]
) -> dg.Definitions:
    """The asset, the job that runs it and its schedule.

    Args:
        policy: How long things are kept.
        tables: The tables whose partitions are the hours.
        pool: The pool of the runs that rebuild hours: these and retention exclude each other.
        tags: The tags by which they do so as well.
    """

    @dg.asset(
        key=RETENTION,
        description=_DESCRIPTION,
        group_name="lake",
        owners=["team:data-platform"],
        kinds={"s3", "glue"},
        pool=pool,
    )
    def retention(
        context: dg.AssetExecutionContext,
        config: RetentionConfig,
        lake: LakeResource,
        catalog: CatalogResource,
    ) -> dg.MaterializeResult[None]:
        outcome = Retention(
            lake,
            catalog,
            tables,
            policy,
            datetime.now(UTC),
            dry_run=config.dry_run,
            report=lambda one: context.log.info(_line(one, dry_run=config.dry_run)),
        ).run()
        for warning in outcome.warnings:
            context.log.warning(f"kept: {warning}")
        return dg.MaterializeResult(metadata=outcome.metadata)

    job = dg.define_asset_job(
        "retention",
        selection=dg.AssetSelection.assets(retention),
        tags=dict(tags),
        description="Deletes what is past its time: raw objects, generations, set-aside records.",
    )
    schedule = dg.ScheduleDefinition(
        name="retention_daily",
        job=job,
        cron_schedule="15 3 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return dg.Definitions(assets=[retention], jobs=[job], schedules=[schedule])


def _line(departure: Departure, *, dry_run: bool) -> str:
    """What is logged of a departure; of one that is only asked about, every name."""
    if dry_run:
        return "\n".join([f"would delete {departure}", *departure.names])
    return f"deleted {departure}"
