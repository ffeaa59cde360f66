"""The same topology on the embedded AWS, described in CloudFormation's words.

Each description is read back through AWS's own API after `infra.local` has provisioned. Functions
and mappings, which no emulator is told of, are described by `processes`.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3

from infra.topology import Topology
from tests.functional.aws.processes import Properties, described_functions

Described = dict[tuple[str, str], Properties]
"""From a type of CloudFormation and a name to properties."""

_ATHENA_ADDS: Properties = {
    "EnableMinimumEncryptionConfiguration": False,
    "EngineVersion": {
        "EffectiveEngineVersion": "Athena engine version 3",
        "SelectedEngineVersion": "AUTO",
    },
    "RequesterPaysEnabled": False,
}


def describe(topology: Topology, calls: list[tuple[str, Properties]], folder: Path) -> Described:
    """Describes what was provisioned.

    Args:
        topology: What was provisioned.
        calls: The calls of QuickSight meanwhile: moto cannot describe a data set.
        folder: A folder for what the processes would keep.
    """
    found: Described = {}
    describers: list[Callable[[Topology], Iterator[tuple[str, str, Properties]]]] = [
        _streams,
        _tables,
        _queues,
        _buckets,
        _topics,
        _catalog,
        _workgroups,
    ]
    for describer in describers:
        found.update({(type_, name): it for type_, name, it in describer(topology)})
    found.update({(type_, name): it for type_, name, it in _quicksight(calls)})
    found.update({(type_, name): it for type_, name, it in described_functions(topology, folder)})
    return found


def _streams(topology: Topology) -> Iterator[tuple[str, str, Properties]]:
    name = topology.stream.name
    stream = boto3.client("kinesis").describe_stream_summary(StreamName=name)
    summary = stream["StreamDescriptionSummary"]
    yield (
        "AWS::Kinesis::Stream",
        name,
        {
            "Name": summary["StreamName"],
            "RetentionPeriodHours": summary["RetentionPeriodHours"],
            "ShardCount": summary["OpenShardCount"],
            "StreamEncryption": {
                "EncryptionType": summary["EncryptionType"],
                "KeyId": summary["KeyId"],
            },
            "StreamModeDetails": summary["StreamModeDetails"],
        },
    )


def _tables(_topology: Topology) -> Iterator[tuple[str, str, Properties]]:
    dynamodb = boto3.client("dynamodb")
    for name in dynamodb.list_tables()["TableNames"]:
        table = dynamodb.describe_table(TableName=name)["Table"]
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        backups = dynamodb.describe_continuous_backups(TableName=name)
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        yield (
            "AWS::DynamoDB::Table",
            name,
            {
                "TableName": table["TableName"],
                "KeySchema": table["KeySchema"],
                "AttributeDefinitions": table["AttributeDefinitions"],
                "BillingMode": table["BillingModeSummary"]["BillingMode"],
                "DeletionProtectionEnabled": table["DeletionProtectionEnabled"],
                "TimeToLiveSpecification": {
                    "AttributeName": expiry["AttributeName"],
                    "Enabled": expiry["TimeToLiveStatus"] == "ENABLED",
                },
                "PointInTimeRecoverySpecification": {
                    "PointInTimeRecoveryEnabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED"
                },
            },
        )


def _queues(_topology: Topology) -> Iterator[tuple[str, str, Properties]]:
    sqs = boto3.client("sqs")
    for url in sqs.list_queues()["QueueUrls"]:
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        name = answer["QueueArn"].rpartition(":")[2]
        described: Properties = {
            "QueueName": name,
            "VisibilityTimeout": int(answer["VisibilityTimeout"]),
            "MessageRetentionPeriod": int(answer["MessageRetentionPeriod"]),
            "SqsManagedSseEnabled": answer["SqsManagedSseEnabled"] == "true",
        }
        if "RedrivePolicy" in answer:
            redrive = json.loads(answer["RedrivePolicy"])
            described["RedrivePolicy"] = {
                **redrive,
                "maxReceiveCount": int(redrive["maxReceiveCount"]),
            }
        yield "AWS::SQS::Queue", name, described


def _buckets(_topology: Topology) -> Iterator[tuple[str, str, Properties]]:
    s3 = boto3.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]
        rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
        announced = s3.get_bucket_notification_configuration(Bucket=name)
        described: Properties = {
            "BucketName": name,
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"]}
                    for rule in encryption["Rules"]
                ]
            },
            "PublicAccessBlockConfiguration": s3.get_public_access_block(Bucket=name)[
                "PublicAccessBlockConfiguration"
            ],
            "OwnershipControls": s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"],
            "LifecycleConfiguration": {"Rules": [_lifecycle(rule) for rule in rules]},
        }
        if "QueueConfigurations" in announced:
            described["NotificationConfiguration"] = {
                "QueueConfigurations": [
                    {
                        "Event": event,
                        "Queue": one["QueueArn"],
                        "Filter": {"S3Key": {"Rules": one["Filter"]["Key"]["FilterRules"]}},
                    }
                    for one in announced["QueueConfigurations"]
                    for event in one["Events"]
                ]
            }
        yield "AWS::S3::Bucket", name, described


def _lifecycle(rule: Any) -> Properties:
    described = {"Id": rule["ID"], "Status": rule["Status"]}
    if rule["Filter"]["Prefix"]:
        described["Prefix"] = rule["Filter"]["Prefix"]
    if "AbortIncompleteMultipartUpload" in rule:
        described["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    if "Expiration" in rule:
        described["ExpirationInDays"] = rule["Expiration"]["Days"]
    if "Transitions" in rule:
        described["Transitions"] = [
            {"StorageClass": one["StorageClass"], "TransitionInDays": one["Days"]}
            for one in rule["Transitions"]
        ]
    return described


def _topics(_topology: Topology) -> Iterator[tuple[str, str, Properties]]:
    sns = boto3.client("sns")
    for topic in sns.list_topics()["Topics"]:
        name = topic["TopicArn"].rpartition(":")[2]
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        key = attributes.get("KmsMasterKeyId")
        yield (
            "AWS::SNS::Topic",
            name,
            {
                "TopicName": name,
                **({"KmsMasterKeyId": key} if key else {}),
            },
        )


def _catalog(topology: Topology) -> Iterator[tuple[str, str, Properties]]:
    glue, name = boto3.client("glue"), topology.database
    database = glue.get_database(Name=name)["Database"]
    yield "AWS::Glue::Database", name, {"DatabaseInput": {"Name": database["Name"]}}
    given = ("Name", "Description", "TableType", "Parameters", "PartitionKeys", "StorageDescriptor")
    for table in glue.get_tables(DatabaseName=name)["TableList"]:
        yield (
            "AWS::Glue::Table",
            table["Name"],
            {
                "DatabaseName": table["DatabaseName"],
                "TableInput": {key: table[key] for key in given},  # type: ignore[literal-required]
            },
        )


def _workgroups(topology: Topology) -> Iterator[tuple[str, str, Properties]]:
    name = topology.workgroup
    group = boto3.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]
    asked = {k: v for k, v in group["Configuration"].items() if _ATHENA_ADDS.get(k) != v}
    yield (
        "AWS::Athena::WorkGroup",
        name,
        {"Name": group["Name"], "WorkGroupConfiguration": asked},
    )


def _quicksight(calls: list[tuple[str, Properties]]) -> Iterator[tuple[str, str, Properties]]:
    types = {
        "CreateDataSource": ("AWS::QuickSight::DataSource", "DataSourceId"),
        "CreateDataSet": ("AWS::QuickSight::DataSet", "DataSetId"),
    }
    for operation, parameters in calls:
        type_, id_ = types[operation]
        yield type_, parameters[id_], parameters
