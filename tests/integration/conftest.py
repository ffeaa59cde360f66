"""The embedded AWS, started once for all integration tests."""

import os
from collections.abc import Iterator

import pytest

from infra.local.endpoints import Ports
from infra.local.launcher import Platform
from infra.local.processes import free_port
from infra.local.specs import Options
from infra.local.state import State


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A whole platform with the sample's partitions, without Dagster's own processes."""
    bounds = {"FIRST_HOUR": "2015-05-17-00", "LAST_HOUR": "2015-05-20-23"}
    quick = {"HOUR_GRACE_S": "0", "LATE_DEBOUNCE_S": "0", "DBT_POLL_INTERVAL_S": "0.05"}
    state = State(tmp_path_factory.mktemp("platform") / "state")
    state.open()
    environment = dict(os.environ)
    ports = Ports.of_state(state, free_port(), free_port())
    running = Platform(state, ports, Options(1.0, {**bounds, **quick}), lambda _: None)
    running.start()
    yield running
    running.stop()
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture(scope="session")
def embedded_aws(platform: Platform) -> Platform:
    """For tests that need AWS only: the environment's endpoints are the platform's."""
    return platform
