"""A guarded process never outlives its launcher, however the launcher ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHILD = (
    "import signal, sys, time, pathlib\n"
    "def stop(*_): pathlib.Path(sys.argv[1]).write_text('saved'); sys.exit(0)\n"
    "signal.signal(signal.SIGTERM, stop)\n"
    "print('ready', flush=True)\n"
    "time.sleep(60)\n"
)
LAUNCHER = (
    "import subprocess, sys, time\n"
    "p = subprocess.Popen([sys.executable, '-m', 'infra.local.guard', *sys.argv[1:]],"
    " stdin=subprocess.PIPE, start_new_session=True)\n"
    "print(p.pid, flush=True)\n"
    "time.sleep(60)\n"
)


def gone(pid: int, within_s: float = 10) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_the_command_saves_and_ends_when_its_launcher_does(
    tmp_path: Path, sign: signal.Signals
) -> None:
    saved = tmp_path / "saved"
    command = [sys.executable, "-c", CHILD, str(saved)]
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, *command], stdout=subprocess.PIPE, text=True
    ) as launcher:
        assert launcher.stdout is not None
        guard = int(launcher.stdout.readline())
        assert launcher.stdout.readline() == "ready\n"
        launcher.send_signal(sign)
        launcher.wait()
    assert gone(guard)
    assert saved.read_text() == "saved"


def test_a_term_to_the_guard_reaches_the_command(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    with subprocess.Popen(
        [sys.executable, "-m", "infra.local.guard", sys.executable, "-c", CHILD, str(saved)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as guard:
        assert guard.stdout is not None
        assert guard.stdout.readline() == "ready\n"
        guard.terminate()
        assert guard.wait(10) == 0
    assert saved.read_text() == "saved"


def test_the_exit_code_is_the_commands() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "infra.local.guard", sys.executable, "-c", "raise SystemExit(7)"],
        stdin=subprocess.PIPE,
    ) as guard:
        assert guard.wait(10) == 7
