"""Blocks as the module has them everywhere.

Belongs here: what holds for every resource: its tags, whether it is kept, and the condition under
which it is there. What a resource consists of belongs in `parts`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from infra.aws.policies.statements import Statement
from infra.terraform.hcl import Block, Call, Expression, Value
from infra.terraform.names import Names

# The provider gives no tags to what is part of another resource.
UNTAGGED = frozenset(
    {
        "aws_apigatewayv2_integration",
        "aws_apigatewayv2_route",
        "aws_cloudwatch_dashboard",
        "aws_cloudwatch_log_stream",
        "aws_glue_catalog_table",
        "aws_iam_role_policy",
        "aws_kms_alias",
        "aws_lambda_permission",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_notification",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_sns_topic_policy",
        "aws_sns_topic_subscription",
        "aws_sqs_queue_policy",
    }
)
OWN_KEY = "local.own_key"


def resource(
    type_: str,
    label: str,
    attributes: Mapping[str, Value],
    *blocks: Block,
    when: str | None = None,
    kept: bool = False,
    comment: str | None = None,
) -> Block:
    """A resource.

    Args:
        type_: Its type.
        label: Its name in the module.
        attributes: Its arguments.
        blocks: The blocks in it.
        when: The condition under which it is there; None for always.
        kept: Whether Terraform refuses to destroy it.
        comment: What is said before it.
    """
    given: dict[str, Value] = {}
    if when is not None:
        given["count"] = Expression(f"{when} ? 1 : 0")
    given.update(attributes)
    if type_ not in UNTAGGED:
        given["tags"] = Expression("local.tags")
    if kept:
        blocks = (*blocks, Block("lifecycle", attributes={"prevent_destroy": True}))
    return Block("resource", (type_, label), given, blocks, comment)


def block(type_: str, attributes: Mapping[str, Value], *blocks: Block) -> Block:
    """A block in a resource."""
    return Block(type_, (), attributes, blocks)


def with_own_key(aws: Value, own: Value = None) -> Expression:
    """A value that is another one where the account's own key encrypts; null if left."""
    chosen = Expression("null") if own is None else own
    written = (one.text if isinstance(one, Expression) else f'"{one}"' for one in (chosen, aws))
    return Expression(f"{OWN_KEY} ? {' : '.join(written)}")


KEY_ARN = Expression("local.key_arn")
NULL = Expression("null")


def policy(names: Names, statements: Iterable[Statement]) -> Call:
    """A policy of what a role may do."""
    return policy_document(_allowed(names, one) for one in statements)


def policy_document(statements: Iterable[Mapping[str, Value]]) -> Call:
    """A policy as AWS takes it."""
    return Call("jsonencode", ({"Version": "2012-10-17", "Statement": list(statements)},))


def refuse_without_tls(resources: Value, action: str) -> dict[str, Value]:
    """The statement that refuses whoever does not speak TLS."""
    return {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": action,
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def trust(service: str, condition: Mapping[str, Value] | None = None) -> Call:
    """The policy that lets a service of AWS take a role."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    if condition is not None:
        statement["Condition"] = condition
    return policy_document([statement])


def _allowed(names: Names, statement: Statement) -> dict[str, Value]:
    written: dict[str, Value] = {
        "Sid": statement.sid,
        "Effect": "Allow",
        "Action": list(statement.actions),
        "Resource": [names.text(one) for one in statement.resources],
    }
    if statement.conditions:
        written["Condition"] = {
            operator: {key: [names.text(one) for one in values] for key, values in tests.items()}
            for operator, tests in statement.conditions.items()
        }
    return written
