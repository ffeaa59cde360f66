"""The dashboard.

Belongs here: which figures are drawn together. From where on they are wrong belongs in
`infra.alarms`, definitions of the marts' figures in docs/metrics.md.
"""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.aws.arns import arn
from infra.topology import Topology
from lambdas.shared.observability import NAMESPACE

_WIDTH, _HEIGHT = 12, 6
# What the function through which events are archived calls them, by profile.
_ARCHIVED = {"event_processor": "ArchivedEvents", "firehose_transform": "TransformedEvents"}


class Dashboard(Construct):
    """What is asked first: does data come in, is it counted, is it late, does anything fail."""

    def __init__(self, scope: Construct, id_: str, topology: Topology, api_id: str) -> None:
        super().__init__(scope, id_)
        self._topology = topology
        self._api = {"ApiId": api_id}
        alarms = [
            cloudwatch.Alarm.from_alarm_arn(self, one.name, arn("cloudwatch", f"alarm:{one.name}"))
            for one in topology.alarms
        ]
        status = cloudwatch.AlarmStatusWidget(
            title="Alarms", alarms=alarms, width=2 * _WIDTH, height=_HEIGHT
        )
        rows = [[status], self._arrival(), self._counting(), self._lateness(), self._storing()]
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=topology.stack,
            default_interval=Duration.hours(12),
            widgets=rows,
        )

    def _arrival(self) -> list[cloudwatch.GraphWidget]:
        stream = {"StreamName": self._topology.stream.name}
        refused = "WriteProvisionedThroughputExceeded"
        return [
            _graph(
                "Requests",
                *(_metric("AWS/ApiGateway", name, self._api) for name in ("Count", "4xx", "5xx")),
                *(_own(name, "collector") for name in ("AcceptedEvents", "RejectedEvents")),
            ),
            _graph(
                "Stream",
                _metric("AWS/Kinesis", "IncomingRecords", stream),
                _metric("AWS/Kinesis", refused, stream),
                _own("ThrottledEvents", "collector"),
            ),
        ]

    def _counting(self) -> list[cloudwatch.GraphWidget]:
        counted = ("CountedEvents", "DuplicateEvents", "UncountableRecords", "FencedItems")
        return [
            _graph(
                "Counted and archived",
                *(_own(name, "aggregator") for name in counted),
                *(
                    _own(_ARCHIVED[one.package], one.package)
                    for one in self._topology.stream_functions
                    if one.package in _ARCHIVED
                ),
            ),
            _graph("Alerts", _own("AlertsRaised", "anomaly_detector")),
        ]

    def _lateness(self) -> list[cloudwatch.GraphWidget]:
        consumers = self._topology.stream_functions
        mapped = [one for one in consumers if one.mapping is not None]
        return [
            _graph(
                "Lag, milliseconds",
                *(_own("Lag", one.package, "Maximum") for one in consumers),
                *(_of_function("IteratorAge", one.name, "Maximum") for one in mapped),
                right=[
                    _metric(
                        "AWS/Firehose",
                        "DeliveryToS3.DataFreshness",
                        {"DeliveryStreamName": one.name},
                        "Maximum",
                        f"{one.name} DataFreshness, seconds",
                    )
                    for one in self._topology.delivery_streams
                ],
            ),
            _graph(
                "Functions",
                *(
                    _of_function(name, one.name)
                    for one in self._topology.functions
                    for name in ("Errors", "Throttles")
                ),
                right=[
                    _of_function("Duration", one.name, "p95") for one in self._topology.functions
                ],
            ),
        ]

    def _storing(self) -> list[cloudwatch.GraphWidget]:
        waiting = "ApproximateNumberOfMessagesVisible"
        tables = [{"TableName": table.name} for table in self._topology.tables]
        return [
            _graph(
                "Queues",
                *(
                    _metric("AWS/SQS", waiting, {"QueueName": queue.name}, "Maximum", queue.name)
                    for queue in self._topology.queues
                ),
            ),
            _graph(
                "Write units of the tables",
                *(
                    _metric(
                        "AWS/DynamoDB", "ConsumedWriteCapacityUnits", one, "Sum", one["TableName"]
                    )
                    for one in tables
                ),
            ),
        ]


def _metric(
    namespace: str,
    name: str,
    dimensions: dict[str, str],
    statistic: str = "Sum",
    label: str | None = None,
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        label=label or name,
    )


def _own(name: str, package: str, statistic: str = "Sum") -> cloudwatch.Metric:
    label = f"{package} {name}"
    return _metric(NAMESPACE, name, {"service": package}, statistic, label)


def _of_function(name: str, function: str, statistic: str = "Sum") -> cloudwatch.Metric:
    label = f"{function} {name}"
    return _metric("AWS/Lambda", name, {"FunctionName": function}, statistic, label)


def _graph(
    title: str, *left: cloudwatch.Metric, right: list[cloudwatch.Metric] | None = None
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title, left=list(left), right=right or [], width=_WIDTH, height=_HEIGHT
    )
