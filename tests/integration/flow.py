"""The whole flow, once: events in, hours out. Several modules look at what came of it."""

import os
import subprocess
import sys
from pathlib import Path

import boto3

from infra.clients.access_log import AccessLog
from infra.clients.sender import send_events
from infra.demo import wait_drained
from infra.local.progress import stream_end
from tests.trail.rig import RecordedPlatform

LINES = 400
BAD_RECORD = b'{"event_type": "page_view", "session_id": "s"'
_ROOT = Path(__file__).parent.parent.parent


def send_all(platform: RecordedPlatform, log: AccessLog) -> None:
    """Sends a log twice and a bad record, and waits until every function has seen it."""
    kinesis, topology = boto3.client("kinesis"), platform.topology
    for _ in range(2):
        report = send_events(log.events(), platform.ports.collector_url)
        assert (report.accepted, report.rejected) == (len(log.hits), 0)
    kinesis.put_record(StreamName=topology.stream.name, Data=BAD_RECORD, PartitionKey="s")
    end = stream_end(kinesis, topology.stream.name)
    assert end.records == 2 * len(log.hits) + 1
    for function in topology.functions:
        if function.mapping is not None:
            wait_drained(platform, function.package, end)


def run_batch(platform: RecordedPlatform) -> None:
    """Runs what is due."""
    platform.specs.prepare_dagster_home()
    run_as_dagster(platform, "infra.local.batch")


def run_as_dagster(platform: RecordedPlatform, module: str, *arguments: str) -> None:
    """Runs a module of the batch side to its end.

    Raises:
        AssertionError: With what it said, if it fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **platform.specs.as_dagster},
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
