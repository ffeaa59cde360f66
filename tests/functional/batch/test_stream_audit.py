"""The stream audit on a stream and a bucket in memory."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from botocore.exceptions import ClientError

from clickstream_platform.core.erased import SET_ASIDE
from clickstream_platform.core.positions import in_parquet
from clickstream_platform.core.stream_audit import Position
from clickstream_platform.defs.quality.audits import build_audits
from clickstream_platform.defs.quality.freshness import (
    build_compacted_in_time_check,
    closed_hours,
    overdue,
    with_freshness,
)
from clickstream_platform.defs.quality.stream_audit import OP, build_stream_audit
from clickstream_platform.partitions import hourly_partitions
from infra.erasure.places import keep_places
from lambdas.shared import lake as layout
from lambdas.shared.bad_records import BadRecord, to_quarantine
from lambdas.shared.codec import StreamRecord
from lambdas.shared.redriven import Redriven
from tests.functional.batch.counted import (
    EVENTS,
    RAW_HOURS,
    SHARD,
    BucketInMemory,
    CatalogInMemory,
    StreamInMemory,
    parquet,
    run_checks,
    told,
)

NOW = datetime.now(UTC)
END = (NOW - timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
START = END - timedelta(hours=1)
CHECK = "accepted_equals_archived_plus_quarantined"
OTHER = "shardId-000000000001"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


class Site:
    """A stream with ten records of the audited hour, and an empty bucket."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.stream, self.bucket = StreamInMemory(), BucketInMemory()
        for number in range(10):
            self.stream.put(number, START + timedelta(minutes=number))

    def archive(self, *numbers: int, hour=None, shard_id: str = SHARD) -> str:
        rows = [{"shard_id": shard_id, "sequence_number": str(number)} for number in numbers]
        ends = (str(min(numbers)), str(max(numbers)))
        hour = hour or layout.datehour_of(START)
        return self.bucket.put(layout.raw_key(hour, shard_id, *ends), parquet(rows))

    def set_aside(self, *numbers: int) -> str:
        bad = [
            BadRecord(StreamRecord(SHARD, str(number), START, b"{", "key"), "invalid_json", "")
            for number in numbers
        ]
        key = layout.quarantine_key(START, SHARD, str(numbers[0]), str(numbers[-1]))
        return self.bucket.put(key, to_quarantine(bad))

    def erase(self, *numbers: int) -> None:
        """Notes places as an erasure does, and takes the records out of the archive."""
        gone = {Position(SHARD, number) for number in numbers}
        keep_places(self.bucket, layout.raw_prefix(layout.datehour_of(START)), gone)
        for key in [key for key in self.bucket.objects if key.startswith("raw/")]:
            left = in_parquet(self.bucket.objects.pop(key)[0]) - gone
            if left:
                rows = [{"shard_id": one[0], "sequence_number": str(one[1])} for one in left]
                self.bucket.put(key, parquet(rows))

    def audit(self, reach=timedelta(hours=1), **window: str):
        checks = build_stream_audit(RAW_HOURS, reach, clock=NOW.astimezone)
        config = {"ops": {OP: {"config": window}}} if window else None
        resources = {"stream": self.stream, "lake": self.bucket}
        return run_checks(checks, resources, instance=self.instance, config=config)[CHECK]


@pytest.fixture
def site(instance) -> Site:
    return Site(instance)


def test_accepted_records_are_archived_or_quarantined(site):
    site.archive(*range(7))
    site.set_aside(7, 8)
    replayed = site.set_aside(9)
    site.bucket.put(
        replayed.replace("quarantine", "quarantine-replayed"), site.bucket.objects.pop(replayed)[0]
    )
    found = site.audit()
    assert found.passed, found.description
    numbers = {
        name: told(found, name) for name in ("records", "archived", "quarantined", "missing")
    }
    assert numbers == {"records": 10, "archived": 7, "quarantined": 3, "missing": 0}
    assert told(found, "window_start") == START.timestamp()
    assert told(found, "window_end") == END.timestamp()


