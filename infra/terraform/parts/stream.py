"""The stream of accepted events.

Belongs here: the Kinesis stream. Who reads it belongs in `functions` and `delivery`.
"""

from collections.abc import Iterator

from infra.terraform.blocks import KEY_ARN, block, resource, with_own_key
from infra.terraform.hcl import Block, Expression
from infra.terraform.names import label
from infra.terraform.profiles import Platform


def blocks(platform: Platform) -> Iterator[Block]:
    """A stream with shards of its own or sized by AWS, always encrypted."""
    stream = platform.topology.stream
    yield resource(
        "aws_kinesis_stream",
        label(stream.name),
        {
            "name": stream.name,
            "shard_count": Expression("var.on_demand ? null : var.shards"),
            "retention_period": stream.retention_hours,
            "encryption_type": "KMS",
            "kms_key_id": with_own_key("alias/aws/kinesis", KEY_ARN),
        },
        block(
            "stream_mode_details",
            {"stream_mode": Expression('var.on_demand ? "ON_DEMAND" : "PROVISIONED"')},
        ),
        kept=True,
    )
