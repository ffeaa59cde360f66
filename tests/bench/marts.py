"""`make bench-marts`: what the marts take, by model: of a day and of 30 days of a million events.

Belongs here: the traffic, the runs and the table. S3 and Athena are the embedded ones, beside it on
the machine.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import duckdb

from clickstream_platform.core.build_parts import BuildPart, parts_of_all
from clickstream_platform.core.dbt_arguments import build_arguments
from clickstream_platform.core.generations import generation_id
from clickstream_platform.core.hours import HourRange
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from clickstream_platform.settings import Settings
from infra.cost.marts import LEAST_MB
from infra.local.endpoints import ACCOUNT, Ports
from infra.local.launcher import Platform
from infra.local.processes import free_port
from infra.local.specs import Options, batch_environment
from infra.local.state import State
from infra.topology import build_topology
from lambdas.shared import lake as layout
from lambdas.shared.columns import EVENT_COLUMNS
from tests.bench import report
from tests.bench.report import figure, table

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_EVENTS_OF_A_SESSION = 10
_VISITORS_OF_A_DAY = 0.8  # a session; the pool they come from is five days' worth
_TYPES = {
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "map<string,string>": "MAP(VARCHAR, VARCHAR)",
}
_WRITES = "CREATE_TABLE_AS_SELECT"
TARGET = Path("infra") / "cost" / "marts.json"
_GIVEN = {
    "event_id": "uuid()::VARCHAR",
    "event_type": "CASE WHEN number = 9 AND session % 40 = 0 THEN 'purchase' "
    "WHEN random() < 0.6 THEN 'page_view' ELSE 'click' END",
    "event_time": "happened",
    "received_at": "happened + to_milliseconds(200)",
    "session_id": "md5(day || '-' || session)",
    "user_id": "CASE WHEN visitor % 10 = 0 THEN 'u' || visitor END",
    "anonymous_id": "md5(visitor::VARCHAR)",
    "page_host": "'example.com'",
    "page_path": "'/product/' || (2000 * pow(random(), 3))::INT",
    "referrer": "CASE WHEN number = 0 THEN 'https://www.google.com/' END",
    "element_clicked": "CASE WHEN random() < 0.4 THEN 'element-' || (random() * 50)::INT END",
    "time_spent": "random() * 60",
    "source_menu": "'menu-' || (random() * 5)::INT",
    "properties": "'{\"price\": ' || (random() * 1000)::INT || '}'",
    "is_bot": "session % 50 = 7",
    "device": "'desktop'",
    "channel": "CASE session % 3 WHEN 0 THEN 'search' WHEN 1 THEN 'direct' ELSE 'social' END",
    "shard_id": "'shardId-000000000000'",
}
_HOW = """\
Made-up traffic: sessions of ten events a minute or so apart, from visitors who come back. Seconds
are dbt's own for each model, which include what it asks of the catalog; data tests are not among
them. Bytes are those that Athena would count for the statement that builds the model, without its
least of 10 MB. All days are built in parts of 14 days at most. *An hour* is the run of the last
hour when the lake holds all days; *a late hour* one of ten days before its end, which rebuilds all
that depends on it."""


Run = dict[str, dict[str, float]]  # seconds, bytes and rows by model


@dataclass(frozen=True)
class Bench:
    """A lake with events, and the dbt project over it."""

    lake: LakeResource
    catalog: CatalogResource
    environment: dict[str, str]
    scratch: Path

    def add_day(self, number: int, events: int) -> None:
        """Makes a day and puts its hours into the lake, compacted."""
        folder = self.scratch / f"day-{number}"
        make_day(FIRST_DAY + number * _DAY, events, folder)
        made = generation_id(datetime.now(UTC), "bench")
        places = {}
        for file in sorted(folder.rglob("*.parquet")):
            hour = file.parent.name.removeprefix("datehour=")
            prefix = layout.generation_prefix(hour, made)
            self.lake.upload(file, f"{prefix}{file.name}")
            file.unlink()
            places[hour] = self.lake.uri(prefix)
        self.catalog.place("events", places)

    def build_all(self) -> Run:
        """Builds everything, in parts; seconds and bytes of a model are those of all parts."""
        hours = self.catalog.all_partitions("events")
        total: Run = {}
        for part in parts_of_all(hours, Settings().max_days_per_build):
            for model, figures in self.build(part).items():
                before = total.get(model, {})
                total[model] = {name: before.get(name, 0) + figures[name] for name in figures}
        return total

    def build(self, part: BuildPart | None, *, tests: bool = False) -> Run:
        """Runs dbt; returns seconds and bytes by model."""
        project = Settings().dbt_project_dir
        target = self.scratch / "target"
        command = [
            *(str(Path(sys.executable).with_name("dbt")), *build_arguments(part)),
            *([] if tests else ["--exclude-resource-type", "test"]),
            *("--project-dir", str(project), "--profiles-dir", str(project)),
            *("--target-path", str(target), "--log-path", str(self.scratch / "logs")),
        ]
        env = {**os.environ, **self.environment}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stdout[-3000:])
        results = json.loads((target / "run_results.json").read_text())["results"]
        return {
            one["unique_id"].rpartition(".")[2]: {
                "seconds": one["execution_time"],
                "bytes": one["adapter_response"].get("data_scanned_in_bytes", 0),
                "rows": one["adapter_response"].get("rows_affected", 0),
            }
            for one in results
            if one["unique_id"].startswith("model.")
        }


def part_of(hour: str) -> BuildPart:
    """What a run of one hour builds."""
    return BuildPart(HourRange(hour, hour), tested_since=hour)


def scanned_by_job(bench: Bench, part: BuildPart) -> list[float]:
    """Megabytes that each query of a run scans, data tests and looks at partitions among them.

    Statements that Athena does not bill are not counted: all other DDL than CREATE TABLE AS.
    """
    athena = boto3.client("athena")
    group = bench.environment["CLICKSTREAM_WORKGROUP"]

    def executions() -> set[str]:
        pages = athena.get_paginator("list_query_executions").paginate(WorkGroup=group)
        return {one for page in pages for one in page["QueryExecutionIds"]}

    before = executions()
    bench.build(part, tests=True)
    ran = [
        athena.get_query_execution(QueryExecutionId=one)["QueryExecution"]
        for one in executions() - before
    ]
    return sorted(
        round(one["Statistics"]["DataScannedInBytes"] / 1e6, 2)
        for one in ran
        if one["Status"]["State"] == "SUCCEEDED"
        and (one["StatementType"] == "DML" or one["SubstatementType"] == _WRITES)
    )


def make_day(day: datetime, events: int, folder: Path) -> None:
    """Writes a day's events, a folder for each hour, sorted as compaction sorts them."""
    sessions = events // _EVENTS_OF_A_SESSION
    columns = ", ".join(
        f"({_GIVEN.get(one.name, 'NULL')})::{_TYPES[one.hive_type]} AS {one.name}"
        for one in EVENT_COLUMNS
    )
    with duckdb.connect() as database:
        database.execute(f"SELECT setseed({(day - FIRST_DAY).days % 100 / 100})")
        database.execute(
            f"""
            COPY (
                WITH sessions AS MATERIALIZED (
                    SELECT
                        range AS session,
                        (random() * {sessions * _VISITORS_OF_A_DAY * 5})::BIGINT AS visitor,
                        TIMESTAMP '{day:%Y-%m-%d}' + to_seconds((random() * 85000)::BIGINT) AS begun
                    FROM range({sessions})
                ),
                events AS (
                    SELECT
                        '{day:%Y-%m-%d}' AS day,
                        session,
                        visitor,
                        n.range AS number,
                        begun + to_milliseconds((n.range * 90000 + random() * 60000)::BIGINT)
                            AS happened
                    FROM sessions, range({_EVENTS_OF_A_SESSION}) AS n
                )
                SELECT {columns}, strftime(happened, '%Y-%m-%d-%H') AS datehour
                FROM events
                ORDER BY datehour, session_id, event_time
            ) TO '{folder}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (datehour))
            """  # noqa: S608 - our own numbers
        )


