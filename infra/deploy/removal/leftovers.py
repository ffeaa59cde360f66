"""What is left of a platform in an account, and what it costs while it stays.

Belongs here: asking AWS what carries the stacks' tags, and a price for what is kept. What is
deleted belongs in `holdings`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from infra.cost.inputs import read_prices
from infra.deploy.access import Clients
from infra.topology import Topology

OWN_TAG = "clickstream:stack"  # which `infra.aws.app` puts on everything
_HOURS_A_MONTH = 730
_GB = 1e9
_TABLE_GB_MONTH = 0.25  # DynamoDB, standard class, us-east-1, November 2026
# S3 reports sizes once a day, some hours late.
_SIZES_WITHIN = timedelta(days=3)


class Cost(NamedTuple):
    """What something costs while nobody uses it.

    Attributes:
        what: What it is.
        usd_month: Dollars a month, list prices in us-east-1.
    """

    what: str
    usd_month: float


class Tagged(NamedTuple):
    """What carries the stacks' tags.

    Attributes:
        arns: The resources.
        unknown_because: Why that is not known; empty when it is.
    """

    arns: list[str]
    unknown_because: str = ""


def cost_of_keeping(topology: Topology, client: Clients) -> list[Cost]:
    """What the data stack costs while nothing runs on it: shards, tables, objects."""
    prices = read_prices()
    costs = []
    kinesis, dynamodb = client("kinesis"), client("dynamodb")
    try:
        found = kinesis.describe_stream_summary(StreamName=topology.stream.name)
        shards = found["StreamDescriptionSummary"]["OpenShardCount"]
        usd = shards * prices["kinesis"]["shard_hour"] * _HOURS_A_MONTH
        costs.append(Cost(f"stream, {shards} shard{'' if shards == 1 else 's'}", usd))
    except kinesis.exceptions.ResourceNotFoundException:
        costs.append(Cost("stream, gone", 0.0))
    table_bytes = 0
    for table in topology.tables:
        try:
            table_bytes += dynamodb.describe_table(TableName=table.name)["Table"]["TableSizeBytes"]
        except dynamodb.exceptions.ResourceNotFoundException:
            continue
    usd = table_bytes / _GB * _TABLE_GB_MONTH
    costs.append(Cost(f"tables, {table_bytes / _GB:.2f} GB", usd))
    for bucket in topology.buckets:
        size = _bucket_bytes(client, bucket.name)
        if size is None:
            costs.append(Cost(f"bucket {bucket.name}, size not reported yet", 0.0))
        else:
            usd = size / _GB * prices["s3"]["gb_month"]
            costs.append(Cost(f"bucket {bucket.name}, {size / _GB:.2f} GB", usd))
    return costs


def _bucket_bytes(client: Clients, bucket: str) -> float | None:
    """The size S3 reported last of its standard class; listing it would cost a request a page."""
    now = datetime.now(UTC)
    answer = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/S3",
        MetricName="BucketSizeBytes",
        Dimensions=[
            {"Name": "BucketName", "Value": bucket},
            {"Name": "StorageType", "Value": "StandardStorage"},
        ],
        StartTime=now - _SIZES_WITHIN,
        EndTime=now,
        Period=86_400,
        Statistics=["Average"],
    )
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return float(points[-1]["Average"]) if points else None


def tagged(client: Clients, stack: str, stacks: Sequence[str]) -> Tagged:
    """What carries the app's tag, or the one by which CloudFormation marks a stack's resources.

    AWS forgets a deleted resource some hours late, so what is told may be gone already.
    """
    tags = (
        {"Key": OWN_TAG, "Values": [stack]},
        {"Key": "aws:cloudformation:stack-name", "Values": list(stacks)},
    )
    try:
        pages = client("resourcegroupstaggingapi").get_paginator("get_resources")
        found = {
            str(one["ResourceARN"])
            for tag in tags  # in one question, only what carries both would be named
            for page in pages.paginate(TagFilters=[tag])
            for one in page["ResourceTagMappingList"]
        }
    except (BotoCoreError, ClientError) as error:
        return Tagged([], str(error))
    return Tagged(sorted(found))
