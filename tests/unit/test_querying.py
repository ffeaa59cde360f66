"""Statements that change something are told from questions."""

import pytest

from infra.querying import is_question


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "  (select 1)",
        "-- drop\nWITH a AS (SELECT 1) SELECT * FROM a",
        "/* insert */ show tables",
        "DESCRIBE events",
        "",
    ],
)
def test_questions(sql: str) -> None:
    assert is_question(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE raw_events",
        "-- select\ncreate table x as select 1",
        "/* select */ INSERT INTO x SELECT 1",
        "UNLOAD (SELECT 1) TO 's3://x/'",
        "MSCK REPAIR TABLE x",
        "-- only a comment, then\n-- another\nalter table x add columns (y int)",
    ],
)
def test_changes(sql: str) -> None:
    assert not is_question(sql)
