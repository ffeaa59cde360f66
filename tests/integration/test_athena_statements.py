# ruff: noqa: S608 (names of this test's own making)
"""DDL and utility statements as Athena has them, on the running server."""

import uuid
from collections.abc import Callable, Iterator

import boto3
import pytest

from tests.integration.test_athena_clients import Lake

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("embedded_aws")]


@pytest.fixture(scope="module")
def lake(embedded_aws: object) -> Iterator[Lake]:
    with Lake.temporary() as lake:
        yield lake


@pytest.fixture
def parquet(lake: Lake) -> Callable[..., str]:
    """Create a Parquet table with a new name; return the name."""

    def create(keys: str = "dt string", properties: str = "", columns: str = "v int") -> str:
        name = f"s{uuid.uuid4().hex[:8]}"
        partitioned = f"partitioned by ({keys})" if keys else ""
        query = lake.execute(
            f"create external table {name} ({columns}) {partitioned} stored as parquet"
            f" location 's3://{lake.bucket}/{name}/' {properties}"
        )
        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
        return name

    return create


class TestPartitions:
    def test_several_are_added_with_their_own_locations(
        self, lake: Lake, parquet: Callable[..., str]
    ) -> None:
        name = parquet("dt string, hr int")
        lake.put_parquet(f"{name}/x/1.parquet", v=[1])
        lake.put_parquet(f"{name}/y/1.parquet", v=[2, 3])
        base = f"s3://{lake.bucket}/{name}"
        sql = (
            "alter table {name} add if not exists"
            " partition (dt = '2024-01-01', hr = 1) location '{base}/x/'"
            " partition (dt='2024-01-01',hr=2) location '{base}/y'"
        )
        for _ in range(2):
            query = lake.execute(sql, name=name, base=base)
            assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
        rows = lake.rows("select hr, sum(v) from {name} group by hr order by 1", name=name)
        assert rows == [["1", "1"], ["2", "5"]]
        assert lake.rows("show partitions {name}", name=name) == [
            ["dt=2024-01-01/hr=1"],
            ["dt=2024-01-01/hr=2"],
        ]
        assert lake.rows('select dt, hr from "{name}$partitions" order by hr', name=name) == [
            ["2024-01-01", "1"],
            ["2024-01-01", "2"],
        ]
        again = "alter table {name} add partition (dt='2024-01-01', hr=1)"
        assert "AlreadyExistsException" in lake.reason(again, name=name)

    def test_several_are_dropped_and_their_objects_stay(
        self, lake: Lake, parquet: Callable[..., str]
    ) -> None:
        name = parquet()
        lake.execute("insert into {name} values (1, 'a'), (2, 'b'), (3, 'c')", name=name)
        lake.execute(
            "alter table {name} drop if exists partition (dt='a'), partition (dt = 'b'),"
            " partition (dt='never')",
            name=name,
        )
        assert lake.rows("select v from {name}", name=name) == [["3"]]
        assert len(lake.keys(f"{name}/")) == 3
        missing = lake.reason("alter table {name} drop partition (dt='never')", name=name)
        assert missing.startswith("FAILED: SemanticException")

    def test_a_location_is_set_and_a_missing_partition_is_an_error(
        self, lake: Lake, parquet: Callable[..., str]
    ) -> None:
        name = parquet()
        lake.execute("insert into {name} values (1, 'a')", name=name)
        lake.put_parquet(f"{name}-b/1.parquet", v=[7])
        move = "alter table {name} partition (dt='{dt}') set location 's3://{b}/{name}-b/'"
        lake.execute(move, name=name, dt="a", b=lake.bucket)
        assert lake.rows("select v, dt from {name}", name=name) == [["7", "a"]]
        assert "artition" in lake.reason(move, name=name, dt="no", b=lake.bucket)

    def test_at_most_100_open_ones(self, lake: Lake, parquet: Callable[..., str]) -> None:
        name = parquet()
        insert = (
            "insert into {name} select x, cast(x as varchar) from unnest(sequence(1, {n})) t(x)"
        )
        assert lake.reason(insert, name=name, n=101).startswith(
            "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for partitions"
        )
        assert lake.keys(f"{name}/") == []
        lake.execute(insert, name=name, n=100)
        assert lake.rows("select count(distinct dt) from {name}", name=name) == [["100"]]


