"""The clients the platform and its users have, unmodified, against the embedded Athena."""

import functools
import io
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import awswrangler as wr
import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import pyathena
import pytest
from pyathena.arrow.cursor import ArrowCursor
from pyathena.async_cursor import AsyncCursor, AsyncDictCursor
from pyathena.cursor import DictCursor
from pyathena.pandas.cursor import PandasCursor
from pyathena.s3fs.cursor import S3FSCursor

pytestmark = [
    pytest.mark.integration,
    pytest.mark.usefixtures("embedded_aws"),
    # awswrangler 3.17 on pandas 3.1
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]


@dataclass
class Lake:
    """A database and a bucket of this module's own, and a way to run SQL."""

    database: str
    bucket: str

    @classmethod
    @contextmanager
    def temporary(cls) -> "Iterator[Lake]":
        name = f"t{uuid.uuid4().hex[:10]}"
        boto3.client("s3").create_bucket(Bucket=f"athena-{name}")
        boto3.client("glue").create_database(DatabaseInput={"Name": name})
        yield cls(name, f"athena-{name}")
        boto3.client("glue").delete_database(Name=name)

    @property
    def results(self) -> str:
        return f"s3://{self.bucket}/results/"

    def execute(self, sql: str, **names: str) -> dict[str, Any]:
        """Run a statement, with names put into its braces; return the finished execution."""
        athena = boto3.client("athena")
        identity = athena.start_query_execution(
            QueryString=sql.format(**names) if names else sql,
            QueryExecutionContext={"Database": self.database},
            ResultConfiguration={"OutputLocation": self.results},
        )["QueryExecutionId"]
        while True:
            query = athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]
            if query["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                return query
            time.sleep(0.005)

    def rows(self, sql: str, **names: str) -> list[list[str | None]]:
        query = self.execute(sql, **names)
        assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
        identity = query["QueryExecutionId"]
        answer = boto3.client("athena").get_query_results(QueryExecutionId=identity)
        rows = [
            [item.get("VarCharValue") for item in row["Data"]]
            for row in answer["ResultSet"]["Rows"]
        ]
        return rows[1:] if query["SubstatementType"] == "SELECT" else rows

    def reason(self, sql: str, **names: str) -> str:
        query = self.execute(sql, **names)
        assert query["Status"]["State"] == "FAILED"
        return query["Status"]["StateChangeReason"]

    def put(self, key: str, body: bytes) -> None:
        boto3.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)

    def put_parquet(self, key: str, **columns: list[Any]) -> None:
        buffer = io.BytesIO()
        pq.write_table(pa.table(columns), buffer)
        self.put(key, buffer.getvalue())

    def keys(self, prefix: str) -> list[str]:
        listed = boto3.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]


@pytest.fixture(scope="module")
def lake(embedded_aws: object) -> Iterator[Lake]:
    wr.config.athena_query_wait_polling_delay = 0.01
    with Lake.temporary() as lake:
        yield lake
    wr.config.reset("athena_query_wait_polling_delay")


@pytest.fixture(scope="module")
def events(lake: Lake) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "event_id": [f"e{n}" for n in range(300)],
            "user_id": [n % 7 for n in range(300)],
            "ts": pd.Timestamp("2015-05-17") + pd.to_timedelta(range(300), unit="min"),
            "kind": [("view", "click", "buy")[n % 3] for n in range(300)],
            "value": [None if n % 10 == 0 else n / 4 for n in range(300)],
            "tags": [["a", "b"]] * 300,
        }
    )
    frame["datehour"] = frame["ts"].dt.strftime("%Y-%m-%d-%H")
    wr.s3.to_parquet(
        frame,
        path=f"s3://{lake.bucket}/events/",
        dataset=True,
        database=lake.database,
        table="events",
        partition_cols=["datehour"],
    )
    return frame


QUERY = "select kind, count(*) n, max(ts) last from events where datehour = '2015-05-17-01'"


