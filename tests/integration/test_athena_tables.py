"""Tables as the platform has them: generations, late columns, formats, and what must fail."""

import gzip
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.integration.test_athena_clients import Lake

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("embedded_aws")]

HOUR = "2015-05-17-10"


@pytest.fixture(scope="module")
def lake(embedded_aws: object) -> Iterator[Lake]:
    with Lake.temporary() as lake:
        yield lake


@pytest.fixture
def table(lake: Lake) -> Callable[..., str]:
    """Create an external table with a new name; return the name."""

    def create(
        columns: str = "id string, v int", clauses: str = "stored as parquet", *, partitions: bool
    ) -> str:
        name = f"t{uuid.uuid4().hex[:8]}"
        partitioned = "partitioned by (datehour string)" if partitions else ""
        properties = ""
        if "tblproperties" in clauses:
            clauses, _, properties = clauses.partition("tblproperties")
            properties = f"tblproperties{properties}"
        query = lake.execute(
            f"create external table {name} ({columns}) {partitioned} {clauses}"
            f" location 's3://{lake.bucket}/{name}/' {properties}"
        )
        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
        return name

    return create


class TestGenerations:
    """Compaction writes a new generation folder and then moves the partition's location."""

    def _generation(self, lake: Lake, name: str, hour: str, generation: str, *ids: str) -> str:
        folder = f"{name}/datehour={hour}/gen={generation}/"
        lake.put_parquet(f"{folder}part-0.parquet", id=list(ids), v=list(range(len(ids))))
        return f"s3://{lake.bucket}/{folder}"

    def _register(self, lake: Lake, name: str, hour: str, location: str) -> None:
        sql = f"alter table {name} add partition (datehour='{hour}') location '{location}'"
        assert lake.execute(sql)["Status"]["State"] == "SUCCEEDED"

    # More than eight partitions are found by one listing, fewer by one listing each.
    @pytest.mark.parametrize("hours", [1, 12])
    def test_only_the_registered_generation_is_read(
        self, lake: Lake, table: Callable[..., str], hours: int
    ) -> None:
        name = table(partitions=True)
        for hour in (f"2015-05-17-{n:02d}" for n in range(hours)):
            location = self._generation(lake, name, hour, "01A", "a", "b")
            self._generation(lake, name, hour, "01B", "x", "y", "z")
            self._register(lake, name, hour, location)
        sql = 'select id, count(*), count(distinct datehour) from "{name}" group by 1 order by 1'
        assert lake.rows(sql, name=name) == [
            ["a", str(hours), str(hours)],
            ["b", str(hours), str(hours)],
        ]

    def test_a_swapped_location_is_seen_by_the_next_query(
        self, lake: Lake, table: Callable[..., str]
    ) -> None:
        name = table(partitions=True)
        self._register(lake, name, HOUR, self._generation(lake, name, HOUR, "01A", "old"))
        assert lake.rows("select id from {name}", name=name) == [["old"]]
        location = self._generation(lake, name, HOUR, "01B", "new", "newer")
        lake.execute(f"alter table {name} partition (datehour='{HOUR}') set location '{location}'")
        assert lake.rows("select id from {name} order by 1", name=name) == [["new"], ["newer"]]

    def test_inserts_go_to_the_partitions_own_location(
        self, lake: Lake, table: Callable[..., str]
    ) -> None:
        name = table(partitions=True)
        self._register(lake, name, HOUR, self._generation(lake, name, HOUR, "01A", "a"))
        lake.execute(
            "insert into {name} values ('b', 5, '{hour}'), ('c', 6, 'later')", name=name, hour=HOUR
        )
        rows = lake.rows("select id, v, datehour from {name} order by 1", name=name)
        assert rows == [["a", "0", HOUR], ["b", "5", HOUR], ["c", "6", "later"]]
        assert len(lake.keys(f"{name}/datehour={HOUR}/gen=01A/")) == 2
        assert len(lake.keys(f"{name}/datehour=later/")) == 1


