"""`clickstream up` as a user runs it: stopped with Ctrl-C and started again."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import urllib3

from infra.local.processes import free_port

pytestmark = pytest.mark.e2e

COMMAND = [sys.executable, "-m", "infra.cli"]
GROUPS = {
    *("ingestion", "lake", "quality"),
    *("seeds", "staging", "intermediate", "marts", "serving"),
}


@contextmanager
def platform(state: Path, port: int, ui_port: int) -> Iterator[str]:
    """A running platform; stopped with SIGINT, after which none of its processes is left."""
    ports = ["--port", str(port), "--ui-port", str(ui_port)]
    with subprocess.Popen(
        [*COMMAND, "up", "--state-dir", str(state), *ports, "--archive-window", "1"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if "Ctrl-C stops everything" in line:
                break
        assert "Ctrl-C stops everything" in said, said
        threading.Thread(target=process.stderr.read, daemon=True).start()
        started = psutil.Process(process.pid).children(recursive=True)
        yield said
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    _, alive = psutil.wait_procs(started, timeout=5)
    assert not alive


def run(*arguments: str) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def accepted_events(state: Path) -> int:
    rows = json.loads(run("query", "-o", "json", "--state-dir", str(state), "SELECT 1 AS one"))
    assert rows == [{"one": "1"}]
    status = run("status", "--state-dir", str(state))
    line = next(line for line in status.splitlines() if line.startswith("│ events "))
    return int(line.split("│")[2].replace(",", ""))


def settled(state: Path, expected: int) -> bool:
    return any(accepted_events(state) == expected for _ in range(15))


def is_well(state: Path) -> bool:
    """What a newcomer sees; Dagster's daemon takes a while to say that it is healthy."""
    command = [*COMMAND, "doctor", "--json", "--state-dir", str(state)]
    problems: list[dict[str, str]] = []
    for _ in range(20):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        problems = [one for one in json.loads(done.stdout) if one["level"] == "problem"]
        assert done.returncode == bool(problems)
        if not problems:
            return True
        time.sleep(1)
    raise AssertionError(problems)


def test_a_restart_keeps_what_was_accepted(tmp_path: Path) -> None:
    state, port, ui_port = tmp_path / "state", free_port(), free_port()
    with platform(state, port, ui_port) as said:
        assert f"http://127.0.0.1:{ui_port}" in said
        graph = urllib3.request(
            "POST",
            f"http://127.0.0.1:{ui_port}/graphql",
            json={"query": "{ assetNodes { assetKey { path } groupName } }"},
        ).json()
        groups = {node["groupName"] for node in graph["data"]["assetNodes"]}
        assert groups == GROUPS
        run("send", "--events", "50", "--rate", "500", "--state-dir", str(state))
        assert settled(state, 50)
        assert is_well(state)
    with platform(state, port, ui_port):
        run("send", "--events", "7", "--rate", "500", "--state-dir", str(state))
        assert settled(state, 57)
