from datetime import UTC, datetime, timedelta

import dagster as dg

from clickstream_platform.core.build_parts import BuildPart
from clickstream_platform.core.dbt_arguments import build_arguments
from clickstream_platform.core.hours import HourRange

RANGE = {
    "dagster/asset_partition_range_start": "2015-05-17-10",
    "dagster/asset_partition_range_end": "2015-05-20-21",
}
EVENTS = "intermediate/int_events_sessionized"
ACTIVE_VISITORS = "intermediate/int_active_visitors"
ATTEMPTS = "intermediate/int_funnel_attempts"
RECONCILIATION = "ingestion__reconciliation"
BY_DBT = {"seeds", "staging", "intermediate", "marts"}
KEYS = {
    "ingestion/quarantine",
    "ingestion/raw_hours",
    "ingestion/raw_events",
    "ingestion/reconciliation",
    "lake/events",
    "lake/retention",
    "seeds/funnels",
    "staging/stg_clickstream__events",
    "intermediate/int_active_visitors",
    "intermediate/int_events_sessionized",
    "intermediate/int_funnel_attempts",
    "intermediate/int_visitor_days",
    "marts/anomalies_daily",
    "marts/conversions_attributed",
    "marts/data_quality_hourly",
    "marts/engagement_daily",
    "marts/friction_points",
    "marts/funnel_steps",
    "marts/lifecycle_weekly",
    "marts/menu_engagement_hourly",
    "marts/page_transitions",
    "marts/page_views_hourly",
    "marts/retention_cohorts",
    "marts/session_paths",
    "marts/sessions",
    "marts/trending_pages",
    "quality/alert_counts",
    "quality/checked_hours",
    "serving/spice_page_views_hourly",
    "serving/spice_sessions",
}


def counts(raw_rows: int, raw_ids: int, rows: int, ids: int) -> dict[str, str]:
    numbers = zip(
        ("raw_rows", "raw_ids", "compacted_rows", "compacted_ids"),
        (raw_rows, raw_ids, rows, ids),
        strict=True,
    )
    hour = {"datehour": "2015-05-17-10", "event_type": None, "is_hour": "1", "strays": "0"}
    arrival = {"first_received_at": "2015-05-18 10:00:00.000"}
    return {**hour, **arrival, **{name: str(number) for name, number in numbers}}


def executions(result: dg.ExecuteInProcessResult) -> list[str]:
    return [event.step_key for event in result.all_events if event.is_step_success]


def test_the_assets_are_these(platform):
    graph = platform.repository.asset_graph
    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == KEYS


def test_every_asset_says_what_it_is_and_whose(platform):
    graph = platform.repository.asset_graph
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.owners == ["team:data-platform"], key
        assert node.group_name == key.path[0], key
        assert node.kinds, key
        for word in ("rain", "ource", "ateness"):
            assert word in (node.description or "") or key.path[0] in BY_DBT, key
        assert "ource" in node.description, key
        assert "ateness" in node.description, key


def test_the_kinds_of_dbt_models_tell_how_they_are_stored(platform):
    graph = platform.repository.asset_graph
    assert graph.get(dg.AssetKey(["marts", "sessions"])).kinds == {"dbt", "athena", "parquet"}
    view = graph.get(dg.AssetKey(["staging", "stg_clickstream__events"]))
    assert view.kinds == {"dbt", "athena", "view"}


