"""Every conformance case gives what Trino documents, or is refused by name; none is in between."""

from collections import Counter
from types import SimpleNamespace

import duckdb
import pytest

from infra.local.athena.commands.planner import Planner
from infra.local.athena.errors import QueryError, from_duckdb
from infra.local.athena.results.rows import columns_of, formatted_rows
from infra.local.athena.sql.parsing import parse_query
from infra.local.athena.sql.types import trino_type
from tests.unit.athena.conformance_cases import Case, all_cases

CASES = all_cases()


class NoTables:
    """A catalog with nothing in it."""

    def find_table(self, database: str, name: str) -> None:
        return None

    def database(self, name: str) -> dict[str, str]:
        return {}


def _outcome(engine: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, list[list[str | None]]]:
    cursor = engine.cursor()
    session = SimpleNamespace(cursor=cursor, database="db", check=lambda: None)
    try:
        cursor.execute(Planner(NoTables(), None).plan(parse_query(sql), session))
        columns = columns_of(cursor)
        rows = [list(row) for row in formatted_rows(cursor, columns)]
        return ", ".join(trino_type(column.type) for column in columns), rows
    except duckdb.Error as error:
        raise from_duckdb(error) from error


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(engine: duckdb.DuckDBPyConnection, case: Case) -> None:
    if case.verdict == "equal":
        assert _outcome(engine, case.query) == (case.types, case.rows)
        return
    with pytest.raises(QueryError) as caught:
        _outcome(engine, case.query)
    reason = caught.value.reason
    assert reason.startswith(case.reason)
    # What Trino refuses too must not be refused for our reason, nor the other way round.
    assert reason.startswith("NOT_SUPPORTED") == (case.verdict == "refused")


def test_there_are_cases_of_every_verdict() -> None:
    verdicts = Counter(case.verdict for case in CASES)
    assert verdicts["equal"] > 600
    assert verdicts["fails"] > 90
    assert verdicts["refused"] > 50
