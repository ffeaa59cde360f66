"""The kinds of things a platform is made of.

Belongs here: the shape of a stream, a table, a queue and so on. Which of them there are belongs in
`topology`.
"""

from dataclasses import dataclass, field
from typing import Literal

from lambdas.shared.columns import Column


@dataclass(frozen=True)
class Stream:
    """A Kinesis stream; its partition key is the session."""

    name: str
    shards: int
    retention_hours: int


@dataclass(frozen=True)
class Table:
    """A DynamoDB table, on demand. Keys are strings."""

    name: str
    hash_key: str
    range_key: str | None = None
    ttl_attribute: str | None = None


@dataclass(frozen=True)
class Queue:
    """An SQS queue; `max_receives` deliveries later a message moves to `dead_letter`."""

    name: str
    visibility_s: int = 300
    retention_s: int = 14 * 24 * 3600
    dead_letter: str | None = None
    max_receives: int | None = None


@dataclass(frozen=True)
class Bucket:
    """An S3 bucket; new objects below `notify_prefix` are announced on `notify_queue`."""

    name: str
    notify_prefix: str | None = None
    notify_queue: str | None = None


@dataclass(frozen=True)
class Topic:
    """An SNS topic."""

    name: str


@dataclass(frozen=True)
class Mapping:
    """A Lambda event source mapping on the stream, with the failure handling AWS documents."""

    batch_size: int
    window_s: float
    max_retries: int = 5
    max_record_age_s: int = 24 * 3600
    bisect_on_error: bool = True
    report_item_failures: bool = True
    on_failure_queue: str | None = None
    parallelization: int = 1  # more would give two writers to one item
    starting_position: str = "TRIM_HORIZON"


@dataclass(frozen=True)
class Function:
    """A Lambda function, `lambdas.<package>.handler.handler`."""

    name: str
    package: str
    memory_mb: int
    timeout_s: int
    environment: dict[str, str] = field(default_factory=dict)
    mapping: Mapping | None = None


@dataclass(frozen=True)
class DeliveryStream:
    """A Firehose delivery stream from a Kinesis stream to S3, with dynamic partitioning.

    The JSON rows its function answers are converted to Parquet: OpenX JSON SerDe in, Parquet SerDe
    out, by the schema of a Glue table.

    Attributes:
        name: Its name.
        stream: The Kinesis stream it reads. Firehose begins with what comes after its creation.
        transform: The name of the function it calls.
        bucket: Where it writes.
        prefix: Of its objects, with expressions of Firehose's.
        error_prefix: Of what could not be delivered, with expressions of Firehose's.
        schema_table: The Glue table whose columns it converts to.
        buffer_mb: Size at which the records of a partition are written, 64 to 128.
        buffer_s: Time after which they are written at the latest, in seconds.
        transform_buffer_s: How long records are gathered for one call of the function.
        transform_buffer_mb: How much is gathered for one call, 0.2 to 3. Rows are larger than
            records, and the answer to a call has at most 6 MB.
        transform_retries: How often a failed call is tried again before its records are given up.
        partition_retry_s: How long a partition is tried again to be written, in seconds.
        max_partitions: Partitions gathered at one time; what is of others fails. It is AWS's own
            limit unless a larger one was asked for.
        lowercase_keys: Whether keys of the JSON are made lower-case, those of maps too.
        compression: Of the Parquet pages.
    """

    name: str
    stream: str
    transform: str
    bucket: str
    prefix: str
    error_prefix: str
    schema_table: str
    buffer_mb: int
    buffer_s: float
    transform_buffer_s: float
    transform_buffer_mb: float = 1
    transform_retries: int = 3
    partition_retry_s: int = 7200
    max_partitions: int = 500
    lowercase_keys: bool = False  # it would change the names of experiments
    compression: Literal["SNAPPY", "GZIP", "UNCOMPRESSED"] = "SNAPPY"


@dataclass(frozen=True)
class GlueTable:
    """An external table whose columns are known here; dbt creates its own."""

    name: str
    location_prefix: str
    columns: tuple[Column, ...]
    partition_keys: tuple[Column, ...]
    format: str  # "parquet" or "json"
    description: str


@dataclass(frozen=True)
class DataSet:
    """A QuickSight data set in SPICE over one Glue table."""

    id: str
    name: str
    table: str
    columns: tuple[tuple[str, str], ...]  # (name, QuickSight type)
