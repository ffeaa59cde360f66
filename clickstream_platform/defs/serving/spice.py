"""Serving: the marts in SPICE.

Belongs here: one asset per served mart, and when they are refreshed. Following an ingestion to its
end belongs to the warehouse resource.
"""

from collections.abc import Mapping

import dagster as dg

from clickstream_platform.resources.warehouse import WarehouseResource


def build_spice(data_sets: Mapping[str, str]) -> dg.Definitions:
    """The assets of the served marts, the job that refreshes them and its schedule.

    Hourly is the most the marts change and below SPICE's limit of 32 refreshes a day; at minute 20
    the hour before has usually been rebuilt.

    Args:
        data_sets: The SPICE data set id of each mart.
    """
    assets = [_build_spice_data_set(mart, data_sets[mart]) for mart in sorted(data_sets)]
    job = dg.define_asset_job(
        "spice_refresh",
        selection=dg.AssetSelection.assets(*assets),
        description="Loads every served mart into SPICE.",
    )
    keys = {dg.AssetKey(["marts", mart]): _key(mart) for mart in sorted(data_sets)}

    @dg.schedule(
        name="spice_refresh_hourly",
        job=job,
        cron_schedule="20 * * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        news = {mart: _newer(context.instance, mart, served) for mart, served in keys.items()}
        if any(news.values()):
            return dg.RunRequest()
        return dg.SkipReason("no mart has changed since it was loaded into SPICE")

    return dg.Definitions(assets=assets, jobs=[job], schedules=[schedule])


def _build_spice_data_set(mart: str, data_set: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=_key(mart),
        deps=[dg.AssetKey(["marts", mart])],
        description=(
            f"The mart {mart} in QuickSight's memory. Grain and source: the mart, loaded as a "
            "whole. Lateness: refreshed every hour at minute 20."
        ),
        group_name="serving",
        owners=["team:data-platform"],
        kinds={"quicksight"},
    )
    def spice_data_set(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        # QuickSight takes an ingestion id once, so a retry of the run needs one of its own.
        refresh = warehouse.refresh(data_set, f"{context.run.run_id}-{context.retry_number}")
        return dg.MaterializeResult(
            metadata={
                "rows": refresh.rows,
                "rows_dropped": refresh.rows_dropped,
                "duration_s": refresh.duration_s,
                "ingestion_id": refresh.ingestion_id,
                "data_set": data_set,
            }
        )

    return spice_data_set


def _key(mart: str) -> dg.AssetKey:
    return dg.AssetKey(["serving", f"spice_{mart}"])


def _newer(instance: dg.DagsterInstance, mart: dg.AssetKey, served: dg.AssetKey) -> bool:
    """Whether a mart was built after it was loaded; a load nobody needs counts against the 32."""
    built = instance.get_latest_materialization_event(mart)
    loaded = instance.get_latest_materialization_event(served)
    return built is not None and (loaded is None or built.timestamp > loaded.timestamp)
