"""`python -m tests.bench.writes`: what our functions ask of AWS for what a batch holds.

Belongs here: the measurement behind `clickstream cost`. It runs each function on steady traffic
(`workload.steady_traffic`, in the collector's shape) of several densities in batches of several
sizes, counts what it asks for, and shares that out among the things the batches held: events,
sessions, pages, minutes (`shares`). The shares go to `infra/cost/measurements.json`.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from infra.cost.traffic import Contents, Traffic
from lambdas.firehose_transform.invocation import delivered_records
from lambdas.firehose_transform.logic import transform
from lambdas.shared.limits import Limits
from tests.bench import report, workload
from tests.bench.processes import FUNCTIONS, TRANSFORM, null_endpoint, run_worker
from tests.bench.report import circumstances, figure, table
from tests.bench.shares import THINGS, contents_of, error_of, shares_of

TARGET = Path("infra") / "cost" / "measurements.json"
PRIMED_S = 500  # of traffic go first: by then most sessions of a batch were seen from their start
# Events a second of the shard: {batch size: batches}. Dense and thin, short and long, within a
# minute and across hours, so that the things a batch holds do not all grow together.
PLAN: dict[float, dict[int, int]] = {
    100: {1: 300, 10: 150, 100: 60, 1000: 12, 6000: 4},
    10: {10: 150, 600: 20, 3000: 6},
    0.2: {60: 100},
}
NAMED = ("calls", "units", "reads")
PLAIN = ("cpu_ms", "s3_bytes", "log_bytes")
# New pages are many at the start of an hour and few later; the law speaks of the whole hour.
LASTING = tuple(thing for thing in THINGS if thing not in {"batch", "new_pages"})
_ROWS = 1000  # of each density, to find a row's mean size
_HOUR_START_MS = 1_751_518_805_000  # 05:00:05Z

_HOW = """\
Each function's handler with its own clients against a null endpoint that counts calls, items and
write units (1 KB each). The traffic is that of one shard: sessions that come and go, ten events
15.5 s apart on average, 2,000 pages by Zipf(1.1), 0.5 % of sessions robots. The endpoint keeps no
state: stored sessions and visitor sketches are as small as one batch makes them. These visitors
choose pages by chance, checkout among the first, so a fifth of the sessions causes an alert. The
law speaks of stretches of time; a batch cut by its size ends with an event whose session is likely
to go on, and so has up to one session more."""


class Cell(NamedTuple):
    """One density and batch size."""

    rate: float
    primed: int
    size: int
    batches: int
    held: Contents
    data: Path


def measure() -> dict[str, Any]:
    """Measures every function on every batch of the plan."""
    with tempfile.TemporaryDirectory() as folder, null_endpoint() as endpoint:
        record_bytes, row_bytes, cells = _traffic(Path(folder))
        asked = {
            function: [_asked(endpoint, function, cell) for cell in cells]
            for function in (*FUNCTIONS, TRANSFORM)
        }
    return {
        "record_bytes": record_bytes,
        "row_bytes": row_bytes,
        "batches": [
            {"rate": cell.rate, "held": cell.held.counts(), "law": _law(cell).counts()}
            for cell in cells
        ],
        "asked": asked,
        "functions": {
            function: shared([cell.held for cell in cells], runs)
            for function, runs in asked.items()
        },
    }


def _traffic(folder: Path) -> tuple[int, int, list[Cell]]:
    """Writes the events of each density.

    Returns:
        Mean bytes of a record and of the row Firehose is given of it, and what is measured.
    """
    cells, sizes, rows = [], [], []
    for rate, plan in PLAN.items():
        primed = round(PRIMED_S * rate)
        needed = primed + max((batches + 1) * size for size, batches in plan.items())
        events = workload.steady_traffic(needed, rate, start_ms=_HOUR_START_MS)
        lines = workload.as_collected(events)
        data = folder / f"{rate}.ndjson"
        workload.write_lines(data, lines)
        sizes.append(statistics.mean(len(line.data) for line in lines))
        rows += _row_sizes(lines[:_ROWS])
        for size, batches in plan.items():
            held = contents_of(lines, size, primed + size, batches)
            cells.append(Cell(rate, primed, size, batches, held, data))
    return round(statistics.mean(sizes)), round(statistics.mean(rows)), cells


def _row_sizes(lines: list[workload.Line]) -> list[int]:
    (invocation,) = workload.invocations(lines, len(lines))
    delivered = delivered_records(workload.as_called_by_firehose(invocation))
    return [len(one.row) for one in transform(delivered, Limits()).verdicts]


def _law(cell: Cell) -> Contents:
    """What the law says that such a batch holds."""
    return Traffic().batch(cell.rate, cell.size / cell.rate, cell.size)


def _asked(endpoint: str, function: str, cell: Cell) -> dict[str, Any]:
    sys.stderr.write(f"{function}, batches of {cell.size} at {cell.rate:g} events/s\n")
    options = {"batch_size": cell.size, "batches": cell.batches, "rounds": 1, "warmup": 1}
    found = run_worker(endpoint, cell.data, function=function, prime=cell.primed, **options)
    return {
        "cpu_ms": found["cpu_ms_per_event"] * cell.size,
        "calls": found["calls_per_batch"],
        "units": {
            name.partition("-")[2]: counts["units"]
            for name, counts in found["written_per_batch"].items()
        },
        "reads": {name.partition("-")[2]: items for name, items in found["read_per_batch"].items()},
        "s3_bytes": found["s3_bytes_per_batch"],
        "log_bytes": found["log_bytes_per_batch"],
        "metrics": found["metrics"],
    }


def shared(held: list[Contents], asked: list[dict[str, Any]]) -> dict[str, Any]:
    """One function's figures, shared out among what its batches held."""
    plain = {name: shares_of(held, [run[name] for run in asked]) for name in PLAIN}
    named = {
        kind: {name: shares_of(held, values) for name, values in _by_name(asked, kind)}
        for kind in NAMED
    }
    return {**plain, **named, "metrics": max(run["metrics"] for run in asked)}


