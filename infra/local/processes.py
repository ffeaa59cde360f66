"""Processes of the embedded platform: started under a guard, awaited, stopped in order.

Belongs here: process mechanics and ports. Which processes there are belongs in `launcher`.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import urllib3

READY_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 30.0
LOOPBACK = "127.0.0.1"


class StartError(RuntimeError):
    """A process did not come up; the message says which, and where its log is."""


@dataclass(frozen=True)
class Spec:
    """A process to run.

    Attributes:
        name: Its name, also its log's.
        command: What to run.
        environment: Variables on top of this process's own.
        ready_url: Answers 200 once it serves; None when nothing has to wait for it.
        identity: Text that must be in that answer, so that a stranger on the port is noticed.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_url: str | None = None
    identity: str = ""


class Running:
    """A process under its guard."""

    def __init__(self, spec: Spec, log: Path, working_folder: Path) -> None:
        self.spec = spec
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                [sys.executable, "-m", "infra.local.guard", *spec.command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **spec.environment},
                cwd=working_folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The guard's process id."""
        return self._process.pid

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Waits until it serves.

        Raises:
            StartError: If it ends, or does not serve in time, or something else answers.
        """
        if self.spec.ready_url is None:
            return
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if not self.is_running():
                raise StartError(f"{self.spec.name} ended at once: {self.last_words()}")
            try:
                answer = urllib3.request("GET", self.spec.ready_url, timeout=5.0, retries=False)
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status == HTTPStatus.OK:
                if self.spec.identity.encode() in answer.data:
                    return
                raise StartError(f"{self.spec.ready_url} is answered by something else")
            time.sleep(0.05)
        raise StartError(
            f"{self.spec.name} did not serve within {timeout_s:.0f} s: {self.last_words()}"
        )

    def wait_ended(self) -> None:
        """Waits for a process that ends by itself.

        Raises:
            StartError: If it fails.
        """
        if self._process.wait():
            raise StartError(f"{self.spec.name} failed: {self.last_words()}")

    def ask_to_stop(self) -> None:
        """Closes the pipe: the guard stops the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def wait_stopped(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Waits for the end, then makes it happen."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def exit_code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll()

    def last_words(self) -> str:
        """The end of its log, for an error message."""
        lines = self.log.read_text(errors="replace").strip().splitlines()[-3:]
        return f"{' | '.join(lines)[-600:]} (log: {self.log})"


def stop_all(processes: list[Running], report: Callable[[str], None] = lambda _: None) -> None:
    """Stops processes in the reverse order of their start, each before the next."""
    for process in reversed(processes):
        if process.is_running():
            report(process.spec.name)
        process.ask_to_stop()
        process.wait_stopped()


def free_port() -> int:
    """A port of the loopback interface that nothing uses now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def require_free(port: int, purpose: str, option: str) -> int:
    """Checks that a port can be used.

    Raises:
        StartError: If something listens on it; names the option that chooses another.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise StartError(
                f"port {port} for the {purpose} cannot be used ({error.strerror}): stop what "
                f"listens there, or choose another with {option}."
            ) from None
    return port
