"""Retention over a whole lake: what leaves, in which order, and what a crash or a commit can do."""

from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from clickstream_platform.core.departures import Departure, Kept, Outcome, Rule, Sum
from clickstream_platform.core.generations import RAW_EXPIRED, generation_id
from clickstream_platform.core.retention import RetentionPolicy
from clickstream_platform.defs.lake.retention import (
    RETENTION,
    build_retention,
    limits_of,
    policy_of,
    retention_policy,
)
from clickstream_platform.defs.lake.retention_steps import Retention, Tables
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.settings import Settings
from lambdas.shared import lake as layout
from tests.functional.batch.stored import BUCKET, PowerCutError, Stores

NOW = datetime(2026, 3, 1, 3, 15, tzinfo=UTC)
DAY = timedelta(days=1)
TABLES = Tables(raw="raw_events", events="events")
POLICY = RetentionPolicy(
    raw=30 * DAY, events=None, set_aside=90 * DAY, generation_grace=timedelta(hours=24)
)
EXPIRING = replace(POLICY, events=55 * DAY)
EXPIRED, OLD, MIXED, YOUNG = (
    "2025-12-31-10",
    "2026-01-10-10",
    "2026-01-10-11",
    "2026-02-25-10",
)

MART = "marts/clickstream_db/sessions"


def retain(
    stores: Stores,
    policy: RetentionPolicy = POLICY,
    *,
    now: datetime = NOW,
    dry_run: bool = False,
    told: list[Departure] | None = None,
) -> Outcome:
    stores.lake.now = now
    report = (told if told is not None else []).append
    retention = Retention(
        stores.lake, stores.catalog, TABLES, policy, now, dry_run=dry_run, report=report
    )
    return retention.run()


def full_lake() -> Stores:
    """Something for each rule, and something that each rule must leave alone."""
    stores = Stores()
    for hour in (EXPIRED, OLD, MIXED):
        written = layout.start_of(hour) + timedelta(minutes=59)
        stores.raw(hour, "a", written)
        stores.raw(hour, "b", written)
        stores.generation(hour, written + timedelta(minutes=7), "replaced")
        stores.live(hour, NOW - 20 * DAY)
        stores.generation(hour, NOW - 3 * DAY, "killed")
    stores.raw(MIXED, "unread", NOW - 19 * DAY)
    stores.raw(YOUNG, "a", NOW - 4 * DAY)
    stores.live(YOUNG, NOW - 3 * DAY)
    for prefix in ("quarantine", "quarantine-replayed", "undelivered"):
        stores.lake.put(f"{prefix}/day=2025-11-01/old.json", at=NOW - 120 * DAY)
        stores.lake.put(f"{prefix}/day=2026-02-01/new.json", at=NOW - 28 * DAY)
    stores.lake.put(f"{MART}/b/day=2026-01-10/live.parquet", at=NOW - 40 * DAY)
    stores.lake.put(f"{MART}/a/day=2026-01-10/replaced.parquet", at=NOW - 41 * DAY)
    stores.catalog.marts = {stores.lake.uri(f"{MART}/b/day=2026-01-10")}
    stores.lake.put("events/notes.txt", at=NOW - 400 * DAY)
    return stores


def test_each_rule_takes_its_own_and_nothing_else():
    stores, told = full_lake(), []
    outcome = retain(stores, EXPIRING, told=told)
    assert outcome.removed == {
        Rule.RAW: Sum(objects=4, size_bytes=20, partitions=2),
        Rule.GENERATIONS: Sum(objects=4, size_bytes=20),
        Rule.SET_ASIDE: Sum(objects=3, size_bytes=15),
        Rule.EXPIRED_HOURS: Sum(objects=2, size_bytes=10, partitions=1),
        Rule.MART_BUILDS: Sum(objects=1, size_bytes=5),
    }
    assert outcome.kept == {}
    assert sorted(stores.catalog.tables["raw_events"]) == [MIXED, YOUNG]
    assert sorted(stores.catalog.tables["events"]) == [OLD, MIXED, YOUNG]
    left = {key for key in stores.lake.objects if not key.startswith(f"events/datehour={EXPIRED}")}
    live = {key for key in left if key.startswith("events/datehour")}
    assert len(live) == 3
    assert left - live == {
        f"raw/datehour={MIXED}/unread.parquet",
        f"raw/datehour={YOUNG}/a.parquet",
        "quarantine/day=2026-02-01/new.json",
        "quarantine-replayed/day=2026-02-01/new.json",
        "undelivered/day=2026-02-01/new.json",
        f"{MART}/b/day=2026-01-10/live.parquet",
        "events/notes.txt",
    }
    assert sum(len(one.objects) for one in told) == 14


