"""A validation through the whole of a platform of its own: counted once, archived, in the lake."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from typer.testing import CliRunner, Result

from infra.batch_variables import PREFIX
from infra.cli import app
from infra.local.endpoints import Ports
from infra.local.launcher import Platform
from infra.local.processes import free_port
from infra.local.specs import Options
from infra.local.state import State
from infra.querying import Querying
from lambdas.shared.lake import datehour_of

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def own_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    state = State(tmp_path_factory.mktemp("validate") / "state")
    environment = dict(os.environ)
    for name in environment:
        if name.startswith(PREFIX):  # those of the platform other tests have
            del os.environ[name]
    yesterday = datehour_of(datetime.now(UTC) - timedelta(days=1))
    batch = {"FIRST_HOUR": yesterday, "HOUR_GRACE_S": "0", "LATE_DEBOUNCE_S": "0"}
    with state.locked():  # by which the command knows that it runs
        ports = Ports.of_state(state, free_port(), free_port())
        running = Platform(state, ports, Options(0.5, batch), lambda _: None)
        running.start()
        yield running
        running.stop()
    os.environ.clear()
    os.environ.update(environment)


def validate(platform: Platform, *arguments: str) -> Result:
    command = ["validate", "--json", *arguments, "--state-dir", str(platform.state.root)]
    return CliRunner().invoke(app, command, env={"COLUMNS": "200"})


def run_batch(platform: Platform) -> None:
    platform.specs.prepare_dagster_home()
    done = subprocess.run(
        [sys.executable, "-m", "infra.local.batch"],
        env={**os.environ, **platform.specs.environment},
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("door", [(), ("--stream",)])
def test_what_is_sent_twice_is_counted_once_and_archived(own_platform, door) -> None:
    done = validate(own_platform, "--events", "3", "--timeout", "30", *door)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [(one["stage"], one["events"], one["surplus"]) for one in found["stages"]] == [
        ("counted", 3, 0),
        ("archived", 3, 0),
    ]


def test_the_lake_has_them_after_the_rollup_and_the_marts_leave_them_out(own_platform) -> None:
    early = validate(own_platform, "--lake", "--timeout", "8")
    assert early.exit_code == 1
    assert "in the lake: 0 of 5 events seen within 8 s" in early.stderr
    found = json.loads(early.stdout)
    assert found["hour"] < datehour_of(datetime.now(UTC))
    run_batch(own_platform)
    done = validate(own_platform, "--lake", "--resume", found["id"], "--timeout", "30")
    assert done.exit_code == 0, done.output
    lake = json.loads(done.stdout)["stages"][2]
    assert (lake["stage"], lake["events"], lake["surplus"]) == ("in the lake", 5, 0)
    topology = own_platform.topology
    querying = Querying(boto3.client("athena"), topology.database, topology.workgroup)
    assert querying.number("SELECT count(*) FROM int_events_sessionized") == 5
    for figure in ("count(*) FROM sessions", "sum(events) FROM engagement_daily"):
        assert querying.number(f"SELECT {figure}") == 0


def test_a_stage_that_stands_still_is_named(own_platform: Platform) -> None:
    """The message must lead to the function that does not run."""
    stopped = next(one for one in own_platform._processes if one.spec.name == "event_processor")
    stopped.ask_to_stop()
    stopped.wait_stopped()
    done = validate(own_platform, "--timeout", "6")
    assert done.exit_code == 1
    assert "archived: 0 of 5" in done.stderr
    assert "clickstream-event-processor" in done.stderr
    assert "counted: " not in done.stderr
