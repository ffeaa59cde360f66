"""Stream, tables, queues, buckets and topics of a topology on the embedded AWS.

Belongs here: creating each of them as described. What protects data on AWS is asked for here too;
the emulators note it and answer for it, though a folder on a laptop is not encrypted by that.
"""

import json
from typing import TYPE_CHECKING

import boto3

from infra.local.existing import create
from infra.resource_types import Bucket, LifecycleRule, Queue, Stream, Table, Topic

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef

DAY_H = 24


def create_stream(stream: Stream) -> None:
    """Creates a stream, encrypted by the key AWS keeps for Kinesis."""
    kinesis = boto3.client("kinesis")
    mode = {"StreamMode": "ON_DEMAND" if stream.on_demand else "PROVISIONED"}
    is_new = create(
        lambda: kinesis.create_stream(
            StreamName=stream.name,
            StreamModeDetails=mode,  # type: ignore[arg-type]
            **({} if stream.on_demand else {"ShardCount": stream.shards}),  # type: ignore[arg-type]
        ),
    )
    if not is_new:
        return
    kinesis.get_waiter("stream_exists").wait(
        StreamName=stream.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    kinesis.start_stream_encryption(
        StreamName=stream.name, EncryptionType="KMS", KeyId="alias/aws/kinesis"
    )
    if stream.retention_hours > DAY_H:
        kinesis.increase_stream_retention_period(
            StreamName=stream.name, RetentionPeriodHours=stream.retention_hours
        )


def create_table(table: Table) -> None:
    """Creates a table, with its expiry and its protection."""
    dynamodb = boto3.client("dynamodb")
    keys = [key for key in (table.hash_key, table.range_key) if key is not None]
    is_new = create(
        lambda: dynamodb.create_table(
            TableName=table.name,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": "HASH" if index == 0 else "RANGE"}
                for index, key in enumerate(keys)
            ],
            BillingMode="PAY_PER_REQUEST",
            DeletionProtectionEnabled=table.deletion_protection,
        )
    )
    if not is_new:
        return
    if table.ttl_attribute is not None:
        dynamodb.update_time_to_live(
            TableName=table.name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl_attribute},
        )
    dynamodb.update_continuous_backups(
        TableName=table.name,
        PointInTimeRecoverySpecification={
            "PointInTimeRecoveryEnabled": table.point_in_time_recovery
        },
    )


def create_queue(queue: Queue, arns: dict[str, str]) -> str:
    """Creates a queue; dead-letter queues come before those that name them.

    Args:
        queue: The queue.
        arns: ARNs of the queues there are already, by name.

    Returns:
        Its ARN.
    """
    sqs = boto3.client("sqs")
    attributes = {
        "VisibilityTimeout": str(queue.visibility_s),
        "MessageRetentionPeriod": str(queue.retention_s),
    }
    if queue.dead_letter is not None:
        attributes["RedrivePolicy"] = json.dumps(
            {
                "deadLetterTargetArn": arns[queue.dead_letter],
                "maxReceiveCount": str(queue.max_receives),
            }
        )
    url = sqs.create_queue(QueueName=queue.name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return found["Attributes"]["QueueArn"]


def create_bucket(bucket: Bucket, arns: dict[str, str]) -> None:
    """Creates a bucket nobody outside may read, with its rules and announcements.

    Args:
        bucket: The bucket.
        arns: ARNs of the queues, by name.
    """
    s3 = boto3.client("s3")
    create(lambda: s3.create_bucket(Bucket=bucket.name))
    s3.put_bucket_encryption(
        Bucket=bucket.name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    s3.put_public_access_block(
        Bucket=bucket.name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
    )
    s3.put_bucket_ownership_controls(
        Bucket=bucket.name,
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    )
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket.name,
        LifecycleConfiguration={"Rules": [_lifecycle_rule(rule) for rule in bucket.lifecycle]},
    )
    if bucket.notify_queue is not None:
        _announce(bucket, arns[bucket.notify_queue])


def _announce(bucket: Bucket, queue_arn: str) -> None:
    prefix = bucket.notify_prefix or ""
    boto3.client("s3").put_bucket_notification_configuration(
        Bucket=bucket.name,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": queue_arn,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
                }
            ]
        },
    )


def _lifecycle_rule(rule: LifecycleRule) -> "LifecycleRuleTypeDef":
    described: LifecycleRuleTypeDef = {
        "ID": rule.id,
        "Status": "Enabled",
        "Filter": {"Prefix": rule.prefix},
    }
    if rule.abort_multipart_days is not None:
        described["AbortIncompleteMultipartUpload"] = {
            "DaysAfterInitiation": rule.abort_multipart_days
        }
    if rule.intelligent_tiering_days is not None:
        described["Transitions"] = [
            {"Days": rule.intelligent_tiering_days, "StorageClass": "INTELLIGENT_TIERING"}
        ]
    if rule.expire_days is not None:
        described["Expiration"] = {"Days": rule.expire_days}
    return described


def create_topic(topic: Topic) -> None:
    """Creates a topic, encrypted by the key AWS keeps for SNS when it is asked to be."""
    sns = boto3.client("sns")
    arn = sns.create_topic(Name=topic.name)["TopicArn"]
    if topic.is_encrypted:
        sns.set_topic_attributes(
            TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns"
        )