def test_a_lost_batch_is_named_by_its_sequence_numbers(site):
    site.archive(0, 1, 2)
    site.archive(6, 7, 8, 9)
    found = site.audit()
    assert (found.passed, found.severity.value) == (False, "ERROR")
    assert found.blocking, "a failed run is told to people, a failed check is not"
    [gap] = told(found, "missing_ranges")
    assert (gap["shard_id"], gap["first"], gap["last"], gap["records"]) == (SHARD, "3", "5", 3)
    assert "redrive" in found.description


def test_an_event_of_another_hour_is_found_without_reading_the_whole_lake(site):
    """The sensor has recorded which hours got objects: a late event's, or a replay's."""
    site.archive(*range(9))
    site.archive(9, hour="2015-05-17-10")
    site.instance.report_runless_asset_event(
        dg.AssetMaterialization(RAW_HOURS, partition="2015-05-17-10")
    )
    assert site.audit().passed
    assert len(site.stream.reads) == 1, "one look was enough"


def test_objects_of_firehose_are_looked_into(site):
    """Their names say nothing, and one holds records of several shards and any arrival."""
    for number in range(10):
        site.stream.put(number, START + timedelta(minutes=number), shard_id=OTHER)
    places = (
        [(SHARD, 0), (OTHER, 9), (SHARD, 4), (OTHER, 0)],
        [(shard, number) for shard in (SHARD, OTHER) for number in range(1, 9)],
    )
    folder = layout.raw_prefix(layout.datehour_of(START))
    for index, held in enumerate(places):
        rows = [{"shard_id": shard, "sequence_number": str(number)} for shard, number in held]
        site.bucket.put(f"{folder}d-1-2026-11-23-01-00-00-{index}.parquet", parquet(rows))
    site.bucket.put(f"{folder}notes.txt", b"no Parquet")
    found = site.audit()
    assert not found.passed
    [gap] = told(found, "missing_ranges")
    assert (gap["shard_id"], gap["first"], gap["records"]) == (SHARD, "9", 1)
    assert told(found, "archived") == 19
    site.archive(9)
    assert site.audit().passed


def test_an_object_that_nobody_announced_is_found_all_the_same(site):
    site.archive(*range(9))
    site.archive(9, hour="2015-05-17-10")
    assert site.audit().passed
    assert len(site.stream.reads) == 3, "a second look: behind the window, and everywhere"


def test_a_batch_that_was_given_up_and_redriven_is_accounted_for(site):
    site.archive(*range(8))
    for number in (8, 9):
        mark = Redriven("event_processor", ((SHARD, str(number)),))
        site.stream.put(100 + number, END + timedelta(minutes=10), mark, OTHER)
    found = site.audit()
    assert found.passed
    assert told(found, "redriven") == 2


def test_what_was_redriven_for_real_time_need_not_be_archived_again(site):
    site.archive(*range(10))
    mark = Redriven("aggregator", ((SHARD, "3"),))
    site.stream.put(10, END - timedelta(minutes=1), mark)
    found = site.audit()
    assert found.passed
    assert (told(found, "records"), told(found, "for_other_functions")) == (11, 1)


def test_objects_from_before_the_window_are_not_read(site):
    """The whole lake is listed when something is missing; most of it cannot hold it."""
    site.archive(*range(9))
    old = site.archive(9, hour="2015-05-17-10")
    site.bucket.put(old, site.bucket.objects[old][0], at=START - timedelta(minutes=6))
    assert not site.audit().passed
    assert old not in site.bucket.reads


def test_what_was_erased_is_not_lost(site):
    """The stream has it for the rest of the day, and the archive never will again."""
    site.archive(*range(6))
    site.archive(6, 7, 8, 9)
    site.erase(2, 3, 6, 7, 8, 9)  # an object that held nothing else is deleted
    found = site.audit()
    assert found.passed, found.description
    assert (told(found, "archived"), told(found, "erased"), told(found, "missing")) == (4, 6, 0)
    assert "6 of them have been erased" in found.description
    assert told(site.audit(), "records") == 0, "all is audited"


def test_a_loss_beside_what_was_erased_is_found(site):
    site.archive(*range(8))
    site.erase(2, 3)
    found = site.audit()
    assert (found.passed, found.severity.value) == (False, "ERROR")
    assert (told(found, "erased"), told(found, "missing")) == (2, 2)
    assert [gap["first"] for gap in told(found, "missing_ranges")] == ["8"]


