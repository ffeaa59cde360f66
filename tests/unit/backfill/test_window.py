"""FROM and TO mean what is printed, and hours that cannot be rebuilt are told apart."""

from datetime import UTC, datetime

import pytest

from clickstream_platform.core.hours import HourRange
from infra.backfill.window import Partitions, WindowError, check_inside, read_window, spelled_out

NOW = datetime(2026, 6, 23, 8, 30, tzinfo=UTC)
THERE = Partitions("2026-06-01-00", "2026-06-23-07")


@pytest.mark.parametrize(
    ("first", "last", "window"),
    [
        ("2026-06-01-00", "2026-06-01-23", ("2026-06-01-00", "2026-06-01-23")),
        ("2026-06-01-05", "2026-06-01-05", ("2026-06-01-05", "2026-06-01-05")),
        ("2026-06-01", "2026-06-01", ("2026-06-01-00", "2026-06-01-23")),
        ("2026-06-01-12", "2026-06-30", ("2026-06-01-12", "2026-06-30-23")),
        ("2026-6-1-2", "2026-6-2", ("2026-06-01-02", "2026-06-02-23")),
    ],
)
def test_both_ends_are_rebuilt(first: str, last: str, window: tuple[str, str]) -> None:
    assert read_window(first, last) == HourRange(*window)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("yesterday", "2026-06-01", "FROM: 'yesterday' is no hour"),
        ("2026-06-01", "2026-06-01-24", "TO: '2026-06-01-24' is no hour"),
        ("2026-06-31", "2026-07-01", "FROM: '2026-06-31' is no hour"),
        ("2026-06-02", "2026-06-01", r"TO \(2026-06-01\) lies before FROM"),
        ("2026-06-01-01", "2026-06-01-00", "lies before FROM"),
    ],
)
def test_what_is_wrong_is_named(first: str, last: str, told: str) -> None:
    with pytest.raises(WindowError, match=told):
        read_window(first, last)


def test_a_window_is_spelled_out_half_open_so_that_nobody_counts_wrong() -> None:
    day = HourRange("2026-06-30-00", "2026-06-30-23")
    assert spelled_out(day) == "2026-06-30 00:00 up to 2026-07-01 00:00 UTC, 24 hours"
    hour = HourRange("2026-06-30-23", "2026-06-30-23")
    assert spelled_out(hour) == "2026-06-30 23:00 up to 2026-07-01 00:00 UTC, 1 hour"


def test_hours_with_partitions_pass() -> None:
    check_inside(HourRange("2026-06-01-00", "2026-06-23-07"), THERE, NOW)


@pytest.mark.parametrize(
    ("partitions", "told"),
    [
        (Partitions("2026-06-11-00", "2026-06-23-07"), "clickstream up --first-hour 2026-06-10-00"),
        (Partitions("2026-06-01-00", "2026-06-23-06"), "they end at 2026-06-23-06.*LAST_HOUR"),
        (Partitions(None, None), "no partition yet"),
    ],
)
def test_hours_without_a_partition_say_what_to_do(partitions: Partitions, told: str) -> None:
    with pytest.raises(WindowError, match=told):
        check_inside(HourRange("2026-06-10-00", "2026-06-23-07"), partitions, NOW)


def test_an_hour_that_goes_on_is_not_mistaken_for_one_that_is_switched_off() -> None:
    with pytest.raises(WindowError, match=r"2026-06-23-08 .* has not ended yet") as caught:
        check_inside(HourRange("2026-06-23-00", "2026-06-23-08"), THERE, NOW)
    assert "CLICKSTREAM_LAST_HOUR" not in str(caught.value)
