"""What the platform consists of: every stream, table, queue, function and mapping, once.

Belongs here: names, keys, sizes, windows and wiring, as plain typed values. Creating them belongs
to whoever renders this description, such as `infra.local` on the embedded AWS.
"""

from dataclasses import dataclass

from infra.alarms import alarms_of
from infra.delivery_profiles import Archiving, archive_function, delivery_streams, profiles_of
from infra.hosting import Hosting
from infra.orchestration import Orchestration, orchestration_of
from infra.resource_types import (
    Alarm,
    Api,
    Bucket,
    DataSet,
    DeliveryStream,
    FrontDoor,
    Function,
    GlueTable,
    LifecycleRule,
    Mapping,
    Queue,
    Stream,
    Table,
    Topic,
)
from infra.table_definitions import data_sets, glue_tables
from lambdas.shared import lake

ACCOUNT_PLACEHOLDER = "{account}"
SHARD_RECORDS_S = 1000  # what one shard takes
ON_DEMAND_RECORDS_S = 4000  # what a stream sized by AWS takes from its first second
ANSWERS_DAYS = 30


@dataclass(frozen=True)
class Topology:
    """The whole platform.

    Attributes:
        stack: The prefix of every name.
        topics: The detector's alerts, then what operators are told.
        hosting: What was chosen for the account it runs in.
        orchestration: Dagster in that account; None where it runs elsewhere.
    """

    stack: str
    stream: Stream
    tables: tuple[Table, ...]
    queues: tuple[Queue, ...]
    buckets: tuple[Bucket, ...]
    topics: tuple[Topic, ...]
    functions: tuple[Function, ...]
    delivery_streams: tuple[DeliveryStream, ...]
    database: str
    glue_tables: tuple[GlueTable, ...]
    workgroup: str
    results_bucket: str
    data_source: str
    data_sets: tuple[DataSet, ...]
    api: Api
    alarms: tuple[Alarm, ...]
    hosting: Hosting
    orchestration: Orchestration | None

    @property
    def alert_topic(self) -> Topic:
        """Where the detector and failed runs tell people."""
        return self.topics[0]

    @property
    def ops_topic(self) -> Topic:
        """Where alarms tell operators."""
        return self.topics[1]

    @property
    def stream_functions(self) -> tuple[Function, ...]:
        """The functions that are given the stream's records, by a mapping or by Firehose.

        The first is the one through which they are archived.
        """
        transforms = {one.transform for one in self.delivery_streams}
        return tuple(
            one for one in self.functions if one.mapping is not None or one.name in transforms
        )

    def function(self, package: str) -> Function:
        """The function of a package below `lambdas`.

        Raises:
            KeyError: If there is none.
        """
        for function in self.functions:
            if function.package == package:
                return function
        raise KeyError(package)


def build_topology(
    account: str = ACCOUNT_PLACEHOLDER,
    *,
    stack: str = "clickstream",
    shards: int = 1,
    archive_window_s: float = 60,
    lateness_limit_s: int | None = None,
    detector: dict[str, str] | None = None,
    hosting: Hosting | None = None,
    delivery: Archiving = "lambda",
) -> Topology:
    """Describes the platform.

    Args:
        account: AWS account id, part of the bucket names because those are global.
        stack: Prefix of every name, so that two platforms fit in one account.
        shards: Shards of the stream; one takes 1,000 events or 1 MB a second.
        archive_window_s: How long the archive gathers events into one object, in seconds.
        lateness_limit_s: Oldest event accepted, in seconds before arrival; None for any age.
        detector: The detector's thresholds by their variables' names, where they differ.
        hosting: What is chosen for the account it runs in; its defaults if left.
        delivery: How the stream gets into the lake.
    """
    hosting = hosting or Hosting()
    lake_bucket = f"{stack}-lake-{account}"
    results_bucket = f"{stack}-athena-results-{account}"
    stream = Stream(f"{stack}-events", shards, retention_hours=24, on_demand=hosting.on_demand)
    shared = {} if lateness_limit_s is None else {"LATENESS_LIMIT_S": str(lateness_limit_s)}
    queues = _queues(stack)
    profiles = profiles_of(delivery)
    archives = tuple(
        archive_function(
            profile,
            stack,
            {"LAKE_BUCKET": lake_bucket, **shared},
            archive_window_s,
            f"{stack}-failed-batches",
        )
        for profile in profiles
    )
    delivered_by = delivery_streams(
        profiles[-1], stack, stream.name, lake_bucket, archives[-1], archive_window_s
    )
    api = _api(stack, stream, hosting.web_acl)
    collectors = hosting.collector_concurrency
    functions = (
        _collector(stack, stream.name, api.front_door, shared, collectors),
        *archives,
        *_counting(stack, stream.name, shared, detector or {}),
    )
    return Topology(
        stack=stack,
        stream=stream,
        tables=_tables(stack),
        queues=queues,
        buckets=_buckets(stack, lake_bucket, results_bucket),
        topics=(
            Topic(f"{stack}-alerts"),
            Topic(f"{stack}-ops", is_encrypted=False, publishers=("cloudwatch", "budgets")),
        ),
        functions=functions,
        delivery_streams=delivered_by,
        database=f"{stack}_db",
        glue_tables=glue_tables(),
        workgroup=stack,
        results_bucket=results_bucket,
        data_source=f"{stack}-athena",
        data_sets=data_sets(stack),
        api=api,
        alarms=alarms_of(stack, stream.name, functions, queues, delivered_by),
        hosting=hosting,
        orchestration=orchestration_of(stack, hosting),
    )


