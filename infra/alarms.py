"""What somebody must be told of: the platform's alarms.

Belongs here: which figures are watched and from where on they are wrong. Creating the alarms
belongs to `infra.aws`; what the anomaly detector raises about visitors are alerts, not alarms.
"""

from collections.abc import Iterator

from infra.resource_types import Alarm, DeliveryStream, Function, Queue

_MINUTE_S = 60
_HOUR_S = 3600
_LAMBDA = "AWS/Lambda"
_QUEUE = "AWS/SQS"
_STREAM = "AWS/Kinesis"
_DELIVERY = "AWS/Firehose"
_OWN = "Clickstream"

ITERATOR_AGE_MS = 10 * 60 * 1000
UNTAKEN_OBJECTS_S = 30 * 60
UNDELIVERED_S = 15 * 60
BAD_RECORDS_AN_HOUR = 100


def alarms_of(
    stack: str,
    stream: str,
    functions: tuple[Function, ...],
    queues: tuple[Queue, ...],
    delivery_streams: tuple[DeliveryStream, ...] = (),
) -> tuple[Alarm, ...]:
    """The alarms of a platform.

    Args:
        stack: Prefix of their names.
        stream: The stream's name.
        functions: Its functions.
        queues: Its queues; those that nothing drains by itself must be empty.
        delivery_streams: Its delivery streams.
    """
    return (
        *(alarm for function in functions for alarm in _of_function(function)),
        *(alarm for one in delivery_streams for alarm in _of_delivery(one)),
        *_of_stream(stack, stream),
        *_of_queues(stack, queues),
        _bad_records(stack),
    )


def _of_function(function: Function) -> list[Alarm]:
    """Errors and throttles that last; what is retried once is no reason to wake anybody."""
    name, dimensions = function.name, (("FunctionName", function.name),)
    found = [
        Alarm(
            f"{name}-{what.lower()}",
            f"{name} {does} for a quarter of an hour. {look}",
            _LAMBDA,
            what,
            dimensions,
            "Sum",
            "above",
            0,
            periods=3,
        )
        for what, does, look in (
            ("Errors", "has failed", "Its log group says why."),
            ("Throttles", "was not let run", "The account's Lambda concurrency is used up."),
        )
    ]
    if function.mapping is not None:
        found.append(
            Alarm(
                f"{name}-iterator-age",
                f"{name} reads what came ten minutes ago or more. It fails, or the stream needs "
                "more shards.",
                _LAMBDA,
                "IteratorAge",
                dimensions,
                "Maximum",
                "above",
                ITERATOR_AGE_MS,
                period_s=_MINUTE_S,
                periods=5,
            )
        )
    return found


def _of_delivery(stream: DeliveryStream) -> Iterator[Alarm]:
    """What Firehose falls behind with, and what it lays aside without anybody's asking."""
    name, dimensions = stream.name, (("DeliveryStreamName", stream.name),)
    yield Alarm(
        f"{name}-freshness",
        f"{name} has had a record for a quarter of an hour that is not in the lake. Its log group "
        "says why.",
        _DELIVERY,
        "DeliveryToS3.DataFreshness",
        dimensions,
        "Maximum",
        "above",
        UNDELIVERED_S,
        periods=3,
    )
    laid_aside = "`clickstream redrive` takes in what lies below `undelivered/`."
    for what, metric, meaning in (
        ("partitions", "PartitionCountExceeded", "had events of more hours than it may gather"),
        ("conversion", "FailedConversion.Records", "could not convert records to the table"),
    ):
        yield Alarm(
            f"{name}-{what}",
            f"{name} {meaning}. {laid_aside}",
            _DELIVERY,
            metric,
            dimensions,
            "Sum",
            "above",
            0,
        )
    yield Alarm(
        f"{name}-undelivered",
        f"{stream.transform} has left records to Firehose: the quarantine could not be written, or "
        f"an answer was full. {laid_aside}",
        _OWN,
        "UndeliveredRecords",
        (("service", "firehose_transform"),),
        "Sum",
        "above",
        0,
    )


def _of_stream(stack: str, stream: str) -> tuple[Alarm, Alarm]:
    dimensions = (("StreamName", stream),)
    return (
        Alarm(
            f"{stack}-no-data",
            "No event has come for an hour. Either nobody visits, or the collector or the sites "
            "that send to it are down.",
            _STREAM,
            "IncomingRecords",
            dimensions,
            "Sum",
            "below",
            1,
            period_s=_HOUR_S,
            silence="breach",
        ),
        Alarm(
            f"{stack}-stream-full",
            "The stream has refused events for a quarter of an hour: clients are told to send them "
            "again. Add shards.",
            _STREAM,
            "WriteProvisionedThroughputExceeded",
            dimensions,
            "Sum",
            "above",
            0,
            periods=3,
        ),
    )


def _of_queues(stack: str, queues: tuple[Queue, ...]) -> list[Alarm]:
    """Queues with a dead-letter queue are drained, the others wait for a person."""
    return [
        _not_empty(queue) if queue.dead_letter is None else _not_fresh(stack, queue)
        for queue in queues
    ]


def _not_empty(queue: Queue) -> Alarm:
    return Alarm(
        f"{queue.name}-not-empty",
        f"{queue.name} holds what was given up. For batches of a function: `clickstream redrive`. "
        "For announcements of raw objects: the daily reconciliation finds the objects.",
        _QUEUE,
        "ApproximateNumberOfMessagesVisible",
        (("QueueName", queue.name),),
        "Maximum",
        "above",
        0,
    )


def _not_fresh(stack: str, queue: Queue) -> Alarm:
    return Alarm(
        f"{stack}-freshness",
        "The lake is not fresh: nobody has taken in new raw objects for half an hour. Look whether "
        "Dagster runs and its sensor `raw_objects` is on.",
        _QUEUE,
        "ApproximateAgeOfOldestMessage",
        (("QueueName", queue.name),),
        "Maximum",
        "above",
        UNTAKEN_OBJECTS_S,
    )


def _bad_records(stack: str) -> Alarm:
    return Alarm(
        f"{stack}-quarantine",
        "More than a hundred records an hour are set aside. `clickstream quarantine list` says "
        "what is wrong with them.",
        _OWN,
        "UncountableRecords",
        (("service", "aggregator"),),
        "Sum",
        "above",
        BAD_RECORDS_AN_HOUR,
        period_s=_HOUR_S,
    )
