"""`make bench-backfill`: a month of hours rebuilt by one run, beside one run for each hour.

Belongs here: the platform that is measured, the two backfills and the report. Both are started as
`clickstream backfill` starts them and run by Dagster's daemon, each run in a process of its own.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import dagster as dg

from clickstream_platform.core.hours import HourRange
from infra.backfill.attempts import Attempts, Progress
from infra.backfill.commands import JOB
from infra.backfill.dagster_server import DagsterServer
from infra.backfill.plan import Division, plan
from infra.dagster_web.graphql import GraphQL
from infra.local.endpoints import Ports
from infra.local.launcher import Platform
from infra.local.processes import free_port
from infra.local.specs import Options
from infra.local.state import State
from lambdas.shared.lake import datehour_of, start_of
from tests.bench import report
from tests.bench.backfill_hours import write_hours
from tests.bench.backfill_runs import figures_of, read_run, seconds_of_marts
from tests.bench.report import figure, table

FIRST = "2026-06-01-00"
_ROWS = {
    "total_s": "seconds, from the first run's creation to the last one's end",
    "planning_s": "- planned events, before it is queued",
    "waiting_s": "- queue, start of its process",
    "registration_s": "- registration",
    "compaction_s": "- compaction",
    "checks_s": "- checks",
    "recording_s": "- of these, recording a materialization per hour and asset",
    "log_events": "entries in the event log",
}
_HOW = """\
The embedded AWS and Dagster of `clickstream up`, on one machine with the measurement. Raw objects
are written to S3 beforehand by the archive's own code and their notifications discarded, so that
nothing but the backfill rebuilds them. First all hours go into one chunk, then some hours of them
into chunks of one, both by what `clickstream backfill` calls. The marts follow in one run of their
own once all hours are done (ADR 12), however many runs these took. The daemon looks for backfills
and for what follows them every 30 s; that wait is left out, it is the same for both."""
_MARTS_WITHIN_S = 1200


def say(text: str) -> None:
    """Tells what goes on."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def running_platform(folder: Path, hours: HourRange) -> Iterator[Platform]:
    """A platform whose partitions are the hours, without Dagster's own processes yet."""
    batch = {"FIRST_HOUR": hours.first, "LAST_HOUR": hours.last, "DBT_POLL_INTERVAL_S": "0.05"}
    batch["MAX_HOURS_PER_RUN"] = str(hours.count)
    state = State(folder)
    state.open()
    ports = Ports.of_state(state, free_port(), free_port())
    platform = Platform(state, ports, Options(1.0, batch), say)
    environment = dict(os.environ)
    platform.start()
    try:
        yield platform
    finally:
        platform.stop()
        os.environ.clear()
        os.environ.update(environment)


def fill(platform: Platform, hours: HourRange, events_per_hour: int, objects_per_hour: int) -> int:
    """Writes the raw objects and discards their notifications; returns the number of events."""
    started = time.monotonic()
    bucket = platform.topology.buckets[0]
    events = write_hours(bucket.name, hours, events_per_hour, objects_per_hour)
    sqs = boto3.client("sqs")
    sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName=str(bucket.notify_queue))["QueueUrl"])
    say(f"{events:,} events of {hours.count} hours written in {time.monotonic() - started:.0f} s")
    return events


def rebuild(server: DagsterServer, hours: HourRange, chunk_hours: int | None) -> Progress:
    """One backfill, followed to its end.

    Raises:
        RuntimeError: If an hour was not rebuilt.
    """
    division = Division(server.facts().hours_per_run, chunk_hours)
    attempts = Attempts(server, hours, division)
    chosen = plan(hours, None, division, datetime.now(UTC), again=True)
    attempts.start(chosen)
    progress = attempts.follow(chosen.attempt, lambda _: None)
    if not progress.is_done:
        raise RuntimeError(f"not every hour was rebuilt: {progress}")
    return progress


