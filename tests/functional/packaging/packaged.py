"""Packages unzipped as Lambda does it, and run with nothing else on the path."""

import base64
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from infra.aws.packaging.build import Package
from infra.topology import build_topology
from tests.bench.processes import environment
from tests.bench.workload import Line, invocations

PROBE = Path(__file__).parent / "probe.py"
FUNCTIONS = tuple(function.package for function in build_topology().functions)
ARRIVED_MS = 1_763_856_000_000
VIEW = {
    "event_type": "page_view",
    "event_id": "e1",
    "session_id": "s1",
    "page_url": "https://shop.example/checkout",  # without a view before: an alert
    "user_agent": "Mozilla/5.0 (compatible; ExampleBot/2.1; +http://example.com/bot.html)",
    "event_time": "2025-11-22T23:59:59Z",
}


class Probed(NamedTuple):
    """What a package did.

    Attributes:
        answers: Of its handler, one for each invocation.
        read: The files that it read or loaded, relative to its folder.
        import_ms: How long importing the handler took, by the clock and of CPU.
    """

    answers: list[Any]
    read: frozenset[str]
    import_ms: dict[str, float]


def unzipped(package: Package) -> Path:
    """The folder of a package's files, beside its zip."""
    folder = package.path.with_suffix("")
    with zipfile.ZipFile(package.path) as archive:
        archive.extractall(folder)
    return folder


def run_probe(
    folder: Path,
    function: str,
    invocations_: Sequence[dict[str, Any]] = (),
    *,
    endpoint: str = "http://127.0.0.1:9",
    python: str = sys.executable,
) -> Probed:
    """Runs a function's package on its own.

    Raises:
        AssertionError: With what it said, if it fails.
    """
    done = subprocess.run(
        [python, "-I", "-S", str(PROBE), str(folder), function],
        input="\n".join(map(json.dumps, invocations_)),
        env=environment(endpoint),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    return Probed(told["answers"], frozenset(told["read"]), told["import"])


def usual_invocations(function: str) -> list[dict[str, Any]]:
    """What a function is usually called with."""
    if function == "collector":
        return [_request("GET", "/health", ""), _request("POST", "/v1/events", json.dumps(VIEW))]
    lines = [Line(ARRIVED_MS, "s1", json.dumps(VIEW)), Line(ARRIVED_MS, "s1", "no event")]
    return list(invocations(lines, len(lines)))


def _request(method: str, path: str, body: str) -> dict[str, Any]:
    """A request as API Gateway's HTTP API hands it on, payload format 2.0."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1", "userAgent": "t"},
            "stage": "$default",
        },
        "body": base64.b64encode(body.encode()).decode(),
        "isBase64Encoded": True,
    }
