"""The checks that run after hours were rebuilt, on tables in memory."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from clickstream_platform.core.erased import note_key, to_note
from clickstream_platform.core.generations import RAW_EXPIRED, generation_id
from clickstream_platform.core.reconciled_counts import RealTimeCount
from clickstream_platform.core.stream_audit import Position
from clickstream_platform.defs.quality.conserved_hours import build_hour_checks
from clickstream_platform.defs.quality.contract import build_contract_check
from lambdas.event_processor.store import SCHEMA
from lambdas.shared import lake as layout
from tests.functional.batch.counted import (
    EVENTS,
    SHARD,
    BucketInMemory,
    CatalogInMemory,
    CountersInMemory,
    TablesInMemory,
    parquet,
    row,
    run_checks,
    told,
)

CONSERVED = "raw_equals_compacted_plus_duplicates"
UNIQUE = "event_id_is_unique"
RECONCILED = "realtime_equals_batch"
NOW = datetime.now(UTC)
HOUR = layout.datehour_of(NOW - timedelta(hours=2))
ARRIVED = NOW - timedelta(hours=1)
TAGS = {"dagster/partition": HOUR}


def location(hour: str = HOUR, *, built_at: datetime = NOW - timedelta(minutes=30), run="12345678"):
    return f"s3://lake/{layout.generation_prefix(hour, generation_id(built_at, run))}"


def rows(*ids: str, hour: str = HOUR, arrived: datetime = ARRIVED, **fields) -> list[tuple]:
    return [
        row(event_id, hour, received_at=arrived, number=number, **fields)
        for number, event_id in enumerate(ids)
    ]


class Hours:
    """Raw and compacted rows, and what is beside them."""

    def __init__(self, raw: list[tuple], compacted: list[tuple], counters=None) -> None:
        self.athena = TablesInMemory(raw, compacted)
        self.bucket, self.catalog = BucketInMemory(), CatalogInMemory()
        self.counters = CountersInMemory(counters or {})
        self.catalog.place(HOUR, location())

    def check(self, tags=None):
        resources = {
            "athena": self.athena,
            "lake": self.bucket,
            "catalog": self.catalog,
            "counters": self.counters,
        }
        checks = build_hour_checks(EVENTS, "events", "raw_events", timedelta(minutes=2))
        return run_checks(checks, resources, tags=TAGS if tags is None else tags)


def counted(*events: int, event_type="click", minutes_ago=10.0) -> dict:
    changed_at = NOW - timedelta(minutes=minutes_ago)
    return {(HOUR, event_type): RealTimeCount(sum(events), changed_at)}


def test_right_hours_pass_and_cost_one_query():
    hours = Hours(rows("a", "b", "b"), rows("a", "b"), counted(2))
    assert {name: one.passed for name, one in hours.check().items()} == {
        CONSERVED: True,
        UNIQUE: True,
        RECONCILED: True,
    }
    assert len(hours.athena.questions) == 1


@pytest.mark.parametrize(
    ("compacted", "failing"),
    [
        (("a",), [CONSERVED]),  # an event is lost
        (("a", "a"), [UNIQUE]),  # one stands in for another
        (("a", "a", "b"), [CONSERVED, UNIQUE]),  # one is there twice
        ((), [CONSERVED]),  # the hour was not compacted
    ],
)
def test_wrong_hours_hold_back_the_marts(compacted, failing):
    found = Hours(rows("a", "b"), rows(*compacted)).check()
    assert [name for name in (CONSERVED, UNIQUE) if not found[name].passed] == failing
    assert all(found[name].blocking for name in failing)
    [wrong] = told(found[failing[0]], "hours_wrong")
    assert HOUR in wrong


def test_hours_outside_the_run_are_not_asked_for():
    later = layout.datehour_of(NOW - timedelta(hours=1))
    found = Hours(rows("a") + rows("b", hour=later), rows("a"), counted(1)).check()
    assert found[CONSERVED].passed
    assert told(found[CONSERVED], "raw_rows") == 1


def test_a_run_without_hours_asks_for_all_of_them():
    later = layout.datehour_of(NOW - timedelta(hours=1))
    found = Hours(rows("a") + rows("b", hour=later), rows("a"), counted(1)).check(tags={})
    assert not found[CONSERVED].passed


@pytest.mark.parametrize(("written_after_s", "passed"), [(-60, False), (60, True)])
def test_an_hour_that_received_objects_since_it_was_read_is_left_to_its_rebuild(
    written_after_s, passed
):
    """In a replay files arrive while a run compacts; failing each such run stalls the marts."""
    built_at = NOW - timedelta(minutes=30)
    hours = Hours(rows("a", "b"), rows("a"))
    hours.catalog.place(HOUR, location(built_at=built_at))
    hours.bucket.put(
        f"{layout.raw_prefix(HOUR)}a.parquet", at=built_at + timedelta(seconds=written_after_s)
    )
    found = hours.check()[CONSERVED]
    assert found.passed is passed
    assert ("hours_overtaken" in found.metadata) is passed
    assert not passed or told(found, "hours_overtaken") == [HOUR]


@pytest.mark.parametrize(
    ("written_at", "passed"), [(NOW - timedelta(hours=1), False), (None, True)]
)
def test_an_hour_whose_first_objects_came_during_the_run_is_left_to_the_next(written_at, passed):
    hours = Hours(rows("a"), [])
    hours.catalog.places.clear()
    hours.bucket.put(
        f"{layout.raw_prefix(HOUR)}a.parquet",
        at=written_at or datetime.now(UTC) + timedelta(minutes=1),
    )
    assert hours.check()[CONSERVED].passed is passed


@pytest.mark.parametrize(
    ("raw", "compacted", "passed"),
    [
        (("c",), "abc", True),  # the others' raw objects have expired
        ((), "abc", True),
        (("c", "c"), "abc", True),
        (("d",), "abc", False),  # a late event that was not compacted
        (("c", "b"), "c", False),  # compacted from what was left of raw alone
    ],
)
def test_an_hour_whose_raw_objects_expire_is_judged_by_what_is_left(raw, compacted, passed):
    """Otherwise the first run after retention would fail, and hold back the marts for ever."""
    hours = Hours(rows(*raw), rows(*compacted))
    hours.catalog.place(HOUR, location(), **RAW_EXPIRED)
    found = hours.check()
    assert found[CONSERVED].passed is passed
    assert found[RECONCILED].passed, "its counters have expired long before"
    assert told(found[CONSERVED], "hours_with_expired_raw") == 1
    assert len(hours.athena.questions) == 1


def test_an_hour_that_expires_while_it_is_counted_is_judged_next_time():
    hours = Hours(rows("c"), rows("a", "b", "c"))
    hours.catalog.on_lookup = lambda: hours.catalog.place(HOUR, location(), **RAW_EXPIRED)
    found = hours.check()[CONSERVED]
    assert found.passed
    assert told(found, "hours_expired_meanwhile") == [HOUR]


def test_events_that_never_reached_the_lake_are_noticed_and_do_not_hold_back_the_marts():
    counters = {**counted(2), **counted(5, event_type="checkout")}
    found = Hours(rows("a", "b"), rows("a", "b"), counters).check()[RECONCILED]
    assert (found.passed, found.severity.value, found.blocking) == (False, "WARN", False)
    assert told(found, "unexplained_in_realtime_only") == 5
    assert told(found, "differences") == [
        {
            "hour": HOUR,
            "event_type": "checkout",
            "realtime": 5,
            "batch": 0,
            "duplicates": 0,
            "late": 0,
            "unexplained": 5,
        }
    ]


def test_an_hour_of_the_run_that_is_wholly_missing_is_noticed():
    """Nothing of it is in either table, so the query says nothing of it."""
    found = Hours([], [], counted(3)).check()[RECONCILED]
    assert not found.passed
    assert told(found, "unexplained_in_realtime_only") == 3


def test_an_old_hour_of_which_the_lake_has_nothing_is_compared_when_the_others_are():
    """A replay whose last hour never arrived: counters that are there cannot be of nothing."""
    hours = [layout.datehour_of(NOW - timedelta(days=900, hours=back)) for back in (1, 0)]
    counters = {(hour, "click"): RealTimeCount(1, NOW - timedelta(minutes=10)) for hour in hours}
    replay = Hours(rows("a", hour=hours[0]), rows("a", hour=hours[0]), counters)
    names = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
    found = replay.check(tags=dict(zip(names, hours, strict=True)))[RECONCILED]
    assert told(found, "hours_compared") == 2
    [missing] = told(found, "differences")
    assert (missing["hour"], missing["unexplained"]) == (hours[1], 1)


def noted(hours: Hours, at: datetime = NOW) -> None:
    """As an erasure notes that it takes events out of the hour."""
    note = to_note([Position(SHARD, 7)])
    hours.bucket.put(note_key(layout.raw_prefix(HOUR), note), note, at=at)


def test_what_was_erased_is_not_lost_though_real_time_counted_it():
    hours = Hours(rows("a", "b"), rows("a", "b"), counted(5))
    assert not hours.check()[RECONCILED].passed
    noted(hours)
    found = hours.check()[RECONCILED]
    assert found.passed, found.description
    assert told(found, "hours_erased_sample") == [HOUR]
    assert "an erasure has taken events out" in found.description
    [difference] = told(found, "differences")
    assert (difference["realtime"], difference["batch"], difference["unexplained"]) == (5, 2, 0)


def test_what_real_time_lacks_is_told_of_an_hour_that_was_erased_too():
    counts = counted(1, event_type="click") | counted(4, event_type="scroll")
    hours = Hours(rows("a", "b"), rows("a", "b"), counts)
    noted(hours)
    found = hours.check()[RECONCILED]
    assert not found.passed
    assert told(found, "unexplained_in_batch_only") == 1
    assert told(found, "unexplained_in_realtime_only") == 0


def test_an_hour_that_agrees_is_not_asked_whether_it_was_erased():
    """It costs a listing for each hour."""
    hours = Hours(rows("a"), rows("a"), counted(1))
    noted(hours)
    found = hours.check()[RECONCILED]
    assert (found.passed, told(found, "hours_erased")) == (True, 0)
    assert not [prefix for prefix in hours.bucket.listed if prefix.startswith("erased")]


@pytest.mark.parametrize(("noted_after_s", "passed"), [(-60, False), (60, True)])
def test_an_hour_whose_raw_objects_are_being_erased_is_left_to_the_erasure(noted_after_s, passed):
    """All of them were the person's and are deleted; the generation without them comes next."""
    built_at = NOW - timedelta(minutes=30)
    hours = Hours([], rows("a", "b"))
    hours.catalog.place(HOUR, location(built_at=built_at))
    noted(hours, built_at + timedelta(seconds=noted_after_s))
    assert hours.check()[CONSERVED].passed is passed


