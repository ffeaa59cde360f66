"""One function measured in a process of its own, so that the process's CPU is the function's.

Belongs here: warming up, timing and counting of one function at one batch size. Prints one line of
JSON. Reading the clock of the process covers all of its threads.
"""

import argparse
import io
import json
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from tests.bench.processes import TRANSFORM
from tests.bench.workload import as_called_by_firehose, invocations, read_lines

PRIMING_BATCH = 1000
COUNTING = "counting"  # decode, validate and aggregate, without any call


class Sink(io.TextIOBase):
    """Takes what a function logs, counts it and keeps the metrics' names."""

    def __init__(self) -> None:
        self.bytes = 0
        self.metrics: set[tuple[str, ...]] = set()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.bytes += len(text.encode())
        if '"_aws"' in text:
            entry = json.loads(text)
            for directive in entry["_aws"]["CloudWatchMetrics"]:
                for metric in directive["Metrics"]:
                    for names in directive["Dimensions"]:
                        values = [str(entry[name]) for name in names]
                        self.metrics.add((directive["Namespace"], metric["Name"], *values))
        return len(text)


def counting_step() -> Callable[[dict[str, Any]], object]:
    """Decode, validate and aggregate one batch whose sessions are all new."""
    import_module("lambdas.aggregator.handler")  # what it sets up for its process counts here too
    from lambdas.aggregator.logic import plan_batch  # noqa: PLC0415
    from lambdas.shared.codec import stream_records  # noqa: PLC0415
    from lambdas.shared.limits import Limits  # noqa: PLC0415
    from lambdas.shared.stream import decode_batch, span_of  # noqa: PLC0415

    def step(invocation: dict[str, Any]) -> object:
        records = stream_records(invocation)
        arrivals, bad = decode_batch(records, Limits(), "aggregator")
        if bad:
            raise ValueError(f"{bad} of the bench's own records were refused")
        return plan_batch(arrivals, {}, span_of(records))

    return step


def handler_step(package: str) -> Callable[[dict[str, Any]], object]:
    """One invocation of a function's handler."""
    from infra.local.mappings.invocation import Context, load_handler  # noqa: PLC0415

    handler, is_called_by_firehose = load_handler(package), package == TRANSFORM
    context = Context(package, 256, 60, f"arn:aws:lambda:us-east-1:123456789012:function:{package}")

    def step(invocation: dict[str, Any]) -> object:
        answer = handler(
            as_called_by_firehose(invocation) if is_called_by_firehose else invocation, context
        )
        if answer and answer.get("batchItemFailures"):
            raise ValueError(f"{package} gave a batch back: {answer}")
        return answer

    return step


def ask(endpoint: str, path: str) -> dict[str, Any]:
    """Asks the null endpoint for its counts, or resets them."""
    with urllib.request.urlopen(f"{endpoint}{path}") as response:  # noqa: S310 - our own endpoint
        answer = response.read()
    return json.loads(answer) if path == "/__counts" else {}


def timed(
    step: Callable[[dict[str, Any]], object], chosen: Iterable[dict[str, Any]]
) -> tuple[float, float]:
    """Seconds of CPU and of the clock that some batches take, but not the making of them.

    Each is made when it is its turn: a function holds one payload, and the garbage collector
    would walk over all those in waiting.
    """
    cpu = wall = 0.0
    for invocation in chosen:
        cpu_before, wall_before = time.process_time(), time.perf_counter()
        step(invocation)
        cpu += time.process_time() - cpu_before
        wall += time.perf_counter() - wall_before
    return cpu, wall


def measure(options: argparse.Namespace, sink: Sink) -> dict[str, Any]:
    """Measures; the best of several rounds is the one the machine disturbed least."""
    size, lines = options.batch_size, read_lines(options.data)
    step = counting_step() if options.function == COUNTING else handler_step(options.function)
    for invocation in invocations(lines[: options.prime], PRIMING_BATCH):
        step(invocation)
    batches = invocations(lines, size, options.prime)
    started = time.process_time()
    step(next(batches))
    first_ms = (time.process_time() - started) * 1000
    for invocation in islice(batches, options.warmup - 1):
        step(invocation)
    needed = options.prime + (options.warmup + options.batches * options.rounds) * size
    if len(lines) < needed:
        raise ValueError(f"{len(lines)} events are too few: {needed} are measured")
    ask(options.endpoint, "/__reset")
    sink.bytes = 0
    rounds = [timed(step, islice(batches, options.batches)) for _ in range(options.rounds)]
    done = options.batches * options.rounds
    counts = ask(options.endpoint, "/__counts")
    events = options.batches * size
    return {
        "function": options.function,
        "batch_size": size,
        "batches": done,
        "cpu_ms_per_event": min(cpu for cpu, _ in rounds) * 1000 / events,
        "events_per_s": events / min(wall for _, wall in rounds),
        "first_invocation_cpu_ms": first_ms,
        "calls_per_batch": {name: n / done for name, n in counts["counts"].items()},
        "written_per_batch": {
            table: {what: n / done for what, n in found.items()}
            for table, found in counts["written"].items()
        },
        "read_per_batch": {table: n / done for table, n in counts["read"].items()},
        "s3_bytes_per_batch": counts["s3bytes"] / done,
        "log_bytes_per_batch": sink.bytes / done,
        "metrics": len(sink.metrics),
    }


def main() -> None:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--function", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--batches", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--prime", type=int, default=0, help="events that go first, uncounted")
    options = parser.parse_args()
    out, sink = sys.stdout, Sink()
    sys.stdout = sink
    result = measure(options, sink)
    out.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
