"""Delivery streams as Firehose tells of them.

Belongs here: Firehose's own words and what they mean. What could not be delivered lies in the lake.
"""

from collections.abc import Iterator

from infra.deploy.access import Clients
from infra.deploy.doctor.findings import Finding, missing, ok, problem, warning
from infra.resource_types import DeliveryStream

_NOT_ARCHIVED = "nothing is archived; records wait on the Kinesis stream for a day, then are lost"


def look_at(client: Clients, stream: DeliveryStream, recreate: str) -> Iterator[Finding]:
    """A delivery stream: active, and set as described.

    Args:
        client: AWS clients.
        stream: The delivery stream as described.
        recreate: The command that sets things right.
    """
    subject, firehose = f"delivery stream {stream.name}", client("firehose")
    try:
        answer = firehose.describe_delivery_stream(DeliveryStreamName=stream.name)
    except firehose.exceptions.ResourceNotFoundException:
        yield missing(subject, _NOT_ARCHIVED, recreate)
        return
    found = answer["DeliveryStreamDescription"]
    if found["DeliveryStreamStatus"] != "ACTIVE":
        says = f"is {found['DeliveryStreamStatus']}"
        yield problem(subject, says, _NOT_ARCHIVED, "wait, or see its log group and deploy again")
        return
    destination = found["Destinations"][0]["ExtendedS3DestinationDescription"]
    wrong = [
        f"{what} {told!r} instead of {wanted!r}"
        for what, told, wanted in (
            ("prefix", destination.get("Prefix"), stream.prefix),
            ("error prefix", destination.get("ErrorOutputPrefix"), stream.error_prefix),
        )
        if told != wanted
    ]
    if wrong:
        means = "what it writes is not found where it is looked for"
        yield problem(subject, "; ".join(wrong), means, recreate)
        return
    hints = destination["BufferingHints"]
    gathered = (hints["SizeInMBs"], hints["IntervalInSeconds"])
    if gathered != (stream.buffer_mb, stream.buffer_s):
        means = "it works otherwise than described"
        yield warning(subject, f"gathers {gathered[0]} MB or {gathered[1]} s", means, recreate)
        return
    yield ok(subject, f"active, {gathered[0]} MB or {gathered[1]} s")