def test_duplicates_that_real_time_counted_again_are_no_alarm():
    found = Hours(rows("a", "b", "b"), rows("a", "b"), counted(3)).check()[RECONCILED]
    assert found.passed
    [difference] = told(found, "differences")
    assert (difference["realtime"], difference["batch"], difference["duplicates"]) == (3, 2, 1)


def test_a_record_that_was_archived_twice_explains_nothing():
    """A batch delivered again with other boundaries; real time has counted it once."""
    raw = rows("a") + rows("a")
    assert not Hours(raw, rows("a"), counted(2)).check()[RECONCILED].passed


def test_counters_of_a_past_day_are_not_read():
    """They have expired; a backfill of a month must not ask for them."""
    old = rows("a", arrived=NOW - timedelta(hours=24))
    hours = Hours(old, rows("a"))
    found = hours.check()[RECONCILED]
    assert found.passed
    assert told(found, "hours_not_comparable_sample") == [HOUR]
    assert hours.counters.asked == []


def test_real_time_out_of_reach_is_told_and_holds_back_nothing():
    hours = Hours(rows("a"), rows("a"))
    hours.counters.counted = None
    found = hours.check()
    assert found[CONSERVED].passed
    assert not found[RECONCILED].passed
    assert "DynamoDB is away" in found[RECONCILED].description