class TestFormats:
    def test_columns_added_later_are_null_in_old_files(
        self, lake: Lake, table: Callable[..., str]
    ) -> None:
        columns = "id string, v bigint, extra string, deep struct<a:int,b:string>"
        name = table(columns, partitions=False)
        lake.put_parquet(f"{name}/old.parquet", id=["a"], v=[1])
        lake.put_parquet(f"{name}/new.parquet", id=["b"], extra=["e"], deep=[{"a": 1, "b": "x"}])
        assert lake.rows("select id, v, extra, deep from {name} order by 1", name=name) == [
            ["a", "1", None, None],
            ["b", None, "e", "{a=1, b=x}"],
        ]

    def test_hidden_empty_and_neighbouring_objects_are_not_read(
        self, lake: Lake, table: Callable[..., str]
    ) -> None:
        name = table(partitions=False)
        for key in ("a.parquet", "sub/b.parquet", "_temporary/../_c.parquet", ".d.parquet"):
            lake.put_parquet(f"{name}/{key}", id=[key], v=[1])
        lake.put(f"{name}/empty.parquet", b"")
        lake.put_parquet(f"{name}-old/e.parquet", id=["neighbour"], v=[1])
        rows = lake.rows("select id from {name} order by 1", name=name)
        assert rows == [["a.parquet"], ["sub/b.parquet"]]

    def test_json_lines(self, lake: Lake, table: Callable[..., str]) -> None:
        name = table(
            "id string, n bigint, props map<string,string>, tags array<string>",
            "row format serde 'org.openx.data.jsonserde.JsonSerDe'",
            partitions=True,
        )
        events = [
            {"id": "a", "n": 1, "props": {"k": "v"}, "tags": ["x"], "unknown": 1},
            {"id": "b", "tags": []},
        ]
        lines = "\n".join(map(json.dumps, events)).encode()
        lake.put(f"{name}/datehour={HOUR}/1.json.gz", gzip.compress(lines))
        lake.execute(f"msck repair table {name}")
        assert lake.rows(
            "select id, n, props['k'], tags, datehour from {name} order by 1", name=name
        ) == [
            ["a", "1", "v", "[x]", HOUR],
            ["b", None, None, "[]", HOUR],
        ]

    def test_csv_with_quotes_and_header(self, lake: Lake, table: Callable[..., str]) -> None:
        name = table(
            "id string, note string",
            "row format serde 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"
            " tblproperties ('skip.header.line.count'='1')",
            partitions=False,
        )
        for number in (1, 2):
            lake.put(f"{name}/{number}.csv", f'id,note\n{number},"a ""b"", c"\n'.encode())
        assert lake.rows("select * from {name} order by 1", name=name) == [
            ["1", 'a "b", c'],
            ["2", 'a "b", c'],
        ]

    @pytest.mark.parametrize("kind", ["PARQUET", "JSON", "TEXTFILE"])
    def test_ctas_and_insert_round_trip(self, lake: Lake, kind: str) -> None:
        name = f"c{uuid.uuid4().hex[:8]}"
        query = lake.execute(
            f"create table {name} with (format = '{kind}', partitioned_by = ARRAY['p'],"
            f" external_location = 's3://{lake.bucket}/{name}/') as"
            " select 1 as a, 'x,\"y' as b, cast(null as double) as c,"
            " timestamp '2024-01-01 00:00:00.123' as d, sum(7) as e, date '2024-01-01' as p"
        )
        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
        inserted = lake.execute(
            "insert into {name} (a, p) values (2, date '2024-01-02')", name=name
        )
        assert inserted["Status"]["State"] == "SUCCEEDED", inserted["Status"]
        assert lake.rows("select * from {name} order by a", name=name) == [
            ["1", 'x,"y', None, "2024-01-01 00:00:00.123", "7", "2024-01-01"],
            ["2", None, None, None, None, "2024-01-02"],
        ]

    def test_bytes_scanned_are_those_of_the_columns_a_query_names(
        self, lake: Lake, table: Callable[..., str]
    ) -> None:
        name = table(partitions=False)
        lake.put_parquet(f"{name}/a.parquet", id=["a" * 1000], v=[1])

        def scanned(sql: str) -> int:
            return lake.execute(sql, name=name)["Statistics"]["DataScannedInBytes"]

        one, other = scanned("select v from {name}"), scanned("select id from {name}")
        assert 0 < one < other
        assert scanned("select * from {name}") == one + other
        assert scanned("with x as (select * from {name}) select max(v) from x") == one
        assert scanned("select count(*) from {name}") == 0
        assert scanned("select 1") == 0

    @pytest.mark.parametrize(
        "sql",
        [
            "create or replace view v_{name} as select id, v from {name}",
            "explain select * from {name}",
            "explain (type validate) select * from {name}",
            "describe {name}",
            "show columns in {name}",
            "show create table {name}",
            "show partitions {name}",
            "show tblproperties {name}",
            "msck repair table {name}",
            "prepare p_{name} from select id from {name} where v = ?",
            "alter table {name} add columns (extra string)",
            "alter table {name} add partition (datehour='x')",
            "drop table {name}",
        ],
    )
    def test_what_reads_no_rows_scans_nothing(
        self, lake: Lake, table: Callable[..., str], sql: str
    ) -> None:
        name = table(partitions=True)
        lake.put_parquet(f"{name}/datehour={HOUR}/a.parquet", id=["a"], v=[1])
        location = f"s3://{lake.bucket}/{name}/datehour={HOUR}/"
        lake.execute(f"alter table {name} add partition (datehour='{HOUR}') location '{location}'")
        query = lake.execute(sql, name=name)
        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
        assert query["Statistics"]["DataScannedInBytes"] == 0

    def test_all_bytes_of_text_are_scanned(self, lake: Lake, table: Callable[..., str]) -> None:
        serde = "row format serde 'org.openx.data.jsonserde.JsonSerDe'"
        name = table("id string, v int", serde, partitions=False)
        lake.put(f"{name}/a.json", b'{"id": "a", "v": 1}\n')
        query = lake.execute("select v from {name}", name=name)
        assert query["Statistics"]["DataScannedInBytes"] == 20


