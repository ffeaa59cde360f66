from datetime import UTC, datetime, timedelta

import pytest

from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.pending import Arrivals, Cursor, ReleasePolicy, run_key

HOUR = "2015-05-17-10"
END = datetime(2015, 5, 17, 11, tzinfo=UTC)
POLICY = ReleasePolicy(
    grace=timedelta(minutes=5), debounce=timedelta(minutes=15), max_hours_per_run=24
)


def arriving(*minutes_after_end: float) -> Cursor:
    cursor = Cursor()
    for number, minutes in enumerate(minutes_after_end, start=1):
        at = (END + timedelta(minutes=minutes)).timestamp()
        cursor = cursor.seeing(number, HOUR, at)
    return cursor


def is_due(cursor: Cursor, minutes_after_end: float) -> bool:
    return POLICY.due(cursor, END + timedelta(minutes=minutes_after_end)) == [HOUR]


def test_the_first_cursor_is_empty():
    assert Cursor.from_json(None) == Cursor(after=0, pending={})


def test_a_cursor_survives_its_text():
    cursor = Cursor(after=7, pending={HOUR: Arrivals(1.5, 2.5)})
    assert cursor.to_json() == '{"after": 7, "pending": {"2015-05-17-10": [1.5, 2.5]}}'
    assert Cursor.from_json(cursor.to_json()) == cursor


def test_a_cursor_keeps_the_first_and_the_last_arrival_and_the_highest_storage_id():
    cursor = Cursor().seeing(9, HOUR, 20.0).seeing(8, HOUR, 10.0).seeing(10, HOUR, 15.0)
    assert cursor == Cursor(after=10, pending={HOUR: Arrivals(10.0, 20.0)})


def test_released_hours_leave_the_cursor_and_the_others_stay():
    cursor = Cursor(3, {HOUR: Arrivals(1, 1), "2015-05-17-11": Arrivals(2, 2)})
    assert cursor.without([HOUR]) == Cursor(3, {"2015-05-17-11": Arrivals(2, 2)})


@pytest.mark.parametrize(
    ("minutes", "expected"), [(-30, False), (0, False), (4.9, False), (5, True), (60, True)]
)
def test_an_hour_in_time_is_due_a_grace_after_its_end(minutes, expected):
    assert is_due(arriving(-59, -1), minutes) is expected


def test_a_file_within_the_grace_does_not_delay_its_hour():
    assert is_due(arriving(-59, 4), 5)


@pytest.mark.parametrize(("minutes", "expected"), [(74, False), (75, True)])
def test_late_files_are_gathered_until_none_came_for_the_debounce(minutes, expected):
    assert is_due(arriving(50, 60), minutes) is expected


def test_a_trickle_of_late_files_does_not_postpone_the_hour_for_ever():
    trickle = arriving(*range(60, 121))
    assert not is_due(trickle, 119)
    assert is_due(trickle, 120)


def test_the_run_key_names_the_hours_and_the_evidence():
    chunk = HourRange(HOUR, HOUR)
    key = run_key(chunk, arriving(1).pending)
    assert key == run_key(chunk, arriving(1).pending)
    assert key.startswith("2015-05-17-10..2015-05-17-10@")


def test_later_files_of_the_same_hour_give_another_run_key():
    """Dagster drops a run key it has seen, so a repeated key would lose the late files."""
    chunk = HourRange(HOUR, HOUR)
    assert run_key(chunk, arriving(1).pending) != run_key(chunk, arriving(1, 2).pending)


def test_hours_outside_the_chunk_do_not_change_its_run_key():
    chunk = HourRange(HOUR, HOUR)
    pending = arriving(1).pending
    assert run_key(chunk, pending) == run_key(chunk, {**pending, "2015-05-17-20": Arrivals(1, 1)})
