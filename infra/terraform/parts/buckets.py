"""The lake and Athena's answers.

Belongs here: buckets, what S3 does with old objects by itself, and what it announces.
"""

from collections.abc import Iterator

from infra.resource_types import Bucket, LifecycleRule
from infra.terraform.blocks import (
    KEY_ARN,
    OWN_KEY,
    block,
    policy_document,
    refuse_without_tls,
    resource,
    with_own_key,
)
from infra.terraform.hcl import Block, Expression, Value
from infra.terraform.names import label, reference
from infra.terraform.profiles import Platform


def blocks(platform: Platform) -> Iterator[Block]:
    """Buckets that nobody outside the account may read and nobody without TLS."""
    for bucket in platform.topology.buckets:
        name, id_ = label(bucket.name), Expression(reference("aws_s3_bucket", bucket.name, "id"))
        # a name as a template, not as the reference to itself
        own_name = bucket.name.replace("{account}", "${local.account}")
        yield resource("aws_s3_bucket", name, {"bucket": own_name}, kept=True)
        yield resource(
            "aws_s3_bucket_public_access_block",
            name,
            {
                "bucket": id_,
                "block_public_acls": True,
                "block_public_policy": True,
                "ignore_public_acls": True,
                "restrict_public_buckets": True,
            },
        )
        yield resource(
            "aws_s3_bucket_ownership_controls",
            name,
            {"bucket": id_},
            block("rule", {"object_ownership": "BucketOwnerEnforced"}),
        )
        yield _encryption(name, id_)
        yield _policy(bucket, name, id_)
        rules = (_rule(rule) for rule in bucket.lifecycle)
        yield resource("aws_s3_bucket_lifecycle_configuration", name, {"bucket": id_}, *rules)
        if bucket.notify_queue is not None:
            yield _notification(bucket, bucket.notify_queue)


def _encryption(name: str, id_: Value) -> Block:
    return resource(
        "aws_s3_bucket_server_side_encryption_configuration",
        name,
        {"bucket": id_},
        block(
            "rule",
            # one call of KMS for many objects
            {"bucket_key_enabled": Expression(f"{OWN_KEY} ? true : null")},
            block(
                "apply_server_side_encryption_by_default",
                {
                    "sse_algorithm": with_own_key("AES256", Expression('"aws:kms"')),
                    "kms_master_key_id": KEY_ARN,
                },
            ),
        ),
    )


def _policy(bucket: Bucket, name: str, id_: Value) -> Block:
    arn = reference("aws_s3_bucket", bucket.name, "arn")
    statement = refuse_without_tls([Expression(arn), f"${{{arn}}}/*"], "s3:*")
    return resource(
        "aws_s3_bucket_policy", name, {"bucket": id_, "policy": policy_document([statement])}
    )


def _rule(rule: LifecycleRule) -> Block:
    parts = [block("filter", {"prefix": rule.prefix or None})]
    if rule.abort_multipart_days is not None:
        days = {"days_after_initiation": rule.abort_multipart_days}
        parts.append(block("abort_incomplete_multipart_upload", days))
    if rule.intelligent_tiering_days is not None:
        parts.append(
            block(
                "transition",
                {"days": rule.intelligent_tiering_days, "storage_class": "INTELLIGENT_TIERING"},
            )
        )
    if rule.expire_days is not None:
        parts.append(block("expiration", {"days": rule.expire_days}))
    return block("rule", {"id": rule.id, "status": "Enabled"}, *parts)


def _notification(bucket: Bucket, queue: str) -> Block:
    """S3 tries the queue when it is told of it, so the queue's policy comes first."""
    return resource(
        "aws_s3_bucket_notification",
        label(bucket.name),
        {
            "bucket": Expression(reference("aws_s3_bucket", bucket.name, "id")),
            "depends_on": [Expression(f"aws_sqs_queue_policy.{label(queue)}")],
        },
        block(
            "queue",
            {
                "queue_arn": Expression(reference("aws_sqs_queue", queue, "arn")),
                "events": ["s3:ObjectCreated:*"],
                "filter_prefix": bucket.notify_prefix,
            },
        ),
    )
