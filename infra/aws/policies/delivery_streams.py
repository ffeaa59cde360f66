"""What Firehose may do in the name of a delivery stream.

Belongs here: the statements of that one role. Firehose is AWS's own, so they are those its
Developer Guide asks for ("Grant Firehose access to an Amazon S3 destination", "… to AWS Glue for
data format conversion"), on what the delivery stream names and on nothing else. What the function
it calls may do belongs in `functions`.
"""

from infra.aws.policies.own_key import KeyUse
from infra.aws.policies.statements import Statement, arn, bucket_arn, objects_arn
from infra.resource_types import DeliveryStream
from infra.topology import Topology

KEY_USE = KeyUse(reads=("kinesis",), writes=("s3",))


def delivery_statements(topology: Topology) -> tuple[Statement, ...]:
    """What the delivery stream of the platform may do.

    Raises:
        ValueError: If the platform has none, or more than the one this role is for.
    """
    if len(topology.delivery_streams) != 1:
        raise ValueError(f"{len(topology.delivery_streams)} delivery streams; this role is of one")
    (stream,) = topology.delivery_streams
    return (
        Statement(
            "ReadStream",
            (
                "kinesis:DescribeStream",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ),
            (arn("kinesis", f"stream/{stream.stream}"),),
        ),
        Statement(
            "Transform",
            ("lambda:GetFunctionConfiguration", "lambda:InvokeFunction"),
            (arn("lambda", newest_of(stream.transform)),),
        ),
        Statement(
            "ReadSchema",
            ("glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"),
            (
                arn("glue", "catalog"),
                arn("glue", f"database/{topology.database}"),
                arn("glue", f"table/{topology.database}/{stream.schema_table}"),
            ),
        ),
        *_writing(stream),
        Statement(
            "LogErrors",
            ("logs:PutLogEvents",),
            (arn("logs", f"log-group:{log_group_of(stream)}:log-stream:{LOG_STREAM}"),),
        ),
    )


LOG_STREAM = "delivery"


def newest_of(function: str) -> str:
    """The version of a function that a delivery stream calls; IAM judges a call by its version."""
    return f"function:{function}:$LATEST"


def log_group_of(stream: DeliveryStream) -> str:
    """Where Firehose says what it could not deliver; the deployment makes it."""
    return f"/aws/kinesisfirehose/{stream.name}"


def _writing(stream: DeliveryStream) -> tuple[Statement, Statement]:
    prefixes = (_plain(stream.prefix), _plain(stream.error_prefix))
    return (
        Statement(
            "FindLake",
            ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"),
            (bucket_arn(stream.bucket),),
        ),
        Statement(
            "Deliver",
            ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"),
            tuple(objects_arn(stream.bucket, prefix) for prefix in prefixes),
        ),
    )


def _plain(prefix: str) -> str:
    """The folder all objects of a prefix with expressions lie below."""
    folder, _, _ = prefix.partition("!{")
    return folder[: folder.rindex("/") + 1]
