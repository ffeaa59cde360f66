import itertools
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.core.hours import (
    HourRange,
    contiguous_chunks,
    gaps_of,
    hours_between,
    next_hour,
    spanning,
)

START = datetime(2015, 5, 17, 10)  # noqa: DTZ001 - only ever formatted


def hour(offset: int) -> str:
    return f"{START + timedelta(hours=offset):%Y-%m-%d-%H}"


def test_the_hour_after_the_last_of_a_year_is_in_the_next():
    assert next_hour("2015-12-31-23") == "2016-01-01-00"


def test_hours_between_counts_over_days():
    assert hours_between("2015-05-17-22", "2015-05-18-01") == 3


def test_a_range_has_an_open_end_and_both_its_hours():
    hours = HourRange("2015-05-17-22", "2015-05-18-00")
    assert hours.hours() == ["2015-05-17-22", "2015-05-17-23", "2015-05-18-00"]
    assert hours.end == "2015-05-18-01"
    assert hours.count == 3


def test_a_reversed_range_is_refused():
    with pytest.raises(ValueError, match="lies before"):
        HourRange("2015-05-18-00", "2015-05-17-23")


def test_spanning_nothing_is_refused():
    with pytest.raises(ValueError, match="no hours"):
        spanning([])


def test_84_hours_are_one_chunk():
    """One dbt start-up for a replay of days, not 84."""
    assert contiguous_chunks(map(hour, range(84)), max_hours=744, max_gap_hours=6) == [
        HourRange("2015-05-17-10", "2015-05-20-21")
    ]


def test_a_small_gap_is_bridged_and_a_large_one_is_not():
    hours = [hour(0), hour(3), hour(11)]
    assert contiguous_chunks(hours, max_hours=100, max_gap_hours=2) == [
        HourRange(hour(0), hour(3)),
        HourRange(hour(11), hour(11)),
    ]


def test_the_hours_a_run_may_span_include_the_gaps():
    hours = [hour(0), hour(2), hour(4)]
    assert contiguous_chunks(hours, max_hours=3, max_gap_hours=5) == [
        HourRange(hour(0), hour(2)),
        HourRange(hour(4), hour(4)),
    ]


def test_a_gap_that_holds_something_is_not_bridged():
    """A late file rebuilds its hour and nothing else; an empty hour costs nothing."""
    hours = [hour(0), hour(3), hour(6)]
    assert contiguous_chunks(hours, max_hours=9, max_gap_hours=9, occupied=[hour(4), hour(6)]) == [
        HourRange(hour(0), hour(3)),
        HourRange(hour(6), hour(6)),
    ]
    assert gaps_of([hour(0), hour(3), hour(6), hour(7), hour(20)], max_gap_hours=2) == [
        hour(1),
        hour(2),
        hour(4),
        hour(5),
    ]


@given(
    offsets=st.lists(st.integers(0, 3000), max_size=200),
    max_hours=st.integers(1, 800),
    max_gap_hours=st.integers(0, 48),
)
def test_chunks_cover_every_hour_once_and_keep_to_their_bounds(offsets, max_hours, max_gap_hours):
    given_hours = {hour(offset) for offset in offsets}
    chunks = contiguous_chunks(given_hours, max_hours=max_hours, max_gap_hours=max_gap_hours)
    covered = [one for chunk in chunks for one in chunk.hours()]
    assert given_hours <= set(covered)
    assert len(covered) == len(set(covered))
    for chunk in chunks:
        assert {chunk.first, chunk.last} <= given_hours
        assert chunk.count <= max_hours
        inside = sorted(given_hours & set(chunk.hours()))
        gaps = [hours_between(a, b) - 1 for a, b in itertools.pairwise(inside)]
        assert all(gap <= max_gap_hours for gap in gaps)
    for before, after in itertools.pairwise(chunks):
        is_far = hours_between(before.last, after.first) - 1 > max_gap_hours
        is_full = hours_between(before.first, after.first) + 1 > max_hours
        assert is_far or is_full
