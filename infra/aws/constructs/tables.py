"""The tables of the real-time side.

Belongs here: DynamoDB tables as described. What is in them belongs to the functions.
"""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.resource_types import Table


class RealTimeTables(Construct):
    """Tables on demand; their keys are strings."""

    def __init__(
        self, scope: Construct, id_: str, tables: tuple[Table, ...], key: kms.IKey | None
    ) -> None:
        super().__init__(scope, id_)
        # without a key of one's own DynamoDB encrypts with one of its own, which costs nothing
        encryption = None if key is None else dynamodb.TableEncryption.CUSTOMER_MANAGED
        for table in tables:
            dynamodb.Table(
                self,
                table.name,
                table_name=table.name,
                partition_key=_text(table.hash_key),
                sort_key=None if table.range_key is None else _text(table.range_key),
                billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
                time_to_live_attribute=table.ttl_attribute,
                point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                    point_in_time_recovery_enabled=table.point_in_time_recovery
                ),
                encryption=encryption,
                encryption_key=key,
                deletion_protection=table.deletion_protection,
                removal_policy=RemovalPolicy.RETAIN,
            )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
