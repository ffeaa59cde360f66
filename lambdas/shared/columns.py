"""The columns of one event, as every store spells them.

Belongs here: names, types and meanings of the contract's columns, and nothing else. The Parquet
writer, the Glue tables and the documentation are all derived from this list, so a column is added
in one place. Decoding belongs in `codec`, paths in `lake`.
"""

from typing import Literal, NamedTuple

HiveType = Literal["string", "timestamp", "double", "boolean", "bigint", "map<string,string>"]


class Column(NamedTuple):
    """One column of the contract.

    Attributes:
        name: The column's name in JSON, Parquet, Glue and dbt.
        hive_type: Its type as the Glue catalog spells it. Timestamps are UTC, in microseconds.
        comment: What it means, shown in the catalog.
    """

    name: str
    hive_type: HiveType
    comment: str


EVENT_COLUMNS: tuple[Column, ...] = (
    Column("event_id", "string", "Unique id of the event; a retry carries the same one"),
    Column("event_type", "string", "What happened: page_view, click, ..."),
    Column("event_time", "timestamp", "When it happened (UTC)"),
    Column("received_at", "timestamp", "When the collector accepted it (UTC)"),
    Column("session_id", "string", "The client's session; the stream's partition key"),
    Column("user_id", "string", "Known user, when signed in"),
    Column("anonymous_id", "string", "Device or browser, when not signed in"),
    Column("page_url", "string", "Address of the page as the client sent it"),
    Column("page_host", "string", "Host of page_url"),
    Column("page_path", "string", "Path of page_url, without query and fragment"),
    Column("page_title", "string", "Title of the page"),
    Column("referrer", "string", "Address the visitor came from"),
    Column("user_agent", "string", "The client's User-Agent"),
    Column("ip", "string", "Client address, truncated to its network (/24 or /48)"),
    Column("element_clicked", "string", "Element that was clicked"),
    Column("time_spent", "double", "Time spent before this event, in seconds"),
    Column("source_menu", "string", "Menu the click came from"),
    Column("experiments", "map<string,string>", "Experiment name to variant"),
    Column("utm_source", "string", "Campaign source"),
    Column("utm_medium", "string", "Campaign medium"),
    Column("utm_campaign", "string", "Campaign name"),
    Column("utm_term", "string", "Campaign term"),
    Column("utm_content", "string", "Campaign content"),
    Column("properties", "string", "Everything else the client sent, as JSON text"),
    Column("app_id", "string", "Application the event belongs to"),
    Column("source", "string", "Protocol the event arrived by"),
    Column("is_bot", "boolean", "Whether the user agent declares itself a bot"),
    Column("browser", "string", "Browser family"),
    Column("os", "string", "Operating system family"),
    Column("device", "string", "desktop, mobile, tablet or bot"),
    Column("country", "string", "Country of the client, when the edge told it"),
    Column("channel", "string", "direct, search, social, campaign, referral or internal"),
    Column("shard_id", "string", "Shard the event arrived on"),
    Column("sequence_number", "string", "Its sequence number on the shard"),
)

# The hour of event_time in UTC, `yyyy-MM-dd-HH`: S3 prefix, Glue partition value and Dagster
# partition key are this same string. `/` sorts after `-`, so slashes would break range filters.
DATEHOUR = Column("datehour", "string", "Hour of event_time in UTC, yyyy-MM-dd-HH")
