"""`python -m tests.bench.writes`: what our functions ask of AWS, by batch size.

Belongs here: the measurement behind `clickstream cost`. It runs each function on one full shard's
traffic (`workload.full_shard`, in the collector's shape, within one hour) after some 30 seconds of
it, so that the items of the hour are known, and writes calls, items, units and bytes a batch to
`infra/cost_measurements.json`.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import report, workload
from tests.bench.processes import FUNCTIONS, null_endpoint, run_worker
from tests.bench.report import circumstances, figure, table

TARGET = Path("infra") / "cost_measurements.json"
PRIMED = 30_000
SIZES = {1: 300, 10: 150, 100: 60, 1000: 20, 6000: 5}  # batch size: batches
_HOUR_START_MS = 1_751_518_805_000  # 05:00:05Z: all of it within one hour

_HOW = """\
Each function's handler with real boto3 clients against a null endpoint that counts calls, items and
write units (1 KB each). The traffic is one full shard, 1,000 events a second of sessions that come
and go, ten events 15.5 s apart on average, 2,000 pages by Zipf(1.1), 0.5 % of sessions robots. The
endpoint keeps no state: stored sessions and visitor sketches are as small as one batch makes them,
and a robot's alert is due in every batch."""


def measure() -> dict[str, Any]:
    """Measures every function at every batch size."""
    with tempfile.TemporaryDirectory() as folder, null_endpoint() as endpoint:
        data = Path(folder) / "full.ndjson"
        needed = PRIMED + max((n + 1) * size for size, n in SIZES.items())
        lines = workload.as_collected(workload.full_shard(needed, start_ms=_HOUR_START_MS))
        workload.write_lines(data, lines)
        functions = {
            function: [_of(endpoint, data, function, size) for size in SIZES]
            for function in FUNCTIONS
        }
    pages = {json.loads(line.data)["page_url"] for line in lines[:PRIMED]}
    return {
        **circumstances(),
        "record_bytes": round(statistics.mean(len(line.data) for line in lines)),
        "pages_per_hour": len(pages),
        "functions": functions,
    }


def _of(endpoint: str, data: Path, function: str, size: int) -> dict[str, Any]:
    sys.stderr.write(f"{function}, batches of {size}\n")
    options = {"batch_size": size, "batches": SIZES[size], "rounds": 1, "warmup": 1}
    found = run_worker(endpoint, data, function=function, prime=PRIMED, **options)
    written = found["written_per_batch"].items()
    return {
        "batch_size": size,
        "cpu_ms": round(found["cpu_ms_per_event"] * size, 3),
        "calls": _rounded(found["calls_per_batch"]),
        "items": _rounded({table.partition("-")[2]: counts["items"] for table, counts in written}),
        "units": _rounded({table.partition("-")[2]: counts["units"] for table, counts in written}),
        "reads": _rounded(
            {table.partition("-")[2]: items for table, items in found["read_per_batch"].items()}
        ),
        "s3_bytes": round(found["s3_bytes_per_batch"]),
        "log_bytes": round(found["log_bytes_per_batch"]),
        "metrics": found["metrics"],
    }


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in sorted(values.items())}


def write(measured: dict[str, Any], target: Path) -> str:
    """Writes the data file and the report; returns the table."""
    target.write_text(json.dumps(measured, indent=1) + "\n")
    rows = [
        (
            function,
            found["batch_size"],
            figure(found["cpu_ms"] / found["batch_size"]),
            figure(sum(found["calls"].values()) / found["batch_size"]),
            *(
                figure(found["units"].get(name, 0) / found["batch_size"])
                for name in ("session-metrics", "page-metrics", "counters")
            ),
            figure(sum(found["units"].values()) / found["batch_size"]),
            figure(sum(found["reads"].values()) / found["batch_size"]),
        )
        for function, runs in measured["functions"].items()
        for found in runs
    ]
    header = (
        "an event in",
        "batch",
        "CPU ms",
        "calls",
        "sessions, WU",
        "pages, WU",
        "counters, WU",
        "all tables, WU",
        "items read",
    )
    figures = {name: value for name, value in measured.items() if name not in circumstances()}
    parts = [table(header, rows), "## How", _HOW]
    return report.write("writes", "What a batch asks of AWS", figures, parts)


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", type=Path, default=TARGET, help="the data file to write")
    options = parser.parse_args()
    sys.stdout.write(write(measure(), options.target))


if __name__ == "__main__":
    main()