def _buckets(stack: str, lake_bucket: str, results_bucket: str) -> tuple[Bucket, ...]:
    """The lake, and Athena's answers.

    Raw objects and the quarantine have no expiry here: only retention knows whether an hour was
    compacted before its raw objects go.
    """
    unfinished = LifecycleRule("unfinished-uploads", abort_multipart_days=3)
    # by then the hour is rarely rebuilt; what is read again comes back to the dearer tier by itself
    seldom = LifecycleRule("events", f"{lake.EVENTS_PREFIX}/", intelligent_tiering_days=7)
    answers = LifecycleRule("answers", expire_days=ANSWERS_DAYS)
    return (
        Bucket(lake_bucket, f"{lake.RAW_PREFIX}/", f"{stack}-raw-objects", (unfinished, seldom)),
        Bucket(results_bucket, lifecycle=(unfinished, answers)),
    )


def _api(stack: str, stream: Stream, web_acl: str | None) -> Api:
    """Lets through as many requests as the stream takes if each brings one event."""
    rate = ON_DEMAND_RECORDS_S if stream.on_demand else SHARD_RECORDS_S * stream.shards
    routes = ("GET /health", "POST /v1/events", "OPTIONS /{proxy+}")
    front_door = None if web_acl is None else FrontDoor(f"{stack}/front-door", web_acl)
    return Api(f"{stack}-collector", "collector", routes, rate, rate, front_door)


def _tables(stack: str) -> tuple[Table, ...]:
    return (
        Table(f"{stack}-page-metrics", "page_url", "timestamp_hour", ttl_attribute="ttl"),
        Table(f"{stack}-session-metrics", "session_id", ttl_attribute="ttl"),
        Table(f"{stack}-counters", "metric_name", "time_window", ttl_attribute="ttl"),
        Table(f"{stack}-alerts", "alert_id", ttl_attribute="ttl"),
        Table(f"{stack}-aggregator-log", "shard_id", "position", ttl_attribute="ttl"),
        Table(f"{stack}-detector-log", "shard_id", "after", ttl_attribute="ttl"),
    )


def _queues(stack: str) -> tuple[Queue, ...]:
    return (
        Queue(f"{stack}-raw-objects-dead"),
        Queue(f"{stack}-raw-objects", dead_letter=f"{stack}-raw-objects-dead", max_receives=20),
        Queue(f"{stack}-failed-batches"),
    )


def _collector(
    stack: str,
    stream: str,
    front_door: FrontDoor | None,
    shared: dict[str, str],
    concurrency: int | None,
) -> Function:
    known = {} if front_door is None else {"FRONT_DOOR": front_door.key}
    return Function(
        f"{stack}-collector",
        "collector",
        256,
        29,
        {"STREAM_NAME": stream, **known, **shared},
        reserved_concurrency=concurrency,
    )


def _counting(
    stack: str, stream: str, shared: dict[str, str], detector: dict[str, str]
) -> tuple[Function, Function]:
    """The functions of the real-time side."""
    # 6 MB hold about 5,000 events of ours, so that at high volume the window decides
    real_time = Mapping(batch_size=5000, window_s=1, on_failure_queue=f"{stack}-failed-batches")
    topic = f"arn:aws:sns:{{region}}:{{account}}:{stack}-alerts"
    known = {"TABLE_PREFIX": stack, "STREAM_NAME": stream, **shared}
    return (
        Function(f"{stack}-aggregator", "aggregator", 1024, 60, known, real_time),
        Function(
            f"{stack}-anomaly-detector",
            "anomaly_detector",
            1024,
            60,
            {**known, "ALERT_TOPIC_ARN": topic, **detector},
            real_time,
        ),
    )