class TestProjection:
    def _table(self, parquet: Callable[..., str], keys: str, **properties: str) -> str:
        texts = {"projection.enabled": "true"} | {
            key.replace("__", "."): value for key, value in properties.items()
        }
        pairs = ", ".join(f"'{key}'='{value}'" for key, value in texts.items())
        return parquet(keys, f"tblproperties ({pairs})")

    def test_integers_enums_and_their_product(
        self, lake: Lake, parquet: Callable[..., str]
    ) -> None:
        name = self._table(
            parquet,
            "kind string, n int",
            projection__kind__type="enum",
            projection__kind__values="a,b",
            projection__n__type="integer",
            projection__n__range="1,20",
            projection__n__digits="2",
        )
        for kind, n in (("a", "03"), ("b", "04"), ("c", "03")):
            lake.put_parquet(f"{name}/kind={kind}/n={n}/1.parquet", v=[int(n)])
        rows = lake.rows("select kind, n, v from {name} order by 1", name=name)
        assert rows == [["a", "3", "3"], ["b", "4", "4"]]
        assert lake.rows("select v from {name} where n = 4", name=name) == [["4"]]
        assert lake.rows("select v from {name} where kind = 'c'", name=name) == []

    def test_dates_up_to_now_with_a_template(self, lake: Lake, parquet: Callable[..., str]) -> None:
        name = f"p{uuid.uuid4().hex[:8]}"
        template = f"s3://{lake.bucket}/{name}/at/${{datehour}}"
        properties = {
            "projection.enabled": "true",
            "projection.datehour.type": "date",
            "projection.datehour.format": "yyyy/MM/dd/HH",
            "projection.datehour.range": "2024/01/01/00,NOW",
            "projection.datehour.interval": "1",
            "projection.datehour.interval.unit": "HOURS",
            "storage.location.template": template,
        }
        pairs = ", ".join(f"'{key}'='{value}'" for key, value in properties.items())
        lake.execute(
            f"create external table {name} (v int) partitioned by (datehour string)"
            f" stored as parquet location 's3://{lake.bucket}/{name}/' tblproperties ({pairs})"
        )
        lake.put_parquet(f"{name}/at/2024/01/01/05/1.parquet", v=[5])
        lake.put_parquet(f"{name}/at/2023/12/31/23/1.parquet", v=[9])
        sql = f"select v, datehour from {name} where datehour between '{{a}}' and '{{b}}'"
        assert lake.rows(sql, a="2024/01/01/00", b="2024/01/01/23") == [["5", "2024/01/01/05"]]
        assert lake.rows(sql, a="2023/12/31/00", b="2023/12/31/23") == []
        lake.execute(f"insert into {name} values (6, '2024/01/02/06')")
        assert lake.rows(sql, a="2024/01/02/00", b="2024/01/02/23") == [["6", "2024/01/02/06"]]

    def test_injected_keys_need_a_condition(self, lake: Lake, parquet: Callable[..., str]) -> None:
        name = self._table(parquet, "tenant string", projection__tenant__type="injected")
        lake.put_parquet(f"{name}/tenant=t1/1.parquet", v=[1])
        lake.put_parquet(f"{name}/tenant=t2/1.parquet", v=[2])
        sql = "select v from {name} where tenant in ('t1', 't2', 't3') order by 1"
        assert lake.rows(sql, name=name) == [["1"], ["2"]]
        assert lake.rows("select v from {name} where tenant = 't2'", name=name) == [["2"]]
        reason = lake.reason("select v from {name}", name=name)
        assert reason.startswith("CONSTRAINT_VIOLATION: For the injected projected partition")

    def test_wrong_properties_are_named(self, lake: Lake, parquet: Callable[..., str]) -> None:
        name = self._table(parquet, "n int", projection__n__type="integer")
        assert "projection.n.range is missing" in lake.reason("select * from {name}", name=name)


