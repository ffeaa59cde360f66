"""What a platform is doing.

Belongs here: gathering the facts that `clickstream status` shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.deploy.progress import Progress
from infra.deploy.sites import Addresses, Site
from lambdas.aggregator.readings import RealTimeMetrics, Totals, Trend

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


_TRENDING = 5


@dataclass(frozen=True)
class Status:
    """A platform at one moment.

    Attributes:
        addresses: What listens where, or why that is not known.
        progress: How each function keeps up.
        queues: Messages waiting on each queue.
        totals: What the real-time counters hold.
        by_type: Events of the last day by type.
        visitors: Estimated visitors of the current hour.
        trending: Pages that stand out in the current hour.
    """

    addresses: dict[str, str]
    progress: dict[str, Progress]
    queues: dict[str, int]
    totals: Totals
    by_type: dict[str, int]
    visitors: float
    trending: list[Trend]


def read_status(site: Site) -> Status:
    """Asks a platform; the tables of counters are read as a whole.

    Raises:
        botocore.exceptions.ClientError: If a call fails.
    """
    topology, sqs = site.topology, site.client("sqs")
    metrics = RealTimeMetrics(site.client("dynamodb"), topology.stack)
    hour = f"{datetime.now(UTC):%Y-%m-%dT%H}"
    return Status(
        dict(_listening(site.addresses)),
        {one.package: site.progress_of(one) for one in topology.stream_functions},
        {queue.name: _waiting(sqs, queue.name) for queue in topology.queues},
        metrics.totals(),
        metrics.events_by_type(),
        metrics.unique_visitors(hour),
        metrics.trending_pages(hour)[:_TRENDING],
    )


def _listening(addresses: Addresses) -> Iterator[tuple[str, str]]:
    unknown = f"not known: {addresses.unknown_because}"
    collector = addresses.collector
    yield "collector", unknown if collector is None else f"{collector.rstrip('/')}/v1/events"
    yield "Dagster UI", addresses.dagster or unknown


def _waiting(sqs: "SQSClient", queue: str) -> int:
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(found["Attributes"]["ApproximateNumberOfMessages"])
