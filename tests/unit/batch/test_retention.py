"""What leaves the lake, decided on listings."""

from datetime import UTC, datetime, timedelta

import pytest

from clickstream_platform.core.departures import Departure, Kept, Outcome, Rule, Sum
from clickstream_platform.core.generations import generation_id
from clickstream_platform.core.listings import by_hour, datehour_of_events_key, in_batches
from clickstream_platform.core.retention import (
    EXPIRED_MARK,
    SET_ASIDE_PREFIXES,
    RetentionPolicy,
)
from clickstream_platform.core.stored_object import StoredObject
from infra.set_aside.quarantine import REPLAYED_PREFIX
from lambdas.shared import lake

NOW = datetime(2026, 3, 1, 3, 15, tzinfo=UTC)
HOUR = "2026-01-01-10"
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
POLICY = RetentionPolicy(
    raw=30 * DAY, events=None, set_aside=90 * DAY, generation_grace=timedelta(hours=24)
)
LONG_AGO = NOW - 40 * DAY


def prefix_of(started: datetime, run: str = "run", attempt: str = "") -> str:
    return f"{lake.generation_prefix(HOUR, generation_id(started, run))}{attempt}"


def location_of(started: datetime, run: str = "run") -> str:
    return f"s3://lake/{prefix_of(started, run)}"


def raw(name: str, at: datetime) -> StoredObject:
    return StoredObject(f"{lake.raw_prefix(HOUR)}{name}.parquet", 10, at)


def file(prefix: str, at: datetime, name: str = "events-00000.parquet") -> StoredObject:
    return StoredObject(f"{prefix}{name}", 10, at)


def going(plan) -> list[str]:
    return [one.key.rpartition("/")[2].removesuffix(".parquet") for one in plan.going]


def test_an_old_object_of_the_live_generation_goes_and_a_young_one_stays():
    objects = [raw("old", LONG_AGO), raw("young", NOW - 30 * DAY)]
    plan = POLICY.raw_hour(HOUR, objects, location_of(NOW - DAY), NOW)
    assert (going(plan), plan.left, plan.kept) == (["old"], 1, None)


def test_an_old_object_that_is_in_no_live_generation_stays_and_is_named():
    """It is all there is of its events: accepted, archived, and its notification lost."""
    unread = raw("unread", LONG_AGO)
    for location in (None, "s3://lake/events/elsewhere/", location_of(LONG_AGO - DAY)):
        plan = POLICY.raw_hour(HOUR, [unread], location, NOW)
        assert (going(plan), plan.left) == ([], 1)
        assert plan.kept == (Kept.UNREAD, [unread.key])


def test_an_object_written_in_the_second_in_which_a_generation_began_may_not_be_in_it():
    """S3 rounds times down: 10:00:05 may have been 10:00:05.9, after the listing."""
    started = LONG_AGO + timedelta(milliseconds=500)
    same_second, before = raw("same", LONG_AGO), raw("before", LONG_AGO - SECOND)
    plan = POLICY.raw_hour(HOUR, [before, same_second], location_of(started), NOW)
    assert going(plan) == ["before"]
    assert plan.kept == (Kept.UNREAD, [same_second.key])


def expiring(**changes) -> RetentionPolicy:
    values = {**POLICY.__dict__, "events": 30 * DAY, **changes}
    return RetentionPolicy(**values)


def test_an_hour_past_its_time_goes_with_what_no_generation_has_read():
    objects = [raw("read", LONG_AGO), raw("unread", NOW - 2 * DAY)]
    plan = expiring().raw_hour(HOUR, objects, location_of(NOW - 3 * DAY), NOW)
    assert (plan.rule, going(plan), plan.left) == (Rule.EXPIRED_HOURS, ["read", "unread"], 0)


def test_an_hour_past_its_time_that_has_just_received_events_waits():
    """Whoever replays an old log gets to see it, and no compaction loses its sources."""
    objects = [raw("a", LONG_AGO), raw("replayed", NOW - timedelta(hours=1))]
    plan = expiring().raw_hour(HOUR, objects, None, NOW)
    assert (plan.rule, going(plan), plan.left) == (Rule.RAW, [], 2)


@pytest.mark.parametrize(
    ("hour", "expired"),
    [("2026-01-30-02", True), ("2026-01-30-03", False), ("2026-02-28-00", False)],
)
def test_hours_expire_as_a_whole_from_their_end_on(hour, expired):
    assert expiring().has_expired(hour, NOW) is expired
    assert not POLICY.has_expired(hour, NOW)


def files_plan(objects, started: datetime | None, policy: RetentionPolicy = POLICY):
    location = None if started is None else location_of(started)
    prefix = "" if started is None else prefix_of(started)
    return policy.files(HOUR, objects, location, prefix, NOW)


def test_a_replaced_generation_goes_when_its_successor_has_been_live_for_the_grace():
    old, live = NOW - 9 * DAY, NOW - 2 * DAY
    objects = [file(prefix_of(old), old), file(prefix_of(live), live)]
    assert files_plan(objects, live).going == objects[:1]


def test_a_generation_that_was_replaced_just_now_stays_for_its_readers():
    old, live = NOW - 9 * DAY, NOW - timedelta(hours=23)
    objects = [file(prefix_of(old), old), file(prefix_of(live), live)]
    plan = files_plan(objects, live)
    assert (list(plan.going), plan.left) == ([], 2)


