from datetime import datetime
from pathlib import Path

import pytest

from clickstream_platform.core.compaction import Counts, VerificationError
from clickstream_platform.core.duckdb_sql import (
    Bound,
    Portions,
    arrived_sql,
    bounds_of,
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
        rewrite_sql(Path("/data/o'brien/a.parquet"), None, None, has_suspects=False),
    ):
        assert "'/data/o''brien/a.parquet'" in sql


def test_a_quote_in_a_session_is_quoted():
    """Anybody chooses the name of a session, and some become bounds."""
    bound = Bound("s'; DROP TABLE arrived; --", datetime(2015, 5, 17, 10))  # noqa: DTZ001
    sql = rewrite_sql(Path("a"), bound, None, has_suspects=False)
    assert "session_id < 's''; DROP TABLE arrived; --'" in sql


@pytest.mark.parametrize(
    ("rows", "size", "uncompressed", "passes"),
    [(0, 0, 0, 1), (10, 7, 100, 1), (11, 0, 0, 2), (0, 8, 0, 2), (0, 0, 101, 2), (25, 14, 450, 5)],
)
def test_an_hour_is_sorted_in_as_many_passes_as_it_needs(rows, size, uncompressed, passes):
    portions = Portions(file_bytes=7, pass_rows=10, pass_bytes=100)
    assert portions.passes(rows, size, uncompressed) == passes


def test_bounds_ascend_and_do_not_repeat():
    """A bot's session may be most of an hour; then its time divides it."""
    times = [datetime(2015, 5, 17, 10, minute) for minute in range(60)]  # noqa: DTZ001
    sample = (
        [("bot", time) for time in times]
        + [("bot", times[0])] * 60
        + [("a", None), (None, times[0])]
    )
    bounds = bounds_of(sample, 6)
    assert bounds == sorted(set(bounds))
    assert len(bounds) > 2
    assert {bound.session_id for bound in bounds} == {"bot"}
    assert bounds_of([], 3) == []
