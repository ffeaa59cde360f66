"""`make bench-lake`: what compacting an hour takes, and what it gives to queries.

Belongs here: which hours are measured, how they are made, and the table. Each measurement runs in a
process of its own (`lake_worker`). S3 and Athena are the embedded ones, beside it on the machine.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import boto3
import duckdb

from clickstream_platform.resources.catalog import CatalogResource
from infra.local.endpoints import Ports
from infra.local.launcher import Platform
from infra.local.processes import free_port
from infra.local.specs import Options
from infra.local.state import State
from lambdas.shared import lake as layout
from lambdas.shared.columns import EVENT_COLUMNS, Column
from tests.bench import lake_queries, lake_ticks, report
from tests.bench.lake_worker import LOCAL, PLAIN, SAME, WAYS
from tests.bench.report import figure, table

_GIVEN = {
    "event_id": "uuid()::VARCHAR",
    "event_type": "CASE WHEN random() < 0.6 THEN 'page_view' ELSE 'click' END",
    "event_time": "start + to_microseconds((random() * 3.6e9)::BIGINT)",
    "received_at": "start + to_microseconds((random() * 3.6e9)::BIGINT)",
    "session_id": "md5((random() * rows / 8)::INT::VARCHAR)",
    "anonymous_id": "md5((random() * rows / 20)::INT::VARCHAR)",
    "page_url": "'https://example.com/products/' || (2000 * pow(random(), 3))::INT",
    "page_host": "'example.com'",
    "page_path": "'/products/' || (2000 * pow(random(), 3))::INT",
    "page_title": "'Product ' || (2000 * pow(random(), 3))::INT",
    "referrer": "CASE WHEN random() < 0.3 THEN 'https://www.google.com/' END",
    "user_agent": "'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/' || (60 + random() * 60)::INT || '.0.0.0 Safari/537.36'",
    "ip": "'10.' || (random() * 255)::INT || '.' || (random() * 255)::INT || '.0'",
    "properties": "'{\"price\": ' || (random() * 1000)::INT || '}'",
    "source": "'clickstream'",
    "is_bot": "false",
    "browser": "'Chrome'",
    "os": "'Mac OS X'",
    "device": "'desktop'",
    "channel": "'search'",
    "shard_id": "'shardId-000000000000'",
    "sequence_number": "'4959033827149025660855969253836157109592' || (10**15 + number)::BIGINT",
}
_TYPES = {"string": "VARCHAR", "timestamp": "TIMESTAMP", "double": "DOUBLE", "boolean": "BOOLEAN"}
_REPEATED = 0.01  # of the events are delivered twice, unless a case says otherwise


class Case(NamedTuple):
    """An hour that is compacted."""

    name: str
    datehour: str
    files: int
    rows: int
    repeats: int
    repeated: float = _REPEATED
    ways: tuple[str, ...] = WAYS


CASES = (
    Case("1,000 files of 100 events", "2026-01-01-00", 1000, 100_000, 3),
    Case("60 files, 1 million events", "2026-01-01-01", 60, 1_000_000, 3),
    Case("60 files, 1 million events, each twice", "2026-01-01-03", 60, 1_000_000, 1, 1.0),
    Case(
        "60 files, 10 million events",
        "2026-01-01-02",
        60,
        10_000_000,
        1,
        ways=tuple(way for way in WAYS if way != SAME),
    ),
)
_HOW = """\
One hour of events in the contract's columns as the archive's objects, 1 % of them delivered twice,
or all of them.
*Plain copy* is DuckDB reading the local files and writing one, with nothing sorted and nothing
deduplicated; *copy, sorted* sorts it as well, which is what most of our time goes into, in as much
memory as it wants; *plain SQL, same result* is one statement with the window and the sort. Ours
also verifies the rows. Of ten million events one statement runs out of that memory, after five
minutes. Each is one thread, and but for the sorted copy the same limit of memory for
DuckDB; rates are of the best of the repeats, ratios are against the plain copy of the same run. S3
is the embedded one: its server takes CPU of the same cores."""


def _value_of(column: Column) -> str:
    """SQL of a value for a column of the contract."""
    nothing = f"NULL::{_TYPES.get(column.hive_type, 'MAP(VARCHAR, VARCHAR)')}"
    return _GIVEN.get(column.name, nothing)


def make(case: Case, folder: Path) -> None:
    """Writes the files of an hour."""
    folder.mkdir(parents=True)
    start = f"TIMESTAMP '{layout.start_of(case.datehour):%Y-%m-%d %H:%M:%S}'"
    columns = ", ".join(f"{_value_of(one)} AS {one.name}" for one in EVENT_COLUMNS)
    each = case.rows // case.files
    with duckdb.connect() as database:
        database.execute("SELECT setseed(0.5)")
        for number in range(case.files):
            rows = (
                f"SELECT {columns} FROM (SELECT range + {number * each} AS number, "  # noqa: S608
                f"{start} AS start, "
                f"{case.rows} AS rows FROM range({round(each / (1 + case.repeated))}))"
            )
            again = (
                "SELECT * FROM events UNION ALL "  # noqa: S608
                f"SELECT * FROM events USING SAMPLE {case.repeated:%}"
            )
            database.execute(
                f"COPY (WITH events AS MATERIALIZED ({rows}) {again}) "
                f"TO '{folder}/{number:05d}.parquet' (FORMAT parquet, COMPRESSION zstd)"
            )


def measure(case: Case, folder: Path, bucket: str) -> dict[str, Any]:
    """Every way once or more; the fastest of each."""
    with duckdb.connect() as database:
        counted = database.execute(f"SELECT count(*) FROM '{folder}/*.parquet'").fetchall()  # noqa: S608
    found: dict[str, Any] = {}
    for _ in range(case.repeats):
        for way in case.ways:
            command = [sys.executable, "-m", "tests.bench.lake_worker", way, str(folder)]
            done = subprocess.run(
                [*command, case.datehour, "--bucket", bucket],
                capture_output=True,
                text=True,
                check=True,
            )
            taken = json.loads(done.stdout)
            if way not in found or taken["seconds"] < found[way]["seconds"]:
                found[way] = taken
    rows = counted[0][0]
    for taken in found.values():
        taken["rows_per_s"] = rows / taken["seconds"]
        taken["ratio"] = found[PLAIN]["seconds"] / taken["seconds"]
        taken["cpu_ratio"] = found[PLAIN]["cpu_s"] / taken["cpu_s"]
    return {"rows": rows, "files": case.files, "ways": found}


def put(folder: Path, bucket: str, datehour: str) -> None:
    """Puts an hour's files where the archive would."""
    s3 = boto3.client("s3")
    for file in sorted(folder.iterdir()):
        s3.upload_file(str(file), bucket, f"{layout.raw_prefix(datehour)}{file.name}")