def test_a_generation_that_is_being_written_stays():
    live, written = NOW - 9 * DAY, NOW - timedelta(minutes=5)
    objects = [file(prefix_of(live), live), file(prefix_of(written), written)]
    assert files_plan(objects, live).going in ([], ())


def test_what_a_killed_run_left_goes_although_it_is_newer_than_what_is_live():
    live, killed = NOW - 9 * DAY, NOW - 3 * DAY
    objects = [file(prefix_of(live), live), file(prefix_of(killed), killed)]
    assert files_plan(objects, live).going == objects[1:]


def test_a_generation_with_one_young_file_stays_whole():
    live, written = NOW - 9 * DAY, NOW - 2 * DAY
    objects = [
        file(prefix_of(live), live),
        file(prefix_of(written), written, "events-00000.parquet"),
        file(prefix_of(written), NOW, "events-00001.parquet"),
    ]
    assert files_plan(objects, live).going in ([], ())


def test_the_failed_attempts_beside_a_live_one_go():
    """Athena writes each attempt to a folder of its own within the generation."""
    started = NOW - 2 * DAY
    first, second = (
        prefix_of(started, attempt="attempt=0/"),
        prefix_of(started, attempt="attempt=1/"),
    )
    objects = [file(first, started), file(second, started)]
    plan = POLICY.files(HOUR, objects, f"s3://lake/{second}", second, NOW)
    assert plan.going == objects[:1]


def test_nothing_goes_from_an_hour_without_a_partition_that_was_not_meant_to_go():
    """A catalog that lost its partitions must not cost the only copy of the events as well."""
    objects = [file(prefix_of(LONG_AGO), LONG_AGO)]
    plan = files_plan(objects, None)
    assert (list(plan.going), plan.kept) == ([], (Kept.NO_PARTITION, [HOUR]))


def test_the_first_generation_of_an_hour_is_no_matter_of_concern_while_it_is_written():
    plan = files_plan([file(prefix_of(NOW), NOW)], None)
    assert (list(plan.going), plan.kept) == ([], None)


@pytest.mark.parametrize(("marked_ago", "goes"), [(DAY, False), (DAY + SECOND, True)])
def test_the_files_of_a_dropped_hour_stay_for_the_grace_after_the_drop(marked_ago, goes):
    objects = [
        file(lake.events_prefix(HOUR), NOW - marked_ago, EXPIRED_MARK),
        file(prefix_of(LONG_AGO), LONG_AGO),
    ]
    plan = files_plan(objects, None)
    assert (list(plan.going), plan.kept) == (objects if goes else [], None)


def test_nothing_goes_from_an_hour_whose_live_files_are_not_there():
    objects = [file(prefix_of(LONG_AGO), LONG_AGO)]
    plan = files_plan(objects, NOW - 3 * DAY)
    assert (list(plan.going), plan.kept) == ([], (Kept.NO_FILES, [HOUR]))


def test_set_aside_records_go_by_their_age():
    assert POLICY.is_past(StoredObject("quarantine/x", 1, NOW - 90 * DAY - SECOND), NOW)
    assert not POLICY.is_past(StoredObject("quarantine/x", 1, NOW - 90 * DAY), NOW)


def test_the_replayed_records_lie_where_they_are_looked_for():
    """The platform may not import `infra`, so the prefix is written down twice."""
    assert SET_ASIDE_PREFIXES == (lake.QUARANTINE_PREFIX, REPLAYED_PREFIX)


def test_a_listing_is_read_an_hour_at_a_time():
    """The lake has more objects than fit into memory."""
    read: list[str] = []

    def listing():
        for hour in ("2026-01-01-00", "2026-01-01-01"):
            for name in "ab":
                read.append(name)
                yield StoredObject(f"events/datehour={hour}/gen=x/{name}", 1, NOW)
        yield StoredObject("events/notes.txt", 1, NOW)

    hours = by_hour(listing(), datehour_of_events_key)
    hour, objects = next(hours)
    assert (hour, len(objects), len(read)) == ("2026-01-01-00", 2, 3)
    assert [hour for hour, _ in hours] == ["2026-01-01-01"]


def test_batches_end_at_either_bound():
    class Plan:
        def __init__(self, objects: int) -> None:
            self.going = [raw("x", NOW)] * objects

    sizes = [1, 1, 1, 5, 0, 0]
    batches = in_batches((Plan(size) for size in sizes), max_plans=3, max_objects=5)
    assert [[len(plan.going) for plan in batch] for batch in batches] == [[1, 1, 1], [5], [0, 0]]


def test_the_outcome_counts_by_rule_and_names_a_few():
    outcome = Outcome(dry_run=True)
    assert outcome.is_empty
    outcome.count(Departure(Rule.RAW, [raw("a", NOW), raw("b", NOW)]))
    outcome.count(Departure(Rule.RAW, partitions=[f"raw_events/{HOUR}"]))
    outcome.keep(Kept.UNREAD, [str(number) for number in range(12)])
    outcome.keep(Kept.NO_FILES, [])
    assert not outcome.is_empty
    assert outcome.removed[Rule.RAW] == Sum(objects=2, size_bytes=20, partitions=1)
    assert outcome.metadata["raw_bytes"] == 20
    assert outcome.metadata["kept_unread"] == 12
    assert outcome.metadata["kept_unread_sample"] == [str(number) for number in range(10)]
    [warning] = outcome.warnings
    assert warning.startswith("12 raw objects past their time that are in no live generation")