class TestDescribing:
    def test_columns_are_added_and_described(self, lake: Lake, parquet: Callable[..., str]) -> None:
        name = parquet()
        lake.execute("insert into {name} values (1, 'a')", name=name)
        lake.execute("alter table {name} add columns (note string, n bigint)", name=name)
        assert lake.rows("select v, note, n, dt from {name}", name=name) == [["1", None, None, "a"]]
        assert lake.rows("show columns in {name}", name=name) == [["v"], ["note"], ["n"], ["dt"]]
        lines = [" ".join(map(str, row)).split() for row in lake.rows(f"describe {name}")]
        assert lines[:4] == [["v", "int"], ["note", "string"], ["n", "bigint"], ["dt", "string"]]
        repeated = lake.reason("alter table {name} add columns (v int)", name=name)
        assert "Duplicate column name" in repeated

    @pytest.mark.parametrize("word", ["formatted", "extended"])
    def test_describe_says_where_a_table_is(
        self, lake: Lake, parquet: Callable[..., str], word: str
    ) -> None:
        name = parquet()
        text = "\n".join(" ".join(map(str, row)) for row in lake.rows(f"describe {word} {name}"))
        assert f"s3://{lake.bucket}/{name}" in text
        assert "ParquetHiveSerDe" in text

    def test_show_create_makes_the_same_table(
        self, lake: Lake, parquet: Callable[..., str]
    ) -> None:
        name = parquet("dt string, hr int", "tblproperties ('a'='b')", "v int, s struct<a:int>")
        ddl = "\n".join(row[0] for row in lake.rows(f"show create table {name}"))
        lake.execute("drop table {name}", name=name)
        query = lake.execute(ddl)
        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
        assert "\n".join(row[0] for row in lake.rows(f"show create table {name}")) == ddl

    def test_views_keep_their_own_words(self, lake: Lake) -> None:
        sql = "SELECT m['a']  AS x, a[1] AS y FROM (VALUES (MAP(ARRAY['a'], ARRAY[1]), ARRAY[7]))"
        sql += " AS t(m, a)"
        lake.execute(f"create or replace view words as {sql}")
        assert lake.rows("select x + y from words") == [["8"]]
        shown = lake.rows("show create view words")
        assert "\n".join(row[0] for row in shown) == f"CREATE VIEW {lake.database}.words AS\n{sql}"
        assert ["words"] in lake.rows("show views")
        lake.execute("drop view words")

    def test_lists(self, lake: Lake, parquet: Callable[..., str]) -> None:
        name = parquet()
        assert [name] in lake.rows("show tables")
        assert lake.rows(f"show tables '{name[:-1]}*'") == [[name]]
        assert lake.rows(f"show databases like '{lake.database}'") == [[lake.database]]
        assert ["a", "b"] not in lake.rows(f"show tblproperties {name}")
        columns = "select column_name, data_type from information_schema.columns"
        where = f"where table_schema = '{lake.database}' and table_name = '{name}' order by 1"
        assert lake.rows(f"{columns} {where}") == [["dt", "varchar"], ["v", "integer"]]

    def test_explain_names_the_tables(self, lake: Lake, parquet: Callable[..., str]) -> None:
        name = parquet()
        for prefix in ("explain", "explain (type distributed)"):
            text = "\n".join(row[0] for row in lake.rows(f"{prefix} select v from {name}"))
            assert text.strip()
        valid = lake.rows(f"explain (type validate) select v from {name}")
        assert valid == [["Valid"], ["true"]]
        assert lake.reason("explain analyze select 1").startswith("NOT_SUPPORTED")