class TestAwswrangler:
    @pytest.mark.parametrize(
        "options",
        [{"ctas_approach": True}, {"ctas_approach": False}, {"unload_approach": True}],
        ids=["ctas", "csv", "unload"],
    )
    def test_read_sql_query(self, lake: Lake, events: pd.DataFrame, options: dict) -> None:
        if options.get("unload_approach"):
            options = {**options, "ctas_approach": False, "s3_output": f"s3://{lake.bucket}/un/1/"}
        frame = wr.athena.read_sql_query(
            f"{QUERY} group by 1 order by 1", database=lake.database, **options
        )
        assert frame["n"].tolist() == [20, 20, 20]
        assert frame["last"].max() == pd.Timestamp("2015-05-17 01:59:00")

    def test_arrays_and_nulls_survive_ctas(self, lake: Lake, events: pd.DataFrame) -> None:
        frame = wr.athena.read_sql_query("select * from events", database=lake.database)
        assert len(frame) == 300
        assert frame["value"].isna().sum() == 30
        assert list(frame["tags"].iloc[0]) == ["a", "b"]

    def test_an_empty_result_keeps_its_columns(self, lake: Lake, events: pd.DataFrame) -> None:
        frame = wr.athena.read_sql_query(
            "select * from events where datehour = 'none'", database=lake.database
        )
        assert frame.empty
        assert list(frame.columns) == list(events.columns)

    def test_chunks_and_parameters(self, lake: Lake, events: pd.DataFrame) -> None:
        chunks = wr.athena.read_sql_query(
            "select event_id from events where kind = :kind",
            database=lake.database,
            ctas_approach=False,
            chunksize=30,
            params={"kind": "buy"},
        )
        assert [len(chunk) for chunk in chunks] == [30, 30, 30, 10]

    def test_start_and_wait(self, lake: Lake, events: pd.DataFrame) -> None:
        identity = wr.athena.start_query_execution("select 1 x", database=lake.database)
        assert wr.athena.wait_query(identity)["Status"]["State"] == "SUCCEEDED"
        assert wr.athena.get_query_columns_types(identity) == {"x": "integer"}

    def test_prepared_statements(self, lake: Lake, events: pd.DataFrame) -> None:
        wr.athena.create_prepared_statement("select count(*) c from events where kind = ?", "p1")
        frame = wr.athena.read_sql_query(
            "EXECUTE p1 USING 'buy'", database=lake.database, ctas_approach=False
        )
        assert frame["c"].tolist() == [100]
        wr.athena.delete_prepared_statement("p1")

    def test_describe_show_and_repair(self, lake: Lake, events: pd.DataFrame) -> None:
        described = wr.athena.describe_table("events", database=lake.database)
        assert described["Column Name"].tolist() == list(events.columns)
        assert described["Partition"].tolist() == [False] * 6 + [True]
        assert "CREATE EXTERNAL TABLE" in wr.athena.show_create_table(
            "events", database=lake.database
        )
        wr.s3.to_parquet(
            events.head(2).drop(columns="datehour"),
            f"s3://{lake.bucket}/events/datehour=1999-01-01-00/x.parquet",
        )
        wr.athena.repair_table("events", database=lake.database)
        sql = "select count(*) from events where datehour = '1999-01-01-00'"
        assert lake.rows(sql) == [["2"]]
        lake.execute("alter table events drop partition (datehour = '1999-01-01-00')")
        assert lake.rows(sql) == [["0"]]

    def test_a_failure_carries_athenas_reason(self, lake: Lake) -> None:
        with pytest.raises(wr.exceptions.QueryFailed, match="TABLE_NOT_FOUND"):
            wr.athena.read_sql_query(
                "select * from nope", database=lake.database, ctas_approach=False
            )


@pytest.fixture(scope="module")
def connection(lake: Lake, events: pd.DataFrame) -> Iterator[pyathena.connection.Connection]:
    connection = pyathena.connect(
        s3_staging_dir=lake.results, schema_name=lake.database, poll_interval=0.01
    )
    yield connection
    connection.close()


class TestPyathena:
    def test_cursor_converts_types(self, connection: pyathena.connection.Connection) -> None:
        sql = "select 1, 'x', 1.5e0, true, cast(1.10 as decimal(5, 2)), cast(null as varchar)"
        row = connection.cursor().execute(sql).fetchone()
        assert row == (1, "x", 1.5, True, Decimal("1.10"), None)

    def test_parameters(self, connection: pyathena.connection.Connection) -> None:
        cursor = connection.cursor()
        sql = "select count(*) from events where kind = "
        assert cursor.execute(f"{sql} %(k)s", {"k": "buy"}).fetchone() == (100,)
        assert cursor.execute(f"{sql} ?", ["'buy'"], paramstyle="qmark").fetchone() == (100,)

    def test_dict_cursor(self, connection: pyathena.connection.Connection) -> None:
        cursor = connection.cursor(DictCursor)
        assert cursor.execute("select 1 a, 'x' b").fetchone() == {"a": 1, "b": "x"}

    def test_pages_of_results(self, connection: pyathena.connection.Connection) -> None:
        rows = (
            connection.cursor().execute("select x from unnest(sequence(1, 2500)) t(x)").fetchall()
        )
        assert [row[0] for row in rows] == list(range(1, 2501))

    def test_async_cursors(self, connection: pyathena.connection.Connection) -> None:
        cursor = connection.cursor(AsyncCursor)
        queries = [cursor.execute(f"select {n} n") for n in range(3)]
        assert [future.result().fetchall() for _, future in queries] == [[(0,)], [(1,)], [(2,)]]
        identity, future = connection.cursor(AsyncDictCursor).execute("select 1 a")
        assert future.result().fetchone() == {"a": 1}
        assert future.result().query_id == identity

    def test_s3fs_cursor(self, connection: pyathena.connection.Connection) -> None:
        cursor = connection.cursor(S3FSCursor)
        rows = cursor.execute("select event_id, value from events order by ts limit 2").fetchall()
        assert rows == [("e0", None), ("e1", 0.25)]

    @pytest.mark.parametrize("unload", [False, True])
    def test_pandas_cursor(self, connection: pyathena.connection.Connection, unload: bool) -> None:
        cursor = connection.cursor(PandasCursor, unload=unload)
        assert len(cursor.execute("select event_id, ts, value from events").as_pandas()) == 300

    @pytest.mark.parametrize("unload", [False, True])
    def test_arrow_cursor(
        self,
        connection: pyathena.connection.Connection,
        unload: bool,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # pyarrow's S3FileSystem is the one client that ignores AWS_ENDPOINT_URL*.
        endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ["AWS_ENDPOINT_URL"])
        local = functools.partial(
            pyarrow.fs.S3FileSystem, endpoint_override=endpoint.netloc, scheme=endpoint.scheme
        )
        monkeypatch.setattr(pyarrow.fs, "S3FileSystem", local)
        cursor = connection.cursor(ArrowCursor, unload=unload)
        table = cursor.execute("select event_id, user_id, ts from events").as_arrow()
        assert table.num_rows == 300

    def test_metadata(self, connection: pyathena.connection.Connection) -> None:
        metadata = connection.cursor().get_table_metadata("events")
        assert [key.name for key in metadata.partition_keys] == ["datehour"]