class TestOrder:
    """A position in ORDER BY names an output column, and most have no name of their own."""

    @pytest.mark.parametrize(
        ("sql", "rows"),
        [
            ("select id, sum(v) from {name} group by 1 order by 2 desc limit 1", [["a", "4"]]),
            (
                "select id, sum(v) from {name} group by 1 order by sum(v), 1",
                [["b", "2"], ["a", "4"]],
            ),
            ("select v + 1 from {name} order by 1 desc", [["4"], ["3"], ["2"]]),
            ("select v + 1 from {name} union select 0 order by 1 limit 2", [["0"], ["2"]]),
            (
                "select max(v), id from {name} group by id order by 1, 2 desc",
                [["2", "b"], ["3", "a"]],
            ),
        ],
    )
    def test_by_position(
        self, lake: Lake, table: Callable[..., str], sql: str, rows: list[list[str]]
    ) -> None:
        name = table(partitions=True)
        lake.put_parquet(f"{name}/datehour={HOUR}/a.parquet", id=["a", "b", "a"], v=[1, 2, 3])
        location = f"s3://{lake.bucket}/{name}/datehour={HOUR}/"
        lake.execute(f"alter table {name} add partition (datehour='{HOUR}') location '{location}'")
        assert lake.rows(sql, name=name) == rows


class TestViews:
    def test_a_view_of_a_view(self, lake: Lake, table: Callable[..., str]) -> None:
        name = table(partitions=False)
        lake.put_parquet(f"{name}/a.parquet", id=["a", "b"], v=[1, 2])
        lake.execute(
            "create view {name}_1 as with s as (select * from {name}) select * from s", name=name
        )
        lake.execute(
            "create or replace view {name}_2 as select id, v * 10 as w from {name}_1", name=name
        )
        assert lake.rows("select w from {name}_2 x where x.id = 'b'", name=name) == [["20"]]
        assert "already exists" in lake.reason("create view {name}_2 as select 1 as a", name=name)


