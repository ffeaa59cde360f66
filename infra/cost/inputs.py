"""What the cost model is fed with: list prices and what our functions were measured to ask of AWS.

Belongs here: reading both files, and what a function asks for a batch of any contents. The sums
belong in `model`, what a batch holds in `traffic`.
"""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.cost.traffic import Contents

PRICES_OF = "2026-11"
_FOLDER = Path(__file__).parent

Prices = dict[str, dict[str, float]]
Shares = dict[str, float]  # an amount for each thing a batch holds, by the names of `Contents`


@dataclass(frozen=True)
class Asked:
    """What one batch of one function asks of AWS.

    Attributes:
        cpu_ms: Milliseconds of one core.
        calls: Calls by `service:operation`.
        units: DynamoDB write units by table.
        reads: DynamoDB items read by table.
        s3_bytes: Bytes written to S3.
        log_bytes: Bytes logged.
    """

    cpu_ms: float
    calls: dict[str, float]
    units: dict[str, float]
    reads: dict[str, float]
    s3_bytes: float
    log_bytes: float


@dataclass(frozen=True)
class Needs:
    """What a function asks for each thing a batch holds: the shares of each figure of `Asked`.

    Attributes:
        metrics: Distinct custom metrics the function logs, whatever the batches.
    """

    cpu_ms: Shares
    calls: dict[str, Shares]
    units: dict[str, Shares]
    reads: dict[str, Shares]
    s3_bytes: Shares
    log_bytes: Shares
    metrics: int

    def of(self, contents: Contents) -> Asked:
        """What a batch asks for: each thing it holds, times its share."""
        held = contents.counts()

        def total(shares: Shares) -> float:
            return sum(share * held[thing] for thing, share in shares.items())

        def totals(named: dict[str, Shares]) -> dict[str, float]:
            return {name: total(shares) for name, shares in named.items()}

        return Asked(
            total(self.cpu_ms),
            totals(self.calls),
            totals(self.units),
            totals(self.reads),
            total(self.s3_bytes),
            total(self.log_bytes),
        )


@dataclass(frozen=True)
class Measurements:
    """What `python -m tests.bench.writes` measured.

    Attributes:
        date: When.
        record_bytes: Mean bytes of an event in the collector's shape.
        row_bytes: Mean bytes of the row that Firehose is given of it.
        functions: What each function needs, by its package.
    """

    date: str
    record_bytes: float
    row_bytes: float
    functions: dict[str, Needs]


def read_prices(month: str = PRICES_OF) -> Prices:
    """The price list of a month, `yyyy-MM`."""
    return tomllib.loads((_FOLDER / f"prices-{month}.toml").read_text())


def read_measurements() -> Measurements:
    """The measurements in the repository."""
    return measurements_of(json.loads((_FOLDER / "measurements.json").read_text()))


def measurements_of(document: dict[str, Any]) -> Measurements:
    """Reads the document the bench writes."""
    return Measurements(
        document["date"],
        document["record_bytes"],
        document["row_bytes"],
        {function: Needs(**needs) for function, needs in document["functions"].items()},
    )
