"""Reconciliation: the bucket is asked what the notifications should have told.

Belongs here: listing the raw zone and reporting forgotten hours as news, which the sensor turns
into runs like any other. What counts as forgotten belongs in `core.reconciliation`.

An hour is reported at most once while its rebuild is on its way: the report is itself the record of
that. A process that dies in between leaves some hours reported; the next one reports the others.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from clickstream_platform.core.listings import by_hour
from clickstream_platform.core.reconciliation import (
    Cause,
    Findings,
    Known,
    RawHour,
    ReconciliationPolicy,
)
from clickstream_platform.defs.ingestion.event_log import hours_under_way, latest_of
from clickstream_platform.defs.ingestion.raw_hours import RAW_HOURS, RAW_TABLE
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from lambdas.shared import lake as layout

RECONCILIATION = dg.AssetKey(["ingestion", "reconciliation"])

_DESCRIPTION = (
    "What the notifications of S3 missed, healed. Grain: one run over the whole raw zone. Source: "
    "a listing of the raw objects, the partitions and Dagster's event log. Lateness: daily at "
    "02:15 UTC; a forgotten hour is reported as news of raw_hours, so that the sensor rebuilds it."
)
# How far back hours are looked for that were compacted and not rolled up. The event log grows for
# ever; what thirty reconciliations did not heal needs a person.
_LOOK_BACK = timedelta(days=30)
_SAMPLE = 10


@dataclass(frozen=True)
class Downstream:
    """What becomes of the raw hours in other rooms.

    Attributes:
        events: The asset of the compacted events.
        events_table: Its table.
        marts: What is rebuilt with every hour, after it was compacted.
    """

    events: dg.AssetKey
    events_table: str
    marts: Sequence[dg.AssetKey]


def build_reconciliation(
    partitions: dg.PartitionsDefinition[str], policy: ReconciliationPolicy, downstream: Downstream
) -> dg.Definitions:
    """The asset, the job that runs it and its schedule.

    Args:
        partitions: The hours that can be rebuilt.
        policy: When an hour counts as forgotten.
        downstream: What becomes of the raw hours.
    """

    @dg.asset(
        key=RECONCILIATION,
        description=_DESCRIPTION,
        group_name="ingestion",
        owners=["team:data-platform"],
        kinds={"s3", "glue"},
    )
    def reconciliation(
        context: dg.AssetExecutionContext, lake: LakeResource, catalog: CatalogResource
    ) -> dg.MaterializeResult[None]:
        began = time.monotonic()
        now = datetime.now(UTC)
        # Listed first: an hour that is compacted meanwhile then shows its new generation.
        raw = list_raw_hours(lake, now - policy.notice)
        known = known_of(context.instance, catalog, downstream, policy, now)
        findings = policy.findings(raw, known, now)
        added = register(raw, lake, catalog)
        healed, outside = report_forgotten(context, partitions, findings, raw)
        seconds = round(time.monotonic() - began, 3)
        told = _metadata(raw, findings, healed, outside)
        return dg.MaterializeResult(
            metadata={**told, "raw_partitions_added": added, "seconds": seconds}
        )

    job = dg.define_asset_job(
        "reconciliation",
        selection=dg.AssetSelection.assets(reconciliation),
        description="Finds hours that nobody rebuilt although they have news, and reports them.",
    )
    schedule = dg.ScheduleDefinition(
        name="reconciliation_daily",
        job=job,
        cron_schedule="15 2 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return dg.Definitions(assets=[reconciliation], jobs=[job], schedules=[schedule])


def list_raw_hours(lake: LakeResource, noticed_before: datetime) -> dict[str, RawHour]:
    """Sums up the whole raw zone by hour; only one hour's objects are in memory at a time.

    Args:
        lake: The lake.
        noticed_before: Objects written later may still be announced.
    """
    listing = lake.list_objects(f"{layout.RAW_PREFIX}/")
    return {
        hour: RawHour.of(objects, noticed_before)
        for hour, objects in by_hour(listing, layout.datehour_of_raw_key)
    }


def known_of(
    instance: dg.DagsterInstance,
    catalog: CatalogResource,
    downstream: Downstream,
    policy: ReconciliationPolicy,
    now: datetime,
) -> Known:
    """What the catalog and Dagster know of the hours."""
    present = catalog.all_partitions(downstream.events_table)
    return Known(
        locations={hour: one.location for hour, one in present.items()},
        noticed=latest_of(instance, RAW_HOURS, now - policy.patience),
        under_way=hours_under_way(instance),
        compacted=latest_of(instance, downstream.events, now - _LOOK_BACK),
        rolled_up=[latest_of(instance, mart, now - _LOOK_BACK) for mart in downstream.marts],
    )


def register(raw: Collection[str], lake: LakeResource, catalog: CatalogResource) -> int:
    """Makes hours queryable that have raw objects and no partition; returns how many."""
    missing = sorted(set(raw) - catalog.all_partitions(RAW_TABLE).keys())
    catalog.place(RAW_TABLE, {hour: lake.uri(layout.raw_prefix(hour)) for hour in missing})
    return len(missing)


def report_forgotten(
    context: dg.AssetExecutionContext,
    partitions: dg.PartitionsDefinition[str],
    findings: Findings,
    raw: Mapping[str, RawHour],
) -> tuple[dict[str, Cause], list[str]]:
    """Reports forgotten hours as news.

    Returns:
        The hours that were reported, with their causes, and those that have no partition.
    """
    inside = {
        hour: cause for hour, cause in findings.due.items() if partitions.has_partition_key(hour)
    }
    for hour, cause in inside.items():
        context.instance.report_runless_asset_event(_news(hour, cause, raw.get(hour)))
    outside = [hour for hour in findings.due if hour not in inside]
    if outside:
        context.log.warning(
            f"{len(outside)} hours ({outside[0]} to {outside[-1]}) are accepted and archived, and "
            "never rolled up until CLICKSTREAM_FIRST_HOUR (now "
            f"{partitions.get_first_partition_key()}) and CLICKSTREAM_LAST_HOUR include them"
        )
    return inside, outside


def _news(hour: str, cause: Cause, raw: RawHour | None) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        asset_key=RAW_HOURS,
        partition=hour,
        metadata={
            "objects": 0 if raw is None else raw.objects,
            "bytes": 0 if raw is None else raw.size_bytes,
            "found_by": "reconciliation",
            "cause": str(cause),
        },
    )


def _metadata(
    raw: dict[str, RawHour], findings: Findings, healed: dict[str, Cause], outside: Sequence[str]
) -> dict[str, Any]:
    by_cause = {cause: [hour for hour, why in healed.items() if why is cause] for cause in Cause}
    return {
        "hours": len(raw),
        "objects": sum(one.objects for one in raw.values()),
        "bytes": sum(one.size_bytes for one in raw.values()),
        "hours_healed": len(healed),
        **{f"hours_{cause}": len(hours) for cause, hours in by_cause.items()},
        **{f"hours_{cause}_sample": hours[:_SAMPLE] for cause, hours in by_cause.items() if hours},
        "hours_pending": len(findings.pending),
        "hours_outside_partitions": len(outside),
        **(
            {"hours_outside_first": outside[0], "hours_outside_last": outside[-1]}
            if outside
            else {}
        ),
    }
