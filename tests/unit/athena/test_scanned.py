"""The bytes a query is billed for: every scan of Trino's plan, and nothing that is not run.

One column of one partition is a unit, so each expectation is a sum of columns and partitions.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.local.athena.catalog.tables import Partition, Table
from infra.local.athena.catalog.views import view_definition
from infra.local.athena.commands.planner import Planner
from infra.local.athena.data.scan import TableScanner
from infra.local.athena.data.storage import S3Object
from infra.local.athena.errors import QueryCancelledError
from infra.local.athena.session import Session
from infra.local.athena.sql.parsing import parse_query
from infra.local.athena.sql.references import MAX_REFERENCES
from infra.local.athena.sql.types import Column

HOURS = ("00", "01", "02")
COLUMNS = (Column("x", "int"), Column("y", "string"), Column("tags", "array<string>"))
VIEW_SQL = "select x, hour from t"
X, Y, TAGS = 1, 100, 10_000


def _table(name: str, **changes: object) -> Table:
    parquet = {"input_format": "parquet", "serde": "parquet", "table_type": "EXTERNAL_TABLE"}
    names = {"database": "db", "name": name, "location": f"s3://b/{name}", "view_text": ""}
    shape = {"columns": COLUMNS, "partition_keys": (Column("hour", "string"),)}
    rest: dict[str, object] = {"parameters": {}, "serde_parameters": {}, "raw": {}}
    return Table(**{**parquet, **names, **shape, **rest, **changes})


TABLES = {
    "t": _table("t"),
    "v": _table(
        "v",
        table_type="VIRTUAL_VIEW",
        partition_keys=(),
        view_text=view_definition("v", VIEW_SQL, "db", COLUMNS)["ViewOriginalText"],
    ),
    "lines": _table(
        "lines", input_format="text", serde="JsonSerDe", partition_keys=(), columns=COLUMNS[:1]
    ),
}


class FakeCatalog:
    def find_table(self, database: str, name: str) -> Table | None:
        return TABLES.get(name)

    def partitions(self, table: Table, expression: str = "") -> list[Partition]:
        return [Partition((hour,), f"s3://b/{table.name}/{hour}") for hour in HOURS]


class FolderStore:
    """A local folder as a bucket; it is its own lease."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pool = ThreadPoolExecutor(1)
        self.fetched = 0

    def list_location(self, location: str) -> list[S3Object]:
        prefix = location.removeprefix("s3://b/")
        files = sorted(path for path in (self.folder / prefix).rglob("*") if path.is_file())
        return [
            S3Object("b", str(path.relative_to(self.folder)), "e", path.stat().st_size)
            for path in files
        ]

    def list_locations(self, locations: list[str]) -> list[list[S3Object]]:
        return [self.list_location(location) for location in locations]

    def fetch(self, item: S3Object) -> Path:
        self.fetched += 1
        return self.folder / item.key

    def release(self) -> None:
        pass


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    folder = tmp_path_factory.mktemp("bucket")
    for hour in HOURS:
        (folder / "t" / hour).mkdir(parents=True)
        rows = {"x": [1], "y": ["a"], "tags": [["b"]]}
        types = pa.schema({"x": pa.int32(), "y": pa.string(), "tags": pa.list_(pa.string())})
        pq.write_table(pa.table(rows, types), folder / "t" / hour / "a.parquet")
    (folder / "lines").mkdir()
    (folder / "lines" / "a.json").write_text('{"x": 1}\n')
    return FolderStore(folder)


class FixedSizes:
    """A column's bytes by its name, whatever the file."""

    def of(self, path: Path, columns: frozenset[str] | None) -> int:
        sizes = {"x": X, "y": Y, "tags": TAGS}
        return sum(size for name, size in sizes.items() if columns is None or name in columns)


@pytest.fixture
def session(engine: duckdb.DuckDBPyConnection, store: FolderStore) -> Session:
    store.fetched = 0
    return Session(
        id="q", database="db", cursor=engine.cursor(), lease=store, output_prefix="s3://b/r/q"
    )


@pytest.fixture
def planner(store: FolderStore, tmp_path: Path) -> Planner:
    scanner = TableScanner(store, tmp_path / "schemas")
    scanner._sizes = FixedSizes()
    return Planner(FakeCatalog(), scanner)


@pytest.fixture
def scanned(planner: Planner, session: Session) -> Callable[[str], int]:
    """Plan and run a query; return its bytes."""

    def run(sql: str) -> int:
        session.cursor.execute(planner.plan(parse_query(sql), session)).fetchall()
        return session.scanned_bytes

    return run


