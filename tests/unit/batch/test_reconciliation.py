"""Which hours count as forgotten."""

from datetime import UTC, datetime, timedelta

import pytest

from clickstream_platform.core.generations import generation_id
from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.reconciliation import (
    Cause,
    Event,
    Known,
    RawHour,
    ReconciliationPolicy,
)
from clickstream_platform.core.stored_object import StoredObject
from lambdas.shared import lake

NOW = datetime(2026, 3, 1, 2, 15, tzinfo=UTC)
HOUR = "2026-02-28-10"
MINUTE = timedelta(minutes=1)
POLICY = ReconciliationPolicy(grace=5 * MINUTE)
WRITTEN = NOW - timedelta(hours=5)
RAW = {HOUR: RawHour(1, 10, WRITTEN)}


def located(started: datetime) -> dict[str, str]:
    prefix = lake.generation_prefix(HOUR, generation_id(started, "run"))
    return {HOUR: f"s3://lake/{prefix}"}


def causes(raw=RAW, *, now: datetime = NOW, **known) -> dict[str, Cause]:
    return dict(POLICY.findings(raw, Known(**{"locations": {}, **known}), now).due)


def noticed(at: datetime) -> dict[str, Event]:
    return {HOUR: Event(1, at)}


def test_an_hour_that_was_never_compacted_is_forgotten():
    assert causes() == {HOUR: Cause.NEVER_COMPACTED}


def test_an_hour_that_received_an_object_since_it_was_compacted_is_forgotten():
    assert causes(locations=located(WRITTEN - MINUTE)) == {HOUR: Cause.NEWER_OBJECTS}


def test_an_hour_whose_generation_has_read_everything_is_in_order():
    assert causes(locations=located(WRITTEN + MINUTE)) == {}


def test_the_second_in_which_a_generation_began_is_in_doubt():
    """S3 rounds times down. A rebuild too many does no harm, one too few loses events."""
    assert causes(locations=located(WRITTEN + timedelta(milliseconds=900))) != {}


@pytest.mark.parametrize(("hour", "closed"), [("2026-03-01-01", True), ("2026-03-01-02", False)])
def test_an_hour_is_left_to_the_sensor_until_it_is_closed(hour, closed):
    raw = {hour: RawHour(1, 10, NOW - 40 * MINUTE)}
    assert (causes(raw) != {}) is closed
    just_ended = datetime(2026, 3, 1, 2, 4, tzinfo=UTC)
    assert causes({"2026-03-01-01": raw[hour]}, now=just_ended) == {}


def test_an_object_whose_notification_may_be_on_its_way_does_not_count():
    def stored(name: str, at: datetime) -> StoredObject:
        return StoredObject(name, 10, at)

    young, old = stored("a", NOW - 29 * MINUTE), stored("b", NOW - 31 * MINUTE)
    assert RawHour.of([young], NOW - POLICY.notice) == RawHour(1, 10, None)
    assert causes({HOUR: RawHour(1, 10, None)}) == {}
    assert RawHour.of([young, old], NOW - POLICY.notice) == RawHour(2, 20, old.modified_at)


def test_news_that_was_recorded_stands_for_a_while():
    """The sensor gathers late files, and a run may wait for its turn."""
    recent = NOW - timedelta(hours=1)
    findings = POLICY.findings(RAW, Known({}, noticed(recent)), NOW)
    assert (findings.due, findings.pending) == ({}, [HOUR])


def test_news_that_came_to_nothing_is_told_again():
    """The run it caused failed for good: nobody else would start another."""
    assert causes(noticed=noticed(NOW - timedelta(hours=3))) == {HOUR: Cause.NEVER_COMPACTED}


def test_news_of_an_earlier_object_says_nothing_of_a_later_one():
    raw = {HOUR: RawHour(2, 20, NOW - 35 * MINUTE)}
    assert causes(raw, noticed=noticed(NOW - 40 * MINUTE)) != {}
    assert causes(raw, noticed=noticed(NOW - 34 * MINUTE)) == {}


def test_an_hour_that_a_run_is_rebuilding_is_not_rebuilt_twice():
    """A backfill of a year is in the queue for days; each day would rebuild it once more."""
    under_way = [HourRange("2026-02-28-00", HOUR)]
    assert causes(under_way=under_way) == {}
    assert causes(under_way=[HourRange("2026-02-28-11", "2026-02-28-12")]) != {}


COMPACTED = {HOUR: Event(50, NOW - timedelta(hours=9))}


@pytest.mark.parametrize(
    ("rolled_up", "forgotten"),
    [
        ([{HOUR: Event(51, NOW)}, {HOUR: Event(52, NOW)}], False),
        ([{HOUR: Event(51, NOW)}, {HOUR: Event(49, NOW)}], True),
        ([{HOUR: Event(51, NOW)}, {}], True),
        ([{None: Event(51, NOW)}], False),
        ([{None: Event(49, NOW)}], True),
        ([{None: Event(49, NOW), HOUR: Event(51, NOW)}], False),
    ],
)
def test_an_hour_whose_marts_are_older_than_its_events_is_forgotten(rolled_up, forgotten):
    """The run was killed between compaction and dbt; the lake is right and the marts are not."""
    expected = {HOUR: Cause.MARTS_NOT_REBUILT} if forgotten else {}
    assert causes({}, compacted=COMPACTED, rolled_up=rolled_up) == expected


def test_marts_whose_run_goes_on_are_not_forgotten():
    under_way = [HourRange(HOUR, HOUR)]
    assert causes({}, compacted=COMPACTED, rolled_up=[{}], under_way=under_way) == {}
    recent = {HOUR: Event(50, NOW - timedelta(hours=2))}
    told = {HOUR: Event(60, NOW - timedelta(hours=1))}
    assert causes({}, compacted=recent, rolled_up=[{}], noticed=told) == {}
    told_before = {HOUR: Event(40, NOW - timedelta(hours=2, minutes=1))}
    assert causes({}, compacted=recent, rolled_up=[{}], noticed=told_before) != {}


def test_forgotten_hours_come_in_order():
    raw = {hour: RawHour(1, 1, WRITTEN) for hour in ("2026-02-28-12", HOUR)}
    assert list(causes(raw)) == [HOUR, "2026-02-28-12"]
