"""In which parts days are rebuilt: none left out, none too large."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.core.build_parts import BuildPart, parts_of_all, parts_of_changed
from clickstream_platform.core.hours import HourRange, hours_between
from lambdas.shared.lake import datehour_of

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def hour(number: int) -> str:
    return datehour_of(FIRST + timedelta(hours=number))


some_hours = st.sets(st.integers(0, 3000).map(hour), min_size=1, max_size=40)
days = st.integers(1, 60)


@given(some_hours, days)
def test_every_changed_hour_lies_in_one_part(hours, max_days):
    parts = parts_of_changed(hours, max_days)
    for one in hours:
        assert sum(part.hours.first <= one <= part.hours.last for part in parts) == 1


@given(some_hours, days)
def test_all_parts_together_leave_no_hour_out(hours, max_days):
    """Days between them may have rows of events that are gone."""
    parts = [part for part in parts_of_all(hours, max_days) if part]
    for before, after in pairwise(parts):
        assert hours_between(before.hours.last, after.hours.first) == 1
        assert before.is_followed
    if parts:
        assert (parts[0].hours.first, parts[-1].hours.last) == (min(hours), max(hours))
        assert all(part.is_anew for part in parts)


@given(some_hours, days)
def test_a_part_holds_events_of_so_many_days_at_most(hours, max_days):
    for part in (*parts_of_changed(hours, max_days), *parts_of_all(hours, max_days)):
        if part is None:
            continue
        held = [one for one in hours if part.hours.first <= one <= part.hours.last]
        assert hours_between(min(held), max(held)) < 24 * max_days


@given(some_hours, days)
def test_the_last_part_alone_is_tested_and_tests_all(hours, max_days):
    *firsts, last = parts_of_changed(hours, max_days)
    assert last.tested_since == min(hours)
    assert not last.is_followed
    assert all(part.tested_since is None for part in firsts)


def test_what_one_command_may_build_is_not_divided():
    """It needs no table to be there, and drops days that have gone wherever they lie."""
    assert parts_of_all([hour(0), hour(24 * 14 - 1)], 14) == [None]
    assert parts_of_all([], 14) == [None]


def test_days_between_hours_far_apart_are_left_alone():
    near, far = hour(24 * 5), hour(24 * 100)
    assert parts_of_changed([far, hour(0), near], 14) == [
        BuildPart(HourRange(hour(0), near)),
        BuildPart(HourRange(far, far), tested_since=hour(0)),
    ]


def test_neighbouring_parts_touch():
    parts = parts_of_changed([hour(0), hour(20), hour(30), hour(40)], 1)
    assert parts == [
        BuildPart(HourRange(hour(0), hour(29)), is_followed=True),
        BuildPart(HourRange(hour(30), hour(40)), tested_since=hour(0)),
    ]