def test_the_layers_follow_each_other(platform):
    graph = platform.repository.asset_graph
    parents = {
        key.to_user_string(): {parent.to_user_string() for parent in graph.get(key).parent_keys}
        for key in graph.get_all_asset_keys()
    }
    assert parents == {
        "ingestion/raw_hours": set(),
        "ingestion/raw_events": {"ingestion/raw_hours"},
        "lake/events": {"ingestion/raw_events"},
        "staging/stg_clickstream__events": {"lake/events"},
        "seeds/funnels": {"lake/events"},
        "ingestion/quarantine": set(),
        "quality/alert_counts": set(),
        "quality/checked_hours": {"lake/events"},
        "marts/anomalies_daily": {"quality/alert_counts"},
        "marts/data_quality_hourly": {"ingestion/quarantine", "quality/checked_hours"},
        "intermediate/int_active_visitors": {"intermediate/int_visitor_days"},
        "intermediate/int_events_sessionized": {"staging/stg_clickstream__events"},
        "intermediate/int_funnel_attempts": {EVENTS, "seeds/funnels"},
        "intermediate/int_visitor_days": {EVENTS},
        "marts/conversions_attributed": {EVENTS, "marts/sessions"},
        "marts/engagement_daily": {EVENTS, ACTIVE_VISITORS, "marts/sessions"},
        "marts/friction_points": {EVENTS, ATTEMPTS, "seeds/funnels"},
        "marts/funnel_steps": {ATTEMPTS, "seeds/funnels"},
        "marts/lifecycle_weekly": {ACTIVE_VISITORS},
        "marts/menu_engagement_hourly": {EVENTS},
        "marts/page_transitions": {EVENTS},
        "marts/page_views_hourly": {EVENTS},
        "marts/retention_cohorts": {ACTIVE_VISITORS},
        "marts/session_paths": {EVENTS},
        "marts/sessions": {EVENTS},
        "marts/trending_pages": {"marts/page_views_hourly"},
        "serving/spice_page_views_hourly": {"marts/page_views_hourly"},
        "serving/spice_sessions": {"marts/sessions"},
        "ingestion/reconciliation": set(),
        "lake/retention": set(),
    }


def test_a_range_of_hours_is_one_execution_of_each_step(platform):
    result = platform.run(RANGE)
    assert sorted(executions(result)) == [
        "events",
        "events_are_conserved",
        "events_have_the_contract",
        "raw_events",
    ]
    assert platform.catalog.places == 1, "raw hours only: there is nothing to publish"
    for key in ("ingestion/raw_events", "lake/events"):
        asset = dg.AssetKey(key.split("/"))
        assert len(platform.instance.get_materialized_partitions(asset)) == 84, key


def test_the_marts_are_one_dbt_command(platform):
    platform.roll_up(RANGE)
    assert len(platform.dbt.commands) == 1
    for key in KEYS:
        if key.startswith(tuple(BY_DBT)):
            asset = dg.AssetKey(key.split("/"))
            assert platform.instance.get_latest_materialization_event(asset), key


def hour(datehour: str) -> dict[str, str]:
    return {"dagster/partition": datehour}


def of_hours(first: str, last: str) -> list[str]:
    return build_arguments(BuildPart(HourRange(first, last), tested_since=first))


def test_models_that_were_never_built_are_built_whole(platform):
    """A new model needs all history, whatever hour its first run is of."""
    platform.roll_up(RANGE)
    assert platform.dbt.commands == [build_arguments(None)]


def test_dbt_is_told_the_hours_that_have_changed_since(platform):
    platform.roll_up(RANGE)
    platform.roll_up(hour("2015-05-18-03"))
    platform.roll_up({**RANGE, "dagster/asset_partition_range_end": "2015-05-17-12"})
    assert platform.dbt.commands[1:] == [
        of_hours("2015-05-18-03", "2015-05-18-03"),
        of_hours("2015-05-17-10", "2015-05-17-12"),
    ]


def test_the_hours_of_a_run_whose_dbt_failed_are_built_by_the_next(platform):
    platform.roll_up(RANGE)
    platform.run(hour("2015-05-18-03"))
    platform.dbt.fails = True
    assert not platform.run({}, job="marts", raise_on_error=False).success
    platform.dbt.fails = False
    platform.roll_up(hour("2015-05-18-05"))
    assert platform.dbt.commands[-1] == of_hours("2015-05-18-03", "2015-05-18-05")


