"""What the doctor concludes, and what it does when it cannot look."""

import json
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from infra.deploy.access import Identity
from infra.deploy.doctor import machine, text
from infra.deploy.doctor.account import check_clock
from infra.deploy.doctor.batch_side import _automation, _freshness
from infra.deploy.doctor.findings import Finding, Level, ok, problem, warning
from infra.deploy.doctor.lag import lag_finding
from infra.deploy.doctor.registry import Check, run_checks
from infra.deploy.options import stack_fault
from infra.local.processes import free_port
from tests.unit.deploy.fake_site import fake_site

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def denied() -> Iterator[Finding]:
    yield ok("first", "was looked at")
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeTable")


def broken() -> Iterator[Finding]:
    raise ClientError({"Error": {"Code": "InternalError", "Message": "sorry"}}, "GetTable")


def away() -> Iterator[Finding]:
    raise EndpointConnectionError(endpoint_url="https://glue.example")


def test_a_check_that_cannot_look_says_so_and_the_others_go_on():
    """One missing permission must not hide everything else that is wrong."""
    last = problem("last", "is missing", "m", "d")
    checks = [
        Check("table t", denied),
        Check("Glue table g", broken),
        Check("database d", away),
        Check("last", lambda: [last]),
    ]
    found = list(run_checks(checks))
    assert [(one.subject, one.level) for one in found] == [
        ("first", Level.OK),
        ("table t", Level.WARNING),
        ("Glue table g", Level.PROBLEM),
        ("database d", Level.PROBLEM),
        ("last", Level.PROBLEM),
    ]
    assert "may not call DescribeTable" in found[1].says


@pytest.mark.parametrize(
    ("free", "level"), [(2**29, Level.PROBLEM), (2**31, Level.WARNING), (2**33, Level.OK)]
)
def test_a_full_disk_is_a_problem_before_it_loses_events(tmp_path: Path, free, level):
    (found,) = machine.check_disk(tmp_path / "not" / "there" / "yet", free)
    assert found.level is level
    assert str(tmp_path) in found.says


def test_python_and_ports(taken_port):
    assert [one.level for one in machine.check_python((3, 10, 9))] == [Level.PROBLEM]
    assert [one.level for one in machine.check_python((3, 11, 0))] == [Level.OK]
    ports = (("collector", taken_port, "--port"), ("UI", free_port(), "--ui-port"))
    taken, free = machine.check_ports(ports)
    assert (taken.level, free.level) == (Level.WARNING, Level.OK)
    assert taken.do == "clickstream up --port PORT"


@pytest.mark.parametrize(
    ("printed", "level"),
    [("v22.1.0", Level.OK), ("v16.0.0", Level.WARNING), ("", Level.WARNING)],
)
def test_an_old_node_is_said_before_the_cdk_fails_with_it(monkeypatch, tmp_path, printed, level):
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {printed}\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [one.level for one in machine.check_node()] == [level]


def test_no_compiler_is_said_before_a_deployment_needs_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    assert [one.level for one in machine.check_compiler()] == [Level.WARNING]
    python = tmp_path / "python3.13"
    python.write_text("#!/bin/sh\necho 3.13\n")
    python.chmod(0o755)
    (found,) = machine.check_compiler()
    assert (found.level, found.says) == (Level.OK, str(python))


def test_no_node_is_a_warning(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [one.level for one in machine.check_node()] == [Level.WARNING]


@pytest.mark.parametrize(
    ("ahead", "level"),
    [(0.4, Level.OK), (-30, Level.WARNING), (301, Level.PROBLEM), (None, Level.WARNING)],
)
def test_the_clock(ahead, level):
    identity = Identity("1", "arn:aws:iam::1:user/u", "eu-central-1", "https://sts", ahead)
    assert [one.level for one in check_clock(identity)] == [level]


@pytest.mark.parametrize(
    ("behind", "level"),
    [(None, Level.OK), (200, Level.OK), (900, Level.WARNING), (7200, Level.PROBLEM)],
)
def test_a_window_is_no_delay(behind, level):
    """The archive gathers for a minute: that alone must alarm nobody."""
    assert lag_finding("lag", behind, 60).level is level


@pytest.mark.parametrize(
    ("arrived", "rolled_up", "level"),
    [
        (None, None, Level.OK),
        (timedelta(minutes=1), None, Level.OK),
        (timedelta(minutes=1), timedelta(minutes=60), Level.OK),
        (timedelta(minutes=1), timedelta(hours=3), Level.PROBLEM),
        (timedelta(hours=20), timedelta(hours=20), Level.OK),  # a quiet night
        (timedelta(hours=25), timedelta(hours=24), Level.WARNING),
    ],
)
def test_a_quiet_site_is_not_a_broken_one(arrived, rolled_up, level):
    ago = [None if one is None else NOW - one for one in (arrived, rolled_up)]
    assert _freshness(ago[0], ago[1], NOW, fake_site()).level is level


def sensor(name: str, status: str = "RUNNING", tick: dict | None = None) -> dict:
    return {"name": name, "sensorState": {"status": status, "ticks": [tick] if tick else []}}


def test_stopped_and_failing_sensors_are_named():
    schedule = {"name": "retention", "scheduleState": {"status": "STOPPED"}}
    failed = {"status": "FAILURE", "error": {"message": "no queue\nat line 3"}}
    nodes = [
        {
            "sensors": [sensor("raw_objects", tick=failed), sensor("b", "STOPPED")],
            "schedules": [schedule],
        }
    ]
    stopped, failing = _automation(nodes, fake_site())
    assert stopped.says == "stopped: b, retention"
    assert (failing.subject, failing.says) == (
        "sensor raw_objects",
        "its last tick failed: no queue",
    )
    (none,) = _automation([{"sensors": [], "schedules": []}], fake_site())
    assert none.level is Level.PROBLEM
    (well,) = _automation([{"sensors": [sensor("raw_objects")], "schedules": []}], fake_site())
    assert well.level is Level.OK


def test_findings_for_a_person_and_for_a_program():
    findings = [
        ok("a", "well"),
        warning("b", "[bold]\x1b[2J", "so", "do"),
        problem("c", "x", "y", "z"),
    ]
    lines = [line for one in findings for line in text.finding_lines(one)]
    assert "b: \\[bold]\\x1b[2J" in lines[1]
    assert lines[3].endswith("do")
    assert text.summary_line(findings) == "1 ok, 1 warning, 1 problem"
    assert json.loads(text.as_json(findings))[2] == {
        "subject": "c",
        "level": "problem",
        "says": "x",
        "means": "y",
        "do": "z",
    }
    assert not text.is_well(findings)
    assert text.is_well(findings[:2])


@pytest.mark.parametrize("name", ["", "Clicks", "9lives", "a" * 36, "a_b", "a-", "a b", "a;b"])
def test_a_wrong_stack_name_is_told_before_anything_is_asked(name):
    assert stack_fault(name)


def test_stack_names_that_fit_a_bucket():
    assert stack_fault("clickstream") is None
    longest = "a" * 35
    assert stack_fault(longest) is None
    assert len(f"{longest}-athena-results-123456789012") == 63
