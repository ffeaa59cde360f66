"""Tables of the lake whose columns are known beforehand, and the data sets of QuickSight.

Belongs here: their columns, with what each means. The marts' own columns belong to dbt, where their
models are; a data set repeats those it serves, because SPICE must be told.
"""

from infra.resource_types import DataSet, GlueTable
from lambdas.shared import lake
from lambdas.shared.columns import DATEHOUR, EVENT_COLUMNS, Column


def glue_tables() -> tuple[GlueTable, ...]:
    """The tables that are there before anything was counted."""
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


def data_sets(stack: str) -> tuple[DataSet, ...]:
    """The data sets of a platform, by its prefix."""
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
