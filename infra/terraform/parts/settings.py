"""What all of the module stands on.

Belongs here: versions, where it is used, what is derived from the variables, and the outputs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.aws.policies.principals import DAGSTER, statements_of
from infra.terraform.blocks import KEY_ARN, OWN_KEY, policy
from infra.terraform.hcl import Block, Call, Conditional, Expression, Inline, Value
from infra.terraform.names import Names, label, reference
from infra.terraform.profiles import Platform

TERRAFORM = ">= 1.5.0"
PROVIDER = ">= 6.25.0, < 7.0.0"


@dataclass(frozen=True)
class Output:
    """What the module tells."""

    name: str
    description: str
    value: Value


def versions() -> Iterator[Block]:
    """What the module needs. The provider is configured by whoever uses it."""
    aws = Inline({"source": "hashicorp/aws", "version": PROVIDER})
    yield Block(
        "terraform",
        attributes={"required_version": TERRAFORM},
        blocks=(Block("required_providers", attributes={"aws": {**aws.fields}}),),
    )


def derived() -> Iterator[Block]:
    """Where the module is used, and what follows from its variables."""
    for about in ("caller_identity", "partition", "region"):
        yield Block("data", (f"aws_{about}", "current"))
    lateness = (
        "var.lateness_limit_s == null ? {} : { LATENESS_LIMIT_S = tostring(var.lateness_limit_s) }"
    )
    yield Block(
        "locals",
        attributes={
            "account": Expression("data.aws_caller_identity.current.account_id"),
            "partition": Expression("data.aws_partition.current.partition"),
            "region": Expression("data.aws_region.current.region"),
            "own_key": Expression('var.kms == "own"'),
            "key_arn": Expression("one(aws_kms_key.own[*].arn)"),
            "every_function": Expression(lateness),
            "tags": Call(
                "merge", (Expression("var.tags"), Inline({"clickstream:stack": "${var.stack}"}))
            ),
        },
    )


def outputs(platform: Platform, names: Names) -> tuple[Output, ...]:
    """What whoever runs the platform, or the batch side, has to know."""
    topology = platform.topology
    lake, results = (reference("aws_s3_bucket", one.name, "bucket") for one in topology.buckets)
    alerts, ops = (reference("aws_sns_topic", one.name, "arn") for one in topology.topics)
    queue = next(one.notify_queue for one in topology.buckets if one.notify_queue is not None)
    named = (
        ("collector_url", "Where events are sent", "aws_apigatewayv2_api.collector.api_endpoint"),
        (
            "stream",
            "The stream of events",
            reference("aws_kinesis_stream", topology.stream.name, "name"),
        ),
        ("lake_bucket", "The lake", lake),
        ("athena_results_bucket", "Where Athena's answers are kept", results),
        ("database", "The Glue database", "aws_glue_catalog_database.lake.name"),
        ("workgroup", "The Athena work group", "aws_athena_workgroup.queries.name"),
        (
            "raw_objects_queue",
            "URL of the queue that announces raw objects",
            f"aws_sqs_queue.{label(queue)}.url",
        ),
        ("alerts_topic_arn", "Where the detector tells people", alerts),
        ("ops_topic_arn", "Where alarms tell operators", ops),
        ("key_arn", "The own key; null without one", "local.key_arn"),
    )
    plain = statements_of(DAGSTER, topology)
    keyed = statements_of(DAGSTER, topology, key_arn=f"${{{KEY_ARN.text}}}")[len(plain) :]
    by_own_key = Call("one", (Conditional(OWN_KEY, [policy(names, keyed)]),))
    return (
        *(Output(name, description, Expression(value)) for name, description, value in named),
        Output(
            "batch_side_policy",
            "What the role of Dagster's tasks must be allowed, as JSON",
            policy(names, plain),
        ),
        Output(
            "batch_side_own_key_policy", "The same for the own key; null without one", by_own_key
        ),
    )


def output_blocks(told: tuple[Output, ...]) -> Iterator[Block]:
    """The outputs as blocks."""
    for one in told:
        attributes = {"description": one.description, "value": one.value}
        yield Block("output", (one.name,), attributes)
