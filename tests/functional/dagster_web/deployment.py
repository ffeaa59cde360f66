"""Dagster's own web server, started for tests on a code location and an instance of its own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from infra.local.processes import Running, Spec, free_port

# Runs begin at once: without a daemon, nobody would take them out of the queue.
UNQUEUED = "run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}\n"


@dataclass
class Deployment:
    """A web server and the instance behind it.

    Attributes:
        url: Where it listens.
        instance: Its instance.
        home: Its folder.
    """

    url: str
    instance: dg.DagsterInstance
    home: Path


@contextmanager
def deployed(code_location: str, home: Path, settings: str = "") -> Iterator[Deployment]:
    """A web server that has loaded the code location of a file.

    Args:
        code_location: The file.
        home: A folder for the instance.
        settings: What else its `dagster.yaml` says.
    """
    (home / "dagster.yaml").write_text(f"telemetry: {{enabled: false}}\n{settings}")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = ("-f", code_location, "--host", "127.0.0.1", "--port", str(port))
    command = (sys.executable, "-m", "dagster_webserver", *options)
    variables = {"DAGSTER_HOME": str(home)}
    spec = Spec("webserver", command, variables, f"{url}/server_info", "dagster_version")
    process = Running(spec, home / "webserver.log", Path.cwd())
    try:
        process.wait_ready()
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(os.environ, "DAGSTER_HOME", str(home))
            with dg.DagsterInstance.get() as instance:
                yield Deployment(url, instance, home)
    finally:
        process.ask_to_stop()
        process.wait_stopped()
