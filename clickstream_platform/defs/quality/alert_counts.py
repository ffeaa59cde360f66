"""The alerts of real time as a table of the lake.

Belongs here: the asset, its job and its schedule. Counting belongs in `core.alert_counts`; what
people ask of it in the mart `anomalies_daily`.
"""

from datetime import UTC, datetime
from functools import partial

import dagster as dg

from clickstream_platform.core.alert_counts import KEY, counted
from clickstream_platform.resources.alert_store import AlertStoreResource
from clickstream_platform.resources.lake import LakeResource, change

ALERT_COUNTS = dg.AssetKey(["quality", "alert_counts"])

_DESCRIPTION = (
    "Alerts by day and rule. Grain: one row per day (UTC) and rule. Source: the alerts that the "
    "anomaly detector stores in DynamoDB for 30 days; the counts stay. Lateness: hourly. It names "
    "no session."
)


def build_alert_counts() -> dg.Definitions:
    """The asset, the job that counts and its schedule."""

    @dg.asset(
        key=ALERT_COUNTS,
        description=_DESCRIPTION,
        group_name="quality",
        owners=["team:data-platform"],
        kinds={"dynamodb", "s3"},
    )
    def alert_counts(
        alert_store: AlertStoreResource, lake: LakeResource
    ) -> dg.MaterializeResult[None]:
        alerts, today = list(alert_store.alerts()), datetime.now(UTC).date()
        counts = change(lake, KEY, partial(counted, alerts=alerts, today=today))
        rows = len(counts.splitlines())
        return dg.MaterializeResult(metadata={"alerts_stored": len(alerts), "rows": rows})

    job = dg.define_asset_job(
        "alert_counts",
        selection=dg.AssetSelection.assets(alert_counts),
        description="Counts the stored alerts by day and rule.",
    )
    schedule = dg.ScheduleDefinition(
        name="alert_counts_hourly",
        job=job,
        cron_schedule="20 * * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return dg.Definitions(assets=[alert_counts], jobs=[job], schedules=[schedule])
