"""Pruning never changes an answer, and prunes where it should.

Every query runs twice: over all partitions, and over those the planner asked for.
"""

import re
from collections.abc import Iterable
from types import SimpleNamespace

import duckdb
import pytest

from infra.local.athena.catalog.tables import Partition, Table
from infra.local.athena.catalog.views import view_definition
from infra.local.athena.commands.planner import Planner
from infra.local.athena.data.scan import Read
from infra.local.athena.sql.parsing import parse_query
from infra.local.athena.sql.sqltext import select
from infra.local.athena.sql.types import Column

HOURS = [f"2015-05-17-{hour:02d}" for hour in range(6)]
COLUMNS = (Column("id", "string"), Column("v", "int"))
KEY = (Column("datehour", "string"),)
VIEW_SQL = "select id, v, datehour, substr(datehour, 12) as hr from ev"


def _table(name: str, **changes: object) -> Table:
    values = {
        "database": "db",
        "name": name,
        "columns": COLUMNS,
        "partition_keys": KEY,
        "location": f"s3://b/{name}/",
        "input_format": "parquet",
        "serde": "parquet",
        "parameters": {},
        "serde_parameters": {},
        "table_type": "EXTERNAL_TABLE",
        "view_text": "",
        "raw": {},
    }
    return Table(**{**values, **changes})


VIEW = _table(
    "vev",
    table_type="VIRTUAL_VIEW",
    partition_keys=(),
    columns=(*COLUMNS, *KEY, Column("hr", "string")),
    view_text=view_definition("vev", VIEW_SQL, "db", COLUMNS)["ViewOriginalText"],
)


class FakeCatalog:
    def find_table(self, database: str, name: str) -> Table | None:
        return {"ev": _table("ev"), "vev": VIEW}.get(name)

    def partitions(self, table: Table, expression: str = "") -> list[Partition]:
        assert "--" not in expression
        return [Partition((hour,), f"s3://b/ev/{hour}/") for hour in HOURS]


class FakeScanner:
    """Five rows per partition; remembers which partitions were asked for."""

    def __init__(self, *, everything: bool) -> None:
        self.everything = everything
        self.hours: list[str] = []

    def relation(self, table: Table, session: object, reads: Iterable[Read]) -> str:
        found = {item.values[0] for read in reads for item in read.partitions}
        self.hours = [hour for hour in HOURS if hour in found]
        read = HOURS if self.everything else self.hours
        rows = [f"('e{i}', {i}, '{hour}')" for hour in read for i in range(5)]
        values = ", ".join(rows or ["(null, 0, null)"])
        return select(["*"], f"(VALUES {values}) AS t(id, v, datehour) WHERE {bool(rows)}")


def _run(engine: duckdb.DuckDBPyConnection, sql: str, *, everything: bool) -> tuple[list, int]:
    scanner = FakeScanner(everything=everything)
    cursor = engine.cursor()
    session = SimpleNamespace(cursor=cursor, database="db", check=lambda: None)
    planned = Planner(FakeCatalog(), scanner).plan(parse_query(sql), session)
    rows = sorted(map(repr, cursor.execute(planned).fetchall()))
    cursor.close()
    return rows, len(scanner.hours)


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("select count(*) from ev", 6),
        ("select count(*) from ev where datehour = @05", 1),
        ("select count(*) from ev where datehour = @99", 0),
        ("select count(*) from ev e where e.datehour between @01 and @03", 3),
        ("select count(*) from ev where datehour in (@01, @02)", 2),
        ("select count(*) from ev where datehour = @05 and v > 2", 1),
        ("select count(*) from ev where datehour = @05 or v > 2", 6),
        ("select count(*) from ev where not datehour = @05", 5),
        ("select count(*) from ev where cast(substr(datehour, 12) as integer) % 3 = 0", 2),
        (
            "select count(*) from ev where date_parse(datehour, '%Y-%m-%d-%H') >= timestamp"
            " '2015-05-17 04:00:00'",
            2,
        ),
        ("select count(*) from (select * from ev) t where datehour = @05", 1),
        ("with x as (select * from ev) select count(*) from x where datehour = @05", 1),
        ("select count(*) from vev where datehour = @05", 1),
        ("select count(*) from vev where hr = '05'", 1),
        ("select count(*) from db.vev where db.vev.hr = '05'", 1),
        (
            "select count(*) from ev where datehour = @05 union all select count(*) from ev"
            " where datehour = @04",
            2,
        ),
        (
            "select count(*) from ev a join ev b on a.id = b.id and a.datehour = @03 where"
            " b.datehour = @04",
            2,
        ),
        (
            "select count(*) from ev a left join ev b on a.id = b.id and b.datehour = @03"
            " where a.datehour = @02",
            2,
        ),
        (
            "with x as (select * from ev) select count(*) from x where datehour = @05 union all"
            " select count(*) from x where datehour = @04",
            2,
        ),
        (
            "with x as (select *, row_number() over (order by id, datehour) n from ev) select"
            " min(n) from x where datehour = @05 union all select max(n) from x",
            6,
        ),
        # Below: what must NOT be pruned (or not by the condition that looks tempting).
        (
            "select max(c) from (select datehour, count(*) over () c from ev) where datehour = @05",
            6,
        ),
        (
            "select min(rn) from (select datehour, row_number() over (order by datehour, id)"
            " rn from ev) where datehour = @05",
            6,
        ),
        (
            "select count(*) from (select datehour from ev order by datehour, id limit 7)"
            " where datehour = @05",
            6,
        ),
        (
            "select count(*) from (select datehour from ev order by datehour desc offset 6)"
            " where datehour = @05",
            6,
        ),
        ("select count(*) from ev a left join ev b on a.id = b.id and a.datehour = @03", 6),
        (
            "select count(*) from ev a left join (select * from ev where v < 3) b on a.id ="
            " b.id and b.datehour = @01 where b.datehour is null",
            6,
        ),
        (
            "select count(*) from ev a left join ev b on a.id = b.id and a.datehour <"
            " b.datehour where coalesce(b.datehour, 'x') = 'x'",
            6,
        ),
        ("select count(*) from ev a full join ev b on a.id = b.id and a.datehour = @01", 6),
        (
            "select count(*) from (values @01, 'x') a(h) right join ev b on a.h = b.datehour"
            " and b.datehour > @04",
            6,
        ),
        ("select count(*) from ev where datehour = (select max(datehour) from ev)", 6),
        (
            "select count(*) from ev where exists (select 1 from ev i where i.datehour ="
            " ev.datehour and i.v = 4)",
            6,
        ),
        (
            "select count(*) from (select datehour, count(*) c from ev group by"
            " rollup(datehour)) where datehour is null",
            6,
        ),
        ("select count(*) from (select max(datehour) datehour from ev) where datehour = @01", 6),
        ("select count(*) from (select @01 as datehour, v from ev) where datehour = @01", 6),
        (
            "select count(*) from (select * from ev union all select * from ev) where"
            " datehour = @05",
            6,
        ),
        ("select count(*) from ev where cast(datehour as integer) = 1 or v >= 0", 6),
    ],
)
def test_pruned_and_full_reads_agree(
    engine: duckdb.DuckDBPyConnection, sql: str, read: int
) -> None:
    sql = re.sub(r"@(\d\d)", r"'2015-05-17-\1'", sql)
    try:
        full, _ = _run(engine, sql, everything=True)
    except duckdb.Error as error:
        with pytest.raises(type(error)):
            _run(engine, sql, everything=False)
        return
    pruned, count = _run(engine, sql, everything=False)
    assert pruned == full
    assert count == read
