"""A code location with the job that backfills ask for, and nothing behind it."""

import os
from pathlib import Path

import dagster as dg

HOURS_PER_RUN = 12
BROKEN = "broken-hours"  # a file in DAGSTER_HOME: hours that cannot be rebuilt

partitions = dg.HourlyPartitionsDefinition(
    start_date="2026-06-01-00", end_date="2026-06-03-00", timezone="UTC", fmt="%Y-%m-%d-%H"
)


@dg.multi_asset(
    name="events",
    specs=[dg.AssetSpec(dg.AssetKey(["lake", "events"]))],
    partitions_def=partitions,
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=HOURS_PER_RUN),
)
def events(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    broken = Path(os.environ["DAGSTER_HOME"]) / BROKEN
    wrong = sorted(set(context.partition_keys) & set(broken.read_text().split()))
    if wrong:
        raise dg.Failure(f"cannot be compacted: {', '.join(wrong)}\nand so on")
    return dg.MaterializeResult()


rollup = dg.define_asset_job(
    "hourly_rollup", selection=[events], tags={"clickstream/rebuilds": "hours"}
)
defs = dg.Definitions(assets=[events], jobs=[rollup], executor=dg.in_process_executor)