def contract(bucket: BucketInMemory, catalog: CatalogInMemory, tags=None):
    checks = build_contract_check(EVENTS, "events", "raw_events")
    resources = {"lake": bucket, "catalog": catalog}
    return run_checks(checks, resources, tags=TAGS if tags is None else tags)[
        "columns_are_the_contracts"
    ]


def put_file(bucket: BucketInMemory, catalog: CatalogInMemory, schema=SCHEMA, hour=HOUR, rows=()):
    catalog.place(hour, location(hour))
    bucket.put(f"{location(hour).removeprefix('s3://lake/')}0.parquet", parquet(rows, schema))


def test_tables_and_files_with_the_contract_pass():
    bucket, catalog = BucketInMemory(), CatalogInMemory()
    put_file(bucket, catalog)
    found = contract(bucket, catalog)
    assert (found.passed, told(found, "files")) == (True, 1)


def test_a_table_with_another_type_holds_back_the_marts():
    bucket, catalog = BucketInMemory(), CatalogInMemory()
    catalog.tables["raw_events"]["time_spent"] = "string"
    found = contract(bucket, catalog)
    assert (found.passed, found.blocking) == (False, True)
    assert told(found, "differences") == {"raw_events": ["time_spent is string, not double"]}


def test_a_file_with_another_type_holds_back_the_marts():
    bucket, catalog = BucketInMemory(), CatalogInMemory()
    put_file(bucket, catalog, SCHEMA.set(1, SCHEMA.field(1).with_type(pa.int64())))
    found = contract(bucket, catalog)
    assert not found.passed
    [differences] = told(found, "differences").values()
    assert differences == ["event_type is int64, not string"]


def test_ten_files_are_looked_into_however_many_hours_were_built():
    bucket, catalog = BucketInMemory(), CatalogInMemory()
    start = datetime(2026, 10, 1, tzinfo=UTC)
    hours = [layout.datehour_of(start + timedelta(hours=number)) for number in range(25)]
    for hour in hours:
        put_file(bucket, catalog, hour=hour)
    ends = (hours[0], hours[-1])
    names = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
    found = contract(bucket, catalog, tags=dict(zip(names, ends, strict=True)))
    assert found.passed
    assert told(found, "files") == len(bucket.reads) == 9  # every third of 25


def test_a_footer_larger_than_the_first_look_is_read_whole(monkeypatch):
    monkeypatch.setattr("clickstream_platform.defs.quality.contract.FOOTER_GUESS_BYTES", 100)
    bucket, catalog = BucketInMemory(), CatalogInMemory()
    put_file(bucket, catalog)
    assert contract(bucket, catalog).passed
    assert len(bucket.reads) == 2
