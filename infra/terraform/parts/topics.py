"""The topics: what the detector raises, and what operators are told.

Belongs here: SNS topics, who may publish and who is told.
"""

from collections.abc import Iterator

from infra.resource_types import Topic
from infra.terraform.blocks import (
    KEY_ARN,
    policy_document,
    refuse_without_tls,
    resource,
    with_own_key,
)
from infra.terraform.hcl import Block, Expression, Value
from infra.terraform.names import label, reference
from infra.terraform.profiles import Platform


def blocks(platform: Platform) -> Iterator[Block]:
    """Topics that refuse whoever does not speak TLS, and the operators' address."""
    for topic in platform.topology.topics:
        key = with_own_key("alias/aws/sns", KEY_ARN) if topic.is_encrypted else KEY_ARN
        yield resource(
            "aws_sns_topic",
            label(topic.name),
            {"name": topic.name, "kms_master_key_id": key},
        )
        arn = Expression(reference("aws_sns_topic", topic.name, "arn"))
        yield resource(
            "aws_sns_topic_policy",
            label(topic.name),
            {"arn": arn, "policy": policy_document(_statements(topic, arn))},
        )
    yield resource(
        "aws_sns_topic_subscription",
        "operators",
        {
            "topic_arn": Expression(
                reference("aws_sns_topic", platform.topology.ops_topic.name, "arn")
            ),
            "protocol": "email",
            "endpoint": Expression("var.alarm_email"),
        },
        when="var.alarm_email != null",
    )


def _statements(topic: Topic, arn: Expression) -> Iterator[dict[str, Value]]:
    yield refuse_without_tls(arn, "sns:Publish")
    if topic.publishers:
        yield {
            "Effect": "Allow",
            "Principal": {"Service": [f"{service}.amazonaws.com" for service in topic.publishers]},
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": Expression("local.account")}},
        }
