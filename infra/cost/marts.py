"""What the marts cost: Athena's queries of an hour, run every hour.

Belongs here: the measurement of `tests.bench.marts` and its price. The stream's side belongs in
`model`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.cost.inputs import Prices
from infra.cost.load import Load

LEAST_MB = 10.0  # that Athena bills for a query
HOURS_A_DAY = 24
_MB_A_TB = 1_000_000
_MEASURED = Path(__file__).with_name("marts.json")


@dataclass(frozen=True)
class MartQueries:
    """The queries of the job `marts` for one hour.

    Attributes:
        date: When they were measured.
        events_a_day: In a lake of so many events a day.
        scanned_mb: Megabytes each of them scans.
    """

    date: str
    events_a_day: float
    scanned_mb: Sequence[float]


def read_mart_queries() -> MartQueries:
    """The measurement in the repository."""
    document = json.loads(_MEASURED.read_text())
    return MartQueries(document["date"], document["events_a_day"], document["scanned_mb"])


def marts_cost(load: Load, queries: MartQueries, prices: Prices) -> float:
    """Dollars a day. What a query scans grows with the events; its least stays."""
    growth = load.events_per_day / queries.events_a_day
    megabytes = sum(max(one * growth, LEAST_MB) for one in queries.scanned_mb)
    return HOURS_A_DAY * megabytes / _MB_A_TB * prices["athena"]["scanned_tb"]