@contextmanager
def prepared() -> Iterator[Bench]:
    """A platform of its own, without Dagster's processes."""
    with TemporaryDirectory(prefix="bench-marts-") as folder:
        state = State(Path(folder, "state"))
        state.open()
        ports = Ports.of_state(state, free_port(), free_port())
        platform = Platform(state, ports, Options(1.0, {}), lambda _: None)
        platform.start()
        try:
            topology = build_topology(ACCOUNT)
            yield Bench(
                LakeResource(bucket=topology.buckets[0].name),
                CatalogResource(database=topology.database),
                batch_environment(topology, {"DBT_POLL_INTERVAL_S": "0.05"}),
                Path(folder),
            )
        finally:
            platform.stop()


def measure(days: int, events: int) -> tuple[dict[str, Any], list[float]]:
    """All runs by name, and what each query of the last hour's whole job scans, in megabytes."""
    found: dict[str, Any] = {}
    with prepared() as bench:
        bench.add_day(0, events)
        found["1 day"] = bench.build_all()
        for number in range(1, days):
            bench.add_day(number, events)
        found[f"{days} days"] = bench.build_all()
        last = layout.datehour_of(FIRST_DAY + days * _DAY - timedelta(hours=1))
        late = layout.datehour_of(FIRST_DAY + (days - 10) * _DAY - timedelta(hours=1))
        found["an hour"] = bench.build(part_of(last))
        found["a late hour"] = bench.build(part_of(late))
        scanned = scanned_by_job(bench, part_of(last))
    return found, scanned


