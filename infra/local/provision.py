"""The topology on the embedded AWS.

Belongs here: creating what `infra.topology` describes, through AWS's own API. Everything may exist
already, from an earlier start on the same state.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from infra.resource_types import Bucket, DataSet, GlueTable, Queue, Table
from infra.topology import Topology

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableInputTypeDef

_PARQUET = (
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
)
_JSON = (
    "org.apache.hadoop.mapred.TextInputFormat",
    "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "org.openx.data.jsonserde.JsonSerDe",
)
_EXISTS = {
    "AlreadyExistsException",
    "ResourceInUseException",
    "ResourceExistsException",
    "BucketAlreadyOwnedByYou",
}


def provision(topology: Topology, account: str) -> None:
    """Creates every resource of a topology that is not there yet.

    Args:
        topology: What to create.
        account: The account id the emulators answer for.

    Raises:
        botocore.exceptions.ClientError: If AWS refuses something, other than its being there.
    """
    kinesis = boto3.client("kinesis")
    stream = topology.stream
    _create(
        lambda: kinesis.create_stream(StreamName=stream.name, ShardCount=stream.shards),
    )
    for table in topology.tables:
        _table(table)
    arns = {queue.name: "" for queue in topology.queues}
    for queue in topology.queues:
        arns[queue.name] = _queue(queue, arns)
    for bucket in topology.buckets:
        _bucket(bucket, arns)
    sns = boto3.client("sns")
    for topic in topology.topics:
        sns.create_topic(Name=topic.name)
    _catalog(topology)
    _workgroup(topology)
    _quicksight(topology, account)
    kinesis.get_waiter("stream_exists").wait(
        StreamName=stream.name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )


def _create(call: Callable[[], Any]) -> bool:
    """Calls; False when the thing exists already."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _EXISTS:
            raise
        return False
    return True


def _table(table: Table) -> None:
    dynamodb = boto3.client("dynamodb")
    keys = [key for key in (table.hash_key, table.range_key) if key is not None]
    is_new = _create(
        lambda: dynamodb.create_table(
            TableName=table.name,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": "HASH" if index == 0 else "RANGE"}
                for index, key in enumerate(keys)
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    )
    if is_new and table.ttl_attribute is not None:
        dynamodb.update_time_to_live(
            TableName=table.name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl_attribute},
        )


def _queue(queue: Queue, arns: dict[str, str]) -> str:
    """Creates a queue; dead-letter queues come before those that name them."""
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
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return found["Attributes"]["QueueArn"]


def _bucket(bucket: Bucket, arns: dict[str, str]) -> None:
    s3 = boto3.client("s3")
    _create(lambda: s3.create_bucket(Bucket=bucket.name))
    if bucket.notify_queue is None:
        return
    s3.put_bucket_notification_configuration(
        Bucket=bucket.name,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "QueueArn": arns[bucket.notify_queue],
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {
                        "Key": {
                            "FilterRules": [{"Name": "prefix", "Value": bucket.notify_prefix or ""}]
                        }
                    },
                }
            ]
        },
    )


def _catalog(topology: Topology) -> None:
    glue = boto3.client("glue")
    _create(lambda: glue.create_database(DatabaseInput={"Name": topology.database}))
    lake = topology.buckets[0].name
    for table in topology.glue_tables:
        definition = table_input(table, lake)
        _create(
            lambda definition=definition: glue.create_table(  # type: ignore[misc]
                DatabaseName=topology.database, TableInput=definition
            )
        )


def _workgroup(topology: Topology) -> None:
    athena = boto3.client("athena")
    existing = {group["Name"] for group in athena.list_work_groups()["WorkGroups"]}
    if topology.workgroup in existing:
        return  # Athena has no error code of its own for this
    athena.create_work_group(
        Name=topology.workgroup,
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{topology.results_bucket}/"},
            # Enforced, which is Athena's default, it would override where dbt keeps its tables.
            "EnforceWorkGroupConfiguration": False,
        },
    )


def table_input(table: GlueTable, bucket: str) -> "TableInputTypeDef":
    """A Glue table as CreateTable takes it."""
    input_format, output_format, serde = _PARQUET if table.format == "parquet" else _JSON
    return {
        "Name": table.name,
        "Description": table.description,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": table.format},
        "PartitionKeys": [
            {"Name": column.name, "Type": column.hive_type, "Comment": column.comment}
            for column in table.partition_keys
        ],
        "StorageDescriptor": {
            "Columns": [
                {"Name": column.name, "Type": column.hive_type, "Comment": column.comment}
                for column in table.columns
            ],
            "Location": f"s3://{bucket}/{table.location_prefix}",
            "InputFormat": input_format,
            "OutputFormat": output_format,
            "SerdeInfo": {
                "SerializationLibrary": serde,
                "Parameters": {"serialization.format": "1"},
            },
        },
    }


def _quicksight(topology: Topology, account: str) -> None:
    quicksight = boto3.client("quicksight")
    sources = quicksight.list_data_sources(AwsAccountId=account)["DataSources"]
    if topology.data_source not in {source["DataSourceId"] for source in sources}:
        quicksight.create_data_source(
            AwsAccountId=account,
            DataSourceId=topology.data_source,
            Name=topology.data_source,
            Type="ATHENA",
            DataSourceParameters={"AthenaParameters": {"WorkGroup": topology.workgroup}},
        )
    source = f"arn:aws:quicksight:us-east-1:{account}:datasource/{topology.data_source}"
    for data_set in topology.data_sets:
        _create(
            lambda data_set=data_set: quicksight.create_data_set(  # type: ignore[misc]
                **data_set_input(data_set, topology.database, source, account)
            )
        )


def data_set_input(data_set: DataSet, database: str, source: str, account: str) -> dict[str, Any]:
    """A SPICE data set over one table as CreateDataSet takes it."""
    return {
        "AwsAccountId": account,
        "DataSetId": data_set.id,
        "Name": data_set.name,
        "ImportMode": "SPICE",
        "PhysicalTableMap": {
            data_set.table.replace("_", "-"): {
                "RelationalTable": {
                    "DataSourceArn": source,
                    "Catalog": "AwsDataCatalog",
                    "Schema": database,
                    "Name": data_set.table,
                    "InputColumns": [
                        {"Name": name, "Type": type_} for name, type_ in data_set.columns
                    ],
                }
            }
        },
    }
