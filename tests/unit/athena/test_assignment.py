"""What INSERT accepts: Trino's rule is a common type in either direction, and a cast that may fail.

Its own test of coercions on INSERT (`testInsertWithCoercion`) is where the cases come from.
"""

import re

import duckdb
import pytest
from sqlglot.schema import MappingSchema

from infra.local.athena.dialect.translation import to_duckdb
from infra.local.athena.errors import QueryError, from_duckdb
from infra.local.athena.semantics.analysis import analyse
from infra.local.athena.semantics.assignment import assigned, check_assignable
from infra.local.athena.sql.parsing import parse_query


def _inserted(engine: duckdb.DuckDBPyConnection, sql: str, *types: str) -> list[object]:
    tree = analyse(parse_query(sql), MappingSchema(dialect="athena"))
    check_assignable(tree, types)
    try:
        row = engine.execute(to_duckdb(assigned(tree, types))).fetchone()
    except duckdb.Error as error:
        raise from_duckdb(error) from error
    return [str(value) for value in row or ()]


@pytest.mark.parametrize(
    ("sql", "kind", "value"),
    [
        ("select 1", "bigint", "1"),
        ("select 1", "tinyint", "1"),
        ("select bigint '7'", "integer", "7"),
        ("select 1", "double", "1.0"),
        ("select 1.5", "double", "1.5"),
        ("select 2.5e0", "integer", "3"),
        ("select 1.55e0", "decimal(3,1)", "1.6"),
        ("select 1.55", "decimal(10,1)", "1.6"),
        ("select 12", "decimal(5,2)", "12.00"),
        ("select 'abc'", "varchar(10)", "abc"),
        ("select null", "bigint", "None"),
        ("select null", "array(varchar)", "None"),
        ("select date '2019-11-18'", "timestamp", "2019-11-18 00:00:00"),
        ("select timestamp '2019-11-18 22:13:40'", "date", "2019-11-18"),
        ("select array[1, 2]", "array(bigint)", "[1, 2]"),
        ("select 1 union all select 2.5 order by 1", "double", "1.0"),
        ("values (1), (null)", "bigint", "1"),
        ("with a as (select 1 x) select x from a", "bigint", "1"),
    ],
)
def test_what_has_a_common_type_is_cast(
    engine: duckdb.DuckDBPyConnection, sql: str, kind: str, value: str
) -> None:
    assert _inserted(engine, sql, kind) == [value]


@pytest.mark.parametrize(
    ("sql", "columns", "query"),
    [
        ("select 'a'", ["integer"], "varchar"),
        ("select 1", ["varchar"], "integer"),
        ("select '2019-11-18'", ["date"], "varchar"),
        ("select date '2019-11-18'", ["varchar"], "date"),
        ("select now()", ["varchar"], "timestamp(3) with time zone"),
        ("select true", ["integer"], "boolean"),
        ("select 1", ["boolean"], "integer"),
        ("select 1", ["timestamp(3)"], "integer"),
        ("select array['a']", ["array(integer)"], "array(varchar)"),
        ("select map(array['a'], array[1])", ["map(varchar, varchar)"], "map(varchar, integer)"),
        ("select json '1'", ["varchar"], "json"),
        ("select 1, 2", ["integer"], "integer, integer"),
        ("select 1", ["integer", "varchar"], "integer"),
        ("select 1 union all select 2", ["varchar"], "integer"),
    ],
)
def test_what_has_none_is_refused(
    engine: duckdb.DuckDBPyConnection, sql: str, columns: list[str], query: str
) -> None:
    table = ", ".join(columns)
    reason = (
        "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types:"
        f" Table: [{table}], Query: [{query}]"
    )
    with pytest.raises(QueryError, match=f"^{re.escape(reason)}$"):
        _inserted(engine, sql, *columns)


@pytest.mark.parametrize("sql", ["select 3e9", "select 3000000000", "select 3000000000.0"])
def test_a_value_that_does_not_fit_fails(engine: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(QueryError):
        _inserted(engine, sql, "integer")


def test_columns_of_the_same_name_keep_their_places(engine: duckdb.DuckDBPyConnection) -> None:
    sql = "select x, x, y from (values (1, 2.5)) t(x, y)"
    assert _inserted(engine, sql, "bigint", "double", "integer") == ["1", "1.0", "3"]


def test_rows_are_told_apart_before_they_are_cast(engine: duckdb.DuckDBPyConnection) -> None:
    sql = "select count(*) from (select distinct x from (values 1.4e0, 1.3e0) t(x))"
    assert _inserted(engine, sql, "integer") == ["2"]
