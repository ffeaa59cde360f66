"""What a million events cost on AWS.

Belongs here: pure sums over the topology, the measurements and the price list. Reading those two
belongs in `cost_inputs`, the documents' design in `cost_documents`, printing in `cost_commands`.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from infra.cost_inputs import Measured, Measurements, Prices
from infra.resource_types import Function
from infra.resource_types import Mapping as StreamMapping
from infra.topology import Topology

DAY_S = 86_400
DAYS_A_MONTH = 30
MILLION = 1_000_000
SHARD_RECORDS_S = 1000
SHARD_BYTES_S = 1_000_000
SHARD_READ_BYTES_S = 2_000_000  # shared by all consumers without enhanced fan-out
PUT_UNIT_BYTES = 25_000
PAYLOAD_BYTES = 6_000_000  # what one invocation takes
ENVELOPE_BYTES = 600  # what Kinesis wraps around each record's base64
FULL_VCPU_MB = 1769  # memory at which Lambda gives one whole vCPU
CALL_MS = 5.0  # one call of DynamoDB, S3 or SNS, taken as typical
PARALLEL_CALLS = 4  # of `lambdas.shared.statements`
PLATFORM_LOG_BYTES = 350  # START, END and REPORT of each invocation
COLLECTOR_MS = 10.0  # of the collector for a request and for each of its events
COLLECTOR_EVENT_MS = 0.5
SQS_REQUESTS = 3  # send, receive, delete


class CostError(ValueError):
    """A wrong input; the message says what to give."""


@dataclass(frozen=True)
class Load:
    """What is asked of the platform.

    Attributes:
        events_per_day: Events a day, evenly spread.
        window_s: Window of the real-time functions in seconds; None for the topology's.
        batch_size: Their largest batch; None for the topology's.
        peak_factor: How much more than the mean the shards must take.
        events_per_request: Events a request of the collector brings.
    """

    events_per_day: float
    window_s: float | None = None
    batch_size: int | None = None
    peak_factor: float = 2
    events_per_request: float = 10

    def check(self) -> None:
        """Checks the ranges.

        Raises:
            CostError: Naming the value that is out of range, and the range.
        """
        ranges: tuple[tuple[str, float | None, float, float], ...] = (
            ("events-per-day", self.events_per_day, 1, 1e13),
            ("window", self.window_s, 0, 300),
            ("batch-size", self.batch_size, 1, 10_000),
            ("peak-factor", self.peak_factor, 1, 1000),
            ("events-per-request", self.events_per_request, 1, 5000),
        )
        for name, value, low, high in ranges:
            if value is not None and not low <= value <= high:
                raise CostError(f"--{name} is {value:g}: give {low:,.0f} to {high:,.0f}")


@dataclass(frozen=True)
class Consumer:
    """One function at a load.

    Attributes:
        name: The function's package.
        window_s: Its window.
        batch: What its average batch asks for.
        batches: How many there are a day, over all shards.
        duration_ms: How long one takes.
        memory_mb: What the function has.
        shards: Shards it reads, each on its own.
    """

    name: str
    window_s: float
    batch: Measured
    batches: float
    duration_ms: float
    memory_mb: int
    shards: int

    @property
    def busy(self) -> float:
        """Share of the time it works; at 1 it only just keeps up."""
        return self.batches / self.shards * self.duration_ms / 1000 / DAY_S


def shards_needed(load: Load, record_bytes: float, consumers: int) -> int:
    """Shards for the load's peak: by records, by bytes in, and by bytes read by all consumers."""
    records = load.events_per_day / DAY_S * load.peak_factor
    size = records * record_bytes
    by_reading = size * consumers / SHARD_READ_BYTES_S
    return max(1, math.ceil(max(records / SHARD_RECORDS_S, size / SHARD_BYTES_S, by_reading)))


def mapping_at(function: Function, load: Load) -> StreamMapping:
    """A function's mapping with the load's window and batch size, if it is a real-time one.

    Raises:
        KeyError: If the function reads no stream.
    """
    mapping = function.mapping
    if mapping is None:
        raise KeyError(f"{function.name} reads no stream")
    if function.package == "event_processor":  # the archive keeps its own window
        return mapping
    window = mapping.window_s if load.window_s is None else load.window_s
    return StreamMapping(load.batch_size or mapping.batch_size, window)


