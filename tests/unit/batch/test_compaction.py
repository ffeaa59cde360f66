from pathlib import Path

import pytest

from clickstream_platform.core.compaction import Counts, VerificationError, rewrite_sql


def test_rows_in_are_rows_out_plus_duplicates():
    Counts(rows_in=10, duplicates=3, rows_out=7).verify("2015-05-17-10")


@pytest.mark.parametrize("rows_out", [6, 8])
def test_an_hour_that_lost_or_gained_rows_is_not_published(rows_out):
    with pytest.raises(VerificationError, match="hour 2015-05-17-10: 10 raw rows"):
        Counts(rows_in=10, duplicates=3, rows_out=rows_out).verify("2015-05-17-10")


def test_a_quote_in_a_path_is_quoted():
    sql = rewrite_sql([Path("/data/o'brien/a.parquet")], Path("/data/b.parquet"))
    assert "'/data/o''brien/a.parquet'" in sql