def test_an_hour_is_told_before_its_first_raw_object_goes():
    """A rebuild in between would take the rest of the raw objects for all there is."""
    stores = full_lake()
    for writes in range(40):
        cut = deepcopy(stores)
        cut.power.left = writes
        with suppress(PowerCutError):
            retain(cut)
        for hour in (OLD, MIXED):
            gone = f"raw/datehour={hour}/a.parquet" not in cut.lake.objects
            noted = cut.catalog.tables["events"][hour].parameters == RAW_EXPIRED
            assert noted or not gone


@pytest.mark.parametrize("policy", [POLICY, EXPIRING])
def test_killed_after_any_step_and_run_again_the_result_is_the_same(policy):
    whole = full_lake()
    retain(whole, policy)
    assert whole.power.used > 15
    for writes in range(whole.power.used):
        stores = full_lake()
        stores.power.left = writes
        with pytest.raises(PowerCutError):
            retain(stores, policy)
        stores.power.left = None
        retain(stores, policy)
        assert stores.state == whole.state, f"killed after {writes} changes"


def test_a_second_run_finds_nothing():
    stores = full_lake()
    retain(stores, EXPIRING)
    used = stores.power.used
    assert retain(stores, EXPIRING).is_empty
    assert stores.power.used == used


def test_a_dry_run_changes_nothing_and_names_exactly_what_a_run_deletes():
    stores, would, did = full_lake(), [], []
    before = stores.state
    dry = retain(stores, EXPIRING, dry_run=True, told=would)
    assert stores.state == before
    assert stores.power.used == 0
    real = retain(stores, EXPIRING, told=did)
    names = [name for one in would for name in one.names]
    # The files of an hour that leaves are of no generation any more, so they go with the hour.
    replaced = {name for name in names if name.startswith(f"events/datehour={EXPIRED}/")}
    assert len(replaced) == 2
    assert set(names) - replaced == {name for one in did for name in one.names}
    assert dry.removed[Rule.RAW] == real.removed[Rule.RAW]
    assert dry.dry_run


def test_the_files_of_an_expired_hour_stay_for_the_grace_and_then_go():
    """A query that planned with the partition is still reading them."""
    stores = full_lake()
    retain(stores, EXPIRING)
    prefix = f"events/datehour={EXPIRED}/"
    assert len([key for key in stores.lake.objects if key.startswith(prefix)]) == 4
    assert retain(stores, EXPIRING, now=NOW + timedelta(hours=23)).is_empty
    outcome = retain(stores, EXPIRING, now=NOW + timedelta(hours=25))
    assert outcome.removed[Rule.EXPIRED_HOURS] == Sum(objects=4, size_bytes=15)
    assert not [key for key in stores.lake.objects if key.startswith(prefix)]


def test_an_expired_hour_with_fresh_events_stays_in_the_table():
    """An old log that is replayed would vanish in the night in which it was rolled up."""
    stores = full_lake()
    stores.raw(EXPIRED, "replayed", NOW - timedelta(hours=2))
    retain(stores, EXPIRING)
    assert EXPIRED in stores.catalog.tables["events"]
    assert EXPIRED in stores.catalog.tables["raw_events"]
    retain(stores, EXPIRING, now=NOW + DAY)
    assert EXPIRED not in stores.catalog.tables["events"]
    assert EXPIRED not in stores.catalog.tables["raw_events"]


def test_an_expired_hour_that_is_published_again_meanwhile_keeps_its_files():
    stores = full_lake()
    retain(stores, EXPIRING)
    again = []

    def commit(prefix: str) -> None:
        if prefix == "events/" and not again:
            again.append(stores.live(EXPIRED, NOW - 20 * DAY))

    stores.lake.on_list.append(commit)
    retain(stores, EXPIRING, now=NOW + timedelta(hours=25))
    assert f"{again[0]}events-00000.parquet" in stores.lake.objects


def test_a_generation_that_is_committed_while_this_runs_is_not_deleted():
    """Whoever rolls an hour back, or a run that took days, makes an old generation live again."""
    stores = full_lake()
    killed = f"{layout.generation_prefix(OLD, generation_id(NOW - 3 * DAY, 'killed'))}"
    moved = []

    def commit(prefix: str) -> None:
        if prefix == "events/" and not moved:
            moved.append(stores.catalog.place("events", {OLD: stores.lake.uri(killed)}))

    stores.lake.on_list.append(commit)
    outcome = retain(stores)
    assert moved[0].moved == 1
    assert f"{killed}events-00000.parquet" in stores.lake.objects
    assert outcome.kept[Kept.CHANGED] == (1, [OLD])
    assert outcome.removed[Rule.GENERATIONS].objects == 4  # of the other two hours
    stores.lake.on_list.clear()
    assert retain(stores).removed[Rule.GENERATIONS].objects == 2