def consumer_at(
    function: Function, load: Load, shards: int, measurements: Measurements
) -> Consumer:
    """How one function runs at a load: full batches, or what a window gathers."""
    mapping = mapping_at(function, load)
    on_the_wire = measurements.record_bytes * 4 / 3 + ENVELOPE_BYTES
    most = min(mapping.batch_size, PAYLOAD_BYTES / on_the_wire)
    gathered = load.events_per_day / DAY_S / shards * mapping.window_s
    size = min(most, max(1.0, gathered))
    batch = measurements.at(function.package, size)
    return Consumer(
        function.package,
        mapping.window_s,
        batch,
        load.events_per_day / size,
        duration_ms(batch, function.memory_mb),
        function.memory_mb,
        shards,
    )


def duration_ms(batch: Measured, memory_mb: int) -> float:
    """Time of one invocation: its CPU on the share of a vCPU its memory buys, and its calls.

    Calls of a kind go out several at a time, each kind after the one before.
    """
    waits = sum(math.ceil(count / PARALLEL_CALLS) for count in batch.calls.values())
    return batch.cpu_ms / min(1.0, memory_mb / FULL_VCPU_MB) + waits * CALL_MS


def write_units(
    consumer: Consumer, minute_tables: frozenset[str], pages_per_hour: float
) -> dict[str, float]:
    """DynamoDB write units a day by table.

    The measured batches lie within a minute and an hour. A longer window touches more minutes
    (1 + window / 60 on average), and each page of an hour is entered once in the hour's index.
    """
    events = consumer.batches * consumer.batch.batch_size
    units = {}
    for table, each in consumer.batch.units.items():
        minutes = 1 + consumer.window_s / 60 if table in minute_tables else 1
        units[table] = min(each * minutes, each + consumer.batch.batch_size) * consumer.batches
    if consumer.name == "aggregator":
        index = min(pages_per_hour * 24 * consumer.shards, units.get("page-metrics", events))
        units["counters"] = units.get("counters", 0) + index
    return units


def our_cost(
    load: Load, topology: Topology, measurements: Measurements, prices: Prices
) -> tuple[dict[str, float], list[Consumer], dict[str, float]]:
    """Costs our design.

    Returns:
        Dollars a day by service, the functions as they run, and write units a day by table.
    """
    functions = [function for function in topology.functions if function.mapping is not None]
    shards = shards_needed(load, measurements.record_bytes, len(functions))
    consumers = [consumer_at(function, load, shards, measurements) for function in functions]
    minute_tables = frozenset(
        table.name.removeprefix(f"{topology.stack}-")
        for table in topology.tables
        if table.range_key == "time_window"
    )
    written: Counter[str] = Counter()
    for consumer in consumers:
        written.update(write_units(consumer, minute_tables, measurements.pages_per_hour))
    dollars = {
        **_stream(load, shards, measurements.record_bytes, prices),
        "dynamodb writes": sum(written.values()) * prices["dynamodb"]["writes_million"] / MILLION,
    }
    for consumer in consumers:
        for service, cost in _functions_share(consumer, prices).items():
            dollars[service] = dollars.get(service, 0) + cost
    return dollars, consumers, dict(written)


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


def _functions_share(consumer: Consumer, prices: Prices) -> dict[str, float]:
    """Dollars a day of one function, but for what it writes to DynamoDB."""
    batch, batches = consumer.batch, consumer.batches
    gb_seconds = batches * consumer.duration_ms / 1000 * consumer.memory_mb / 1024
    logged = batches * (batch.log_bytes + PLATFORM_LOG_BYTES)
    objects = batches * batch.calls.get("s3:PutObject", 0) * (1 + consumer.window_s / 3600)
    published = batches * sum(n for name, n in batch.calls.items() if name.startswith("sns:"))
    return {
        "dynamodb reads": batches
        * sum(batch.reads.values())
        * prices["dynamodb"]["reads_million"]
        / MILLION,
        "lambda": batches * prices["lambda"]["requests_million"] / MILLION
        + gb_seconds * prices["lambda"]["gb_second"],
        "cloudwatch logs": logged / 1e9 * prices["cloudwatch"]["logs_gb"],
        "cloudwatch metrics": batch.metrics * prices["cloudwatch"]["metric_month"] / DAYS_A_MONTH,
        "s3": objects * prices["s3"]["puts_thousand"] / 1000
        + batches * batch.s3_bytes / 1e9 * prices["s3"]["gb_month"],
        "sqs": objects * SQS_REQUESTS * prices["sqs"]["requests_million"] / MILLION,
        "sns": published * prices["sns"]["requests_million"] / MILLION,
    }
