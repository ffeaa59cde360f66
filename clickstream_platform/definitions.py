"""The root of the batch side.

Belongs here: `build_defs`, which joins settings, resources and definitions, and `defs`, which
Dagster loads. Nothing else: no policy, no logic, no name that a setting does not give.
"""

from collections.abc import Mapping

import dagster as dg
from dagster_dbt import DbtProject

from clickstream_platform.automation import build_following_sensor
from clickstream_platform.core.pending import ReleasePolicy
from clickstream_platform.core.reconciliation import ReconciliationPolicy
from clickstream_platform.defs.alerting.run_failures import build_run_failures
from clickstream_platform.defs.ingestion.raw_hours import (
    RAW_EVENTS,
    RAW_HOURS,
    RAW_TABLE,
    build_quarantine,
    build_raw_events,
    build_raw_hours,
)
from clickstream_platform.defs.ingestion.raw_objects_sensor import build_raw_objects_sensor
from clickstream_platform.defs.ingestion.reconciliation import Downstream, build_reconciliation
from clickstream_platform.defs.lake.events import (
    EVENTS,
    EVENTS_TABLE,
    POOL,
    REBUILD_TAGS,
    CompactionLimits,
    build_events,
)
from clickstream_platform.defs.lake.retention import build_retention, retention_policy
from clickstream_platform.defs.lake.retention_steps import Tables
from clickstream_platform.defs.quality.alert_counts import build_alert_counts
from clickstream_platform.defs.quality.audits import build_audits
from clickstream_platform.defs.quality.conserved_hours import build_hour_checks
from clickstream_platform.defs.quality.contract import build_contract_check
from clickstream_platform.defs.quality.freshness import (
    build_compacted_in_time_check,
    with_freshness,
)
from clickstream_platform.defs.quality.kept_hours import build_checked_hours
from clickstream_platform.defs.quality.stream_audit import build_stream_audit
from clickstream_platform.defs.rollups.changed_hours import followers
from clickstream_platform.defs.rollups.dbt_models import Events, build_dbt_models, prepared_project
from clickstream_platform.defs.serving.spice import build_spice
from clickstream_platform.partitions import hourly_partitions
from clickstream_platform.resources.alert_store import AlertStoreResource
from clickstream_platform.resources.alerts import AlertsResource
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.counters import CountersResource
from clickstream_platform.resources.dbt import dbt_for
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.resources.raw_object_queue import RawObjectQueueResource
from clickstream_platform.resources.stream import StreamResource
from clickstream_platform.resources.warehouse import WarehouseResource
from clickstream_platform.settings import Settings


def build_defs(settings: Settings, overrides: Mapping[str, object] | None = None) -> dg.Definitions:
    """Builds the code location.

    Args:
        settings: What the platform is told from outside.
        overrides: Resources that replace the real ones, by name; tests pass fakes.

    Returns:
        The definitions.
    """
    project = prepared_project(settings.dbt_project_dir)
    partitions = hourly_partitions(settings.first_hour, settings.last_hour)
    # Hours that follow each other are one run: dbt starts once and Athena scans once for all.
    backfill_policy = dg.BackfillPolicy.multi_run(max_partitions_per_run=settings.max_hours_per_run)
    dbt_models = build_dbt_models(
        project, Events(EVENTS, EVENTS_TABLE), POOL, settings.max_days_per_build
    )
    following = followers(dbt_models.asset_deps, EVENTS)
    marts = sorted(key for key in following if key.path[0] == "marts")
    platform = dg.Definitions(
        resources={**_resources(settings, project), **(overrides or {})},
        # The steps of a run follow each other, and a process for each would import dbt each time.
        executor=dg.in_process_executor,
    )
    return dg.Definitions.merge(
        platform,
        _hours(settings, partitions, backfill_policy, dbt_models),
        build_spice(settings.data_sets),
        build_retention(
            retention_policy(settings),
            Tables(RAW_TABLE, EVENTS_TABLE),
            pool=POOL,
            tags=REBUILD_TAGS,
        ),
        build_reconciliation(
            partitions,
            ReconciliationPolicy(grace=settings.hour_grace),
            Downstream(EVENTS, EVENTS_TABLE, marts),
        ),
        build_audits(
            build_stream_audit(RAW_HOURS, settings.audit_reach),
            build_compacted_in_time_check(RAW_HOURS, EVENTS_TABLE, partitions),
        ),
        build_alert_counts(),
        dg.Definitions(sensors=[build_run_failures()]),
    )


def _hours(
    settings: Settings,
    partitions: dg.PartitionsDefinition[str],
    backfill_policy: dg.BackfillPolicy,
    dbt_models: dg.AssetsDefinition,
) -> dg.Definitions:
    """What is done with every hour: assets, checks, the job, and what starts it."""
    raw_events = build_raw_events(partitions, backfill_policy)
    limits = CompactionLimits(
        settings.compaction_memory,
        settings.compaction_file_bytes,
        settings.athena_compaction_bytes,
    )
    events = build_events(partitions, backfill_policy, RAW_EVENTS, RAW_TABLE, limits)
    hourly_rollup = dg.define_asset_job(
        "hourly_rollup",
        selection=dg.AssetSelection.assets(raw_events, events),
        tags=REBUILD_TAGS,
        description="Rebuilds hours: registration, compaction, checks. The marts follow.",
    )
    marts_job = dg.define_asset_job(
        "marts",
        selection=dg.AssetSelection.assets(dbt_models),
        tags=REBUILD_TAGS,
        description="Builds the marts of the hours that have changed since they were built last.",
    )
    policy = ReleasePolicy(
        grace=settings.hour_grace,
        debounce=settings.late_debounce,
        max_hours_per_run=settings.max_hours_per_run,
    )
    return dg.Definitions(
        assets=with_freshness(
            [
                build_raw_hours(partitions),
                build_quarantine(),
                raw_events,
                events,
                build_checked_hours(EVENTS),
                dbt_models,
            ],
            RAW_HOURS,
            ("lake", "intermediate", "marts"),
            (settings.quiet_warning, settings.quiet_failure),
        ),
        asset_checks=[
            build_hour_checks(EVENTS, EVENTS_TABLE, RAW_TABLE, settings.counters_settled),
            build_contract_check(EVENTS, EVENTS_TABLE, RAW_TABLE),
        ],
        jobs=[hourly_rollup, marts_job],
        sensors=[
            build_raw_objects_sensor(
                hourly_rollup.name, partitions, policy, settings.sensor_interval_s
            ),
            build_following_sensor(dg.AssetSelection.assets(dbt_models), REBUILD_TAGS),
        ],
    )


def _resources(settings: Settings, project: DbtProject) -> dict[str, object]:
    """The real resources, by the names that assets ask for."""
    return {
        "lake": LakeResource(bucket=settings.lake_bucket),
        "queue": RawObjectQueueResource(name=settings.raw_objects_queue),
        "catalog": CatalogResource(database=settings.database),
        "athena": AthenaResource(
            database=settings.database,
            workgroup=settings.workgroup,
            output_location=f"s3://{settings.results_bucket}/checks/",
            timeout_s=settings.athena_timeout_s,
        ),
        "stream": StreamResource(name=settings.stream),
        "counters": CountersResource(table=settings.counters_table),
        "warehouse": WarehouseResource(
            account_id=settings.account_id, timeout_s=settings.spice_timeout_s
        ),
        "alerts": AlertsResource(topic_arn=settings.alert_topic_arn),
        "alert_store": AlertStoreResource(table=settings.alerts_table),
        "dbt": dbt_for(project),
    }


defs = build_defs(Settings())
