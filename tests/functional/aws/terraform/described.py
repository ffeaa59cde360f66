"""What Terraform would create, in CloudFormation's words.

Resources that CloudFormation has as properties of another one (a bucket's, a role's) are put back
together.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.functional.aws.terraform import computing
from tests.functional.aws.terraform.terraform import Plan, Planned
from tests.functional.aws.terraform.words import Described, One, Properties, given, words

# Nothing of their own: they make up a resource that another describer describes.
PARTS = {
    "aws_iam_role_policy",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_notification",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
}


def describe(plan: Plan) -> Described:
    """Describes everything that is planned.

    Raises:
        KeyError: If there is something that nothing here describes.
    """
    found: Described = {}
    for resource in plan.resources:
        if resource.type in PARTS:
            continue
        describer = DESCRIBERS[resource.type]
        type_, name, properties = describer(resource, plan)
        if resource.values.get("tags") is not None:
            properties["Tags"] = resource.values["tags"]
        found[type_, name] = given(properties)
    return found


def _stream(it: Planned, _plan: Plan) -> One:
    values = it.values
    return (
        "AWS::Kinesis::Stream",
        values["name"],
        {
            "Name": values["name"],
            "RetentionPeriodHours": values["retention_period"],
            "ShardCount": values["shard_count"],
            "StreamEncryption": {
                "EncryptionType": values["encryption_type"],
                "KeyId": values["kms_key_id"],
            },
            "StreamModeDetails": {"StreamMode": values["stream_mode_details"][0]["stream_mode"]},
        },
    )


def _table(it: Planned, _plan: Plan) -> One:
    values = it.values
    keys = [("HASH", values["hash_key"]), ("RANGE", values["range_key"])]
    types = {one["name"]: one["type"] for one in values["attribute"]}
    there = [(type_, name) for type_, name in keys if name is not None]
    described: Properties = {
        "TableName": values["name"],
        "KeySchema": [{"AttributeName": name, "KeyType": type_} for type_, name in there],
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": types.pop(name)} for _, name in there
        ],
        "BillingMode": values["billing_mode"],
        "DeletionProtectionEnabled": values["deletion_protection_enabled"],
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled": values["point_in_time_recovery"][0]["enabled"]
        },
        "TimeToLiveSpecification": words(
            values["ttl"][0], {"attribute_name": "AttributeName", "enabled": "Enabled"}
        ),
    }
    assert not types, "an attribute that is no key: DynamoDB refuses the table"
    for encryption in values["server_side_encryption"]:
        described["SSESpecification"] = {
            "SSEEnabled": encryption["enabled"],
            "KMSMasterKeyId": encryption["kms_key_arn"],
            "SSEType": "KMS",
        }
    return "AWS::DynamoDB::Table", values["name"], described


def _queue(it: Planned, _plan: Plan) -> One:
    values = it.values
    redrive = values["redrive_policy"]
    return (
        "AWS::SQS::Queue",
        values["name"],
        {
            "QueueName": values["name"],
            "VisibilityTimeout": values["visibility_timeout_seconds"],
            "MessageRetentionPeriod": values["message_retention_seconds"],
            "SqsManagedSseEnabled": values["sqs_managed_sse_enabled"],
            "KmsMasterKeyId": values["kms_master_key_id"],
            "RedrivePolicy": None if redrive is None else json.loads(redrive),
        },
    )


def _queue_policy(it: Planned, _plan: Plan) -> One:
    name = it.values["queue_url"].rpartition("/")[2]
    return "AWS::SQS::QueuePolicy", name, {"PolicyDocument": json.loads(it.values["policy"])}


def _bucket(it: Planned, plan: Plan) -> One:
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
                {
                    "Event": event,
                    "Queue": one["queue_arn"],
                    "Filter": {
                        "S3Key": {"Rules": [{"Name": "prefix", "Value": one["filter_prefix"]}]}
                    },
                }
                for queues in announced
                for one in queues
                for event in one["events"]
            ]
        }
    return "AWS::S3::Bucket", name, described


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


def _bucket_policy(it: Planned, _plan: Plan) -> One:
    document = json.loads(it.values["policy"])
    return "AWS::S3::BucketPolicy", it.values["bucket"], {"PolicyDocument": document}


def _topic(it: Planned, _plan: Plan) -> One:
    described = words(it.values, {"name": "TopicName", "kms_master_key_id": "KmsMasterKeyId"})
    return "AWS::SNS::Topic", it.values["name"], described


def _topic_policy(it: Planned, _plan: Plan) -> One:
    name = it.values["arn"].rpartition(":")[2]
    return "AWS::SNS::TopicPolicy", name, {"PolicyDocument": json.loads(it.values["policy"])}


def _subscription(it: Planned, _plan: Plan) -> One:
    described = words(
        it.values, {"endpoint": "Endpoint", "protocol": "Protocol", "topic_arn": "TopicArn"}
    )
    return "AWS::SNS::Subscription", it.values["endpoint"], described


def _key(it: Planned, _plan: Plan) -> One:
    return (
        "AWS::KMS::Key",
        "own",
        {
            "Description": it.values["description"],
            "EnableKeyRotation": it.values["enable_key_rotation"],
            "RotationPeriodInDays": it.values["rotation_period_in_days"],
            "KeyPolicy": json.loads(it.values["policy"]),
        },
    )


def _alias(it: Planned, _plan: Plan) -> One:
    described = words(it.values, {"name": "AliasName", "target_key_id": "TargetKeyId"})
    return "AWS::KMS::Alias", it.values["name"], described


def _database(it: Planned, _plan: Plan) -> One:
    name = it.values["name"]
    return "AWS::Glue::Database", name, {"DatabaseInput": {"Name": name}}


def _glue_table(it: Planned, _plan: Plan) -> One:
    values = it.values
    (storage,) = values["storage_descriptor"]
    (serde,) = storage["ser_de_info"]
    return (
        "AWS::Glue::Table",
        values["name"],
        {
            "DatabaseName": values["database_name"],
            "TableInput": {
                "Name": values["name"],
                "Description": values["description"],
                "TableType": values["table_type"],
                "Parameters": values["parameters"],
                "PartitionKeys": _columns(values["partition_keys"]),
                "StorageDescriptor": {
                    "Columns": _columns(storage["columns"]),
                    "Location": storage["location"],
                    "InputFormat": storage["input_format"],
                    "OutputFormat": storage["output_format"],
                    "SerdeInfo": {
                        "SerializationLibrary": serde["serialization_library"],
                        "Parameters": serde["parameters"],
                    },
                },
            },
        },
    )


def _columns(columns: Any) -> list[Properties]:
    return [words(one, {"name": "Name", "type": "Type", "comment": "Comment"}) for one in columns]


def _of(plan: Plan, type_: str, bucket: str) -> Iterator[Properties]:
    return (
        one.values for one in plan.resources if one.type == type_ and one.values["bucket"] == bucket
    )


DESCRIBERS: dict[str, Callable[[Planned, Plan], One]] = {
    "aws_apigatewayv2_api": computing.api,
    "aws_apigatewayv2_integration": computing.integration,
    "aws_apigatewayv2_route": computing.route,
    "aws_apigatewayv2_stage": computing.stage,
    "aws_athena_workgroup": computing.workgroup,
    "aws_budgets_budget": computing.budget,
    "aws_cloudwatch_dashboard": computing.dashboard,
    "aws_cloudwatch_log_group": computing.log_group,
    "aws_cloudwatch_log_stream": computing.log_stream,
    "aws_cloudwatch_metric_alarm": computing.alarm,
    "aws_iam_role": computing.role,
    "aws_kinesis_firehose_delivery_stream": computing.delivery_stream,
    "aws_lambda_event_source_mapping": computing.mapping,
    "aws_lambda_function": computing.function,
    "aws_lambda_permission": computing.permission,
    "aws_dynamodb_table": _table,
    "aws_glue_catalog_database": _database,
    "aws_glue_catalog_table": _glue_table,
    "aws_kinesis_stream": _stream,
    "aws_kms_alias": _alias,
    "aws_kms_key": _key,
    "aws_s3_bucket": _bucket,
    "aws_s3_bucket_policy": _bucket_policy,
    "aws_sns_topic": _topic,
    "aws_sns_topic_policy": _topic_policy,
    "aws_sns_topic_subscription": _subscription,
    "aws_sqs_queue": _queue,
    "aws_sqs_queue_policy": _queue_policy,
}
