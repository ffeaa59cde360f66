"""What the cost model is fed with: list prices and what our functions were measured to ask of AWS.

Belongs here: reading both files and interpolating between measured batch sizes. The sums belong in
`cost`.
"""

import json
import tomllib
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRICES_OF = "2026-11"
_FOLDER = Path(__file__).parent

Prices = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Measured:
    """What one batch of one function asks of AWS at one batch size; all figures are a batch's.

    Attributes:
        batch_size: Events in the batch.
        cpu_ms: Milliseconds of one core.
        calls: Calls by `service:operation`.
        units: DynamoDB write units by table.
        reads: DynamoDB items read by table.
        s3_bytes: Bytes written to S3.
        log_bytes: Bytes logged.
        metrics: Distinct custom metrics the function has logged.
    """

    batch_size: float
    cpu_ms: float
    calls: dict[str, float]
    units: dict[str, float]
    reads: dict[str, float]
    s3_bytes: float
    log_bytes: float
    metrics: float


@dataclass(frozen=True)
class Measurements:
    """What `python -m tests.bench.writes` measured.

    Attributes:
        date: When.
        record_bytes: Mean bytes of an event in the collector's shape.
        pages_per_hour: Distinct pages one shard sees in an hour.
        functions: By function, smallest batch first.
    """

    date: str
    record_bytes: float
    pages_per_hour: float
    functions: dict[str, tuple[Measured, ...]]

    def at(self, function: str, batch_size: float) -> Measured:
        """What a batch of any size asks for.

        Between two measured sizes a batch is taken to grow by the same amount with each event, and
        beyond the largest as it did before it.

        Args:
            function: The function's package.
            batch_size: Events in the batch, at least one on average.
        """
        runs = self.functions[function]
        sizes = [run.batch_size for run in runs]
        place = min(max(bisect_left(sizes, batch_size), 1), len(runs) - 1)
        low, high = runs[place - 1], runs[place]
        share = (max(batch_size, sizes[0]) - low.batch_size) / (high.batch_size - low.batch_size)
        return _combined(low, high, lambda a, b: a + (b - a) * share)


def _combined(low: Measured, high: Measured, rule: Callable[[float, float], float]) -> Measured:
    def each(first: dict[str, float], second: dict[str, float]) -> dict[str, float]:
        names = {**first, **second}
        return {name: rule(first.get(name, 0), second.get(name, 0)) for name in names}

    return Measured(
        batch_size=rule(low.batch_size, high.batch_size),
        cpu_ms=rule(low.cpu_ms, high.cpu_ms),
        calls=each(low.calls, high.calls),
        units=each(low.units, high.units),
        reads=each(low.reads, high.reads),
        s3_bytes=rule(low.s3_bytes, high.s3_bytes),
        log_bytes=rule(low.log_bytes, high.log_bytes),
        metrics=high.metrics,
    )


def read_prices(month: str = PRICES_OF) -> Prices:
    """The price list of a month, `yyyy-MM`."""
    return tomllib.loads((_FOLDER / f"prices-{month}.toml").read_text())


def read_measurements() -> Measurements:
    """The measurements in the repository."""
    return measurements_of(json.loads((_FOLDER / "cost_measurements.json").read_text()))


def measurements_of(document: dict[str, Any]) -> Measurements:
    """Reads the document the bench writes."""
    names = tuple(Measured.__dataclass_fields__)
    return Measurements(
        document["date"],
        document["record_bytes"],
        document["pages_per_hour"],
        {
            function: tuple(Measured(**{name: run[name] for name in names}) for run in runs)
            for function, runs in document["functions"].items()
        },
    )
