"""The tables of the real-time side.

Belongs here: DynamoDB tables as described. What is in them belongs to the functions.
"""

from collections.abc import Iterator

from infra.resource_types import Table
from infra.terraform.blocks import KEY_ARN, OWN_KEY, block, resource
from infra.terraform.hcl import Block, Expression
from infra.terraform.names import label
from infra.terraform.profiles import Platform


def blocks(platform: Platform) -> Iterator[Block]:
    """Tables on demand; their keys are strings."""
    for table in platform.topology.tables:
        yield resource(
            "aws_dynamodb_table",
            label(table.name),
            {
                "name": table.name,
                "billing_mode": "PAY_PER_REQUEST",
                "hash_key": table.hash_key,
                "range_key": table.range_key,
                "deletion_protection_enabled": table.deletion_protection,
            },
            *_parts(table),
            kept=True,
        )


def _parts(table: Table) -> Iterator[Block]:
    keys = (table.hash_key, table.range_key)
    yield from (block("attribute", {"name": key, "type": "S"}) for key in keys if key is not None)
    if table.ttl_attribute is not None:
        yield block("ttl", {"attribute_name": table.ttl_attribute, "enabled": True})
    yield block("point_in_time_recovery", {"enabled": table.point_in_time_recovery})
    # without a key of one's own DynamoDB encrypts with one of its own, which costs nothing
    yield Block(
        "dynamic",
        ("server_side_encryption",),
        {"for_each": Expression(f"{OWN_KEY} ? [{KEY_ARN.text}] : []")},
        (
            block(
                "content",
                {"enabled": True, "kms_key_arn": Expression("server_side_encryption.value")},
            ),
        ),
    )
