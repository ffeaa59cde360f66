"""A code location with the platform's retention over a lake in memory, and marts of nothing."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from clickstream_platform.core.retention import RetentionPolicy
from clickstream_platform.defs.lake.retention import build_retention
from clickstream_platform.defs.lake.retention_steps import Tables
from clickstream_platform.defs.rollups.dbt_models import RebuildConfig
from lambdas.shared import lake as layout
from tests.functional.batch.stored import Stores

BROKEN = "broken"  # a file in DAGSTER_HOME: while it is there no mart can be built
DAY = timedelta(days=1)
POLICY = RetentionPolicy(
    raw=7 * DAY, events=None, set_aside=90 * DAY, generation_grace=timedelta(hours=6)
)
TABLES = Tables(raw="raw_events", events="events")
TAGS = {"clickstream/rebuilds": "hours"}


def old_lake(now: datetime) -> Stores:
    """An hour whose raw objects are past their time, and an object that no generation holds."""
    hour = layout.datehour_of(now - 40 * DAY)
    stores = Stores()
    for name in "ab":
        stores.raw(hour, name, now - 40 * DAY)
    stores.live(hour, now - 3 * DAY)
    stores.raw(layout.datehour_of(now - 35 * DAY), "unread", now - 35 * DAY)
    return stores


@dg.multi_asset(
    specs=[
        dg.AssetSpec(dg.AssetKey(["marts", name])) for name in ("page_views_hourly", "sessions")
    ],
    can_subset=True,
)
def dbt_models(
    context: dg.AssetExecutionContext,
    config: RebuildConfig,
) -> Iterator[dg.MaterializeResult]:
    if Path(os.environ["DAGSTER_HOME"], BROKEN).exists():
        raise dg.Failure("no such column\nand so on")
    for key in sorted(context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key)


stores = old_lake(datetime.now(UTC))
defs = dg.Definitions.merge(
    build_retention(POLICY, TABLES, pool="hourly_rollup", tags=TAGS),
    dg.Definitions(
        assets=[dbt_models],
        jobs=[dg.define_asset_job("marts", selection=[dbt_models])],
        resources={"lake": stores.lake, "catalog": stores.catalog},
        executor=dg.in_process_executor,
    ),
)
