"""What a million events cost on AWS.

Belongs here: pure sums over how the functions run, what they ask for, and the price list. How they
run belongs in `consumers`, reading measurements and prices in `inputs`, the documents' design in
`documents`, the answer in `report`.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.cost.consumers import Consumer, consumer_at, shards_for
from infra.cost.firehose import as_called, delivery_cost, objects_a_day
from infra.cost.inputs import Measurements, Prices
from infra.cost.load import Load
from infra.resource_types import DeliveryStream, Function
from infra.topology import Topology

DAYS_A_MONTH = 30
MILLION = 1_000_000
PUT_UNIT_BYTES = 25_000
PLATFORM_LOG_BYTES = 350  # START, END and REPORT of each invocation
COLLECTOR_MS = 10.0  # of the collector for a request and for each of its events
COLLECTOR_EVENT_MS = 0.5
SQS_REQUESTS = 3  # send, receive, delete


@dataclass(frozen=True)
class Estimate:
    """Our design at a load.

    Attributes:
        dollars: Dollars a day by service.
        shards: Shards of the stream.
        consumers: The functions as they run.
    """

    dollars: dict[str, float]
    shards: int
    consumers: tuple[Consumer, ...]

    def units(self) -> dict[str, float]:
        """DynamoDB write units a day by table."""
        return _by_name((one.batches, one.asks.units) for one in self.consumers)

    def reads(self) -> dict[str, float]:
        """DynamoDB items read a day by table."""
        return _by_name((one.batches, one.asks.reads) for one in self.consumers)


def our_cost(
    load: Load, topology: Topology, measurements: Measurements, prices: Prices
) -> Estimate:
    """Costs our design.

    Raises:
        CostError: If the load asks for fewer shards than it needs.
    """
    functions = _as_called(topology, measurements.record_bytes)
    shards = shards_for(load, measurements.record_bytes, len(functions))
    consumers = tuple(consumer_at(one, load, shards, measurements) for one in functions)
    stream = _stream(load, shards, measurements.record_bytes, prices)
    dollars: defaultdict[str, float] = defaultdict(float, stream)
    for consumer in consumers:
        metrics = measurements.functions[consumer.name].metrics
        dollars["cloudwatch metrics"] += (
            metrics * prices["cloudwatch"]["metric_month"] / DAYS_A_MONTH
        )
        for service, cost in batch_cost(consumer, prices).items():
            dollars[service] += consumer.batches * cost
    for delivery in topology.delivery_streams:
        for service, cost in _delivery_cost(load, delivery, measurements, prices).items():
            dollars[service] += cost
    return Estimate(dict(dollars), shards, consumers)


def batch_cost(consumer: Consumer, prices: Prices) -> dict[str, float]:
    """Dollars of one batch of one function by service.

    DynamoDB reads are strongly consistent, of items below 4 KB: a unit each. Each object of the
    archive is announced on SQS.
    """
    asks = consumer.asks
    gb_seconds = consumer.duration_ms / 1000 * consumer.memory_mb / 1024
    objects = asks.calls.get("s3:PutObject", 0)
    published = sum(n for name, n in asks.calls.items() if name.startswith("sns:"))
    dynamodb, storage = prices["dynamodb"], prices["s3"]
    return {
        "dynamodb writes": sum(asks.units.values()) * dynamodb["writes_million"] / MILLION,
        "dynamodb reads": sum(asks.reads.values()) * dynamodb["reads_million"] / MILLION,
        "lambda": prices["lambda"]["requests_million"] / MILLION
        + gb_seconds * prices["lambda"]["gb_second"],
        "cloudwatch logs": (asks.log_bytes + PLATFORM_LOG_BYTES)
        / 1e9
        * prices["cloudwatch"]["logs_gb"],
        "s3": objects * storage["puts_thousand"] / 1000 + asks.s3_bytes / 1e9 * storage["gb_month"],
        "sqs": objects * SQS_REQUESTS * prices["sqs"]["requests_million"] / MILLION,
        "sns": published * prices["sns"]["requests_million"] / MILLION,
    }


def _as_called(topology: Topology, record_bytes: float) -> list[Function]:
    """The functions that are given the stream's records, each with the mapping that does it."""
    by_transform = {one.transform: one for one in topology.delivery_streams}
    return [
        as_called(one, by_transform[one.name], record_bytes) if one.name in by_transform else one
        for one in topology.stream_functions
    ]


def _delivery_cost(
    load: Load, delivery: DeliveryStream, measurements: Measurements, prices: Prices
) -> dict[str, float]:
    """Dollars a day of what Firehose does, and of its objects in S3.

    These are announced on SQS like those of our own archive, and taken to be as large.
    """
    objects = objects_a_day(load, delivery, measurements.row_bytes)
    holds = load.traffic.batch(load.events_per_s, load.events_per_day / objects / load.events_per_s)
    size = measurements.functions["event_processor"].of(holds).s3_bytes * objects
    storage = prices["s3"]
    return {
        **delivery_cost(load, delivery, measurements, prices),
        "s3": objects * storage["puts_thousand"] / 1000 + size / 1e9 * storage["gb_month"],
        "sqs": objects * SQS_REQUESTS * prices["sqs"]["requests_million"] / MILLION,
    }


def collector_cost(load: Load, topology: Topology, prices: Prices) -> dict[str, float]:
    """Dollars a day of the collector: the HTTP API and its function."""
    requests = load.events_per_day / load.events_per_request
    memory_gb = topology.function("collector").memory_mb / 1024
    seconds = (COLLECTOR_MS + COLLECTOR_EVENT_MS * load.events_per_request) / 1000
    return {
        "api": requests * prices["api"]["requests_million"] / MILLION,
        "lambda": requests * prices["lambda"]["requests_million"] / MILLION
        + requests * seconds * memory_gb * prices["lambda"]["gb_second"],
    }


def per_million(dollars: Mapping[str, float], events_per_day: float) -> dict[str, float]:
    """Dollars a day as dollars per million events."""
    return {service: cost / events_per_day * MILLION for service, cost in dollars.items()}


def _stream(load: Load, shards: int, record_bytes: float, prices: Prices) -> dict[str, float]:
    units = load.events_per_day * math.ceil(record_bytes / PUT_UNIT_BYTES)
    kinesis = prices["kinesis"]
    return {
        "kinesis shards": shards * 24 * kinesis["shard_hour"],
        "kinesis puts": units * kinesis["put_units_million"] / MILLION,
    }


def _by_name(batches: Iterable[tuple[float, Mapping[str, float]]]) -> dict[str, float]:
    """Sums what some batches ask for, each as often as it comes."""
    total: defaultdict[str, float] = defaultdict(float)
    for count, amounts in batches:
        for name, amount in amounts.items():
            total[name] += count * amount
    return dict(total)
