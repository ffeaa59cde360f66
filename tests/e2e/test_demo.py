"""`clickstream demo` as a user runs it: the figures, other logs, and a violent end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.cli import SAMPLE
from infra.local.state import State

pytestmark = pytest.mark.e2e

COMMAND = [sys.executable, "-m", "infra.cli"]
SAMPLE_FIGURES = {
    "lines": 10_000,
    "unparsable": 1,
    "accepted": 9_999,
    "quarantined": 0,
    "archived": 9_999,
    "duplicates": 0,
    "compacted": 9_999,
    "hours": 84,
    "visitors": 1_861,
    "sessions": 3_223,
    "page_views_realtime": 4_395,
    "page_views_rollup": 4_395,
}


def demo(tmp_path: Path, log: Path, *options: str) -> dict[str, Any]:
    out = tmp_path / "out.json"
    state = tmp_path / "state"
    done = subprocess.run(
        [
            *(*COMMAND, "demo", "--log", str(log), "--json", str(out)),
            *("--state-dir", str(state), *options),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    summary: dict[str, Any] = json.loads(out.read_text())
    return summary


def test_the_sample_log(tmp_path: Path) -> None:
    summary = demo(tmp_path, SAMPLE)
    assert {name: summary[name] for name in SAMPLE_FIGURES} == SAMPLE_FIGURES
    assert summary["top_pages"][:2] == [
        {"page_path": "/", "views": 572},
        {"page_path": "/blog/tags/puppet", "views": 489},
    ]


def test_another_log_gives_its_own_figures(tmp_path: Path) -> None:
    """Offsets, a pause of exactly 30 minutes, a gap of weeks, assets, errors and rubbish.

    It comes by way of Firehose; the sample comes by our own function.
    """
    log = tmp_path / "access.log"
    log.write_text(
        '10.0.0.1 - - [01/Jan/2024:00:10:00 +0200] "GET /a?x=1 HTTP/1.1" 200 5 "-" "A"\n'
        '10.0.0.1 - - [31/Dec/2023:22:40:00 +0000] "GET /a HTTP/1.1" 304 5 "-" "A"\n'
        '10.0.0.1 - - [31/Dec/2023:23:10:01 +0000] "GET /b.CSS HTTP/1.1" 200 5 "-" "A"\n'
        "rubbish\n"
        '10.0.0.1 - - [20/Jan/2024:12:00:00 +0000] "GET /a HTTP/1.1" 404 5 "-" "A"\n'
        '10.0.0.2 - - [20/Jan/2024:12:00:00 +0000] "POST /a HTTP/1.1" 200 5 "-" "A"\n'
        '10.0.0.2 - - [20/Jan/2024:12:00:00 +0000] "GET /c HTTP/1.1" 200 5 "-" "B"\n'
    )
    summary = demo(tmp_path, log, "--delivery", "firehose")
    assert State(tmp_path / "state").open()["delivery"] == "firehose", "up would go on otherwise"
    wanted = {
        "lines": 7,
        "unparsable": 1,
        "accepted": 6,
        "archived": 6,
        "compacted": 6,
        "hours": 3,  # 22h and 23h of 31 December, 12h of 20 January
        "visitors": 3,
        "sessions": 5,  # a pause of 30:01 minutes ends a session, one of 30:00 does not
        "page_views_realtime": 3,
        "page_views_rollup": 3,
        "top_pages": [{"page_path": "/a", "views": 2}, {"page_path": "/c", "views": 1}],
    }
    assert {name: summary[name] for name in wanted} == wanted


def wait_for(condition: Any, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def counted(state: Path) -> tuple[int, int]:
    """Starts the platform on a state; what was accepted, and what the counters hold at the end."""
    script = (
        "import sys, time, boto3, pathlib\n"
        "from infra.local.endpoints import Ports\n"
        "from infra.local.launcher import Platform\n"
        "from infra.local.specs import Options\n"
        "from infra.local.processes import free_port\n"
        "from infra.local.progress import is_drained, stream_end\n"
        "from infra.local.state import State\n"
        "from lambdas.aggregator.readings import RealTimeMetrics\n"
        "state = State(pathlib.Path(sys.argv[1]))\n"
        "ports = Ports.of_state(state, free_port(), free_port())\n"
        "platform = Platform(state, ports, Options(1, {}), lambda _: None)\n"
        "platform.start()\n"
        "end = stream_end(boto3.client('kinesis'), platform.topology.stream.name)\n"
        "while not is_drained(state.folder('mappings'), 'aggregator', end): time.sleep(0.2)\n"
        "totals = RealTimeMetrics(boto3.client('dynamodb'), 'clickstream').totals()\n"
        "platform.stop()\n"
        "print(end.records, totals.events)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(state)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    accepted, events = done.stdout.split()
    return int(accepted), int(events)


def whole_save(state: Path, since: float) -> bool:
    """Whether the emulator, which writes a file a service, has written all of them since then."""
    files = list((state / "aws" / "state").glob("*.json"))
    return bool(files) and all(path.stat().st_mtime > since for path in files)


@pytest.mark.parametrize("victims", ["launcher", "everything"])
def test_a_killed_demo_leaves_no_process_and_loses_nothing(tmp_path: Path, victims: str) -> None:
    """Killed alone, the launcher takes all down in order; with all of it, what was saved stays."""
    state = tmp_path / "state"
    with subprocess.Popen(
        [*COMMAND, "demo", "--state-dir", str(state)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "waiting for the archive" in line:
                break
        started = psutil.Process(process.pid).children(recursive=True)
        if victims == "everything":
            since = time.time()
            assert wait_for(lambda: whole_save(state, since), 180)
            started = psutil.Process(process.pid).children(recursive=True)
            for child in started:
                child.kill()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert len(started) > 5
    assert wait_for(lambda: not any(child.is_running() for child in started), 40)
    accepted, events = counted(state)
    assert accepted == events == 9_999


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "--log", "no-such-file"], "does not exist"),
        (["demo", "--log", "{empty}"], "no line in the combined log format"),
        (["demo", "--nonsense"], "No such option"),
        (["demo", "--json", "no/such/folder/out.json"], "cannot be written"),
        (["demo", "--state-dir", "{foreign}"], "not a state directory"),
        (["status", "--state-dir", "{nothing}"], "clickstream up"),
        (["query", "SELECT 1", "--state-dir", "{nothing}"], "clickstream up"),
        (["replay", "{empty}", "--collector", "http://127.0.0.1:9"], "0 accepted"),
        (["replay", "{log}", "--collector", "http://127.0.0.1:9"], "clickstream up"),
        (["replay", "{log}", "--collector", "nonsense"], "nonsense"),
        (["up", "--port", "{taken}", "--state-dir", "{nothing}"], "--port"),
        (["up", "--first-hour", "yesterday", "--state-dir", "{nothing}"], "yyyy-MM-dd-HH"),
    ],
)
def test_wrong_input_says_what_to_do(
    arguments: list[str], message: str, tmp_path: Path, taken_port: int
) -> None:
    (tmp_path / "empty").write_text("")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.txt").write_text("years of work")
    line = '10.0.0.1 - - [01/Jan/2024:00:10:00 +0200] "GET /a HTTP/1.1" 200 5 "-" "A"\n'
    (tmp_path / "log").write_text(line)
    places = {name: tmp_path / name for name in ("empty", "foreign", "nothing", "log")}
    filled = [part.format(taken=taken_port, **places) for part in arguments]
    done = subprocess.run(
        [*COMMAND, *filled], capture_output=True, text=True, timeout=60, check=False
    )
    assert message in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stderr
    if message != "0 accepted":
        assert done.returncode != 0
    assert (tmp_path / "foreign" / "thesis.txt").exists()