def _by_name(asked: list[dict[str, Any]], kind: str) -> Iterator[tuple[str, list[float]]]:
    for name in sorted({name for run in asked for name in run[kind]}):
        yield name, [run[kind].get(name, 0) for run in asked]


def write(measured: dict[str, Any], target: Path) -> str:
    """Writes the data file and the report; returns the report."""
    data = {name: measured[name] for name in ("record_bytes", "row_bytes", "functions")}
    target.write_text(json.dumps({**circumstances(), **data}, indent=1) + "\n")
    parts = [
        "A batch asks for so much for itself and for each thing it holds. `off` is the largest "
        "error of these shares on the batches measured; what robots cause differs by chance.",
        table(("a batch's", *THINGS, "off"), _share_rows(measured)),
        "What the measured batches held, and what the law of `infra/cost/traffic.py` says of them:",
        table(("events a second", *LASTING), _batch_rows(measured["batches"])),
        "## How",
        _HOW,
    ]
    return report.write("writes", "What a batch asks of AWS", measured, parts)


def _share_rows(measured: dict[str, Any]) -> Iterator[report.Row]:
    held = [
        Contents(**{name: value for name, value in batch["held"].items() if name != "batch"})
        for batch in measured["batches"]
    ]
    for function, needs in measured["functions"].items():
        asked = measured["asked"][function]
        rows = [("CPU ms", needs["cpu_ms"], [run["cpu_ms"] for run in asked])]
        for kind, label in (("calls", ""), ("units", ", write units"), ("reads", ", items read")):
            rows += [
                (f"{name}{label}", needs[kind][name], values)
                for name, values in _by_name(asked, kind)
            ]
        for label, shares, values in rows:
            cells = (figure(shares.get(thing)) for thing in THINGS)
            yield f"{function}: {label}", *cells, f"{error_of(shares, held, values):.1%}"


def _batch_rows(batches: list[dict[str, Any]]) -> Iterator[report.Row]:
    for batch in batches:
        held, law = batch["held"], batch["law"]
        yield (
            f"{batch['rate']:g}",
            *(f"{figure(held[thing])} / {figure(law[thing])}" for thing in LASTING),
        )


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", type=Path, default=TARGET, help="the data file to write")
    options = parser.parse_args()
    sys.stdout.write(write(measure(), options.target))


if __name__ == "__main__":
    main()
