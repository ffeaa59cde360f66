"""What the checks found, kept by day."""

import json
from datetime import UTC, datetime

from clickstream_platform.core.checked_hours import day_of, key_of, lines_of, replaced
from clickstream_platform.core.conservation import HourCounts
from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.reconciled_counts import Comparison, Reconciliation

NOW = datetime(2026, 11, 23, 10, 5, 1, 234567, tzinfo=UTC)
NINE, TEN = "2026-11-23-09", "2026-11-23-10"


def counts(hour: str, raw: int, rows: int) -> HourCounts:
    return HourCounts(hour, raw_rows=raw, raw_ids=rows, rows=rows, ids=rows)


def hours_in(content: bytes) -> dict[str, int]:
    lines = map(json.loads, content.splitlines())
    return {line["datehour"]: line["raw_rows"] for line in lines}


def test_an_hour_has_the_numbers_of_the_lake_and_of_real_time():
    compared = (
        Comparison(NINE, "click", 5, 4, 1, 0, 0),
        Comparison(NINE, "page_view", 7, 9, 0, 0, -2),
    )
    outcome = Reconciliation(compared, (), (NINE,), (TEN,))
    found = lines_of([counts(NINE, 14, 13), counts(TEN, 3, 3)], outcome, NOW)
    assert found[NINE] == {
        "datehour": NINE,
        "raw_rows": 14,
        "compacted_rows": 13,
        "duplicates": 1,
        "is_raw_expired": False,
        "is_conserved": True,
        "is_unique": True,
        "realtime_events": 12,
        "unexplained_events": 2,
        "checked_at": "2026-11-23 10:05:01.234",
    }
    assert found[TEN]["realtime_events"] is None, "its counters had expired"


def test_of_an_hour_that_is_still_being_counted_there_is_no_number():
    compared = (Comparison(NINE, "click", 5, 5, 0, 0, 0),)
    outcome = Reconciliation(compared, ((NINE, "page_view"),), (NINE,), ())
    found = lines_of([counts(NINE, 9, 9)], outcome, NOW)[NINE]
    assert (found["realtime_events"], found["unexplained_events"]) == (None, None)


def test_where_the_counters_cannot_be_read_nothing_is_said_of_them():
    assert lines_of([counts(NINE, 1, 1)], None, NOW)[NINE]["realtime_events"] is None


def test_hours_that_were_not_checked_stay_as_they_were():
    first = replaced(b"", None, lines_of([counts(NINE, 1, 1), counts(TEN, 2, 2)], None, NOW))
    again = lines_of([counts(NINE, 5, 5)], None, NOW)
    assert hours_in(replaced(first, HourRange(NINE, NINE), again)) == {NINE: 5, TEN: 2}


def test_an_hour_without_rows_any_more_is_gone():
    first = replaced(b"", None, lines_of([counts(NINE, 1, 1), counts(TEN, 2, 2)], None, NOW))
    assert hours_in(replaced(first, HourRange(NINE, NINE), {})) == {TEN: 2}


def test_the_same_again_is_the_same_object():
    lines = lines_of([counts(TEN, 2, 2), counts(NINE, 1, 1)], None, NOW)
    first = replaced(b"", None, lines)
    assert replaced(first, HourRange(NINE, TEN), lines) == first
    assert [*hours_in(first)] == [NINE, TEN]
    assert key_of(day_of(NINE)) == "checked_hours/2026-11-23.json"