@contextmanager
def platform_of(folder: Path) -> Iterator[Platform]:
    """An embedded AWS of its own."""
    state = State(folder / "state")
    state.open()
    platform = Platform(
        state, Ports.of_state(state, free_port(), free_port()), Options(60, {}), lambda _: None
    )
    platform.start()
    try:
        yield platform
    finally:
        platform.stop()


def rows_of(cases: dict[str, Any]) -> list[tuple[object, ...]]:
    """The table's rows."""
    return [
        (
            f"{name}: {way}",
            figure(taken["seconds"]),
            f"{taken['rows_per_s']:,.0f}",
            f"{taken['ratio']:.2f}",
            f"{taken['cpu_ratio']:.2f}",
            f"{taken['peak_mb']:,.0f}",
        )
        for name, case in cases.items()
        for way, taken in case["ways"].items()
    ]


def main() -> int:
    """Measures and writes docs/bench/lake.{json,md}."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--largest", type=int, default=10_000_000, help="events of the largest hour"
    )
    largest = parser.parse_args().largest
    cases: dict[str, Any] = {}
    with TemporaryDirectory(prefix="bench-lake-") as name, platform_of(Path(name)) as platform:
        bucket = platform.specs.environment["CLICKSTREAM_LAKE_BUCKET"]
        for case in CASES:
            if case.rows > largest:
                continue
            folder = Path(name) / case.datehour
            make(case, folder)
            put(folder, bucket, case.datehour)
            cases[case.name] = measure(case, folder, bucket)
            sys.stderr.write(f"{case.name}: {cases[case.name]['ways'][LOCAL]}\n")
        catalog = CatalogResource(database=platform.topology.database)
        queries = lake_queries.measure(platform, catalog, bucket, CASES[1].datehour)
    ticks = lake_ticks.measure()
    text = report.write(
        "lake",
        "Compaction of an hour, and what it gives",
        {"cases": cases, "queries": queries, "ticks": ticks},
        [
            _HOW,
            table(("way", "s", "events/s", "ratio", "ratio of CPU", "peak MB"), rows_of(cases)),
            *lake_queries.parts(queries),
            *lake_ticks.parts(ticks),
        ],
    )
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
