"""Reconciliation as a job: what it reports is what the sensor takes for news."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from clickstream_platform.core.pending import Cursor, ReleasePolicy
from clickstream_platform.core.reconciliation import ReconciliationPolicy
from clickstream_platform.defs.ingestion.event_log import hours_under_way, latest_of
from clickstream_platform.defs.ingestion.raw_hours import RAW_HOURS
from clickstream_platform.defs.ingestion.raw_objects_sensor import read_arrivals
from clickstream_platform.defs.ingestion.reconciliation import Downstream, build_reconciliation
from clickstream_platform.partitions import hourly_partitions
from lambdas.shared import lake as layout
from tests.functional.batch.stored import PowerCutError, Stores

EVENTS = dg.AssetKey(["lake", "events"])
MARTS = [dg.AssetKey(["marts", "sessions"]), dg.AssetKey(["marts", "page_views_hourly"])]
HOUR = timedelta(hours=1)


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def hours(now: datetime) -> list[str]:
    """Five closed hours, the first of which has no partition."""
    return [layout.datehour_of(now - ago * HOUR) for ago in (30, 20, 19, 18, 17)]


class Reconciling:
    def __init__(self, instance: dg.DagsterInstance, first_partition: str) -> None:
        self.instance = instance
        self.stores = Stores()
        built = build_reconciliation(
            hourly_partitions(first_partition, None),
            ReconciliationPolicy(grace=timedelta(minutes=5)),
            Downstream(EVENTS, "events", MARTS),
        )
        resources = {"lake": self.stores.lake, "catalog": self.stores.catalog}
        self.definitions = dg.Definitions.merge(built, dg.Definitions(resources=resources))

    def run(self, *, raise_on_error: bool = True) -> dict:
        result = self.definitions.resolve_job_def("reconciliation").execute_in_process(
            instance=self.instance, raise_on_error=raise_on_error
        )
        if not result.success:
            return {}
        [done] = result.asset_materializations_for_node("ingestion__reconciliation")
        return {name: value.value for name, value in done.metadata.items()}

    def materialize(self, asset: dg.AssetKey, hour: str | None) -> None:
        self.instance.report_runless_asset_event(
            dg.AssetMaterialization(asset_key=asset, partition=hour)
        )

    @property
    def news(self) -> list[str]:
        records = self.instance.fetch_materializations(RAW_HOURS, limit=100, ascending=True)
        return [str(record.partition_key) for record in records.records]


@pytest.fixture
def reconciling(instance, hours) -> Reconciling:
    return Reconciling(instance, hours[1])


def test_an_hour_whose_notification_was_lost_is_released_by_the_sensor(reconciling, hours, now):
    forgotten, in_order = hours[1:3]
    reconciling.stores.raw(forgotten, "a", now - 16 * HOUR)
    reconciling.stores.raw(in_order, "a", now - 16 * HOUR)
    reconciling.stores.live(in_order, now - 15 * HOUR)
    told = reconciling.run()
    assert (told["hours_healed"], told["hours_never_compacted"]) == (1, 1)
    assert told["hours_never_compacted_sample"] == [forgotten]
    assert (told["objects"], told["bytes"], told["hours"]) == (2, 10, 2)
    cursor = read_arrivals(reconciling.instance, Cursor())
    policy = ReleasePolicy(timedelta(minutes=5), timedelta(), max_hours_per_run=10)
    assert policy.due(cursor, datetime.now(UTC)) == [forgotten]


def test_what_is_reported_says_why(reconciling, hours, now):
    reconciling.stores.raw(hours[1], "a", now - 16 * HOUR)
    reconciling.run()
    [record] = reconciling.instance.fetch_materializations(RAW_HOURS, limit=10).records
    metadata = {name: value.value for name, value in record.asset_materialization.metadata.items()}
    assert metadata == {
        "objects": 1,
        "bytes": 5,
        "found_by": "reconciliation",
        "cause": "never_compacted",
    }


def test_a_second_reconciliation_reports_nothing_that_is_on_its_way(reconciling, hours, now):
    """The sensor has not read yet, or the run is in the queue."""
    reconciling.stores.raw(hours[1], "a", now - 16 * HOUR)
    reconciling.run()
    told = reconciling.run()
    assert (told["hours_healed"], told["hours_pending"]) == (0, 1)
    assert reconciling.news == [hours[1]]


def test_killed_half_way_the_next_one_reports_the_rest_once(reconciling, hours, now, monkeypatch):
    for hour in hours[1:]:
        reconciling.stores.raw(hour, "a", now - 16 * HOUR)
    report = dg.DagsterInstance.report_runless_asset_event
    reported = []

    def dying(self, event):
        if event.asset_key == RAW_HOURS and len(reported) == 2:
            raise PowerCutError
        if event.asset_key == RAW_HOURS:
            reported.append(event.partition)
        return report(self, event)

    with monkeypatch.context() as patch:
        patch.setattr(dg.DagsterInstance, "report_runless_asset_event", dying)
        reconciling.run(raise_on_error=False)
    assert reconciling.news == hours[1:3]
    assert reconciling.run()["hours_healed"] == 2
    assert reconciling.news == hours[1:]


def test_hours_outside_the_partitions_are_named_and_not_reported(reconciling, hours, now, capfd):
    """Nobody would ever run them; whoever replayed an old log wants to know."""
    for hour in hours[:2]:
        reconciling.stores.raw(hour, "a", now - 16 * HOUR)
    told = reconciling.run()
    assert told["hours_outside_partitions"] == 1
    assert told["hours_outside_first"] == told["hours_outside_last"] == hours[0]
    assert reconciling.news == [hours[1]]
    assert "never rolled up until CLICKSTREAM_FIRST_HOUR" in capfd.readouterr().err


def test_raw_hours_without_a_partition_become_queryable(reconciling, hours, now):
    key = reconciling.stores.raw(hours[1], "a", now - 16 * HOUR)
    reconciling.stores.raw(hours[2], "a", now - 16 * HOUR)
    del reconciling.stores.catalog.tables["raw_events"][hours[1]]
    assert reconciling.run()["raw_partitions_added"] == 1
    assert reconciling.run()["raw_partitions_added"] == 0
    location = reconciling.stores.catalog.tables["raw_events"][hours[1]].location
    assert location == reconciling.stores.lake.uri(key.rpartition("/")[0] + "/")


def test_hours_that_were_compacted_and_not_rolled_up_are_healed(reconciling, hours):
    """A run that was killed between compaction and dbt leaves marts without the hour."""
    for hour in hours[1:3]:
        reconciling.materialize(EVENTS, hour)
    for mart in MARTS:
        reconciling.materialize(mart, hours[1])
    reconciling.materialize(MARTS[0], hours[2])
    told = reconciling.run()
    assert told["hours_marts_not_rebuilt_sample"] == [hours[2]]
    assert reconciling.news == [hours[2]]
    reconciling.materialize(EVENTS, hours[2])
    for mart in MARTS:
        reconciling.materialize(mart, hours[2])
    assert reconciling.run()["hours_healed"] == 0


def test_hours_of_a_run_that_has_not_ended_are_left_to_it(reconciling, instance, hours):
    job = reconciling.definitions.resolve_job_def("reconciliation")
    tags = {
        "dagster/asset_partition_range_start": hours[1],
        "dagster/asset_partition_range_end": hours[2],
    }
    one = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags)
    instance.create_run_for_job(
        job, status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": hours[3]}
    )
    for hour in hours[1:]:
        reconciling.materialize(EVENTS, hour)
    assert reconciling.run()["hours_marts_not_rebuilt_sample"] == [hours[4]]
    instance.report_run_canceled(one)
    assert [str(found.first) for found in hours_under_way(instance)] == [hours[3]]


def test_the_event_log_is_read_page_by_page(instance, monkeypatch, hours, now):
    monkeypatch.setattr("clickstream_platform.defs.ingestion.event_log._LOG_PAGE", 2)
    for hour in [*hours, hours[0]]:
        instance.report_runless_asset_event(
            dg.AssetMaterialization(asset_key=EVENTS, partition=hour)
        )
    found = latest_of(instance, EVENTS, now - HOUR)
    assert sorted(map(str, found)) == sorted(hours)
    assert max(found, key=lambda hour: found[hour]) == hours[0]
    assert latest_of(instance, EVENTS, now + HOUR) == {}


def test_it_runs_daily_before_retention(reconciling):
    schedule = reconciling.definitions.resolve_schedule_def("reconciliation_daily")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("15 2 * * *", "UTC")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