def tables(runs: dict[str, Any]) -> list[str]:
    """Seconds and bytes of every model in every run."""
    header = ("model", *(f"{name}, {unit}" for name in runs for unit in ("s", "MB")))
    rows = [
        (model, *(cell for run in runs.values() for cell in _cells(run[model])))
        for model in next(iter(runs.values()))
    ]
    totals = [
        cell
        for run in runs.values()
        for cell in (
            figure(sum(one["seconds"] for one in run.values())),
            figure(sum(one["bytes"] for one in run.values()) / 1e6),
        )
    ]
    return [table(header, [*rows, ("all", *totals)])]


def billed(scanned: Sequence[float]) -> str:
    """What an hour's whole job comes to, at Athena's least of 10 MB a query."""
    megabytes = sum(max(one, LEAST_MB) for one in scanned)
    return (
        f"The whole job of the last hour runs {len(scanned)} queries, data tests and looks at "
        f"partitions among them, and scans {sum(scanned):,.0f} MB; Athena bills at least "
        f"{LEAST_MB:g} MB each, which makes {megabytes:,.0f} MB. `clickstream cost` counts them."
    )


def _cells(model: dict[str, float]) -> tuple[str, str]:
    return figure(model["seconds"]), figure(model["bytes"] / 1e6)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and writes the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--events", type=int, default=1_000_000, help="of a day")
    chosen = parser.parse_args(arguments)
    runs, scanned = measure(chosen.days, chosen.events)
    title = f"The marts, at {chosen.events:,} events a day"
    figures = {"days": chosen.days, "events_a_day": chosen.events, "runs": runs}
    print(report.write("marts", title, figures, [_HOW, *tables(runs), billed(scanned)]))  # noqa: T201
    measured = {**report.circumstances(), "events_a_day": chosen.events, "scanned_mb": scanned}
    TARGET.write_text(json.dumps(measured) + "\n")


if __name__ == "__main__":
    main()