class TestSerdes:
    @pytest.mark.parametrize(
        "serde", ["org.openx.data.jsonserde.JsonSerDe", "org.apache.hive.hcatalog.data.JsonSerDe"]
    )
    def test_json(self, lake: Lake, serde: str) -> None:
        name = f"j{uuid.uuid4().hex[:8]}"
        lake.execute(
            f"create external table {name} (id string, n bigint, ok boolean, at timestamp,"
            f" deep struct<a:int,b:array<string>>) row format serde '{serde}'"
            f" location 's3://{lake.bucket}/{name}/'"
        )
        line = (
            '{"ID": "x", "n": 5, "ok": true, "at": "2024-01-02 03:04:05.678",'
            ' "deep": {"a": 1, "b": ["p", null]}, "more": 1}'
        )
        lake.put(f"{name}/1.json", f"{line}\n\n{line}\n".encode())
        row = ["x", "5", "true", "2024-01-02 03:04:05.678", "{a=1, b=[p, null]}"]
        assert lake.rows(f"select * from {name}") == [row, row]
        lake.put(f"{name}/2.json", b"{broken\n")
        assert lake.reason(f"select * from {name}").startswith("HIVE_")

    def test_malformed_json_can_be_ignored(self, lake: Lake) -> None:
        name = f"j{uuid.uuid4().hex[:8]}"
        lake.execute(
            f"create external table {name} (id string)"
            " row format serde 'org.openx.data.jsonserde.JsonSerDe'"
            " with serdeproperties ('ignore.malformed.json'='true')"
            f" location 's3://{lake.bucket}/{name}/'"
        )
        lake.put(f"{name}/1.json", b'{"id": "a"}\n{broken\n{"id": "b"}\n')
        rows = lake.rows(f"select count(*), count(id) from {name}")
        assert rows == [["3", "2"]]

    def test_open_csv_reads_texts_and_converts_columns(self, lake: Lake) -> None:
        name = f"c{uuid.uuid4().hex[:8]}"
        lake.execute(
            f"create external table {name} (id int, note string, amount double)"
            " row format serde 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"
            " with serdeproperties ('separatorChar'=';', 'quoteChar'='^', 'escapeChar'='\\\\')"
            f" location 's3://{lake.bucket}/{name}/'"
        )
        lake.put(f"{name}/1.csv", b"1;^a;b^;1.5\n^2^;c;2\n")
        assert lake.rows(f"select * from {name} order by id") == [
            ["1", "a;b", "1.5"],
            ["2", "c", "2.0"],
        ]
        lake.put(f"{name}/2.csv", b"3;a\\\\b;1\n")
        assert lake.reason(f"select note from {name}").startswith("NOT_SUPPORTED: a backslash")

    def test_delimited_text(self, lake: Lake) -> None:
        name = f"d{uuid.uuid4().hex[:8]}"
        lake.execute(
            f"create external table {name} (id int, note string, tags array<string>,"
            " props map<string,int>) row format delimited fields terminated by '|'"
            " collection items terminated by ',' map keys terminated by ':'"
            f" location 's3://{lake.bucket}/{name}/'"
        )
        lake.put(f"{name}/1.txt", b"1|a|x,y|k:1,l:2\nbad|\\N||\n3\n")
        assert lake.rows(f"select * from {name}") == [
            ["1", "a", "[x, y]", "{k=1, l=2}"],
            [None, None, "[]", "{}"],
            ["3", None, None, None],
        ]

    def test_other_formats_are_refused_by_name(self, lake: Lake) -> None:
        sql = "create external table o (a int) stored as orc location 's3://{b}/o/'"
        assert lake.reason(sql, b=lake.bucket).startswith("NOT_SUPPORTED")
        iceberg = (
            "create table i (a int) location 's3://{b}/i/' tblproperties ('table_type'='ICEBERG')"
        )
        assert "ICEBERG" in lake.reason(iceberg, b=lake.bucket)


def _body(lake: Lake, key: str) -> bytes:
    return boto3.client("s3").get_object(Bucket=lake.bucket, Key=key)["Body"].read()


