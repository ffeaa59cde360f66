"""The compacted events as an asset.

Belongs here: the asset, its policy and what it tells about a run. The order of the steps belongs in
`rebuild`, rewriting to the engines, deleting old generations to `retention`.
"""

from dataclasses import dataclass
from typing import Any

import dagster as dg

from clickstream_platform.core.duckdb_sql import Portions
from clickstream_platform.core.generations import generation_id
from clickstream_platform.core.hours import spanning
from clickstream_platform.defs.lake.athena_engine import AthenaEngine
from clickstream_platform.defs.lake.duckdb_engine import DuckdbEngine, database_of
from clickstream_platform.defs.lake.rebuild import Rebuild, Rebuilt
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from lambdas.shared.columns import EVENT_COLUMNS

EVENTS = dg.AssetKey(["lake", "events"])
EVENTS_TABLE = "events"
# Runs that rebuild hours also rebuild the marts as a whole, so there may be one at a time.
# dagster.yaml limits both names to one: the pool for every run that compacts, however it was
# started, and the tag because a pool's default limit is not yet in force when the first runs ever
# leave the queue.
POOL = "hourly_rollup"
REBUILD_TAGS = {"clickstream/rebuilds": "hours"}
_NAMED = 50  # hours that a failure names

_DESCRIPTION = (
    "Compacted events. Grain: one row per event_id of an hour of event time, the earliest "
    "arrival. Source: raw_events, each hour rebuilt as a whole. Lateness: an hour appears "
    "about five minutes after its end; late files rebuild it."
)


@dataclass(frozen=True)
class CompactionLimits:
    """How much one compaction takes.

    Attributes:
        memory: What DuckDB may use, as it spells it ("600MB").
        file_bytes: Size a compacted file is to have.
        athena_bytes: Hours whose sources are larger are compacted by Athena.
    """

    memory: str
    file_bytes: int
    athena_bytes: int


def build_events(
    partitions: dg.PartitionsDefinition[str],
    backfill_policy: dg.BackfillPolicy,
    raw_events: dg.AssetKey,
    raw_table: str,
    limits: CompactionLimits,
) -> dg.AssetsDefinition:
    """The compacted events.

    Args:
        partitions: The hours.
        backfill_policy: How many of them one run takes.
        raw_events: The asset that registers the raw hours.
        raw_table: Its table.
        limits: How much one compaction takes.
    """
    spec = dg.AssetSpec(
        EVENTS,
        deps=[raw_events],
        description=_DESCRIPTION,
        group_name="lake",
        owners=["team:data-platform"],
        kinds={"s3", "parquet", "duckdb"},
    )

    # multi_asset, because asset() has the policy as a beta only.
    @dg.multi_asset(
        name="events",
        specs=[spec],
        partitions_def=partitions,
        backfill_policy=backfill_policy,
        pool=POOL,
    )
    def events(
        context: dg.AssetExecutionContext,
        lake: LakeResource,
        catalog: CatalogResource,
        athena: AthenaResource,
    ) -> dg.MaterializeResult[None]:
        added = catalog.evolve(EVENTS_TABLE, EVENT_COLUMNS)
        generation = generation_id(lake.now(), context.run.run_id)
        with database_of(limits.memory) as database:
            rebuild = Rebuild(
                lake,
                catalog,
                EVENTS_TABLE,
                DuckdbEngine(lake, database, Portions(file_bytes=limits.file_bytes)),
                AthenaEngine(lake, catalog, athena, raw_table, EVENTS_TABLE),
                limits.athena_bytes,
            )
            rebuilt = rebuild.run(spanning(context.partition_keys), generation, context.log.info)
        if rebuilt.broken:
            for one in rebuilt.hours:  # readers see these already, whatever becomes of the run
                context.log_event(dg.AssetMaterialization(EVENTS, None, one.metadata, one.datehour))
            raise _failure_of(rebuilt)
        totals = {**_totals(rebuilt), "run_generation": generation}
        if added:
            totals["run_columns_added"] = added
        numbers = {one.datehour: one.metadata for one in rebuilt.hours}
        for hour in context.partition_keys:
            context.add_asset_metadata({**numbers.get(hour, {}), **totals}, partition_key=hour)
        return dg.MaterializeResult()

    return events


def _failure_of(rebuilt: Rebuilt) -> dg.Failure:
    """What is said of hours that were not published; marts and checks wait for them."""
    broken = sorted(rebuilt.broken)
    named = ", ".join(broken[:_NAMED]) + (" and more" if len(broken) > _NAMED else "")
    return dg.Failure(
        f"{len(broken)} of {len(broken) + len(rebuilt.hours)} hours cannot be compacted and keep "
        f"their present generation: {named}",
        metadata={hour: rebuilt.broken[hour][:1000] for hour in broken[:_NAMED]},
    )


def _totals(rebuilt: Rebuilt) -> dict[str, Any]:
    """What the run did altogether; an hour's own numbers are `CompactedHour.metadata`."""
    overtaken = {"run_hours_overtaken": rebuilt.overtaken} if rebuilt.overtaken else {}
    return {
        "run_hours": len(rebuilt.hours),
        **overtaken,
        "run_rows_in": sum(one.counts.rows_in for one in rebuilt.hours),
        "run_rows_out": sum(one.counts.rows_out for one in rebuilt.hours),
        "run_duplicates": sum(one.counts.duplicates for one in rebuilt.hours),
    }
