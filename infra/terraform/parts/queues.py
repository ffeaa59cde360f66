"""The queues.

Belongs here: SQS queues, their dead letters and who may use them.
"""

from collections.abc import Iterator

from infra.resource_types import Queue
from infra.terraform.blocks import (
    KEY_ARN,
    NULL,
    OWN_KEY,
    policy_document,
    refuse_without_tls,
    resource,
)
from infra.terraform.hcl import Block, Call, Expression, Value
from infra.terraform.names import label, reference
from infra.terraform.profiles import Platform


def blocks(platform: Platform) -> Iterator[Block]:
    """Encrypted queues that refuse whoever does not speak TLS."""
    announced = {
        bucket.notify_queue: bucket.name
        for bucket in platform.topology.buckets
        if bucket.notify_queue is not None
    }
    for queue in platform.topology.queues:
        yield _queue(queue)
        arn = Expression(reference("aws_sqs_queue", queue.name, "arn"))
        statements = [refuse_without_tls(arn, "sqs:*")]
        if queue.name in announced:
            statements.append(_announce(announced[queue.name], arn))
        yield resource(
            "aws_sqs_queue_policy",
            label(queue.name),
            {
                "queue_url": Expression(reference("aws_sqs_queue", queue.name, "url")),
                "policy": policy_document(statements),
            },
        )


def _queue(queue: Queue) -> Block:
    redrive: Value = None
    if queue.dead_letter is not None:
        dead = Expression(reference("aws_sqs_queue", queue.dead_letter, "arn"))
        redrive = Call(
            "jsonencode",
            ({"deadLetterTargetArn": dead, "maxReceiveCount": queue.max_receives},),
        )
    return resource(
        "aws_sqs_queue",
        label(queue.name),
        {
            "name": queue.name,
            "visibility_timeout_seconds": queue.visibility_s,
            "message_retention_seconds": queue.retention_s,
            # the two exclude each other
            "sqs_managed_sse_enabled": Expression(f"{OWN_KEY} ? {NULL.text} : true"),
            "kms_master_key_id": KEY_ARN,
            "redrive_policy": redrive,
        },
        kept=True,
    )


def _announce(bucket: str, queue: Expression) -> dict[str, Value]:
    """Lets S3 say that there are new objects."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": Expression(reference("aws_s3_bucket", bucket, "arn"))},
            "StringEquals": {"aws:SourceAccount": Expression("local.account")},
        },
    }
