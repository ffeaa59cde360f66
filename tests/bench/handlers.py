"""`python -m tests.bench.handlers`: our stream functions beside the documents' JavaScript.

Belongs here: which measurements are made, in which order. One measurement belongs in `worker` and
`baseline`, the tables in `handlers_report`.

Both sides get the same Zipf events in the same batches, one after the other, from the same null
endpoint in one run. Each side's CPU is that of its own process.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import handlers_report, workload
from tests.bench.baseline import FUNCTIONS as THEIRS
from tests.bench.baseline import Baseline, BaselineUnavailable
from tests.bench.processes import FUNCTIONS, cold_imports, null_endpoint, run_worker
from tests.bench.worker import COUNTING

EVENTS = 100_000
SIZES = {100: 60, 1000: 12}  # batch size: batches in a round
THEIR_BATCHES = {100: 20, 1000: 3}


def say(text: str) -> None:
    """Tells what goes on."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def zipf_events(baseline: Baseline, scratch: Path) -> tuple[Path, str]:
    """The events' file and where they come from."""
    try:
        return baseline.events(EVENTS), "the documents' generator (zipf)"
    except BaselineUnavailable as reason:
        say(f"own events of the same shape: {reason}")
    path = scratch / "own.ndjson"
    workload.write_lines(path, workload.full_shard(EVENTS))
    return path, "our own generator, Zipf pages, one full shard"


def measure_ours(endpoint: str, files: dict[str, Path], rounds: int) -> list[dict[str, Any]]:
    """Every function on every kind of events and batch size, and counting alone."""
    found = []
    for events, data in files.items():
        for size, batches in SIZES.items():
            for function in (*FUNCTIONS, COUNTING):
                say(f"{function}, {events} events, batches of {size}")
                counts = {"batch_size": size, "batches": batches, "rounds": rounds}
                result = run_worker(endpoint, data, function=function, **counts)
                found.append({"events": events, **result})
    return found


def measure_theirs(
    endpoint: str, baseline: Baseline, data: Path, rounds: int
) -> list[dict[str, Any]]:
    """Both of the documents' functions at every batch size: the best of the rounds.

    Raises:
        BaselineUnavailable: If they cannot be run.
    """
    baseline.prepare()
    found = []
    for size, batches in THEIR_BATCHES.items():
        for function, short in THEIRS.items():
            say(f"the documents' {short}, batches of {size}")
            runs = [
                baseline.measure(function, data, endpoint, size, batches) for _ in range(rounds)
            ]
            best = min(runs, key=lambda run: float(run["cpu_us_per_event_mean"]))
            found.append(
                {
                    "function": short,
                    "batch_size": size,
                    "cpu_ms_per_event": best["cpu_us_per_event_mean"] / 1000,
                    "events_per_s": max(run["events_per_s_median"] for run in runs),
                    "calls_per_event": best["calls_per_event"],
                    "module_load_ms": best["module_load_ms"],
                }
            )
    return found


def run(options: argparse.Namespace) -> str:
    """Measures everything and writes the report; returns the tables."""
    baseline = Baseline(options.baseline, options.home)
    with tempfile.TemporaryDirectory() as folder, null_endpoint() as endpoint:
        zipf, origin = zipf_events(baseline, Path(folder))
        files = {
            "zipf": zipf,
            "collected": Path(folder) / "collected.ndjson",
            "full shard": Path(folder) / "full.ndjson",
        }
        workload.write_lines(files["collected"], workload.as_collected(workload.read_lines(zipf)))
        workload.write_lines(
            files["full shard"], workload.as_collected(workload.full_shard(EVENTS))
        )
        ours = measure_ours(endpoint, files, options.rounds)
        try:
            theirs, missing = measure_theirs(endpoint, baseline, zipf, options.rounds), None
        except BaselineUnavailable as reason:
            theirs, missing = [], f"The documents' code was not measured: {reason}."
            say(missing)
        say("cold imports")
        imports = cold_imports()
    figures = {"events": origin, "ours": ours, "documents": theirs, "imports": imports}
    return handlers_report.write(figures, missing)


def main() -> None:
    """Reads the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--baseline",
        type=Path,
        default=Path(os.environ.get("BASELINE", "../shared/baseline")),
        help="folder of the documents' bench (or BASELINE in the environment)",
    )
    parser.add_argument(
        "--home",
        type=Path,
        default=Path(os.environ.get("BASELINE_HOME", ".clickstream/bench")),
        help="scratch folder for it (or BASELINE_HOME)",
    )
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts")
    sys.stdout.write(run(parser.parse_args()))


if __name__ == "__main__":
    main()