def test_raw_objects_stay_when_the_partition_moves_before_they_are_deleted():
    stores = full_lake()

    def commit(prefix: str) -> None:
        if prefix == "raw/":
            stores.live(OLD, NOW - DAY, "later")

    stores.lake.on_list.append(commit)
    outcome = retain(stores)
    assert f"raw/datehour={OLD}/a.parquet" in stores.lake.objects
    assert outcome.kept[Kept.CHANGED][1] == [OLD]
    assert OLD in stores.catalog.tables["raw_events"]


def test_a_commit_that_takes_the_note_away_does_not_keep_it_away():
    """Glue changes a partition by reading and writing it: a commit may write what it read."""
    stores = full_lake()
    delete = stores.lake.delete

    def overwriting_delete(keys) -> int:
        names = list(keys)
        if any(name.startswith(layout.raw_prefix(OLD)) for name in names):
            events = stores.catalog.tables["events"]
            events[OLD] = replace(events[OLD], parameters={})
        return delete(names)

    stores.lake.delete = overwriting_delete
    retain(stores)
    assert stores.catalog.tables["events"][OLD].parameters == RAW_EXPIRED


def test_a_commit_after_the_deletion_does_not_keep_the_note_away():
    """It had read its partition before the note, and takes until the set-aside records' turn."""
    stores = full_lake()

    def commit(prefix: str) -> None:
        if prefix == "quarantine/":
            events = stores.catalog.tables["events"]
            assert events[OLD].parameters == RAW_EXPIRED
            events[OLD] = replace(events[OLD], parameters={})

    stores.lake.on_list.append(commit)
    retain(stores)
    assert stores.catalog.tables["events"][OLD].parameters == RAW_EXPIRED
    assert not stores.catalog.tables["events"][YOUNG].parameters, "it has all its raw objects"


def test_an_hour_that_receives_a_late_object_keeps_its_raw_partition():
    stores = full_lake()

    def arrive(prefix: str) -> None:
        if prefix == "raw/":
            stores.raw(OLD, "late", NOW)

    stores.lake.on_list.append(arrive)
    retain(stores)
    assert OLD in stores.catalog.tables["raw_events"]
    assert f"raw/datehour={OLD}/late.parquet" in stores.lake.objects


def test_a_catalog_without_partitions_costs_no_file():
    """A table that was dropped and made again has lost its partitions; the files are all there."""
    stores = full_lake()
    for table in stores.catalog.tables.values():
        table.clear()
    outcome = retain(stores, POLICY)
    assert outcome.removed[Rule.RAW] == outcome.removed[Rule.GENERATIONS] == Sum()
    assert outcome.kept[Kept.NO_PARTITION] == (4, [EXPIRED, OLD, MIXED, YOUNG])
    assert outcome.kept[Kept.UNREAD][0] == 6


class Events:
    """A platform in small: events arrive, hours are rebuilt, processes die, retention runs.

    An object's content is the ids of its events, as text. A rebuild takes the steps of the real
    one: it names its generation, lists, reads the partition, reads what it found, writes, commits.
    """

    hour = OLD

    def __init__(self) -> None:
        self.stores = Stores()
        self.now = NOW
        self.accepted: set[str] = set()
        self.runs = 0

    def arrive(self) -> None:
        name = f"e{len(self.accepted)}"
        self.accepted.add(name)
        key = self.stores.raw(self.hour, name, self.now)
        self.stores.lake.objects[key] = name.encode()

    def rebuild(self, *, steps: int = 3, meanwhile: int | None = None) -> None:
        """A rebuild that dies after so many steps; retention may run after its listing."""
        self.runs += 1
        generation = generation_id(self.now, f"run{self.runs:05d}")
        self.now += timedelta(seconds=2)
        lake, catalog = self.stores.lake, self.stores.catalog
        keys = [one.key for one in lake.list_objects(layout.raw_prefix(self.hour))]
        if not keys or steps == 0:
            return
        if meanwhile is not None:
            self.retain(meanwhile)
        partition = catalog.partitions("events", [self.hour]).get(self.hour)
        if partition is not None and RAW_EXPIRED.items() <= partition.parameters.items():
            keys += [one.key for one in lake.list_objects(self.prefix_of(partition.location))]
        if steps == 1 or not set(keys) <= lake.objects.keys():
            return  # a raw object that is gone fails the run; Dagster retries it
        ids = {name for key in keys for name in lake.objects[key].decode().split()}
        prefix = layout.generation_prefix(self.hour, generation)
        lake.put(f"{prefix}events-00000.parquet", " ".join(sorted(ids)).encode(), self.now)
        if steps == 3:
            catalog.place("events", {self.hour: lake.uri(prefix)})

    def retain(self, power: int | None = None) -> None:
        self.stores.power.left = power
        with suppress(PowerCutError):
            retain(self.stores, POLICY, now=self.now)
        self.stores.power.left = None

    def prefix_of(self, location: str) -> str:
        return location.removeprefix(self.stores.lake.uri(""))

    @property
    def readable(self) -> set[str]:
        """What a reader of the table finds."""
        partition = self.stores.catalog.tables["events"].get(self.hour)
        if partition is None:
            return set()
        prefix = self.prefix_of(partition.location)
        found = [one.key for one in self.stores.lake.list_objects(prefix)]
        assert found, "the live generation has no files"
        return {name for key in found for name in self.stores.lake.objects[key].decode().split()}

    @property
    def archived(self) -> set[str]:
        raw = self.stores.lake.list_objects(layout.raw_prefix(self.hour))
        return {self.stores.lake.objects[one.key].decode() for one in raw}


