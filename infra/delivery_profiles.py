"""The two ways in which the stream gets into the lake.

Belongs here: what each profile consists of, as plain typed values. All else of the platform is the
same in both and belongs in `topology`; why there are two: docs/adr/0014.

- `lambda`: the function `event_processor` on an event source mapping.
- `firehose`: a delivery stream, which reads the stream itself, calls the function
  `firehose_transform`, and converts and writes what that answers.
"""

from typing import Literal

from infra.resource_types import DeliveryStream, Function, Mapping
from lambdas.shared import lake

Delivery = Literal["lambda", "firehose"]
Archiving = Delivery | Literal["both"]
"""`both` is for the change of a live platform: Firehose begins with what comes after its creation,
so the mapping has to stay until what was before is archived. Compaction keeps one of what both
archive."""

PARTITION_KEY = "datehour"  # as `lambdas.firehose_transform` names it
# The least that Firehose takes where it partitions or converts.
_BUFFER_MB = 64
_LONGEST_TRANSFORM_BUFFER_S = 60


def profiles_of(archiving: Archiving) -> tuple[Delivery, ...]:
    """The profiles that are there; of two, that of our own function comes first."""
    return ("lambda", "firehose") if archiving == "both" else (archiving,)


def archive_function(
    delivery: Delivery,
    stack: str,
    environment: dict[str, str],
    window_s: float,
    on_failure_queue: str,
) -> Function:
    """The function through which the stream is archived.

    Args:
        delivery: The profile.
        stack: Prefix of its name.
        environment: Its variables.
        window_s: How long records are gathered into one object, in seconds.
        on_failure_queue: Where a mapping tells of batches it gave up.
    """
    if delivery == "firehose":
        return Function(f"{stack}-firehose-transform", "firehose_transform", 512, 60, environment)
    mapping = Mapping(batch_size=10_000, window_s=window_s, on_failure_queue=on_failure_queue)
    return Function(f"{stack}-event-processor", "event_processor", 512, 300, environment, mapping)


def delivery_streams(
    delivery: Delivery, stack: str, stream: str, bucket: str, transform: Function, window_s: float
) -> tuple[DeliveryStream, ...]:
    """The delivery stream of the profile `firehose`; none in the other.

    Args:
        delivery: The profile.
        stack: Prefix of its name.
        stream: The Kinesis stream it reads.
        bucket: The lake bucket.
        transform: The function it calls.
        window_s: How long records of one hour are gathered into one object, in seconds.
    """
    if delivery == "lambda":
        return ()
    return (
        DeliveryStream(
            name=f"{stack}-archive",
            stream=stream,
            transform=transform.name,
            bucket=bucket,
            prefix=lake.raw_prefix(f"!{{partitionKeyFromLambda:{PARTITION_KEY}}}"),
            # With an expression in it, Firehose wants the kind of error in it as well.
            error_prefix=f"{lake.UNDELIVERED_PREFIX}/day=!{{timestamp:yyyy-MM-dd}}/"
            "!{firehose:error-output-type}/",
            schema_table="raw_events",
            buffer_mb=_BUFFER_MB,
            buffer_s=window_s,
            transform_buffer_s=min(window_s, _LONGEST_TRANSFORM_BUFFER_S),
        ),
    )