def test_an_erasure_that_goes_on_during_the_audit_loses_nothing(site):
    """It notes and takes records after the notes were read and before the objects are."""
    site.archive(*range(10))
    site.erase(1)
    waiting = [lambda: site.erase(2, 3), lambda: site.erase(4)]
    listed = site.bucket.list_objects

    def list_objects(prefix: str, **options):
        found = list(listed(prefix, **options))
        if prefix == "erased/" and waiting:
            waiting.pop()()
        return iter(found)

    site.bucket.list_objects = list_objects
    found = site.audit()
    assert found.passed, found.description
    assert (told(found, "erased"), told(found, "archived")) == (4, 6)


def test_an_object_that_is_deleted_while_the_audit_reads_holds_nothing(site):
    """An erasure or a replay does that; the audit must not die of it, nor call it archived."""
    site.archive(*range(9))
    gone = site.set_aside(9)
    read = site.bucket.read

    def read_meanwhile(key: str, last_bytes: int | None = None) -> bytes:
        if site.bucket.objects.pop(gone, None) is not None:
            keep_places(site.bucket, SET_ASIDE, [Position(SHARD, 9)])
        if key not in site.bucket.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return read(key, last_bytes)

    site.bucket.read = read_meanwhile
    found = site.audit()
    assert found.passed, found.description
    assert (told(found, "erased"), told(found, "quarantined")) == (1, 0)


def test_notes_from_before_the_window_are_not_read(site):
    site.archive(*range(9))
    note = site.bucket.put("erased/raw/datehour=2015-05-17-10/old.json", b"{}")
    site.bucket.put(note, b"{}", at=START - timedelta(minutes=6))
    assert not site.audit().passed
    assert note not in site.bucket.reads


def test_what_the_stream_never_had_is_a_warning(site):
    site.archive(*range(10))
    invented = site.archive(3, 4)
    site.bucket.put(
        invented,
        parquet(
            [
                {"shard_id": SHARD, "sequence_number": "4"},
                {"shard_id": OTHER, "sequence_number": "3"},
            ]
        ),
    )
    found = site.audit()
    assert (found.passed, found.severity.value) == (False, "WARN")
    assert told(found, "archived_but_not_on_the_stream_sample") == f"{OTHER}:3"


def test_every_shard_is_audited_closed_ones_too(site):
    site.archive(*range(10))
    site.stream.put(77, START, shard_id=OTHER)
    found = site.audit()
    assert not found.passed
    assert [gap["shard_id"] for gap in told(found, "missing_ranges")] == [OTHER]
    site.archive(77, shard_id=OTHER)
    assert site.audit().passed


def test_a_loss_stays_red_until_it_is_mended(site):
    """An hour later everything that arrived since is archived; that must not hide the loss."""
    reach = timedelta(hours=5)
    site.stream.put(20, END - timedelta(hours=3), shard_id=OTHER)
    site.archive(*range(10))
    first = site.audit(reach)
    assert (told(first, "missing"), told(first, "records")) == (1, 11)
    assert not site.audit(reach).passed
    site.archive(20, shard_id=OTHER)
    assert site.audit(reach).passed
    last = site.audit(reach)
    assert (last.passed, told(last, "records")) == (True, 0), "all is audited"


def test_a_window_that_somebody_chose_does_not_move_the_others(site):
    site.archive(*range(10))
    middle = START + timedelta(minutes=5)
    chosen = site.audit(start=middle.isoformat(), end=END.isoformat())
    assert told(chosen, "records") == 5
    assert told(site.audit(), "records") == 10


def test_a_window_that_is_still_being_archived_is_refused(site):
    with pytest.raises(RuntimeError, match="on its way into the archive"):
        site.audit(start=START.isoformat(), end=NOW.isoformat())


PARTITIONS = hourly_partitions("2026-01-01-00", None)


