"""The stream of accepted events.

Belongs here: the Kinesis stream. Who reads it belongs in `functions`.
"""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.aws.acknowledgements import acknowledge
from infra.resource_types import Stream


class EventStream(Construct):
    """A stream with shards of its own or sized by AWS, always encrypted."""

    def __init__(self, scope: Construct, id_: str, stream: Stream, key: kms.IKey | None) -> None:
        super().__init__(scope, id_)
        mode = kinesis.StreamMode
        created = kinesis.Stream(
            self,
            "Stream",
            stream_name=stream.name,
            stream_mode=mode.ON_DEMAND if stream.on_demand else mode.PROVISIONED,
            shard_count=None if stream.on_demand else stream.shards,
            retention_period=Duration.hours(stream.retention_hours),
            encryption=kinesis.StreamEncryption.KMS if key else kinesis.StreamEncryption.MANAGED,
            encryption_key=key,
            removal_policy=RemovalPolicy.RETAIN,
        )
        if key is not None:
            acknowledge(
                created,
                "KDS3",
                "The account chose a key of its own, which it can withdraw and whose use it can "
                "see; the rule only points out that this costs money.",
            )