class TestFailures:
    @pytest.mark.parametrize(
        ("sql", "reason"),
        [
            ("select * from nope", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog."),
            ("select * from nodb.nope", "SCHEMA_NOT_FOUND"),
            ("select nope from (values 1) t(x)", "COLUMN_NOT_FOUND: line 1:8: Column 'nope'"),
            ("selec 1", "SYNTAX_ERROR: line 1:"),
            ("create table i with (table_type = 'ICEBERG') as select 1 a", "NOT_SUPPORTED"),
            ("merge into a using b on a.x = b.x when matched then delete", "NOT_SUPPORTED"),
            ("create table z as select now() as t", "NOT_SUPPORTED: Unsupported Hive type"),
            ("create table z as select 1", "MISSING_COLUMN_NAME"),
            (
                "create table z with (partitioned_by = ARRAY['a']) as select 1 a, 2 b",
                "HIVE_COLUMN_ORDER_MISMATCH",
            ),
            (
                "create table z with (partitioned_by = ARRAY['p']) as"
                " select 1 a, p from unnest(sequence(1, 101)) t(p)",
                "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for partitions",
            ),
        ],
    )
    def test_reasons(self, lake: Lake, sql: str, reason: str) -> None:
        assert lake.reason(sql).startswith(reason)

    def test_a_failed_ctas_leaves_nothing(self, lake: Lake) -> None:
        location = f"s3://{lake.bucket}/failed/"
        lake.reason(
            "create table failed with (external_location = '{location}') as"
            " select 10 / x as y from unnest(sequence(0, 3)) t(x)",
            location=location,
        )
        assert lake.keys("failed/") == []
        assert lake.reason("select * from failed").startswith("TABLE_NOT_FOUND")

    def test_ctas_needs_an_empty_location(self, lake: Lake) -> None:
        lake.put("taken/x", b"x")
        sql = f"create table z with (external_location = 's3://{lake.bucket}/taken/') as select 1 a"
        assert lake.reason(sql).startswith("HIVE_PATH_ALREADY_EXISTS")


class TestApi:
    def test_a_running_query_can_be_stopped(self, lake: Lake) -> None:
        athena = boto3.client("athena")
        identity = athena.start_query_execution(
            QueryString="select count(*) from unnest(sequence(1, 10000)) a(x),"
            " unnest(sequence(1, 10000)) b(y), unnest(sequence(1, 10000)) c(z)"
            " where x + y * z % 7 = 3",
            ResultConfiguration={"OutputLocation": lake.results},
        )["QueryExecutionId"]

        def state() -> str:
            query = athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]
            return query["Status"]["State"]

        while state() == "QUEUED":
            time.sleep(0.01)
        athena.stop_query_execution(QueryExecutionId=identity)
        assert state() == "CANCELLED"
        # The engine is free again at once.
        assert lake.rows("select 1") == [["1"]]

    def test_unserved_actions_fail_at_once_by_name(self) -> None:
        athena = boto3.client("athena", config=Config(retries={"total_max_attempts": 1}))
        with pytest.raises(ClientError, match="CreateNotebook") as caught:
            athena.create_notebook(WorkGroup="primary", Name="n")
        assert caught.value.response["Error"]["Code"] == "InvalidRequestException"

    @pytest.mark.parametrize(
        ("action", "request_", "code"),
        [
            ("get_query_execution", {"QueryExecutionId": "x"}, "InvalidRequestException"),
            (
                "get_table_metadata",
                {"CatalogName": "AwsDataCatalog", "DatabaseName": "x", "TableName": "y"},
                "MetadataException",
            ),
            (
                "get_prepared_statement",
                {"StatementName": "x", "WorkGroup": "primary"},
                "ResourceNotFoundException",
            ),
        ],
    )
    def test_error_shapes(self, action: str, request_: dict[str, Any], code: str) -> None:
        with pytest.raises(ClientError) as caught:
            getattr(boto3.client("athena"), action)(**request_)
        assert caught.value.response["Error"]["Code"] == code
