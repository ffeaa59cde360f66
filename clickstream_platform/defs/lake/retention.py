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
RETENTION_JOB = "retention"
# The node of the asset, by which a run's configuration names it.
RETENTION_OP = "lake__retention"
_EVENTS = "events_retention_days"

_DESCRIPTION = (
    "What left the lake, because its time had come. Grain: one run over the whole lake. Source: "
    "the raw zone, the compacted generations, the quarantine and their partitions. Lateness: daily "
    "at 03:15 UTC. A raw object that is in no live generation stays, whatever its age, unless its "
    "whole hour is past its time; dry_run tells what would leave and changes nothing."
)


class RetentionConfig(dg.Config):
    """What one run of retention may be told.

    Attributes:
        dry_run: Only tell what would leave.
        as_of: The present that is decided by, ISO 8601 with a zone; the run's own if left, and
            never later than that. So a run that had to wait takes no more than somebody was shown.
        shown_limits: The limits that somebody was shown, as `limits_of` tells them. A run whose own
            are others fails before it changes anything.
    """

    dry_run: bool = False
    as_of: str | None = None
    shown_limits: dict[str, int] | None = None


def retention_policy(settings: Settings) -> RetentionPolicy:
    """How long things are kept, by the settings."""
    events = settings.events_retention_days
    return RetentionPolicy(
        raw=timedelta(days=settings.raw_retention_days),
        events=None if events is None else timedelta(days=events),
        set_aside=timedelta(days=settings.quarantine_retention_days),
        generation_grace=timedelta(hours=settings.generation_grace_h),
    )


def limits_of(policy: RetentionPolicy) -> dict[str, int]:
    """A policy as the settings that make it; what has no limit is left out."""
    limits = {
        "raw_retention_days": policy.raw.days,
        "quarantine_retention_days": policy.set_aside.days,
        "generation_grace_h": policy.generation_grace // timedelta(hours=1),
    }
    return limits if policy.events is None else {**limits, _EVENTS: policy.events.days}


def policy_of(limits: Mapping[str, int]) -> RetentionPolicy:
    """The policy of which `limits_of` tells; raises KeyError if one of its limits is not there."""
    return RetentionPolicy(
        raw=timedelta(days=limits["raw_retention_days"]),
        events=timedelta(days=limits[_EVENTS]) if _EVENTS in limits else None,
        set_aside=timedelta(days=limits["quarantine_retention_days"]),
        generation_grace=timedelta(hours=limits["generation_grace_h"]),
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
        metadata=limits_of(policy),
        pool=pool,
    )
    def retention(
        context: dg.AssetExecutionContext,
        config: RetentionConfig,
        lake: LakeResource,
        catalog: CatalogResource,
    ) -> dg.MaterializeResult[None]:
        _check_limits(config, policy)
        outcome = Retention(
            lake,
            catalog,
            tables,
            policy,
            _present(config),
            dry_run=config.dry_run,
            report=lambda one: context.log.info(_line(one, dry_run=config.dry_run)),
        ).run()
        for warning in outcome.warnings:
            context.log.warning(f"kept: {warning}")
        return dg.MaterializeResult(metadata=outcome.metadata)

    job = dg.define_asset_job(
        RETENTION_JOB,
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


def _check_limits(config: RetentionConfig, policy: RetentionPolicy) -> None:
    limits = limits_of(policy)
    if config.shown_limits is not None and dict(config.shown_limits) != limits:
        raise dg.Failure(
            f"the limits are {limits}, and somebody was shown {dict(config.shown_limits)}: nothing "
            "was deleted",
            allow_retries=False,
        )


def _present(config: RetentionConfig) -> datetime:
    now = datetime.now(UTC)
    if config.as_of is None:
        return now
    as_of = datetime.fromisoformat(config.as_of)
    if as_of.tzinfo is None:
        raise dg.Failure(f"as_of {config.as_of} has no time zone", allow_retries=False)
    return min(as_of, now)


def _line(departure: Departure, *, dry_run: bool) -> str:
    """What is logged of a departure; of one that is only asked about, every name."""
    if dry_run:
        return "\n".join([f"would delete {departure}", *departure.names])
    return f"deleted {departure}"
