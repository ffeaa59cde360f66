"""What a running platform is doing.

Belongs here: gathering the facts that `clickstream status` shows.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3

from infra.local.endpoints import ACCOUNT, Ports
from infra.local.progress import Lag, lag_of
from infra.local.state import State
from infra.topology import build_topology
from lambdas.aggregator.readings import RealTimeMetrics, Totals, Trend

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


_TRENDING = 5


@dataclass(frozen=True)
class Status:
    """A platform at one moment.

    Attributes:
        addresses: What listens where.
        lags: How each function keeps up; None for one that has not reported yet.
        queues: Messages waiting on each queue.
        totals: What the real-time counters hold.
        by_type: Events of the last day by type.
        visitors: Estimated visitors of the current hour.
        trending: Pages that stand out in the current hour.
    """

    addresses: dict[str, str]
    lags: dict[str, Lag | None]
    queues: dict[str, int]
    totals: Totals
    by_type: dict[str, int]
    visitors: float
    trending: list[Trend]


def read_status(state: State, ports: Ports) -> Status:
    """Asks the running platform. The AWS environment must be that platform's."""
    topology = build_topology(ACCOUNT, delivery=state.read_running()["delivery"])
    folder = state.folder("mappings")
    metrics = RealTimeMetrics(boto3.client("dynamodb"), topology.stack)
    sqs = boto3.client("sqs")
    hour = f"{datetime.now(UTC):%Y-%m-%dT%H}"
    return Status(
        {"collector": f"{ports.collector_url}/v1/events", "Dagster UI": ports.ui_url},
        {f.package: lag_of(folder, f.package) for f in topology.stream_functions},
        {queue.name: _waiting(sqs, queue.name) for queue in topology.queues},
        metrics.totals(),
        metrics.events_by_type(),
        metrics.unique_visitors(hour),
        metrics.trending_pages(hour)[:_TRENDING],
    )


def _waiting(sqs: "SQSClient", queue: str) -> int:
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(found["Attributes"]["ApproximateNumberOfMessages"])
