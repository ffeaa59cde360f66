from datetime import UTC, datetime, timedelta

import pytest

from clickstream_platform.core.conservation import (
    HourCounts,
    counts_sql,
    is_overtaken,
    read_counts,
)
from clickstream_platform.core.hours import HourRange


def test_the_question_is_limited_to_the_hours_of_the_run():
    sql = " ".join(
        counts_sql("raw_events", "events", HourRange("2015-05-17-10", "2015-05-17-23")).split()
    )
    limit = "WHERE datehour >= '2015-05-17-10' AND datehour < '2015-05-18-00' GROUP BY datehour"
    assert f"FROM raw_events {limit}" in sql
    assert f"FROM events {limit}" in sql


def test_without_a_run_every_hour_is_counted():
    assert "WHERE" not in counts_sql("raw_events", "events", None)


def test_the_answer_is_read():
    rows = [
        {
            "datehour": "2015-05-17-10",
            "raw_rows": "5",
            "raw_ids": "4",
            "compacted_rows": "4",
            "compacted_ids": "4",
        }
    ]
    assert read_counts(rows) == [HourCounts("2015-05-17-10", 5, 4, 4, 4)]


@pytest.mark.parametrize(
    ("counts", "conserved", "unique"),
    [
        (HourCounts("h", raw_rows=5, raw_ids=4, rows=4, ids=4), True, True),
        (HourCounts("h", raw_rows=5, raw_ids=4, rows=3, ids=3), False, True),  # lost
        (HourCounts("h", raw_rows=5, raw_ids=4, rows=5, ids=4), False, False),  # twice
        (HourCounts("h", raw_rows=2, raw_ids=2, rows=2, ids=1), True, False),  # one for another
        (HourCounts("h", raw_rows=0, raw_ids=0, rows=3, ids=3), False, True),  # out of nothing
        (HourCounts("h", raw_rows=3, raw_ids=3, rows=0, ids=0), False, True),  # not compacted
    ],
)
def test_an_hour_is_judged(counts, conserved, unique):
    assert counts.is_conserved is conserved
    assert counts.is_unique is unique


READ = datetime(2015, 5, 17, 11, 5, 0, 500_000, tzinfo=UTC)
LOCATION = "s3://lake/events/datehour=2015-05-17-10/gen=20150517T110500500000Z-1f0c2b9a/"


@pytest.mark.parametrize(
    ("seconds_after", "expected"),
    [(-60, False), (-1.5, False), (-0.5, True), (1, True)],  # S3's clock ticks once a second
)
def test_an_hour_is_overtaken_by_objects_written_since_it_was_read(seconds_after, expected):
    written = [READ - timedelta(hours=1), READ + timedelta(seconds=seconds_after)]
    assert is_overtaken(LOCATION, written) is expected


def test_an_hour_without_a_generation_is_not_overtaken():
    assert not is_overtaken("s3://lake/raw/datehour=2015-05-17-10/", [READ])
