"""The batch side's rarer calls, made once: `python -m tests.trail.jobs HOUR`.

Belongs here: the jobs that `infra.local.batch` does not run, a rebuilt hour, and what happens only
when something has gone wrong or has grown old. HOUR has been rolled up; afterwards it has no raw
partition any more.
"""

import sys

import dagster as dg

from clickstream_platform.core.erased import ERASED_PREFIX
from clickstream_platform.core.retention import SET_ASIDE_PREFIXES
from clickstream_platform.definitions import build_defs
from clickstream_platform.resources.alerts import AlertsResource
from clickstream_platform.resources.athena import AthenaQueryError, AthenaResource
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.settings import Settings
from lambdas.shared.lake import UNDELIVERED_PREFIX

JOBS = ("stream_audit", "alert_counts", "reconciliation", "retention")
MART = dg.AssetKey(["marts", "page_views_hourly"])


def run_all(instance: dg.DagsterInstance, defs: dg.Definitions, hour: str) -> None:
    """Rebuilds an hour, by Athena, and one mart that follows; runs the jobs of every day."""
    repository = defs.get_repository_def()
    repository.get_job("hourly_rollup").execute_in_process(instance=instance, partition_key=hour)
    repository.get_job("marts").execute_in_process(instance=instance, asset_selection=[MART])
    for name in JOBS:
        repository.get_job(name).execute_in_process(instance=instance)


def stop_a_query(athena: AthenaResource) -> None:
    """Asks something that takes too long for its limit."""
    try:
        athena.run("SELECT count(*) FROM raw_events")
    except AthenaQueryError:
        return
    raise AssertionError("a query may take no time and yet was not stopped")


def expire(settings: Settings, hour: str) -> None:
    """Removes an hour as retention does, for which nothing here is old enough."""
    lake = LakeResource(bucket=settings.lake_bucket)
    lake.delete(
        [
            f"{prefix}/day=2015-05-17/expired.ndjson"
            for prefix in (*SET_ASIDE_PREFIXES, UNDELIVERED_PREFIX, ERASED_PREFIX)
        ]
    )
    lake.delete([f"raw/datehour={hour}/expired.parquet"])
    dropped = CatalogResource(database=settings.database).drop("raw_events", [hour])
    assert dropped == 1


def main() -> None:
    """Does all of it."""
    settings, hour = Settings(athena_compaction_bytes=0), sys.argv[1]
    defs = build_defs(settings)
    with dg.DagsterInstance.get() as instance:
        run_all(instance, defs, hour)
    athena = AthenaResource(
        database=settings.database,
        workgroup=settings.workgroup,
        output_location=f"s3://{settings.results_bucket}/checks/",
        timeout_s=-1,
    )
    stop_a_query(athena)
    AlertsResource(topic_arn=settings.alert_topic_arn).publish("a run failed", "as a trial")
    expire(settings, hour)


if __name__ == "__main__":
    main()
