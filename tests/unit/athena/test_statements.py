"""Classification and parsing of statements, names, parameters and properties."""

import pytest

from infra.local.athena.errors import QueryError
from infra.local.athena.sql.names import TableName, real_tables
from infra.local.athena.sql.parsing import arguments, parse_one, parse_query, substitute
from infra.local.athena.sql.properties import table_options, write_options
from infra.local.athena.sql.statements import (
    AlterPartitions,
    Explain,
    PartitionSpec,
    Tree,
    Unload,
    Utility,
    kind_of,
    parse_statement,
)


@pytest.mark.parametrize(
    ("sql", "kind", "subtype", "suffix"),
    [
        ("select 1", "DML", "SELECT", ".csv"),
        ("-- note\n/* more */ WITH a as (select 1) select * from a", "DML", "SELECT", ".csv"),
        ("(select 1) union (select 2)", "DML", "SELECT", ".csv"),
        ("selective", "DDL", "", ".txt"),
        ("insert into t select 1", "DML", "INSERT", ""),
        ("unload (select 1) to 's3://b/'", "DML", "UNLOAD", ""),
        (
            "create table t with (format='parquet') as\nselect 1",
            "DDL",
            "CREATE_TABLE_AS_SELECT",
            "",
        ),
        ("create external table t (a int) location 's3://b/'", "DDL", "", ".txt"),
        ("create or replace view v as select 1", "DDL", "", ".txt"),
        ("msck repair table t", "DDL", "", ".txt"),
        ("show partitions t", "UTILITY", "", ".txt"),
        ("describe t", "UTILITY", "", ".txt"),
        ("explain select 1", "DML", "EXPLAIN", ".txt"),
    ],
)
def test_classification(sql: str, kind: str, subtype: str, suffix: str) -> None:
    found = kind_of(sql)
    assert (found.type, found.subtype, found.suffix) == (kind, subtype, suffix)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("MSCK REPAIR TABLE `web`.`t`;", Utility("REPAIR", TableName("web", "t"))),
        ("show tables in web 'ev*'", Utility("TABLES", TableName("web", ""), "ev*")),
        ("SHOW CREATE TABLE t", Utility("CREATE TABLE", TableName("db", "t"))),
        ("describe `web`.`t`", Utility("DESCRIBE", TableName("web", "t"))),
        ("show schemas like 'a*'", Utility("DATABASES", TableName("db", ""), "a*")),
        ("explain select 1", Explain("select 1")),
        (
            "alter table t add if not exists partition (datehour='2015-05-17-10')"
            " location 's3://b/x/' partition (datehour='2015-05-17-11')",
            AlterPartitions(
                TableName("db", "t"),
                "ADD",
                (
                    PartitionSpec((("datehour", "2015-05-17-10"),), "s3://b/x/"),
                    PartitionSpec((("datehour", "2015-05-17-11"),)),
                ),
                lenient=True,
            ),
        ),
        (
            "ALTER TABLE web.t DROP PARTITION (dt = '2024-01-01', hr = 5)",
            AlterPartitions(
                TableName("web", "t"),
                "DROP",
                (PartitionSpec((("dt", "2024-01-01"), ("hr", "5"))),),
                lenient=False,
            ),
        ),
    ],
)
def test_hive_statements(sql: str, expected: object) -> None:
    assert parse_statement(sql, "db") == expected


def test_unload_keeps_its_query_and_options() -> None:
    sql = (
        "UNLOAD (select (1), ')' as x) TO 's3://b/p/'"
        " WITH (format = 'PARQUET', compression = 'zstd', partitioned_by = ARRAY['x'])"
    )
    statement = parse_statement(sql, "db")
    assert isinstance(statement, Unload)
    assert statement.sql == "select (1), ')' as x"
    options = write_options(statement.options)
    assert (options.format, options.codec, options.partitioned_by) == ("PARQUET", "zstd", ("x",))


def test_unknown_statements_are_syntax_errors() -> None:
    with pytest.raises(QueryError, match="mismatched input 'VACUUM'"):
        parse_statement("VACUUM t", "db")


def test_iceberg_is_refused_not_ignored() -> None:
    tree = parse_one("create table t with (table_type='ICEBERG', is_external=false) as select 1 a")
    with pytest.raises(QueryError, match="ICEBERG"):
        write_options(tree)


def test_unknown_table_properties_are_refused() -> None:
    with pytest.raises(QueryError, match="'formatt' does not exist"):
        write_options(parse_one("create table t with (formatt='parquet') as select 1 a"))


def test_create_table_clauses() -> None:
    statement = parse_statement(
        "create external table `a`.`b` (x string comment 'hi', y struct<a:int,b:array<string>>)"
        " partitioned by (dt string) row format serde 'org.openx.data.jsonserde.JsonSerDe'"
        " with serdeproperties ('mapping.x'='X') location 's3://b/c/' tblproperties ('p'='1')",
        "db",
    )
    assert isinstance(statement, Tree)
    options = table_options(statement.tree)
    assert options.location == "s3://b/c/"
    assert options.serde == "org.openx.data.jsonserde.JsonSerDe"
    assert options.serde_parameters == {"mapping.x": "X"}
    assert options.parameters == {"p": "1"}
    assert [item.name for item in options.partitioned_by] == ["dt"]


@pytest.mark.parametrize(
    ("sql", "parameters", "expected"),
    [
        ("select ? + ?", ["1", "2"], "select 1 + 2"),
        ("select '?', -- ?\n ?", ["'x'"], "select '?', -- ?\n 'x'"),
        ("where k = ?", ["buy"], "where k = 'buy'"),
        ("where d = ?", ["DATE '2024-01-01'"], "where d = DATE '2024-01-01'"),
        ("where k = ?", ["x; drop table t"], "where k = 'x; drop table t'"),
        ("limit ?", ["5"], "limit 5"),
    ],
)
def test_parameters_go_in_textual_order(sql: str, parameters: list[str], expected: str) -> None:
    assert substitute(sql, parameters) == expected


def test_a_missing_parameter_is_an_error() -> None:
    with pytest.raises(QueryError, match="expected 2 but found 1"):
        substitute("select ?, ?", ["1"])


def test_arguments_of_execute() -> None:
    assert arguments("'a, b', 2") == ["'a, b'", "2"]


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("with e as (select * from web.e) select * from e", ["web.e"]),
        # A CTE does not see itself: this reads the table.
        ("with e as (select * from e) select * from e", [".e"]),
        ("with a as (select 1), b as (select * from a) select * from b", []),
        ("with b as (select * from a), a as (select 1) select * from b", [".a"]),
        ("with recursive t(n) as (select 1 union all select n + 1 from t) select * from t", []),
        ("select * from t where x in (with q as (select 1) select * from q)", [".t"]),
        ("select * from unnest(array[1]) u(x) cross join t", [".t"]),
    ],
)
def test_which_names_are_tables(sql: str, tables: list[str]) -> None:
    found = [f"{node.db}.{node.name}" for node in real_tables(parse_query(sql))]
    assert sorted(found) == sorted(tables)
