"""Types in three vocabularies, and values as text."""

import datetime as dt
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.athena.errors import QueryError
from infra.local.athena.results.rows import FileRows, csv_line, parse_csv
from infra.local.athena.results.values import formatter, java_double, java_float
from infra.local.athena.sql.types import (
    Column,
    api_type,
    duckdb_type,
    hive_type,
    precision_and_scale,
    require_storable,
)

HIVE_TYPES = [
    "string",
    "int",
    "bigint",
    "double",
    "float",
    "boolean",
    "date",
    "timestamp",
    "binary",
    "decimal(10,2)",
    "array<string>",
    "map<string,array<int>>",
    "struct<a:int,b:struct<c:string,d:array<double>>>",
]


@pytest.mark.parametrize("hive", HIVE_TYPES)
def test_a_hive_type_survives_the_way_through_duckdb(
    engine: duckdb.DuckDBPyConnection, hive: str
) -> None:
    description = engine.execute(f"select cast(null as {duckdb_type(hive)})").description
    assert hive_type(description[0][1]) == hive


def test_sums_of_bigints_are_bigints(engine: duckdb.DuckDBPyConnection) -> None:
    description = engine.execute("select sum(x::bigint) from range(3) t(x)").description
    assert hive_type(description[0][1]) == "bigint"


def test_unknown_types_are_refused() -> None:
    with pytest.raises(QueryError, match="Unsupported Hive type"):
        duckdb_type("uniontype<int>")


def test_api_types() -> None:
    assert [api_type(t) for t in ("string", "int", "struct<a:int>", "decimal(9,2)", "binary")] == [
        "varchar",
        "integer",
        "row",
        "decimal",
        "varbinary",
    ]
    assert precision_and_scale("decimal(9,2)") == (9, 2)
    assert precision_and_scale("bigint") == (19, 0)


@pytest.mark.parametrize("kind", ["timestamp with time zone", "array<json>", "time"])
def test_types_hive_lacks_cannot_be_stored(kind: str) -> None:
    with pytest.raises(QueryError, match="Unsupported Hive type"):
        require_storable(Column("x", kind))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0"), (1.0, "1.0"), (1e7, "1.0E7"), (-1.5e-5, "-1.5E-5"), (123456.75, "123456.75")],
)
def test_doubles_look_like_javas(value: float, text: str) -> None:
    assert java_double(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_double_reads_back(value: float) -> None:
    assert float(java_double(value)) == value


def test_single_precision_is_not_widened(engine: duckdb.DuckDBPyConnection) -> None:
    (value,) = engine.execute("select 0.1::float").fetchone() or ()
    assert java_float(value) == "0.1"


@pytest.mark.parametrize(
    ("hive", "value", "text"),
    [
        ("timestamp", dt.datetime(2024, 1, 2, 3, 4, 5, 678900), "2024-01-02 03:04:05.678"),  # noqa: DTZ001
        ("timestamp", dt.datetime(33, 1, 2), "0033-01-02 00:00:00.000"),  # noqa: DTZ001
        (
            "timestamp with time zone",
            dt.datetime(2024, 1, 2, tzinfo=dt.UTC),
            "2024-01-02 00:00:00.000 UTC",
        ),
        ("boolean", True, "true"),
        ("decimal(5,2)", Decimal("1.10"), "1.10"),
        ("binary", b"\x00\xff", "00 ff"),
        ("array<int>", [1, None], "[1, null]"),
        ("map<string,double>", {"a": 1.0}, "{a=1.0}"),
        ("date", dt.date(2024, 1, 2), "2024-01-02"),
    ],
)
def test_formatting(hive: str, value: object, text: str) -> None:
    assert formatter(hive)(value) == text


VALUES = st.none() | st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.lists(VALUES, min_size=2, max_size=2), max_size=5))
def test_csv_keeps_null_apart_from_empty_and_survives_quotes_and_newlines(
    rows: list[list[str | None]],
) -> None:
    assert parse_csv("".join(map(csv_line, rows))) == rows


def test_pages_can_start_anywhere(tmp_path) -> None:
    rows = FileRows(tmp_path / "rows.csv")
    written = [[str(n), 'a\n"b"'] for n in range(2500)]
    rows.write(written)
    assert len(rows) == 2500
    assert rows.read(0, 1) == written[:1]
    assert rows.read(999, 1002) == written[999:2001]
    assert rows.read(2400, 1000) == written[2400:]
    assert rows.read(2500, 10) == []
