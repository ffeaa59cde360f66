"""The whole flow once, on an access log: `clickstream demo`.

Belongs here: the order of things and the wait between them. Every step is the platform's own; this
module only starts it and watches.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from infra.clients.access_log import AccessLog, read_access_log
from infra.clients.sender import send_events
from infra.delivery_profiles import Delivery
from infra.local.endpoints import Ports
from infra.local.launcher import Platform
from infra.local.processes import Running, Spec, free_port
from infra.local.progress import StreamEnd, checkpoints_of, is_drained, stream_end
from infra.local.specs import Options
from infra.local.state import State, write_json
from infra.querying import Querying
from infra.summary import read_figures
from lambdas.shared.lake import DATEHOUR_FORMAT

ARCHIVE_WINDOW_S = 3.0
STALLED_AFTER_S = 120.0
BATCH_TIMEOUT_S = 900.0
_POLL_S = 0.2
FINISHED_DEMO = "demo.json"


class DemoError(RuntimeError):
    """The demo could not be completed; the message says why."""


@dataclass(frozen=True)
class Watch:
    """Who is told how it goes.

    Attributes:
        stage: Told what begins, in a few words.
        sent: Told how many events were sent and how many there are.
    """

    stage: Callable[[str], None]
    sent: Callable[[int, int], None]


def run_demo(
    log: Path, state_dir: Path, watch: Watch, delivery: Delivery = "lambda"
) -> dict[str, Any]:
    """Sends a log through the platform and reads back what came out.

    Args:
        log: An access log in the combined format.
        state_dir: Where the platform keeps its state; an earlier finished demo there is replaced,
            an interrupted one is moved aside.
        watch: Who is told how it goes.
        delivery: How the stream gets into the lake.

    Returns:
        The summary, figures from the platform's stores.

    Raises:
        DemoError: If the log holds no event, or a step fails or does not end.
        StateError: If the state directory cannot be used.
        StartError: If a process does not come up.
    """
    started = time.monotonic()
    watch.stage(f"reading {log}")
    with log.open("rb") as file:
        parsed = read_access_log(file)
    if not parsed.hits:
        raise DemoError(f"{log} holds no line in the combined log format")
    state = make_room(state_dir, watch.stage)
    with state.locked():
        state.open(delivery=delivery, **_partition_range(parsed))
        ports = Ports.of_state(state, free_port(), free_port())
        platform = Platform(state, ports, _options(parsed, delivery), watch.stage)
        with _running(platform):
            figures = _flow(platform, parsed, watch)
        summary = {
            "lines": len(parsed.hits) + len(parsed.unreadable),
            "unparsable": len(parsed.unreadable),
            **figures,
            "seconds": round(time.monotonic() - started, 1),
        }
        write_json(state.root / FINISHED_DEMO, summary)
    return summary


def make_room(state_dir: Path, report: Callable[[str], None]) -> State:
    """Readies the demo's directory: a demo starts from nothing, so that its figures are its own.

    A finished demo is replaced. One that was cut off holds accepted events, so it is kept beside.
    """
    state = State(state_dir)
    if not state.root.exists():
        return state
    with state.locked():
        if state.exists and (state.root / FINISHED_DEMO).exists():
            shutil.rmtree(state.root)
        elif state.exists:
            kept = state.root.with_name(f"{state.root.name}-interrupted-{time.time_ns()}")
            state.root.rename(kept)
            report(f"an earlier demo did not finish; its state is kept in {kept}")
    return state


def _flow(platform: Platform, log: AccessLog, watch: Watch) -> dict[str, Any]:
    """Replay, drain, batch, read back."""
    ready = platform.state.root / "drained"
    batch = _start_batch(platform, ready)
    watch.stage(f"sending {len(log.hits):,} events to {platform.ports.collector_url}")
    done = 0

    def count(events: int) -> None:
        nonlocal done
        done += events
        watch.sent(done, len(log.hits))

    report = send_events(log.events(), platform.ports.collector_url, on_progress=count)
    if report.rejected:
        raise DemoError(f"the collector rejected {report.rejected} events: {report.reasons}")
    topology = platform.topology
    end = stream_end(boto3.client("kinesis"), topology.stream.name)
    watch.stage("waiting for the archive")
    archive, *others = topology.stream_functions
    wait_drained(platform, archive.package, end)
    watch.stage("waiting for the real-time counters")
    for function in others:
        wait_drained(platform, function.package, end)
    ready.touch()
    watch.stage("batch side: sensor, Glue, compaction, checks, dbt on Athena, SPICE")
    _wait_batch(batch)
    watch.stage("reading the figures back from DynamoDB and Athena")
    querying = Querying(boto3.client("athena"), topology.database, topology.workgroup)
    figures = read_figures(querying, boto3.client("dynamodb"), topology.stack)
    return {"accepted": end.records, **figures.as_json()}


@contextmanager
def _running(platform: Platform) -> Iterator[None]:
    environment = dict(os.environ)
    platform.start()
    try:
        yield
    finally:
        platform.stop()
        os.environ.clear()
        os.environ.update(environment)


def _options(log: AccessLog, delivery: Delivery) -> Options:
    """Settings for a log whose hours are long closed: nothing to wait for."""
    bounds = {name.upper(): value for name, value in _partition_range(log).items()}
    quick = {
        "HOUR_GRACE_S": "0",
        "LATE_DEBOUNCE_S": "0",
        "COUNTERS_SETTLED_S": "0",
        "DBT_POLL_INTERVAL_S": "0.05",
    }
    return Options(ARCHIVE_WINDOW_S, {**bounds, **quick}, delivery)


def _partition_range(log: AccessLog) -> dict[str, str]:
    """The partitions of a log: whole days from its first event to its last."""
    summary = log.summary()
    first, last = summary.first or datetime.now(UTC), summary.last or datetime.now(UTC)
    start = first.replace(hour=0, minute=0, second=0, microsecond=0)
    end = last.replace(hour=23)
    return {
        "first_hour": start.strftime(DATEHOUR_FORMAT),
        "last_hour": end.strftime(DATEHOUR_FORMAT),
    }


def _start_batch(platform: Platform, ready: Path) -> Running:
    """Starts the batch side early: loading Dagster takes as long as sending the events."""
    platform.specs.prepare_dagster_home()
    ready.unlink(missing_ok=True)
    command = (sys.executable, "-m", "infra.local.batch", "--when", str(ready))
    return platform.start_process(Spec("batch", command, platform.specs.environment))


def _wait_batch(batch: Running) -> None:
    deadline = time.monotonic() + BATCH_TIMEOUT_S
    while batch.is_running():
        if time.monotonic() > deadline:
            raise DemoError(f"the batch side did not end; see {batch.log}")
        time.sleep(_POLL_S)
    if batch.exit_code != 0:
        raise DemoError(f"the batch side failed: {batch.last_words()}")


def wait_drained(platform: Platform, function: str, end: StreamEnd) -> None:
    """Waits until a function has done the stream.

    Raises:
        DemoError: If it stops moving on.
    """
    folder = platform.state.folder("mappings")
    position, moved = checkpoints_of(folder, function), time.monotonic()
    while not is_drained(folder, function, end):
        now = checkpoints_of(folder, function)
        if now != position:
            position, moved = now, time.monotonic()
        if time.monotonic() - moved > STALLED_AFTER_S:
            raise DemoError(f"{function} does not move on; see the logs in {platform.state.root}")
        time.sleep(_POLL_S)