class TestWriting:
    def test_unload_leaves_files_and_a_manifest(self, lake: Lake) -> None:
        target = f"s3://{lake.bucket}/unloaded/"
        query = lake.execute(
            f"unload (select 1 as a, 'x' as p) to '{target}'"
            " with (format = 'PARQUET', compression = 'SNAPPY', partitioned_by = ARRAY['p'])"
        )
        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
        manifest = query["Statistics"]["DataManifestLocation"]
        bucket, _, key = manifest.removeprefix("s3://").partition("/")
        body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        assert [f"s3://{lake.bucket}/{key}" for key in lake.keys("unloaded/p=x/")] == body.split()
        again = lake.reason(f"unload (select 1 as a) to '{target}' with (format = 'PARQUET')")
        assert again.startswith("HIVE_PATH_ALREADY_EXISTS")

    def test_results_are_where_athena_puts_them(self, lake: Lake) -> None:
        query = lake.execute("select 'a\"b' as x, null as y, 1.50 as z")
        location = query["ResultConfiguration"]["OutputLocation"]
        assert location == f"{lake.results}{query['QueryExecutionId']}.csv"
        key = location.removeprefix(f"s3://{lake.bucket}/")
        body = boto3.client("s3").get_object(Bucket=lake.bucket, Key=key)["Body"].read()
        assert body == b'"x","y","z"\n"a""b",,"1.50"\n'
        assert b"\x0a\x04hive\x22\x01x\x2a\x01x\x32\x07varchar" in _body(lake, f"{key}.metadata")

    @pytest.fixture
    def narrow(self, lake: Lake) -> str:
        """Return a table whose columns hold little."""
        name = f"i{uuid.uuid4().hex[:8]}"
        lake.execute(
            f"create external table {name} (n int, d decimal(5,1), t varchar(3), day date)"
            f" partitioned by (p string) stored as parquet location 's3://{lake.bucket}/{name}/'"
        )
        return name

    def test_insert_casts_what_fits_the_columns(self, lake: Lake, narrow: str) -> None:
        accepted = (
            "select bigint '7', 2.25e0, 'ab ', timestamp '2024-01-02 03:04:05', 'x'",
            "select null, null, null, null, 'x'",
            "with a as (select 8 n) select n, n, 'abc  ', date '2024-01-03', 'y' from a",
        )
        for query in accepted:
            status = lake.execute(f"insert into {narrow} {query}")["Status"]
            assert status["State"] == "SUCCEEDED", status
        assert lake.rows(f"select * from {narrow} order by n") == [
            ["7", "2.3", "ab ", "2024-01-02", "x"],
            ["8", "8.0", "abc", "2024-01-03", "y"],
            [None, None, None, None, "x"],
        ]

    @pytest.mark.parametrize(
        ("query", "table", "kinds"),
        [
            ("(n, p) select 'a', 'x'", "integer, varchar", "varchar, varchar"),
            ("(t, p) values (1, 'x')", "varchar(3), varchar", "integer, varchar"),
            ("select 1, 1", "integer, decimal(5,1), varchar(3), date, varchar", "integer, integer"),
        ],
    )
    def test_insert_refuses_other_types(
        self, lake: Lake, narrow: str, query: str, table: str, kinds: str
    ) -> None:
        assert lake.reason(f"insert into {narrow} {query}") == (
            "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types:"
            f" Table: [{table}], Query: [{kinds}]"
        )

    @pytest.mark.parametrize(
        ("query", "reason"),
        [
            ("(n, p, n) values (1, 'x', 2)", "DUPLICATE_COLUMN_NAME"),
            ("(n, missing) values (1, 'x')", "COLUMN_NOT_FOUND"),
            ("(t, p) values ('abcd', 'x')", "INVALID_CAST_ARGUMENT: Cannot truncate"),
            ("(n, p) values (3e9, 'x')", "INVALID_CAST_ARGUMENT"),
        ],
    )
    def test_insert_never_changes_a_value(
        self, lake: Lake, narrow: str, query: str, reason: str
    ) -> None:
        assert lake.reason(f"insert into {narrow} {query}").startswith(reason)
        assert lake.rows(f"select count(*) from {narrow}") == [["0"]]

    def test_metadata_of_what_was_written_is_where_athena_puts_it(self, lake: Lake) -> None:
        name = f"w{uuid.uuid4().hex[:8]}"
        created = lake.execute(f"create table {name} as select 1 as a")
        inserted = lake.execute(f"insert into {name} select 2")
        for query, folder in ((created, "results/tables/"), (inserted, "results/")):
            location = f"{folder}{query['QueryExecutionId']}"
            found = query["ResultConfiguration"]["OutputLocation"]
            assert found == f"s3://{lake.bucket}/{location}"
            assert b"\x18\x01\x22\x22\x0a\x04hive\x22\x04rows" in _body(
                lake, f"{location}.metadata"
            )
            manifest = query["Statistics"]["DataManifestLocation"]
            assert manifest == f"{found}-manifest.csv"
        dropped = lake.execute(f"drop table {name}")
        assert lake.keys(f"results/{dropped['QueryExecutionId']}") == [
            f"results/{dropped['QueryExecutionId']}.txt"
        ]
