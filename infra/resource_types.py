"""The kinds of things a platform is made of.

Belongs here: the shape of a stream, a table, a queue and so on. Which of them there are belongs in
`topology`.
"""

from dataclasses import dataclass, field

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