def test_a_model_beside_the_hours_says_nothing_of_them(platform):
    """A view of the alerts is built when alerts are: else every hour since would seem forgotten."""
    platform.run(RANGE)
    beside = {"anomalies_daily", "data_quality_hourly"}
    for key in (dg.AssetKey(key.split("/")) for key in KEYS if key.startswith(tuple(BY_DBT))):
        if key.path[-1] not in beside:
            platform.instance.report_runless_asset_event(dg.AssetMaterialization(key))
    healed = platform.run({}, job="reconciliation").asset_materializations_for_node(RECONCILIATION)
    assert healed[0].metadata["hours_marts_not_rebuilt"].value == 0
    platform.roll_up(hour("2015-05-18-03"))
    assert platform.dbt.commands == [of_hours("2015-05-18-03", "2015-05-18-03")]


def test_what_nothing_has_changed_for_is_built_whole(platform):
    """Somebody has asked for it."""
    platform.roll_up(RANGE)
    platform.run({}, job="marts")
    assert platform.dbt.commands[-1] == build_arguments(None)


def test_hours_that_lie_far_apart_are_parts_of_one_run(platform):
    """An erasure has all hours of a person rebuilt; the days between them are as they were."""
    platform.roll_up(RANGE)
    config = {"hours": ["2015-05-18-00", "2014-01-01-00"]}
    platform.run({}, job="marts", run_config={"ops": {"dbt_models": {"config": config}}})
    early = HourRange("2014-01-01-00", "2014-01-01-00")
    late = HourRange("2015-05-18-00", "2015-05-18-00")
    assert platform.dbt.commands[1:] == [
        build_arguments(BuildPart(early)),
        build_arguments(BuildPart(late, tested_since="2014-01-01-00")),
    ]


def test_the_checks_count_the_hours_of_the_run(platform):
    platform.run(RANGE)
    [question] = platform.athena.questions
    assert "datehour >= '2015-05-17-10' AND datehour < '2015-05-20-22'" in question


def test_an_hour_that_received_objects_since_it_was_read_does_not_hold_back_the_marts(platform):
    """In a replay files arrive while a run compacts; failing each such run stalls the marts."""
    platform.lake.put_raw("2015-05-17-10", "a", [{"event_id": "e1"}])
    platform.lake.written_at = datetime.now(UTC) + timedelta(minutes=1)
    platform.athena.rows = [counts(5, 4, 3, 3)]
    [conserved, *_] = platform.run(RANGE).get_asset_check_evaluations()
    assert conserved.passed
    assert conserved.metadata["hours_overtaken"].value == ["2015-05-17-10"]


def test_right_events_pass_both_checks(platform):
    platform.athena.rows = [counts(5, 4, 4, 4)]
    checks = platform.run(RANGE).get_asset_check_evaluations()
    assert {check.check_name: check.passed for check in checks} == {
        "raw_equals_compacted_plus_duplicates": True,
        "event_id_is_unique": True,
        "realtime_equals_batch": True,
        "columns_are_the_contracts": True,
    }


def test_spice_is_refreshed_data_set_by_data_set(platform):
    result = platform.run({}, job="spice_refresh")
    assert sorted(data_set for data_set, _ in platform.warehouse.ingestions) == [
        "clickstream-page-views-hourly",
        "clickstream-sessions",
    ]
    metadata = result.asset_materializations_for_node("serving__spice_sessions")[0].metadata
    assert metadata["rows"].value == 3


def test_a_second_refresh_has_ingestion_ids_of_its_own(platform):
    platform.run({}, job="spice_refresh")
    platform.run({}, job="spice_refresh")
    assert len(platform.warehouse.ingestions) == 4


def test_runs_that_rebuild_hours_exclude_each_other(platform):
    """Two runs would swap the marts' locations under each other."""
    [events] = [
        node for node in platform.repository.get_job("hourly_rollup").nodes if node.name == "events"
    ]
    assert events.definition.pool == "hourly_rollup"
