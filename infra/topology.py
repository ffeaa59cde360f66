"""What the platform consists of: every stream, table, queue, function and mapping, once.

Belongs here: names, keys, sizes, windows and wiring, as plain typed values. Creating them belongs
to whoever renders this description, such as `infra.local` on the embedded AWS.
"""

from dataclasses import dataclass

from infra.delivery_profiles import Delivery, archive_function, delivery_streams
from infra.resource_types import (
    Bucket,
    DataSet,
    DeliveryStream,
    Function,
    GlueTable,
    Mapping,
    Queue,
    Stream,
    Table,
    Topic,
)
from lambdas.shared import lake
from lambdas.shared.columns import DATEHOUR, EVENT_COLUMNS, Column

ACCOUNT_PLACEHOLDER = "{account}"


@dataclass(frozen=True)
class Topology:
    """The whole platform.

    Attributes:
        stack: The prefix of every name.
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
    delivery: Delivery = "lambda",
) -> Topology:
    """Describes the platform.

    Args:
        account: AWS account id, part of the bucket names because those are global.
        stack: Prefix of every name, so that two platforms fit in one account.
        shards: Shards of the stream; one takes 1,000 events or 1 MB a second.
        archive_window_s: How long the archive gathers events into one object, in seconds.
        lateness_limit_s: Oldest event accepted, in seconds before arrival; None for any age.
        detector: The detector's thresholds by their variables' names, where they differ.
        delivery: How the stream gets into the lake.
    """
    lake_bucket = f"{stack}-lake-{account}"
    results_bucket = f"{stack}-athena-results-{account}"
    stream = Stream(f"{stack}-events", shards, retention_hours=24)
    shared = {} if lateness_limit_s is None else {"LATENESS_LIMIT_S": str(lateness_limit_s)}
    archive = archive_function(
        delivery,
        stack,
        {"LAKE_BUCKET": lake_bucket, **shared},
        archive_window_s,
        f"{stack}-failed-batches",
    )
    return Topology(
        stack=stack,
        stream=stream,
        tables=_tables(stack),
        queues=_queues(stack),
        buckets=(
            Bucket(lake_bucket, f"{lake.RAW_PREFIX}/", f"{stack}-raw-objects"),
            Bucket(results_bucket),
        ),
        topics=(Topic(f"{stack}-alerts"),),
        functions=_functions(stack, stream.name, archive, shared, detector or {}),
        delivery_streams=delivery_streams(
            delivery, stack, stream.name, lake_bucket, archive, archive_window_s
        ),
        database=f"{stack}_db",
        glue_tables=_glue_tables(),
        workgroup=stack,
        results_bucket=results_bucket,
        data_source=f"{stack}-athena",
        data_sets=_data_sets(stack),
    )


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


def _functions(
    stack: str,
    stream: str,
    archive: Function,
    shared: dict[str, str],
    detector: dict[str, str],
) -> tuple[Function, ...]:
    failed = f"{stack}-failed-batches"
    # 6 MB hold about 5,000 events of ours, so that at high volume the window decides
    real_time = Mapping(batch_size=5000, window_s=1, on_failure_queue=failed)
    topic = f"arn:aws:sns:{{region}}:{{account}}:{stack}-alerts"
    return (
        Function(f"{stack}-collector", "collector", 256, 29, {"STREAM_NAME": stream, **shared}),
        archive,
        Function(
            f"{stack}-aggregator",
            "aggregator",
            1024,
            60,
            {"TABLE_PREFIX": stack, "STREAM_NAME": stream, **shared},
            real_time,
        ),
        Function(
            f"{stack}-anomaly-detector",
            "anomaly_detector",
            1024,
            60,
            {
                "TABLE_PREFIX": stack,
                "ALERT_TOPIC_ARN": topic,
                "STREAM_NAME": stream,
                **shared,
                **detector,
            },
            real_time,
        ),
    )


def _glue_tables() -> tuple[GlueTable, ...]:
    quarantine = (
        Column("reason", "string", "Why the record was set aside, a stable code"),
        Column("detail", "string", "What was wrong, for a person"),
        Column("payload", "string", "The record as it came, base64"),
        Column("shard_id", "string", "Shard it arrived on"),
        Column("sequence_number", "string", "Its sequence number on the shard"),
        Column("arrived_at", "string", "When it arrived (UTC, ISO 8601)"),
    )
    checked_hours = (
        Column("datehour", "string", "Hour of event time in UTC, yyyy-MM-dd-HH"),
        Column("raw_rows", "bigint", "Rows as archived, duplicates included"),
        Column("compacted_rows", "bigint", "Rows as compacted"),
        Column("duplicates", "bigint", "Archived rows that repeat an event_id"),
        Column("is_raw_expired", "boolean", "Whether raw objects of the hour have begun to expire"),
        Column("is_conserved", "boolean", "Whether nothing was lost between the two"),
        Column("is_unique", "boolean", "Whether every compacted row has an event_id of its own"),
        Column("realtime_events", "bigint", "Events as counted in real time, where comparable"),
        Column("unexplained_events", "bigint", "Difference to real time without an explanation"),
        Column("checked_at", "string", "When this was found (UTC)"),
    )
    alert_counts = (
        Column("day", "string", "Day the alerts are about, UTC, yyyy-MM-dd"),
        Column("rule", "string", "The rule that found them"),
        Column("alerts", "bigint", "Alerts"),
        Column("sessions", "bigint", "Distinct sessions they are about; 0 if about the traffic"),
        Column("first_detected_at", "string", "Time of the first (UTC)"),
        Column("last_detected_at", "string", "Time of the last (UTC)"),
    )
    return (
        GlueTable(
            "raw_events",
            f"{lake.RAW_PREFIX}/",
            EVENT_COLUMNS,
            (DATEHOUR,),
            "parquet",
            "Events as archived from the stream, duplicates included, by hour of event time.",
        ),
        GlueTable(
            "events",
            f"{lake.EVENTS_PREFIX}/",
            EVENT_COLUMNS,
            (DATEHOUR,),
            "parquet",
            "Compacted events: one row per event_id, by hour of event time.",
        ),
        GlueTable(
            "checked_hours",
            "checked_hours/",
            checked_hours,
            (),
            "json",
            "What the checks found in each hour last: rows, duplicates, real time.",
        ),
        GlueTable(
            "alert_counts",
            "alert_counts/",
            alert_counts,
            (),
            "json",
            "Alerts by day and rule, as counted from those that are stored for 30 days.",
        ),
        GlueTable(
            "quarantine",
            f"{lake.QUARANTINE_PREFIX}/",
            quarantine,
            (),
            "json",
            "Records that could not be accepted, with the reason.",
        ),
    )


def _data_sets(stack: str) -> tuple[DataSet, ...]:
    page_views = (
        ("datehour", "STRING"),
        ("hour_at", "DATETIME"),
        ("page", "STRING"),
        ("views", "INTEGER"),
        ("visitors", "INTEGER"),
        ("sessions", "INTEGER"),
        ("entries", "INTEGER"),
        ("exits", "INTEGER"),
        ("avg_time_on_page_s", "DECIMAL"),
        ("p75_time_on_page_s", "DECIMAL"),
        ("bot_views", "INTEGER"),
    )
    sessions = (
        ("session_key", "STRING"),
        ("visitor_id", "STRING"),
        ("started_at", "DATETIME"),
        ("ended_at", "DATETIME"),
        ("duration_s", "DECIMAL"),
        ("engaged_s", "DECIMAL"),
        ("events", "INTEGER"),
        ("page_views", "INTEGER"),
        ("conversions", "INTEGER"),
        ("is_engaged", "BOOLEAN"),
        ("is_bounce", "BOOLEAN"),
        ("entry_page", "STRING"),
        ("exit_page", "STRING"),
        ("channel", "STRING"),
        ("utm_source", "STRING"),
        ("utm_medium", "STRING"),
        ("utm_campaign", "STRING"),
        ("device", "STRING"),
        ("country", "STRING"),
    )
    return (
        DataSet(
            f"{stack}-page-views-hourly", "Page views by hour", "page_views_hourly", page_views
        ),
        DataSet(f"{stack}-sessions", "Sessions", "sessions", sessions),
    )
