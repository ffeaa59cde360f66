# ruff: noqa: S608 (names of this bench's own making)
"""`make bench-athena`: what the embedded Athena costs over the engine it is made of.

Belongs here: the tables, the three questions and the table of figures. Every question is asked
through boto3: start, poll, results. DuckDB reads the same local files in this process, between the
repeats, so both meet the same noise.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import duckdb

from tests.bench import report
from tests.bench.lake import platform_of
from tests.bench.report import figure, table

_ROWS, _PARTITIONS = 1_000_000, 24
_MANY = 300
_REPEATS, _SELECTS = 15, 60
_POLL_S = 0.01  # more often, and asking takes a core from the engine
_THREADS = 2  # the server's default, given to DuckDB too
_TARGETS = {"scan": 1.5, "select": 0.050, "pruned": 0.300}
# Every column is read; the second is light, so that what Athena adds weighs more.
_SCANS = {
    "scan": "SELECT event_type, count(*) AS n, count(DISTINCT event_id) AS events,"
    " count(DISTINCT session_id) AS sessions, sum(length(page_url)) AS letters,"
    " max(event_time) AS last, avg(amount) AS amount, min(datehour) AS first_hour"
    " FROM {source} GROUP BY event_type ORDER BY event_type",
    "light": "SELECT event_type, count(*) AS n, max(event_time) AS last, avg(amount) AS amount"
    " FROM {source} GROUP BY event_type ORDER BY event_type",
}
_HOW = f"""\
Medians of {_REPEATS} repeats ({_SELECTS} of `select 1`) after one that fills the server's cache.
Athena's time is that of boto3's calls from StartQueryExecution to the rows, polled every
{_POLL_S * 1000:.0f} ms; DuckDB's is one statement over the same Parquet files on the same disk, by
{_THREADS} threads as the server's. Everything (the emulated S3 and Glue too, and
whatever else it was doing) shares this machine.
The scan reads all six columns and counts distinct events and sessions by type; the light one counts
rows and takes a maximum and a mean, in a tenth of the time or less, so Athena's fixed part (Glue,
S3, planning, writing the result) shows."""


def make(folder: Path, partitions: int, rows: int) -> list[Path]:
    """Writes a Parquet file of events for each hour."""
    files = []
    with duckdb.connect() as database:
        database.execute("SELECT setseed(0.5)")
        for number in range(partitions):
            path = folder / f"datehour={_hour(number)}" / "part.parquet"
            path.parent.mkdir(parents=True)
            database.execute(
                f"""
                COPY (
                    SELECT
                        uuid()::VARCHAR AS event_id,
                        ['page_view', 'click', 'buy'][1 + number % 3] AS event_type,
                        md5((random() * 50000)::INT::VARCHAR) AS session_id,
                        'https://example.com/products/' || (random() * 2000)::INT AS page_url,
                        TIMESTAMP '2026-01-01' + to_microseconds((random() * 8e10)::BIGINT)
                            AS event_time,
                        random() * 100 AS amount
                    FROM range({rows // partitions}) AS t(number)
                ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
                """
            )
            files.append(path)
    return files


def _hour(number: int) -> str:
    return f"2026-01-{1 + number // 24:02d}-{number % 24:02d}"


class Lake:
    """A database of the bench's own on the running platform."""

    def __init__(self, bucket: str) -> None:
        self._athena = boto3.client("athena")
        self._bucket = bucket
        self.ask("CREATE DATABASE bench")

    def put(self, name: str, files: list[Path]) -> None:
        """Uploads files as a table with a partition for each."""
        s3 = boto3.client("s3")
        for file in files:
            key = f"bench/{name}/{file.parent.name}/{file.name}"
            s3.upload_file(str(file), self._bucket, key)
        self.ask(
            f"CREATE EXTERNAL TABLE bench.{name} (event_id string, event_type string,"
            " session_id string, page_url string, event_time timestamp, amount double)"
            " PARTITIONED BY (datehour string) STORED AS PARQUET"
            f" LOCATION 's3://{self._bucket}/bench/{name}/'"
        )
        self.ask(f"MSCK REPAIR TABLE bench.{name}")

    def ask(self, sql: str) -> list[list[str | None]]:
        """Runs a statement; returns its rows, header first."""
        identity = self._athena.start_query_execution(
            QueryString=sql,
            ResultConfiguration={"OutputLocation": f"s3://{self._bucket}/bench-results/"},
        )["QueryExecutionId"]
        while True:
            query = self._athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]
            if query["Status"]["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(_POLL_S)
        if query["Status"]["State"] != "SUCCEEDED":
            raise RuntimeError(query["Status"]["StateChangeReason"])
        answer = self._athena.get_query_results(QueryExecutionId=identity)
        return [
            [item.get("VarCharValue") for item in row["Data"]]
            for row in answer["ResultSet"]["Rows"]
        ]


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def scan(lake: Lake, folder: Path, statement: str) -> dict[str, float]:
    """A scan of a million rows: through Athena and by DuckDB alone, turn by turn."""
    sql = statement.format(source="bench.scanned")
    files = f"read_parquet('{folder}/*/*.parquet', hive_partitioning = true)"
    taken: dict[str, list[float]] = {"athena_s": [], "duckdb_s": []}
    with duckdb.connect(config={"threads": _THREADS}) as database:
        database.execute("SET parquet_metadata_cache = true")  # as the server has it
        plain = statement.format(source=files)

        def alone() -> list[tuple[Any, ...]]:
            return database.execute(plain).fetchall()

        first = _timed(lambda: lake.ask(sql))
        assert [int(row[1] or 0) for row in lake.ask(sql)[1:]] == [row[1] for row in alone()]
        for _ in range(_REPEATS):
            taken["duckdb_s"].append(_timed(alone))
            taken["athena_s"].append(_timed(lambda: lake.ask(sql)))
    found = {name: median(values) for name, values in taken.items()}
    return {**found, "first_s": first, "ratio": found["athena_s"] / found["duckdb_s"]}


def repeated(lake: Lake, sql: str, repeats: int) -> dict[str, float]:
    """A statement's first time, and the median of the others."""
    first = _timed(lambda: lake.ask(sql))
    return {
        "first_s": first,
        "athena_s": median(_timed(lambda: lake.ask(sql)) for _ in range(repeats)),
    }


def rows_of(found: dict[str, dict[str, float]]) -> list[tuple[object, ...]]:
    """The table's rows."""
    one, pruned = found["select"], found["pruned"]
    rows = f"{_ROWS:,} rows in {_PARTITIONS} partitions"
    scans = [
        ("scan", f"scan of {rows}", f"ratio {_TARGETS['scan']}"),
        ("light", "a light one", "-"),
    ]
    return [
        *(
            (
                name,
                figure(found[key]["athena_s"] * 1000),
                figure(found[key]["duckdb_s"] * 1000),
                f"ratio {found[key]['ratio']:.2f}",
                target,
                figure(found[key]["first_s"] * 1000),
            )
            for key, name, target in scans
        ),
        (
            "`select 1`",
            figure(one["athena_s"] * 1000),
            "-",
            f"{one['athena_s'] * 1000:.0f} ms",
            f"{_TARGETS['select'] * 1000:.0f} ms",
            figure(one["first_s"] * 1000),
        ),
        (
            f"{_MANY} partitions pruned to one",
            figure(pruned["athena_s"] * 1000),
            "-",
            f"{pruned['athena_s'] * 1000:.0f} ms",
            f"{_TARGETS['pruned'] * 1000:.0f} ms",
            figure(pruned["first_s"] * 1000),
        ),
    ]


def main() -> int:
    """Measures and writes docs/bench/athena.{json,md}."""
    with TemporaryDirectory(prefix="bench-athena-") as name, platform_of(Path(name)) as platform:
        lake = Lake(platform.specs.environment["CLICKSTREAM_LAKE_BUCKET"])
        scanned, many = Path(name) / "scanned", Path(name) / "many"
        lake.put("scanned", make(scanned, _PARTITIONS, _ROWS))
        lake.put("many", make(many, _MANY, _MANY * 100))
        one = f"SELECT count(*), max(amount) FROM bench.many WHERE datehour = '{_hour(200)}'"
        found = {
            **{name: scan(lake, scanned, sql) for name, sql in _SCANS.items()},
            "select": repeated(lake, "SELECT 1", _SELECTS),
            "pruned": repeated(lake, one, _REPEATS),
        }
    header = ("question", "Athena, ms", "DuckDB, ms", "result", "target", "first time, ms")
    text = report.write(
        "athena",
        "The embedded Athena beside DuckDB",
        {"targets": _TARGETS, "load_average": os.getloadavg(), **found},
        [_HOW, table(header, rows_of(found))],
    )
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