def test_the_job_runs_both_audits_every_hour():
    checks = [
        build_stream_audit(RAW_HOURS, timedelta(hours=23)),
        build_compacted_in_time_check(RAW_HOURS, "events", PARTITIONS),
    ]
    assets = [dg.AssetSpec(RAW_HOURS, partitions_def=PARTITIONS), dg.AssetSpec(EVENTS)]
    resources = {"lake": BucketInMemory(), "catalog": CatalogInMemory(), "stream": StreamInMemory()}
    definitions = dg.Definitions.merge(
        dg.Definitions(assets=assets, resources=resources, executor=dg.in_process_executor),
        build_audits(*checks),
    )
    dg.Definitions.validate_loadable(definitions)  # a job and an op may not have one name
    result = definitions.resolve_job_def("stream_audit").execute_in_process()
    assert {one.check_name: one.passed for one in result.get_asset_check_evaluations()} == {
        CHECK: True,
        "closed_hours_are_compacted": True,
    }
    [schedule] = definitions.get_repository_def().schedule_defs
    assert (schedule.cron_schedule, schedule.job_name) == ("10 * * * *", "stream_audit")


def fresh(bucket: BucketInMemory, catalog: CatalogInMemory, partitions=PARTITIONS):
    checks = build_compacted_in_time_check(RAW_HOURS, "events", partitions)
    found = run_checks(checks, {"lake": bucket, "catalog": catalog})
    return found["closed_hours_are_compacted"]


@pytest.mark.parametrize(
    ("written_h_ago", "built_h_ago", "passed"),
    [
        (3, None, False),  # nobody has heard of it
        (1, None, True),  # gathered for a while
        (5, 4, True),
        (3, 4, False),  # late files that caused no rebuild
        (1, 4, True),
    ],
)
def test_a_closed_hour_is_compacted_in_time(written_h_ago, built_h_ago, passed):
    bucket, catalog = BucketInMemory(), CatalogInMemory()
    hour = layout.datehour_of(NOW - timedelta(hours=6))
    key = layout.raw_key(hour, SHARD, "1", "2")
    bucket.put(key, at=NOW - timedelta(hours=written_h_ago))
    if built_h_ago is not None:
        built = NOW - timedelta(hours=built_h_ago)
        catalog.place(hour, f"s3://lake/events/datehour={hour}/gen={built:%Y%m%dT%H%M%S%f}Z-1234/")
    found = fresh(bucket, catalog)
    assert found.passed is passed
    assert told(found, "hours_overdue") == ([] if passed else [hour])


def test_a_quiet_night_is_fresh():
    """A policy on materializations alone would go red: there is nothing to materialize."""
    found = fresh(BucketInMemory(), CatalogInMemory())
    assert (found.passed, told(found, "hours_quiet")) == (True, told(found, "hours"))


def test_hours_outside_the_partitions_wait_for_a_setting_and_are_not_overdue():
    bucket = BucketInMemory()
    hour = layout.datehour_of(NOW - timedelta(hours=6))
    bucket.put(layout.raw_key(hour, SHARD, "1", "2"), at=NOW - timedelta(hours=5))
    until_2015 = hourly_partitions("2015-05-17-00", "2015-05-20-23")
    assert fresh(bucket, CatalogInMemory(), until_2015).passed


def test_an_open_hour_is_not_asked_for():
    hours = closed_hours(datetime(2026, 11, 23, 10, 10, tzinfo=UTC))
    assert (hours.first, hours.last) == ("2026-11-22-07", "2026-11-23-07")
    assert overdue({}, {}, NOW) == []


def test_policies_allow_for_nights_and_weekends_and_for_the_way_through_the_layers():
    specs = [dg.AssetSpec(RAW_HOURS), dg.AssetSpec(EVENTS), dg.AssetSpec(["serving", "x"])]
    quiet = (timedelta(hours=24), timedelta(hours=72))
    raw, events, serving = with_freshness(specs, RAW_HOURS, ("lake", "marts"), quiet)
    hours = dict(zip(("warn_window", "fail_window"), quiet, strict=True))
    assert raw.freshness_policy == dg.FreshnessPolicy.time_window(**hours)
    later = {name: window + timedelta(hours=2) for name, window in hours.items()}
    assert events.freshness_policy == dg.FreshnessPolicy.time_window(**later)
    assert serving.freshness_policy is None
