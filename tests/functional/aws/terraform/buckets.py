"""Buckets in CloudFormation's words, put together from what the provider has them in."""

import json
from collections.abc import Iterator
from typing import Any

from tests.functional.aws.terraform.terraform import Plan, Planned
from tests.functional.aws.terraform.words import One, Properties, words


def bucket(it: Planned, plan: Plan) -> One:
    name = it.values["bucket"]
    (access,) = _of(plan, "aws_s3_bucket_public_access_block", name)
    (ownership,) = _of(plan, "aws_s3_bucket_ownership_controls", name)
    (encryption,) = _of(plan, "aws_s3_bucket_server_side_encryption_configuration", name)
    (lifecycle,) = _of(plan, "aws_s3_bucket_lifecycle_configuration", name)
    announced = [one["queue"] for one in _of(plan, "aws_s3_bucket_notification", name)]
    described: Properties = {
        "BucketName": name,
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [_encryption(one) for one in encryption["rule"]]
        },
        "PublicAccessBlockConfiguration": words(
            access,
            {
                "block_public_acls": "BlockPublicAcls",
                "block_public_policy": "BlockPublicPolicy",
                "ignore_public_acls": "IgnorePublicAcls",
                "restrict_public_buckets": "RestrictPublicBuckets",
            },
        ),
        "OwnershipControls": {
            "Rules": [{"ObjectOwnership": one["object_ownership"]} for one in ownership["rule"]]
        },
        "LifecycleConfiguration": {"Rules": [_lifecycle(one) for one in lifecycle["rule"]]},
    }
    if announced:
        described["NotificationConfiguration"] = {
            "QueueConfigurations": [
                _announced(one, event)
                for queues in announced
                for one in queues
                for event in one["events"]
            ]
        }
    return "AWS::S3::Bucket", name, described


def _announced(queue: Any, event: str) -> Properties:
    prefix = {"Name": "prefix", "Value": queue["filter_prefix"]}
    return {
        "Event": event,
        "Queue": queue["queue_arn"],
        "Filter": {"S3Key": {"Rules": [prefix]}},
    }


def _encryption(rule: Any) -> Properties:
    (by_default,) = rule["apply_server_side_encryption_by_default"]
    return {
        "BucketKeyEnabled": rule["bucket_key_enabled"],
        "ServerSideEncryptionByDefault": words(
            by_default, {"sse_algorithm": "SSEAlgorithm", "kms_master_key_id": "KMSMasterKeyID"}
        ),
    }


def _lifecycle(rule: Any) -> Properties:
    described: Properties = {
        "Id": rule["id"],
        "Status": rule["status"],
        "Prefix": rule["filter"][0]["prefix"],
    }
    for abort in rule["abort_incomplete_multipart_upload"]:
        days = {"DaysAfterInitiation": abort["days_after_initiation"]}
        described["AbortIncompleteMultipartUpload"] = days
    for expiration in rule["expiration"]:
        described["ExpirationInDays"] = expiration["days"]
    if rule["transition"]:
        described["Transitions"] = [
            words(one, {"storage_class": "StorageClass", "days": "TransitionInDays"})
            for one in rule["transition"]
        ]
    return described


def bucket_policy(it: Planned, _plan: Plan) -> One:
    document = json.loads(it.values["policy"])
    return "AWS::S3::BucketPolicy", it.values["bucket"], {"PolicyDocument": document}


def _of(plan: Plan, type_: str, bucket: str) -> Iterator[Properties]:
    return (
        one.values for one in plan.resources if one.type == type_ and one.values["bucket"] == bucket
    )
