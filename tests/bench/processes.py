"""The processes of a bench: the null endpoint, one worker for each measurement, cold imports.

Belongs here: starting, asking and stopping them. What they do belongs in their own modules.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FUNCTIONS = ("aggregator", "anomaly_detector", "event_processor")
TRANSFORM = "firehose_transform"  # in the place of the last, where Firehose archives
_IMPORT = (
    "import time; w, c = time.perf_counter(), time.process_time(); "
    "import lambdas.{0}.handler; "
    "print((time.perf_counter() - w) * 1000, (time.process_time() - c) * 1000)"
)


def environment(endpoint: str) -> dict[str, str]:
    """This process's environment, with every AWS client going to the null endpoint."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_EC2_METADATA_DISABLED": "true",
        "TABLE_PREFIX": "bench",
        "LAKE_BUCKET": "bench-lake",
        "STREAM_NAME": "bench-events",
        "ALERT_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:bench-alerts",
    }


@contextmanager
def null_endpoint() -> Iterator[str]:
    """Runs the null endpoint; yields its address and stops it in the end."""
    command = (sys.executable, "-m", "tests.bench.null_endpoint")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def run_worker(endpoint: str, data: Path, **options: object) -> dict[str, Any]:
    """Measures one function in its own process; the options are those of `worker`.

    Raises:
        RuntimeError: With what the worker said, if it fails.
    """
    words = ["--endpoint", endpoint, "--data", str(data)]
    for name, value in options.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    done = subprocess.run(
        (sys.executable, "-m", "tests.bench.worker", *words),
        env=environment(endpoint),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the worker failed with {words}: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def cold_imports(runs: int = 5) -> dict[str, dict[str, float]]:
    """How long importing each handler takes in a new process, as median of some runs.

    Bytecode is kept in a scratch folder and written by a first run, which is not counted.
    """
    times = {}
    with tempfile.TemporaryDirectory() as cache:
        variables = {**environment(""), "PYTHONPYCACHEPREFIX": cache}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        for package in FUNCTIONS:
            command = (sys.executable, "-c", _IMPORT.format(package))
            found = [
                subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
                for _ in range(runs + 1)
            ]
            pairs = [tuple(map(float, done.stdout.split())) for done in found[1:]]
            times[package] = {
                "wall_ms": statistics.median(wall for wall, _ in pairs),
                "cpu_ms": statistics.median(cpu for _, cpu in pairs),
            }
    return times
