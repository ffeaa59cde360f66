"""Which differences between real time and the lake have an explanation."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.core.conservation import HourCounts, TypeCounts
from clickstream_platform.core.reconciled_counts import RealTimeCount, is_comparable, reconcile

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = "2026-11-23-10"
SETTLED = NOW - timedelta(minutes=2)
LONG_AGO, JUST_NOW = NOW - timedelta(minutes=3), NOW - timedelta(minutes=1)


def hour(name=HOUR, *, first=NOW - timedelta(hours=2), is_raw_expired=False, **types) -> HourCounts:
    return HourCounts(
        name, 1, 1, 1, 1, is_raw_expired=is_raw_expired, first_received_at=first, types=types
    )


def clicks(records=10, raw_ids=10, recent=0, rows=10) -> TypeCounts:
    return TypeCounts(records, raw_ids, recent, rows)


def compared(realtime: int | None, lake: TypeCounts | None, changed_at=LONG_AGO):
    counters = {} if realtime is None else {(HOUR, "click"): RealTimeCount(realtime, changed_at)}
    types = {} if lake is None else {"click": lake}
    return reconcile([hour(**types)], counters, NOW, SETTLED)


@pytest.mark.parametrize(
    ("realtime", "lake", "unexplained"),
    [
        (10, clicks(), 0),
        (9, clicks(), -1),  # given up by the aggregator
        (11, clicks(), 1),  # never archived
        (12, clicks(records=12), 0),  # two duplicates that real time had forgotten
        (13, clicks(records=12), 1),
        (9, clicks(records=12), -1),  # duplicates are no reason to count fewer
        (14, clicks(records=14, raw_ids=14), 0),  # four late events, not compacted yet
        (10, clicks(records=14, raw_ids=14), 0),
        (15, clicks(records=14, raw_ids=14), 1),
        (7, clicks(recent=3), 0),  # three that real time is about to count
        (6, clicks(recent=3), -1),
        (None, clicks(), -10),  # real time has never heard of the type
        (10, None, 10),  # the lake has never heard of the type
    ],
)
def test_a_difference_is_explained_by_duplicates_and_late_events_alone(realtime, lake, unexplained):
    [one] = compared(realtime, lake).compared
    assert one.unexplained == unexplained
    assert bool(compared(realtime, lake).unexplained) is bool(unexplained)


def test_what_is_still_being_counted_is_not_judged():
    """Counted a second after it arrived, archived a minute after: in between it looks lost."""
    outcome = compared(11, clicks(), changed_at=JUST_NOW)
    assert not outcome.compared
    assert outcome.unsettled == ((HOUR, "click"),)


@pytest.mark.parametrize(
    ("name", "first", "expected"),
    [
        (HOUR, NOW - timedelta(hours=23), True),
        (HOUR, NOW - timedelta(hours=23, seconds=1), False),  # its counter may have expired
        ("2015-05-17-10", NOW - timedelta(minutes=9), True),  # a replay: counted just now
        ("2026-11-22-13", None, True),  # nothing archived: its events arrived since it began
        ("2026-11-22-12", None, False),
    ],
)
def test_an_hour_is_compared_while_no_counter_of_it_can_have_expired(name, first, expected):
    assert is_comparable(hour(name, first=first), NOW) is expected


def test_an_hour_whose_raw_objects_expire_is_not_compared():
    assert not is_comparable(hour(is_raw_expired=True), NOW)


def test_hours_that_cannot_be_compared_are_named_and_their_counters_left_alone():
    old = hour("2026-11-20-10", first=NOW - timedelta(days=3), click=clicks())
    counters = {("2026-11-20-10", "click"): RealTimeCount(1, LONG_AGO)}
    outcome = reconcile([old], counters, NOW, SETTLED)
    assert (outcome.skipped, outcome.compared, outcome.hours) == (("2026-11-20-10",), (), ())


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_without_a_loss_there_is_never_an_alarm(data):
    """However many duplicates are counted again and events are under way, on either side."""
    ids = data.draw(st.integers(0, 20))
    duplicates = data.draw(st.integers(0, 5))
    forgotten = data.draw(st.integers(0, duplicates))
    late = data.draw(st.integers(0, ids))
    uncounted = data.draw(st.integers(0, ids))
    recent = data.draw(st.integers(uncounted, ids))
    lake = TypeCounts(ids + duplicates, ids, recent, ids - late)
    [one] = compared(ids + forgotten - uncounted, lake).compared
    assert one.unexplained == 0


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 20), st.integers(1, 5))
def test_a_settled_loss_is_told_to_the_event(ids, lost):
    [one] = compared(ids + lost, TypeCounts(ids, ids, 0, ids)).compared
    assert one.unexplained == lost
