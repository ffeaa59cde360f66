"""Compaction on the embedded AWS: two engines with one result, and readers who never see a gap."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream_platform.core.compaction import CompactedHour, Sources
from clickstream_platform.core.duckdb_sql import Portions
from clickstream_platform.core.generations import RAW_EXPIRED, generation_id
from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.retention import RetentionPolicy
from clickstream_platform.defs.lake.athena_engine import AthenaEngine, UnregisteredHourError
from clickstream_platform.defs.lake.duckdb_engine import DuckdbEngine, database_of
from clickstream_platform.defs.lake.rebuild import Rebuild
from clickstream_platform.defs.lake.retention_steps import Retention, Tables
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from lambdas.event_processor.store import to_parquet
from lambdas.shared import lake as layout
from lambdas.shared.columns import DATEHOUR, EVENT_COLUMNS, Column
from lambdas.shared.event import Event

pytestmark = pytest.mark.integration

DATABASE = "compaction_db"
BUCKET = "compaction-lake"
HOUR = "2026-01-01-10"
HOURS = HourRange(HOUR, HOUR)
START = datetime(2026, 1, 1, 10, tzinfo=UTC)


def events(count: int, *, first: int = 0, arrived_s: float = 0) -> list[Event]:
    """Events with all that engines may differ in: maps, NULLs, texts of many kinds."""
    return [
        Event(
            event_id=f"e{number:05d}",
            event_type="page_view" if number % 3 else "click",
            event_time=START + timedelta(seconds=number % 60, microseconds=number),
            received_at=START + timedelta(seconds=arrived_s + number % 60),
            session_id=f"s{number % 17}",
            user_id=None if number % 2 else f"u{number}",
            page_title="ä'\"\\\n\t, 日本" if number % 5 else "",
            time_spent=number / 3 if number % 4 else None,
            experiments={"button": "blue", "ü": ""} if number % 7 == 0 else None,
            is_bot=bool(number % 2),
            shard_id="shardId-000000000000",
            sequence_number=str(10**55 + number),
        )
        for number in range(first, first + count)
    ]


@pytest.fixture(scope="module")
def lake(embedded_aws: Any) -> LakeResource:
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    return LakeResource(bucket=BUCKET)


@pytest.fixture(scope="module")
def athena(embedded_aws: Any) -> AthenaResource:
    topology = embedded_aws.topology
    output = f"s3://{topology.results_bucket}/compaction/"
    return AthenaResource(database=DATABASE, workgroup=topology.workgroup, output_location=output)


@pytest.fixture(scope="module")
def catalog(lake: LakeResource, embedded_aws: Any) -> CatalogResource:
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": DATABASE})
    [model] = (table for table in embedded_aws.topology.glue_tables if table.name == "events")
    present = glue.get_table(DatabaseName=embedded_aws.topology.database, Name=model.name)["Table"]
    for table in ("raw_events", "events"):
        glue.create_table(
            DatabaseName=DATABASE,
            TableInput={
                "Name": table,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": present["Parameters"],
                "PartitionKeys": [{"Name": DATEHOUR.name, "Type": DATEHOUR.hive_type}],
                "StorageDescriptor": {
                    **present["StorageDescriptor"],
                    "Location": lake.uri(f"{table}/"),
                },
            },
        )
    catalog = CatalogResource(database=DATABASE)
    catalog.place("raw_events", {HOUR: lake.uri(layout.raw_prefix(HOUR))})
    return catalog


@pytest.fixture
def put(lake: LakeResource) -> Iterator[Callable[[str, list[Event]], None]]:
    """Archives events as one raw object of the hour; the hour is empty again afterwards."""

    def archive(name: str, rows: list[Event]) -> None:
        lake.write(f"{layout.raw_prefix(HOUR)}{name}.parquet", to_parquet(rows))

    yield archive
    lake.delete([one.key for one in lake.list_objects("")])


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with database_of("200MB") as connection:
        yield connection


def sources(lake: LakeResource) -> Sources:
    return Sources(HOUR, tuple(lake.list_raw(HOURS)[HOUR]))


def rows_of(lake: LakeResource, compacted: CompactedHour) -> pa.Table:
    keys = [one.key for one in lake.list_objects(compacted.prefix)]
    tables = [pq.read_table(pa.BufferReader(lake.read(key))) for key in keys]
    return pa.concat_tables(tables)


def test_both_engines_write_the_same_hour(lake, catalog, athena, database, put):
    put("a", events(300))
    put("b", events(200, first=200, arrived_s=30))  # a hundred of them are repeated, later
    put("c", events(50, first=100, arrived_s=-30))  # and fifty earlier
    duckdb_engine = DuckdbEngine(lake, database, Portions(small_bytes=0, pass_rows=150))
    athena_engine = AthenaEngine(lake, catalog, athena, "raw_events", "events")
    first = duckdb_engine.compact(sources(lake), f"{layout.events_prefix(HOUR)}gen=duckdb/")
    second = athena_engine.compact(sources(lake), f"{layout.events_prefix(HOUR)}gen=athena/")
    assert first.counts == second.counts
    assert (first.counts.rows_in, first.counts.duplicates) == (550, 150)
    assert (first.files, second.files) == (4, 1)
    ours, theirs = rows_of(lake, first), rows_of(lake, second)
    assert ours.schema.names == theirs.schema.names == [one.name for one in EVENT_COLUMNS]
    assert ours.to_pylist() == theirs.to_pylist()


def test_athena_reads_the_hour_again_when_an_object_arrived_meanwhile(
    lake, catalog, athena, database, put
):
    """It counts and writes in two statements: what comes between them must not be lost."""
    put("a", events(10))

    class Interrupted(AthenaResource):
        def run(self, sql: str) -> str:
            if sql.startswith("UNLOAD") and "attempt=0" in sql:
                put("late", events(5, first=10))
            return super().run(sql)

    engine = AthenaEngine(lake, catalog, Interrupted(**athena.model_dump()), "raw_events", "events")
    compacted = engine.compact(sources(lake), f"{layout.events_prefix(HOUR)}gen=late/")
    assert compacted.counts.rows_out == compacted.counts.rows_in == 15
    assert len(compacted.sources.raw) == 2
    assert rows_of(lake, compacted).num_rows == 15


def test_athena_refuses_an_hour_that_it_cannot_see(lake, catalog, athena, database, put):
    """It would answer that the hour is empty, and that is what would be published."""
    put("a", events(10))
    catalog.drop("raw_events", [HOUR])
    engine = AthenaEngine(lake, catalog, athena, "raw_events", "events")
    with pytest.raises(UnregisteredHourError, match=r"missing.*materialize raw_events"):
        engine.compact(sources(lake), f"{layout.events_prefix(HOUR)}gen=unseen/")
    catalog.place("raw_events", {HOUR: lake.uri("elsewhere/")})
    with pytest.raises(UnregisteredHourError, match="elsewhere"):
        engine.compact(sources(lake), f"{layout.events_prefix(HOUR)}gen=unseen/")
    catalog.place("raw_events", {HOUR: lake.uri(layout.raw_prefix(HOUR))})


def test_athena_carries_over_what_has_expired(lake, catalog, athena, database, put):
    put("a", events(10))
    rebuild = rebuild_of(lake, catalog, athena, database)
    rebuild.run(HOURS, generation_id(datetime.now(UTC), "first"), print)
    catalog.annotate("events", [HOUR], RAW_EXPIRED)
    lake.delete([one.key for one in lake.list_raw(HOURS)[HOUR]])
    put("b", events(10, first=5, arrived_s=9))
    by_athena = rebuild_of(lake, catalog, athena, database, large_bytes=0)
    rebuilt = by_athena.run(HOURS, generation_id(datetime.now(UTC), "second"), print)
    assert not rebuilt.broken
    assert count(athena) == 15
    assert catalog.partitions("events", [HOUR])[HOUR].parameters.items() >= RAW_EXPIRED.items()
    catalog.drop("events", [HOUR])


class Crash(RuntimeError):  # noqa: N818 - named for what happens
    """The process dies here."""


class Crashing:
    """Stands before a resource; dies at one of its calls, before or after that took effect."""

    CALLS = ("list_raw", "download", "upload", "partitions", "place")

    def __init__(self, wrapped: Any, step: list[int]) -> None:
        self._wrapped = wrapped
        self._step = step  # shared by the resources of one run; counts down

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._wrapped, name)
        if name not in self.CALLS:
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            self._die()
            result = attribute(*args, **kwargs)
            self._die()
            return result

        return call

    def _die(self) -> None:
        self._step[0] -= 1
        if self._step[0] == 0:
            raise Crash


def rebuild_of(lake, catalog, athena, database, large_bytes: int = 10**9) -> Rebuild:
    return Rebuild(
        lake,
        catalog,
        "events",
        DuckdbEngine(lake, database, Portions()),
        AthenaEngine(lake, catalog, athena, "raw_events", "events"),
        large_bytes,
    )


def count(athena: AthenaResource) -> int:
    [row] = athena.query("SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM events")
    assert row["n"] == row["ids"]
    return int(row["n"] or 0)


def test_readers_see_the_old_hour_or_the_new_one_whatever_crashes(
    lake, catalog, athena, database, put
):
    """Twenty rebuilds, each killed at every step of its commit while somebody counts the hour."""
    put("r00", events(10))
    rebuild_of(lake, catalog, athena, database).run(
        HOURS, generation_id(datetime.now(UTC), "base"), print
    )
    published = [10]  # what a reader may be told: the last of these, or one added since it asked
    answers: list[tuple[int, int, int]] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            oldest = len(published) - 1
            answer = count(athena)
            answers.append((answer, published[oldest], published[-1] + 10))

    reader = threading.Thread(target=read)
    reader.start()
    crashes = 0
    try:
        for rebuild in range(1, 21):
            put("r00", events(10 * (rebuild + 1)))
            step = 1
            while crash_at(step, f"r{rebuild}s{step}", lake, catalog, athena, database):
                crashes += 1
                step += 1
            assert step > 10, "there are that many steps"
            published.append(10 * (rebuild + 1))
            assert count(athena) == published[-1]
        left_behind = keys_of(lake) - live_keys(lake, catalog)
        assert len(left_behind) > crashes / 4, "most crashes leave a file that nobody reads"
        forget(lake, catalog, datetime.now(UTC) + timedelta(days=2))
        assert keys_of(lake) == live_keys(lake, catalog), "retention leaves no orphan"
        assert count(athena) == published[-1]
    finally:
        ended.set()
        reader.join()
        catalog.drop("events", [HOUR])
    assert crashes >= 200
    assert len(answers) > 20
    wrong = [one for one in answers if not one[1] <= one[0] <= one[2] or one[0] % 10]
    assert not wrong


def keys_of(lake: LakeResource) -> set[str]:
    return {one.key for one in lake.list_objects(f"{layout.EVENTS_PREFIX}/")}


def live_keys(lake: LakeResource, catalog: CatalogResource) -> set[str]:
    live = catalog.locations("events", [HOUR])[HOUR].removeprefix(lake.uri(""))
    return {one.key for one in lake.list_objects(live)}


def forget(lake: LakeResource, catalog: CatalogResource, now: datetime) -> None:
    """Retention, when nothing but generations that nobody reads is past its time."""
    policy = RetentionPolicy(
        raw=timedelta(days=30),
        events=None,
        set_aside=timedelta(days=90),
        generation_grace=timedelta(hours=24),
    )
    tables = Tables(raw="raw_events", events="events")
    Retention(lake, catalog, tables, policy, now, dry_run=False, report=print).run()


def crash_at(step: int, run_id: str, lake, catalog, athena, database) -> bool:
    """Rebuilds the hour and dies at a step; False when there are fewer."""
    countdown = [step]
    rebuild = rebuild_of(Crashing(lake, countdown), Crashing(catalog, countdown), athena, database)
    try:
        rebuild.run(HOURS, generation_id(datetime.now(UTC), run_id), print)
    except Crash:
        return True
    return False


def test_a_column_that_is_added_reads_as_null_in_what_was_written_before(
    lake, catalog, athena, database, put
):
    """Neither files nor partitions are rewritten; both tables stay readable."""
    put("a", events(5))
    rebuild = rebuild_of(lake, catalog, athena, database)
    rebuild.run(HOURS, generation_id(datetime.now(UTC), "before"), print)
    added = Column("scroll_depth", "double", "How far down, from 0 to 1")
    for table in ("raw_events", "events"):
        assert catalog.evolve(table, [*EVENT_COLUMNS, added]) == ["scroll_depth"]
        asked = "count(*) AS n, count(scroll_depth) AS deep, count(event_id) AS ids"
        [row] = athena.query(f"SELECT {asked} FROM {table}")  # noqa: S608
        assert row == {"n": "5", "deep": "0", "ids": "5"}
    catalog.drop("events", [HOUR])