@pytest.mark.parametrize(
    ("sql", "size"),
    [
        ("select x from t where hour = '00'", X),
        ("select x, y from t", 3 * (X + Y)),
        ("select * from t where hour = '00'", X + Y + TAGS),
        ("select upper(y) from t where x > 3 and hour = '00'", X + Y),
        ("select hour from t", 0),
        # A reference by each name: a CTE is planned anew wherever it is named.
        ("with a as (select x from t) select * from a", 3 * X),
        ("with a as (select x from t) select * from a union all select * from a", 6 * X),
        ("with a as (select x, y from t) select x from a union all select length(y) from a", 303),
        ("with a as (select x from t), b as (select * from a) select * from b, b c", 6 * X),
        (
            "with a as (select x from t), b as (select x from a union all select x from a)"
            " select * from b union all select * from b",
            12 * X,
        ),
        ("with a as (select x from t), unused as (select y from t) select * from a", 3 * X),
        ("with t as (select x from t) select * from t union all select * from t", 6 * X),
        (
            "with a as (select x from t) select * from a where x in"
            " (with a as (select length(y) from t) select * from a)",
            3 * (X + Y),
        ),
        (
            "with a as (select x from t), b as (select * from a) select * from"
            " (with a as (select y from t) select length(a.y) l, b.x from a, b)",
            3 * (X + Y),
        ),
        # Each reference reads its own partitions and its own columns.
        ("select a.x from t a join t b on a.x = b.x", 6 * X),
        ("select a.x from t a join t b on a.x = b.x and b.y = 'q'", 6 * X + 3 * Y),
        ("select x from t where hour = '00' union all select x from t where hour > '00'", 3 * X),
        ("select x from t where hour = '00' union all select length(y) from t", X + 3 * Y),
        (
            "with a as (select * from t) select x from a where hour = '00'"
            " union all select length(y) from a where hour = '01'",
            X + Y,
        ),
        ("select x from v where hour = '00' union all select x from v", 4 * X),
        # Subqueries, correlated ones too.
        ("select x from t where x in (select length(y) from t where hour = '00')", 3 * X + Y),
        ("select x, (select max(y) from t u where hour = '00') from t", 3 * X + Y),
        ("select x from t where exists (select 1 from t u where u.y = t.y)", 3 * (X + Y + Y)),
        ("select e from t cross join unnest(tags) as k(e) where hour = '00'", TAGS),
        ("select filter(tags, g -> g = y) from t where hour = '00'", TAGS + Y),
        # What needs no column, or no row.
        ("select count(*) from t", 0),
        ("select count(*) from t where hour = '00'", 0),
        ("select count(x) from t", 3 * X),
        ("select count(*) from t where y = 'a'", 3 * Y),
        ("select x from t limit 0", 0),
        ("select * from (select x from t order by y) where false limit 0", 0),
        ("select x from t where 1 = 0", 0),
        ("select x from t where x = 0 and false", 0),
        ("with a as (select x from t limit 0) select a.x from a join t on a.x = t.x", 3 * X),
        ("(select x from t limit 0) union all select length(y) from t", 3 * Y),
        ("select count(*), (select max(y) from t) from t where false", 3 * Y),
        ("select x from t where 1 = 1 or false", 3 * X),
        ("select x from t limit 10", 3 * X),
        # Text is read as a whole, and as often as it is named.
        ("select x from lines", 9),
        ("select count(*) from lines a, lines b", 18),
        ("select x from lines limit 0", 0),
    ],
)
def test_bytes_of_a_query(scanned: Callable[[str], int], sql: str, size: int) -> None:
    assert scanned(sql) == size


def test_a_query_that_is_not_run_reads_nothing(
    planner: Planner, session: Session, store: FolderStore
) -> None:
    planned = planner.plan(parse_query("select t.x, y, hour from t, lines l"), session, reads=False)
    assert session.cursor.execute(planned).fetchall() == []
    assert (session.scanned_bytes, store.fetched) == (0, 0)


def test_selecting_from_no_rows_still_gives_the_row_of_an_aggregate(
    planner: Planner, session: Session
) -> None:
    sql = "select count(*), (select max(y) from t) from t where false"
    planned = planner.plan(parse_query(sql), session)
    assert session.cursor.execute(planned).fetchall() == [(0, "a")]


def test_the_limit_of_a_work_group_counts_every_scan(
    scanned: Callable[[str], int], session: Session
) -> None:
    session.scan_limit = 4 * X
    assert scanned("select x from t") == 3 * X
    with pytest.raises(QueryCancelledError, match="Bytes scanned limit"):
        scanned("select x from t")


def test_names_that_would_multiply_without_end_are_planned(scanned: Callable[[str], int]) -> None:
    twice = "a{n} as (select * from a{m} union all select * from a{m})"
    doubled = ", ".join(twice.format(n=n, m=n - 1) for n in range(1, 16))
    query = "with a0 as (select x from t where hour = '00'), {doubled} select x from a15"
    size = scanned(query.format(doubled=doubled))
    assert X <= size <= 2 * MAX_REFERENCES * X
