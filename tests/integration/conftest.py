"""The embedded AWS, started once for all integration tests."""

import os
from collections.abc import Iterator
from io import BytesIO

import boto3
import pytest

from infra.cli import SAMPLE
from infra.clients.access_log import AccessLog, read_access_log
from infra.local.endpoints import Ports
from infra.local.launcher import Platform
from infra.local.processes import free_port
from infra.local.specs import Options
from infra.local.state import State
from infra.querying import Querying
from infra.summary import StoreFigures, read_figures
from tests.integration.flow import LINES, run_batch, send_all
from tests.trail.rig import RecordedPlatform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedPlatform]:
    """A whole platform with the sample's partitions, without Dagster's own processes.

    What it asks of AWS is written down, by who asks it.
    """
    bounds = {"FIRST_HOUR": "2015-05-17-00", "LAST_HOUR": "2015-05-20-23"}
    quick = {"HOUR_GRACE_S": "0", "LATE_DEBOUNCE_S": "0", "DBT_POLL_INTERVAL_S": "0.05"}
    state = State(tmp_path_factory.mktemp("platform") / "state")
    state.open()
    environment = dict(os.environ)
    ports = Ports.of_state(state, free_port(), free_port())
    running = RecordedPlatform(state, ports, Options(1.0, {**bounds, **quick}))
    running.start()
    yield running
    running.stop()
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture(scope="session")
def embedded_aws(platform: Platform) -> Platform:
    """For tests that need AWS only: the environment's endpoints are the platform's."""
    return platform


@pytest.fixture(scope="session")
def log() -> AccessLog:
    lines = SAMPLE.read_bytes().splitlines(keepends=True)[:LINES]
    return read_access_log(BytesIO(b"".join(lines)))


@pytest.fixture(scope="session")
def querying(platform: RecordedPlatform) -> Querying:
    topology = platform.topology
    return Querying(boto3.client("athena"), topology.database, topology.workgroup)


@pytest.fixture(scope="session")
def figures(platform: RecordedPlatform, log: AccessLog, querying: Querying) -> StoreFigures:
    """A log sent twice and a bad record from a direct producer, through all of it."""
    with platform.watched():
        send_all(platform, log)
        run_batch(platform)
    return read_figures(querying, boto3.client("dynamodb"), "clickstream")