STEPS = st.one_of(
    st.just(("arrive",)),
    st.tuples(st.just("rebuild"), st.integers(0, 3), st.none() | st.integers(0, 12)),
    st.tuples(st.just("retain"), st.none() | st.integers(0, 12)),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 3600, 90_000, 31 * 86_400])),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(STEPS, min_size=5, max_size=30))
def test_whatever_happens_every_accepted_event_is_kept(history):
    """Late files after raw objects expired, killed rebuilds, killed retentions, in any order."""
    events = Events()
    for step, *details in history:
        if step == "arrive":
            events.arrive()
        elif step == "rebuild":
            events.rebuild(steps=details[0], meanwhile=details[1])
        elif step == "retain":
            events.retain(details[0])
        else:
            events.now += timedelta(seconds=details[0])
        assert events.readable | events.archived == events.accepted
    events.rebuild()
    if events.archived:
        assert events.readable == events.accepted


def location_of(stores: Stores, policy: RetentionPolicy = POLICY) -> dg.Definitions:
    retention = build_retention(policy, TABLES, pool="hourly_rollup", tags={"rebuilds": "hours"})
    resources = {"lake": stores.lake, "catalog": stores.catalog}
    return dg.Definitions.merge(retention, dg.Definitions(resources=resources))


def recent_lake() -> Stores:
    """An hour whose raw objects have expired by the real clock."""
    now = datetime.now(UTC)
    hour = layout.datehour_of(now - 40 * DAY)
    stores = Stores()
    for name in "ab":
        stores.raw(hour, name, now - 40 * DAY)
    stores.generation(hour, now - 39 * DAY)
    stores.live(hour, now - 3 * DAY)
    stores.raw(layout.datehour_of(now - 35 * DAY), "unread", now - 35 * DAY)
    return stores


def run_job(stores: Stores, config: dict | None = None) -> dg.ExecuteInProcessResult:
    job = location_of(stores, retention_policy(Settings())).resolve_job_def("retention")
    with dg.DagsterInstance.ephemeral() as instance:
        run_config = {"ops": {"lake__retention": {"config": config or {}}}}
        return job.execute_in_process(instance=instance, run_config=run_config)


def test_the_job_tells_what_left_by_rule():
    stores = recent_lake()
    [materialization] = run_job(stores).asset_materializations_for_node("lake__retention")
    metadata = {name: value.value for name, value in materialization.metadata.items()}
    assert metadata["dry_run"] is False
    assert (metadata["raw_objects"], metadata["raw_bytes"], metadata["raw_partitions"]) == (
        2,
        10,
        1,
    )
    assert metadata["generations_objects"] == 1
    assert metadata["kept_unread"] == 1
    assert len(stores.lake.objects) == 2


def test_the_job_can_be_asked_exactly_what_it_would_delete(capfd):
    stores = recent_lake()
    before = stores.state
    result = run_job(stores, {"dry_run": True})
    [materialization] = result.asset_materializations_for_node("lake__retention")
    assert materialization.metadata["dry_run"].value is True
    assert materialization.metadata["raw_objects"].value == 2
    assert stores.state == before
    logged = capfd.readouterr().err.splitlines()
    would = {line for line in logged if line in stores.lake.objects}
    retain(stores, now=datetime.now(UTC))
    assert would == before[0] - set(stores.lake.objects)


