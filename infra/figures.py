"""What the dashboard draws.

Belongs here: which figures are drawn together. From where on they are wrong belongs in
`infra.alarms`, definitions of the marts' figures in docs/metrics.md, and how it is drawn to whoever
renders this description.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.topology import Topology
from lambdas.shared.observability import NAMESPACE

API_ID = "{api}"  # known once the API was created
HOURS = 12
WIDTH, HEIGHT = 12, 6  # in CloudWatch's grid of 24 columns

# What the function through which events are archived calls them, by profile.
_ARCHIVED = {"event_processor": "ArchivedEvents", "firehose_transform": "TransformedEvents"}


@dataclass(frozen=True)
class Figure:
    """A metric of CloudWatch.

    Attributes:
        dimension: Its one dimension, (name, value).
        statistic: How the metric's values in a period become one figure.
        label: What it is called beside the drawing.
    """

    namespace: str
    metric: str
    dimension: tuple[str, str]
    statistic: str
    label: str


@dataclass(frozen=True)
class Drawing:
    """Figures over time; those on the right have a scale of their own."""

    title: str
    left: tuple[Figure, ...]
    right: tuple[Figure, ...] = ()


def rows_of(topology: Topology) -> tuple[tuple[Drawing, Drawing], ...]:
    """What is asked first: does data come in, is it counted, is it late, does anything fail."""
    return (_arrival(topology), _counting(topology), _lateness(topology), _storing(topology))


def _arrival(topology: Topology) -> tuple[Drawing, Drawing]:
    stream = ("StreamName", topology.stream.name)
    api = ("ApiId", API_ID)
    return (
        Drawing(
            "Requests",
            (
                *(_figure("AWS/ApiGateway", name, api) for name in ("Count", "4xx", "5xx")),
                *(_own(name, "collector") for name in ("AcceptedEvents", "RejectedEvents")),
            ),
        ),
        Drawing(
            "Stream",
            (
                _figure("AWS/Kinesis", "IncomingRecords", stream),
                _figure("AWS/Kinesis", "WriteProvisionedThroughputExceeded", stream),
                _own("ThrottledEvents", "collector"),
            ),
        ),
    )


def _counting(topology: Topology) -> tuple[Drawing, Drawing]:
    counted = ("CountedEvents", "DuplicateEvents", "UncountableRecords", "FencedItems")
    archived = (
        _own(_ARCHIVED[one.package], one.package)
        for one in topology.stream_functions
        if one.package in _ARCHIVED
    )
    return (
        Drawing(
            "Counted and archived", (*(_own(name, "aggregator") for name in counted), *archived)
        ),
        Drawing("Alerts", (_own("AlertsRaised", "anomaly_detector"),)),
    )


def _lateness(topology: Topology) -> tuple[Drawing, Drawing]:
    consumers = topology.stream_functions
    mapped = [one.name for one in consumers if one.mapping is not None]
    names = [one.name for one in topology.functions]
    return (
        Drawing(
            "Lag, milliseconds",
            (
                *(_own("Lag", one.package, "Maximum") for one in consumers),
                *(_of_function("IteratorAge", name, "Maximum") for name in mapped),
            ),
            tuple(_delivery_freshness(topology)),
        ),
        Drawing(
            "Functions",
            tuple(_of_function(what, name) for name in names for what in ("Errors", "Throttles")),
            tuple(_of_function("Duration", name, "p95") for name in names),
        ),
    )


def _delivery_freshness(topology: Topology) -> Iterator[Figure]:
    for one in topology.delivery_streams:
        dimension = ("DeliveryStreamName", one.name)
        label = f"{one.name} DataFreshness, seconds"
        yield Figure("AWS/Firehose", "DeliveryToS3.DataFreshness", dimension, "Maximum", label)


def _storing(topology: Topology) -> tuple[Drawing, Drawing]:
    waiting, written = "ApproximateNumberOfMessagesVisible", "ConsumedWriteCapacityUnits"
    return (
        Drawing(
            "Queues",
            tuple(
                Figure("AWS/SQS", waiting, ("QueueName", one.name), "Maximum", one.name)
                for one in topology.queues
            ),
        ),
        Drawing(
            "Write units of the tables",
            tuple(
                Figure("AWS/DynamoDB", written, ("TableName", one.name), "Sum", one.name)
                for one in topology.tables
            ),
        ),
    )


def _figure(namespace: str, metric: str, dimension: tuple[str, str]) -> Figure:
    return Figure(namespace, metric, dimension, "Sum", metric)


def _own(metric: str, package: str, statistic: str = "Sum") -> Figure:
    return Figure(NAMESPACE, metric, ("service", package), statistic, f"{package} {metric}")


def _of_function(metric: str, function: str, statistic: str = "Sum") -> Figure:
    dimension = ("FunctionName", function)
    return Figure("AWS/Lambda", metric, dimension, statistic, f"{function} {metric}")
