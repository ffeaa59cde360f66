from datetime import UTC, datetime, timedelta

import pytest

from clickstream_platform.core.conservation import HourCounts, is_overtaken


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


@pytest.mark.parametrize(
    ("raw_ids", "strays", "rows", "conserved"),
    [
        (0, 0, 9, True),  # nothing is left of its raw objects
        (4, 0, 9, True),  # what is left is among the compacted
        (4, 1, 9, False),  # a late event was not compacted
        (4, 0, 3, False),  # compacted without the generation that held the others
    ],
)
def test_an_hour_whose_raw_objects_expire_is_judged_by_what_is_left(
    raw_ids, strays, rows, conserved
):
    hour = HourCounts("h", raw_ids, raw_ids, rows, rows, is_raw_expired=True, strays=strays)
    assert hour.is_conserved is conserved


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
