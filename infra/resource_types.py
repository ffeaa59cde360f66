"""The kinds of things a platform is made of.

Belongs here: the shape of a stream, a table, a queue and so on. Which of them there are belongs in
`topology`.
"""

from dataclasses import dataclass, field
from typing import Literal

from lambdas.shared.columns import Column


@dataclass(frozen=True)
class Stream:
    """A Kinesis stream; its partition key is the session.

    Attributes:
        shards: Its shards, or those it begins with when AWS sizes it `on_demand`.
    """

    name: str
    shards: int
    retention_hours: int
    on_demand: bool = False


@dataclass(frozen=True)
class Table:
    """A DynamoDB table, on demand. Keys are strings."""

    name: str
    hash_key: str
    range_key: str | None = None
    ttl_attribute: str | None = None
    point_in_time_recovery: bool = True
    deletion_protection: bool = True


@dataclass(frozen=True)
class Queue:
    """An SQS queue; `max_receives` deliveries later a message moves to `dead_letter`."""

    name: str
    visibility_s: int = 300
    retention_s: int = 14 * 24 * 3600
    dead_letter: str | None = None
    max_receives: int | None = None


@dataclass(frozen=True)
class LifecycleRule:
    """What S3 does by itself with the objects below a prefix, "" for all; ages in days."""

    id: str
    prefix: str = ""
    abort_multipart_days: int | None = None
    intelligent_tiering_days: int | None = None
    expire_days: int | None = None


@dataclass(frozen=True)
class Bucket:
    """An S3 bucket; new objects below `notify_prefix` are announced on `notify_queue`.

    Buckets have no versions: an erased person would live on in them, and every generation of an
    hour, old marts included, would be paid for ever. What was deleted by mistake is built again
    from raw objects or, within its retention, from the stream.
    """

    name: str
    notify_prefix: str | None = None
    notify_queue: str | None = None
    lifecycle: tuple[LifecycleRule, ...] = ()


@dataclass(frozen=True)
class Topic:
    """An SNS topic.

    Attributes:
        is_encrypted: Whether the key AWS keeps for SNS encrypts it. CloudWatch and Budgets may not
            use that key; a topic they publish on needs the account's own key or none.
        publishers: Services of AWS that publish on it in our name.
    """

    name: str
    is_encrypted: bool = True
    publishers: tuple[str, ...] = ()


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
    """A Lambda function, `lambdas.<package>.handler.handler`.

    Attributes:
        reserved_concurrency: The most it may run at a time, taken from the account's limit; None
            for no limit of its own. Consumers need none: they run once for each shard.
    """

    name: str
    package: str
    memory_mb: int
    timeout_s: int
    environment: dict[str, str] = field(default_factory=dict)
    mapping: Mapping | None = None
    reserved_concurrency: int | None = None
    runtime: str = "python3.13"
    architecture: str = "arm64"


@dataclass(frozen=True)
class FrontDoor:
    """A CloudFront distribution before the API, with a firewall: an HTTP API can have none itself.

    Attributes:
        key: The name under which the key is kept that tells its requests from others.
        web_acl: ARN of the web ACL of AWS WAF; `own` for one of the platform's.
        requests_5min: The most requests of one address in five minutes, where the ACL is our own.
    """

    key: str
    web_acl: str
    requests_5min: int = 10_000


@dataclass(frozen=True)
class Api:
    """An HTTP API before one function.

    The function answers preflights of CORS itself, so `routes` hold OPTIONS: the same code says the
    same here and there, and a protocol whose clients want their own origin echoed can have that.

    Attributes:
        package: The function's package below `lambdas`.
        routes: Method and path of each; anything else is refused without a call of the function.
        requests_s: Requests a second it lets through in the long run.
        burst: Requests it lets through at once.
        front_door: What stands before it; None if nothing does.
    """

    name: str
    package: str
    routes: tuple[str, ...]
    requests_s: int
    burst: int
    front_door: FrontDoor | None = None


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
    """A QuickSight data set in SPICE over one Glue table.

    Attributes:
        refreshed_at: When QuickSight reads all of it once a day, HH:MM in UTC, whatever has become
            of the batch side, which refreshes it hourly: 25 of the 32 times a day it may be.
    """

    id: str
    name: str
    table: str
    columns: tuple[tuple[str, str], ...]  # (name, QuickSight type)
    refreshed_at: str = "05:30"


@dataclass(frozen=True)
class Alarm:
    """A figure of CloudWatch that somebody must look at when it crosses its threshold.

    Attributes:
        name: Its name, with the platform's prefix.
        meaning: What is wrong when it rings and where to begin, for whoever is woken by it.
        namespace: The metric's namespace.
        metric: The metric's name.
        dimensions: The metric's dimensions, (name, value).
        statistic: How the metric's values in a period become one figure.
        comparison: On which side of the threshold it rings.
        threshold: In the metric's own unit.
        period_s: Length of a period, in seconds.
        periods: How many periods in a row must be beyond the threshold.
        silence: Whether no figure at all is fine or a breach.
    """

    name: str
    meaning: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: Literal["Sum", "Maximum"]
    comparison: Literal["above", "below"]
    threshold: float
    period_s: int = 300
    periods: int = 1
    silence: Literal["fine", "breach"] = "fine"
