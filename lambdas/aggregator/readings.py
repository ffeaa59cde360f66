"""The real-time figures, read back.

Belongs here: every read of the counters. Items that several shards count carry the shard in their
range key, so a figure is a sum over a prefix; nobody else needs to know that.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_EVENTS_PER_MINUTE = "events_per_minute_"


class Totals(NamedTuple):
    """Everything the counters hold: counts of events, page views and sessions."""

    events: int
    page_views: int
    sessions: int


class RealTimeMetrics:
    """Reads the real-time items of one platform."""

    def __init__(self, dynamodb: "DynamoDBClient", table_prefix: str) -> None:
        self._dynamodb = dynamodb
        self._prefix = table_prefix

    def totals(self) -> Totals:
        """Sums over whole tables; for a laptop or a check, not for a dashboard."""
        events = sum(int(item["event_count"]["N"]) for item in self._scan("counters"))
        views = sum(int(item["view_count"]["N"]) for item in self._scan("page-metrics"))
        return Totals(events, views, sum(1 for _ in self._scan("session-metrics", "session_id")))

    def events_by_type(self) -> dict[str, int]:
        """Events of the last day by type."""
        found: Counter[str] = Counter()
        for item in self._scan("counters"):
            name = item["metric_name"]["S"].removeprefix(_EVENTS_PER_MINUTE)
            found[name] += int(item["event_count"]["N"])
        return dict(found)

    def page_views(self, page: str, hour: str) -> int:
        """Views of one page in one hour.

        Args:
            page: The page, host and path.
            hour: `yyyy-MM-ddTHH`, UTC.
        """
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=f"{self._prefix}-page-metrics",
            KeyConditionExpression="page_url = :page AND begins_with(timestamp_hour, :hour)",
            ExpressionAttributeValues={":page": {"S": page}, ":hour": {"S": f"{hour}#"}},
        )
        return sum(int(item["view_count"]["N"]) for found in pages for item in found["Items"])

    def _scan(self, table: str, projection: str | None = None) -> Iterator[dict[str, Any]]:
        extra: dict[str, Any] = {"ProjectionExpression": projection} if projection else {}
        paginator = self._dynamodb.get_paginator("scan")
        for page in paginator.paginate(TableName=f"{self._prefix}-{table}", **extra):
            yield from page["Items"]
