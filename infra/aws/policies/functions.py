"""What each function may do: exactly the calls its code makes, and those Lambda makes for it.

Belongs here: one list of statements for each function. That nothing is missing and nothing unused
is tested against the calls of a run on the embedded AWS.
"""

from collections.abc import Callable

from infra.aws.policies.own_key import KeyUse
from infra.aws.policies.statements import Statement, arn, objects_arn
from infra.topology import Topology
from lambdas.shared import lake


def _collector(topology: Topology) -> tuple[Statement, ...]:
    return (
        Statement(
            "PutEvents",
            ("kinesis:PutRecords",),
            (arn("kinesis", f"stream/{topology.stream.name}"),),
        ),
        *_front_door(topology),
        _logs(topology, "collector"),
    )


def _front_door(topology: Topology) -> tuple[Statement, ...]:
    """Reading the key. Secrets Manager puts six characters of its own behind a name."""
    front_door = topology.api.front_door
    if front_door is None:
        return ()
    key = arn("secretsmanager", f"secret:{front_door.key}-??????")
    return (Statement("KnowTheFrontDoor", ("secretsmanager:GetSecretValue",), (key,)),)


def _event_processor(topology: Topology) -> tuple[Statement, ...]:
    bucket = next(one.name for one in topology.buckets if one.notify_prefix is not None)
    return (
        *_mapping(topology, "event_processor"),
        Statement(
            "Archive",
            ("s3:PutObject",),
            (
                objects_arn(bucket, f"{lake.RAW_PREFIX}/"),
                objects_arn(bucket, f"{lake.QUARANTINE_PREFIX}/"),
            ),
        ),
    )


def _firehose_transform(topology: Topology) -> tuple[Statement, ...]:
    """Firehose reads the stream and writes the lake itself; bad records are set aside here."""
    bucket = next(one.name for one in topology.buckets if one.notify_prefix is not None)
    return (
        _logs(topology, "firehose_transform"),
        Statement(
            "SetBadRecordsAside",
            ("s3:PutObject",),
            (objects_arn(bucket, f"{lake.QUARANTINE_PREFIX}/"),),
        ),
    )


def _aggregator(topology: Topology) -> tuple[Statement, ...]:
    return (
        *_mapping(topology, "aggregator"),
        Statement(
            "Count",
            ("dynamodb:BatchGetItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"),
            _tables(topology, "page-metrics", "session-metrics", "counters", "aggregator-log"),
        ),
    )


def _anomaly_detector(topology: Topology) -> tuple[Statement, ...]:
    return (
        *_mapping(topology, "anomaly_detector"),
        Statement(
            "KeepState",
            ("dynamodb:PartiQLInsert", "dynamodb:Query"),
            _tables(topology, "detector-log"),
        ),
        Statement(
            "KeepAlerts",
            ("dynamodb:BatchGetItem", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"),
            _tables(topology, "alerts"),
        ),
        Statement("PublishAlerts", ("sns:Publish",), (arn("sns", topology.alert_topic.name),)),
    )


FUNCTIONS: dict[str, tuple[Callable[[Topology], tuple[Statement, ...]], KeyUse]] = {
    "collector": (_collector, KeyUse(writes=("kinesis",))),
    "event_processor": (_event_processor, KeyUse(reads=("kinesis",), writes=("s3", "sqs"))),
    "firehose_transform": (_firehose_transform, KeyUse(writes=("s3",))),
    "aggregator": (_aggregator, KeyUse(reads=("kinesis",), writes=("sqs",), writes_tables=True)),
    "anomaly_detector": (
        _anomaly_detector,
        KeyUse(reads=("kinesis",), writes=("sns", "sqs"), writes_tables=True),
    ),
}


def _mapping(topology: Topology, package: str) -> tuple[Statement, ...]:
    """What Lambda does by the function's role: reading the stream, setting aside, logging.

    The two descriptions are asked for when the mapping is made, and as shards come and go. Reading
    a shard again, which the counters do after a crash, needs no more than that.
    """
    mapping = topology.function(package).mapping
    queue = None if mapping is None else mapping.on_failure_queue
    if queue is None:
        raise ValueError(f"{package} has no mapping with a queue for what it gives up")
    return (
        Statement(
            "ReadStream",
            (
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ),
            (arn("kinesis", f"stream/{topology.stream.name}"),),
        ),
        Statement("SetFailedBatchesAside", ("sqs:SendMessage",), (arn("sqs", queue),)),
        _logs(topology, package),
    )


def _logs(topology: Topology, package: str) -> Statement:
    """Writing to the function's own log group, which the deployment creates with its retention."""
    group = f"log-group:/aws/lambda/{topology.function(package).name}"
    return Statement(
        "WriteLogs",
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        (arn("logs", f"{group}:log-stream:*"),),
    )


def _tables(topology: Topology, *suffixes: str) -> tuple[str, ...]:
    """The ARNs of some tables.

    Raises:
        ValueError: If the topology has no such table.
    """
    names = {f"{topology.stack}-{suffix}" for suffix in suffixes}
    if missing := names - {table.name for table in topology.tables}:
        raise ValueError(f"the topology has no table {', '.join(sorted(missing))}")
    return tuple(arn("dynamodb", f"table/{topology.stack}-{suffix}") for suffix in suffixes)
