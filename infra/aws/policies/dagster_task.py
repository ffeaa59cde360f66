"""What the batch side may do: its assets, sensors and dbt, and Athena in their name.

Belongs here: the statements of the one role of Dagster's tasks. What ECS needs to start a task
belongs to whoever deploys it.
"""

from clickstream_platform.core.erased import ERASED_PREFIX
from clickstream_platform.core.retention import SET_ASIDE_PREFIXES
from infra.aws.policies.own_key import KeyUse
from infra.aws.policies.statements import Statement, arn, bucket_arn, objects_arn
from infra.topology import Topology
from lambdas.shared import lake

KEY_USE = KeyUse(
    reads=("kinesis", "sqs"), writes=("s3", "sns"), reads_tables=True, writes_tables=False
)


def dagster_statements(topology: Topology) -> tuple[Statement, ...]:
    """What the batch side may do."""
    return (*_events_side(topology), *_lake(topology), *_catalog(topology), *_athena(topology))


def _events_side(topology: Topology) -> tuple[Statement, ...]:
    """The sensor's queue, the audit's stream, the real-time counters, alerts, SPICE."""
    queue = next(one.notify_queue for one in topology.buckets if one.notify_queue is not None)
    ingestions = tuple(
        arn("quicksight", f"dataset/{one.id}/ingestion/*") for one in topology.data_sets
    )
    return (
        Statement(
            "DrainNotifications",
            ("sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"),
            (arn("sqs", queue),),
        ),
        Statement(
            "AuditStream",
            (
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ),
            (arn("kinesis", f"stream/{topology.stream.name}"),),
        ),
        Statement(
            "ReadCounters",
            ("dynamodb:Query", "dynamodb:Scan"),
            (arn("dynamodb", f"table/{topology.stack}-counters"),),
        ),
        Statement(
            "ReadAlerts", ("dynamodb:Scan",), (arn("dynamodb", f"table/{topology.stack}-alerts"),)
        ),
        Statement("TellOfFailedRuns", ("sns:Publish",), (arn("sns", topology.alert_topic.name),)),
        Statement(
            "RefreshSpice",
            ("quicksight:CreateIngestion", "quicksight:DescribeIngestion"),
            ingestions,
        ),
    )


def _lake(topology: Topology) -> tuple[Statement, ...]:
    """Objects. Raw ones and those set aside are read and, in the end, removed; never written."""
    bucket = next(one.name for one in topology.buckets if one.notify_prefix is not None)
    inputs = tuple(f"{prefix}/" for prefix in (lake.RAW_PREFIX, *SET_ASIDE_PREFIXES, ERASED_PREFIX))
    outputs = tuple(
        dict.fromkeys(
            (
                f"{lake.EVENTS_PREFIX}/",
                f"{lake.MARTS_PREFIX}/",
                *(table.location_prefix for table in topology.glue_tables),
            )
        )
    )
    return (
        Statement("ListLake", ("s3:GetBucketLocation", "s3:ListBucket"), (bucket_arn(bucket),)),
        Statement(
            "ReadAndExpireWhatCame",
            ("s3:DeleteObject", "s3:GetObject"),
            tuple(objects_arn(bucket, prefix) for prefix in inputs),
        ),
        Statement(
            "ExpireUndelivered",
            ("s3:DeleteObject",),
            (objects_arn(bucket, f"{lake.UNDELIVERED_PREFIX}/"),),
        ),
        Statement(
            "WriteTables",
            ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
            tuple(objects_arn(bucket, prefix) for prefix in outputs if prefix not in inputs),
        ),
    )


def _catalog(topology: Topology) -> tuple[Statement, ...]:
    """Glue. A call on a table is judged on the catalog and the database as well.

    dbt makes tables under names of its own, each mart built beside itself and then swapped: so the
    tables are all those of this one database.
    """
    return (
        Statement(
            "ReadCatalog",
            (
                "glue:BatchGetPartition",
                "glue:GetDatabase",
                "glue:GetDatabases",
                "glue:GetPartition",
                "glue:GetPartitions",
                "glue:GetTable",
                "glue:GetTableVersions",
                "glue:GetTables",
            ),
            _in_catalog(topology),
        ),
        Statement(
            "WriteCatalog",
            (
                "glue:BatchCreatePartition",
                "glue:BatchDeletePartition",
                "glue:BatchUpdatePartition",
                "glue:CreateTable",
                "glue:DeleteTable",
                "glue:DeleteTableVersion",
                "glue:UpdatePartition",
                "glue:UpdateTable",
            ),
            _in_catalog(topology),
        ),
        # Athena looks at the account's default database, whatever a query is about.
        Statement(
            "AthenaLooksAtDefault", ("glue:GetDatabase",), (arn("glue", "database/default"),)
        ),
    )


def _in_catalog(topology: Topology) -> tuple[str, ...]:
    return (
        arn("glue", "catalog"),
        arn("glue", f"database/{topology.database}"),
        arn("glue", f"table/{topology.database}/*"),
    )


def _athena(topology: Topology) -> tuple[Statement, ...]:
    """Queries, and their results, which Athena writes in the name of whoever asks."""
    results = topology.results_bucket
    return (
        Statement(
            "Query",
            (
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetWorkGroup",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ),
            (arn("athena", f"workgroup/{topology.workgroup}"),),
        ),
        Statement(
            "FindResultsBucket", ("s3:GetBucketLocation", "s3:ListBucket"), (bucket_arn(results),)
        ),
        Statement(
            "KeepResults",
            (
                "s3:AbortMultipartUpload",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            ),
            # Those of our own queries; others that use the work group keep theirs elsewhere.
            (objects_arn(results, "checks/"), objects_arn(results, "dbt/")),
        ),
    )
