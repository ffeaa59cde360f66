from pathlib import Path

import pytest

from clickstream_platform.core.compaction import Counts, VerificationError
from clickstream_platform.core.duckdb_sql import (
    Portions,
    arrived_sql,
    conditions_of,
    rewrite_sql,
)


def test_rows_in_are_rows_out_plus_duplicates():
    Counts(rows_in=10, duplicates=3, rows_out=7).verify("2015-05-17-10")


@pytest.mark.parametrize("rows_out", [6, 8])
def test_an_hour_that_lost_or_gained_rows_is_not_published(rows_out):
    with pytest.raises(VerificationError, match="hour 2015-05-17-10: 10 raw rows"):
        Counts(rows_in=10, duplicates=3, rows_out=rows_out).verify("2015-05-17-10")


def test_a_quote_in_a_path_is_quoted():
    for sql in (
        arrived_sql([Path("/data/o'brien/a.parquet")], is_small=True),
        rewrite_sql(Path("/data/o'brien/a.parquet"), "true", has_repeats=False),
    ):
        assert "'/data/o''brien/a.parquet'" in sql


def test_a_quote_in_a_session_is_quoted():
    """Anybody chooses the name of a session, and some become bounds."""
    *_, last = conditions_of(["s'; DROP TABLE arrived; --"], 2, has_none=False)
    assert last == "session_id >= 's''; DROP TABLE arrived; --'"


@pytest.mark.parametrize(
    ("rows", "size", "uncompressed", "passes"),
    [(0, 0, 0, 1), (10, 7, 100, 1), (11, 0, 0, 2), (0, 8, 0, 2), (0, 0, 101, 2), (25, 14, 450, 5)],
)
def test_an_hour_is_sorted_in_as_many_passes_as_it_needs(rows, size, uncompressed, passes):
    portions = Portions(file_bytes=7, pass_rows=10, pass_bytes=100)
    assert portions.passes(rows, size, uncompressed) == passes


def test_passes_follow_each_other_from_the_first_session_to_the_last():
    """A bot's session may be most of an hour; it is one pass, and none is empty."""
    sample = ["bot"] * 90 + ["a", "b", "zebra", None]
    assert conditions_of(sample, 6, has_none=True) == [
        "session_id >= '' AND session_id < 'bot'",
        "session_id >= 'bot'",
        "session_id IS NULL",
    ]
    assert conditions_of(sample, 1, has_none=True) == ["true"]
    assert conditions_of([None], 3, has_none=True) == ["true"]