def test_a_run_that_had_to_wait_takes_no_more_than_was_past_its_time_before():
    stores = recent_lake()
    before = stores.state
    as_of = datetime.now(UTC) - 39 * DAY
    run_job(stores, {"as_of": as_of.isoformat()})
    assert stores.state == before
    later = datetime.now(UTC) + 100 * DAY
    stores.lake.put("quarantine/day=2026-01-01/young.json", at=datetime.now(UTC))
    run_job(stores, {"as_of": later.isoformat()})
    assert "quarantine/day=2026-01-01/young.json" in stores.lake.objects, "the present is no later"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"as_of": "2026-01-01T00:00:00"}, "no time zone"),
        ({"shown_limits": {"raw_retention_days": 365}}, "nothing was deleted"),
    ],
)
def test_a_run_on_other_terms_than_agreed_deletes_nothing(config, message):
    stores = recent_lake()
    before = stores.state
    with pytest.raises(dg.Failure, match=message):
        run_job(stores, config)
    assert stores.state == before


@pytest.mark.parametrize("policy", [POLICY, EXPIRING])
def test_the_limits_that_are_shown_are_the_limits(policy):
    """`clickstream retention` reads them from the asset, and the run compares them."""
    assert policy_of(limits_of(policy)) == policy
    [asset] = location_of(Stores(), policy).assets or ()
    shown = asset.metadata_by_key[RETENTION]
    assert policy_of(shown) == policy
    stores = recent_lake()
    own = limits_of(retention_policy(Settings()))
    run_job(stores, {"shown_limits": own})
    assert len(stores.lake.objects) == 2


def test_it_runs_daily_and_never_beside_a_rebuild():
    """Both read and write partitions, and Glue cannot make that one step."""
    definitions = location_of(Stores())
    schedule = definitions.resolve_schedule_def("retention_daily")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("15 3 * * *", "UTC")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    job = definitions.resolve_job_def("retention")
    assert job.tags["rebuilds"] == "hours"
    [node] = job.nodes
    assert node.definition.pool == "hourly_rollup"


def test_the_policy_is_the_settings():
    settings_ = Settings(
        raw_retention_days=7,
        events_retention_days=400,
        quarantine_retention_days=14,
        generation_grace_h=6,
    )
    assert retention_policy(settings_) == RetentionPolicy(
        raw=7 * DAY, events=400 * DAY, set_aside=14 * DAY, generation_grace=timedelta(hours=6)
    )
    assert retention_policy(Settings()).events is None


@pytest.fixture
def aws(monkeypatch):
    for name in ("", "_S3", "_GLUE"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL{name}", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


def test_the_real_stores_lose_the_same(aws):
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": "clickstream_db"})
    for table in ("raw_events", "events"):
        glue.create_table(
            DatabaseName="clickstream_db",
            TableInput={
                "Name": table,
                "StorageDescriptor": {"Columns": [{"Name": "event_id", "Type": "string"}]},
                "PartitionKeys": [{"Name": "datehour", "Type": "string"}],
            },
        )
    lake, catalog = LakeResource(bucket=BUCKET), CatalogResource(database="clickstream_db")
    for number in range(20):
        lake.write(f"{layout.raw_prefix(OLD)}{number:04d}.parquet", b"x")
        lake.write(f"quarantine/day=2026-01-10/{number:04d}.json", b"x")
    later = datetime.now(UTC) + timedelta(minutes=5)
    old, live = (
        layout.generation_prefix(OLD, generation_id(at, "run")) for at in (later - DAY, later)
    )
    for prefix in (old, live):
        lake.write(f"{prefix}events-00000.parquet", b"x")
    catalog.place("raw_events", {OLD: lake.uri(layout.raw_prefix(OLD))})
    catalog.place("events", {OLD: lake.uri(live)})
    now = datetime.now(UTC) + 100 * DAY

    def run() -> Outcome:
        return Retention(
            lake, catalog, TABLES, POLICY, now, dry_run=False, report=lambda _: None
        ).run()

    outcome = run()
    assert outcome.removed[Rule.RAW] == Sum(objects=20, size_bytes=20, partitions=1)
    assert outcome.removed[Rule.SET_ASIDE] == Sum(objects=20, size_bytes=20)
    assert outcome.removed[Rule.GENERATIONS] == Sum(objects=1, size_bytes=1)
    assert [one.key for one in lake.list_objects("")] == [f"{live}events-00000.parquet"]
    assert catalog.all_partitions("raw_events") == {}
    [partition] = catalog.all_partitions("events").values()
    assert partition.location == lake.uri(live)
    assert RAW_EXPIRED.items() <= partition.parameters.items()
    assert run().is_empty
