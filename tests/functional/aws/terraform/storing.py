"""What of the module stores, but for buckets, in CloudFormation's words."""

import json
from typing import Any

from tests.functional.aws.terraform.terraform import Plan, Planned
from tests.functional.aws.terraform.words import One, Properties, words


def stream(it: Planned, _plan: Plan) -> One:
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


def table(it: Planned, _plan: Plan) -> One:
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


def queue(it: Planned, _plan: Plan) -> One:
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


def queue_policy(it: Planned, _plan: Plan) -> One:
    name = it.values["queue_url"].rpartition("/")[2]
    return "AWS::SQS::QueuePolicy", name, {"PolicyDocument": json.loads(it.values["policy"])}


def topic(it: Planned, _plan: Plan) -> One:
    described = words(it.values, {"name": "TopicName", "kms_master_key_id": "KmsMasterKeyId"})
    return "AWS::SNS::Topic", it.values["name"], described


def topic_policy(it: Planned, _plan: Plan) -> One:
    name = it.values["arn"].rpartition(":")[2]
    return "AWS::SNS::TopicPolicy", name, {"PolicyDocument": json.loads(it.values["policy"])}


def subscription(it: Planned, _plan: Plan) -> One:
    described = words(
        it.values, {"endpoint": "Endpoint", "protocol": "Protocol", "topic_arn": "TopicArn"}
    )
    return "AWS::SNS::Subscription", it.values["endpoint"], described


def key(it: Planned, _plan: Plan) -> One:
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


def alias(it: Planned, _plan: Plan) -> One:
    described = words(it.values, {"name": "AliasName", "target_key_id": "TargetKeyId"})
    return "AWS::KMS::Alias", it.values["name"], described


def database(it: Planned, _plan: Plan) -> One:
    name = it.values["name"]
    return "AWS::Glue::Database", name, {"DatabaseInput": {"Name": name}}


def glue_table(it: Planned, _plan: Plan) -> One:
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