def followed(server: DagsterServer, hours: HourRange, chunk_hours: int | None) -> dict[str, Any]:
    """The figures of one backfill and of the marts that follow it."""
    figures = measured(rebuild(server, hours, chunk_hours))
    ended = time.time()
    with dg.DagsterInstance.get() as instance:
        while (marts_s := seconds_of_marts(instance, ended)) is None:
            if time.time() - ended > _MARTS_WITHIN_S:
                raise RuntimeError(f"the marts did not follow within {_MARTS_WITHIN_S} s")
            time.sleep(1)
    return {**figures, "marts_s": round(marts_s, 1)}


def measured(progress: Progress) -> dict[str, Any]:
    """The figures of a backfill's runs."""
    with dg.DagsterInstance.get() as instance:
        runs = [
            read_run(instance, chunk.run.run_id, chunk.hours.count)
            for chunk in progress.chunks
            if chunk.run is not None
        ]
    return figures_of(sorted(runs, key=lambda run: run.begun))


def measure(hours: HourRange, sample: int, per_hour: tuple[int, int]) -> dict[str, Any]:
    """Both ways, on one platform."""
    with (
        TemporaryDirectory(prefix="bench-backfill-") as folder,
        running_platform(Path(folder) / "state", hours) as platform,
    ):
        events = fill(platform, hours, *per_hour)
        platform.start_dagster()
        server = DagsterServer(GraphQL(platform.ports.ui_url), JOB)
        say(f"{hours.count} hours in one chunk")
        chunk = followed(server, hours, None)
        say(f"{sample} hours, one run for each")
        hourly = followed(server, hours_from(hours.first, sample), 1)
    return {
        "hours": hours.count,
        "events": events,
        "objects_per_hour": per_hour[1],
        "chunk": chunk,
        "hourly": hourly,
        "ratio": round(hourly["s_per_hour"] / chunk["s_per_hour"], 1),
        "load": [round(one, 1) for one in os.getloadavg()],
    }


def write(found: dict[str, Any]) -> str:
    """Writes the report; returns its text."""
    chunk, hourly = found["chunk"], found["hourly"]
    rows: list[report.Row] = [
        ("hours", chunk["hours"], hourly["hours"]),
        ("runs", chunk["runs"], hourly["runs"]),
        *((label, figure(chunk[name]), figure(hourly[name])) for name, label in _ROWS.items()),
        (
            "**seconds an hour**",
            f"**{figure(chunk['s_per_hour'])}**",
            f"**{figure(hourly['s_per_hour'])}**",
        ),
        ("the marts' run that follows, s", figure(chunk["marts_s"]), figure(hourly["marts_s"])),
    ]
    parts = [
        f"{found['hours']} hours of {found['events'] / found['hours']:,.0f} events in about "
        f"{found['objects_per_hour']} raw objects each. One run for all of them is "
        f"**{found['ratio']:g} times** faster than one run for each.",
        table(("", "one chunk", "one run an hour"), rows),
        "Runs follow each other; the seconds of a column are those of all its runs together.",
        "## How",
        _HOW,
        "The machine was shared while this was measured: trust the ratio and the shares. Its load "
        f"was {found['load'][0]} to {found['load'][2]} on {os.cpu_count()} cores.",
    ]
    return report.write("backfill", "Backfills", found, parts)


def hours_from(first: str, count: int) -> HourRange:
    """A range of so many hours."""
    return HourRange(first, datehour_of(start_of(first) + timedelta(hours=count - 1)))


def main() -> None:
    """Measures and writes docs/bench/backfill."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=int, default=720)
    parser.add_argument("--sample", type=int, default=5, help="hours with a run of their own")
    parser.add_argument("--events-per-hour", type=int, default=500)
    parser.add_argument("--objects-per-hour", type=int, default=4)
    options = parser.parse_args()
    hours = hours_from(FIRST, options.hours)
    per_hour = (options.events_per_hour, options.objects_per_hour)
    sys.stdout.write(write(measure(hours, options.sample, per_hour)))


if __name__ == "__main__":
    main()
