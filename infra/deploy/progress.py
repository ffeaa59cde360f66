"""How far a function has come, wherever it runs.

Belongs here: the figures as a person is shown them, and the two places they come from. Whether they
are good belongs to the doctor.
"""

from pathlib import Path
from typing import NamedTuple

from infra.deploy.access import Clients
from infra.deploy.cloudwatch import MINUTES, latest
from infra.local.progress import lag_of
from infra.resource_types import Function
from infra.topology import Topology


class Progress(NamedTuple):
    """How one function keeps up; None for what nobody tells.

    Attributes:
        records: Records done since its start.
        waiting: Records read but not done yet.
        behind_s: The age of the oldest record that is not done yet, in seconds.
        told: When that was told, for a person.
    """

    records: int | None
    waiting: int | None
    behind_s: float | None
    told: str


def of_runner(folder: Path, function: Function) -> Progress:
    """What a function's process on this machine reported last.

    Args:
        folder: Where the runners report.
        function: The function.
    """
    lag = lag_of(folder, function.package)
    if lag is None:
        return Progress(None, None, None, "not yet")
    return Progress(lag.records, lag.waiting, lag.behind_ms / 1000, f"{lag.age_s:.0f} s ago")


def of_account(client: Clients, topology: Topology, function: Function) -> Progress:
    """What CloudWatch was told of a function; how many records it has done is not among it.

    Args:
        client: AWS clients.
        topology: The platform.
        function: One that is given the stream's records.
    """
    behind_s = _behind_s(client, topology, function)
    if behind_s is None:
        return Progress(None, None, None, f"nothing in {MINUTES} min")
    return Progress(None, None, behind_s, f"the most in {MINUTES} min")


def iterator_age_s(client: Clients, function: Function) -> float | None:
    """How far a function on an event source mapping was behind at most, in seconds."""
    of = ("FunctionName", function.name)
    age_ms = latest(client, "AWS/Lambda", "IteratorAge", of, "Maximum")
    return None if age_ms is None else age_ms / 1000


def _behind_s(client: Clients, topology: Topology, function: Function) -> float | None:
    """Firehose reads the stream itself, and tells the age of the oldest record it still holds."""
    for stream in topology.delivery_streams:
        if stream.transform == function.name:
            of = ("DeliveryStreamName", stream.name)
            return latest(client, "AWS/Firehose", "DeliveryToS3.DataFreshness", of, "Maximum")
    return iterator_age_s(client, function)
