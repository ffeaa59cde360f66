"""The real-time figures, read back.

Belongs here: every read of the counters. Items that several shards count carry the shard in their
range key, so a figure is a sum over a prefix; nobody else needs to know that.
"""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from lambdas.aggregator.keys import EVENTS_PER_MINUTE, STRAY, UNIQUE_VISITORS
from lambdas.aggregator.store import KEY_NAMES, PAGES_OF_HOUR
from lambdas.shared.items import read_items
from lambdas.shared.sketch import Sketch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Totals(NamedTuple):
    """Everything the counters hold: counts of events, page views and sessions."""

    events: int
    page_views: int
    sessions: int


class Trend(NamedTuple):
    """A page, its views in an hour, the mean of the same hours before, and how unusual that is."""

    page: str
    views: int
    mean: float
    score: float


class RealTimeMetrics:
    """Reads the real-time items of one platform."""

    def __init__(self, dynamodb: "DynamoDBClient", table_prefix: str) -> None:
        self._dynamodb = dynamodb
        self._prefix = table_prefix

    def totals(self) -> Totals:
        """Sums over whole tables; for a laptop or a check, not for a dashboard."""
        events = sum(count for _, count in self._per_minute())
        views = sum(int(item["view_count"]["N"]) for item in self._scan("page-metrics"))
        sessions = {
            item["session_id"]["S"].partition(STRAY)[0]
            for item in self._scan("session-metrics", "session_id")
        }
        return Totals(events, views, len(sessions))

    def events_by_type(self) -> dict[str, int]:
        """Events of the last day by type."""
        found: Counter[str] = Counter()
        for event_type, count in self._per_minute():
            found[event_type] += count
        return dict(found)

    def unique_visitors(self, hour: str) -> float:
        """The estimated number of visitors of an hour, `yyyy-MM-ddTHH` in UTC.

        The standard error is `sketch.STANDARD_ERROR`, 2.3 %.
        """
        total = Sketch()
        for item in self._query("counters", UNIQUE_VISITORS, f"{hour}#"):
            total.merge(Sketch(item["sketch"]["B"]))
        return total.estimate()

    def session_minutes(self, session_id: str) -> dict[str, int]:
        """Events of a session by minute, for its last minutes in which there were any."""
        item = self._dynamodb.get_item(
            TableName=f"{self._prefix}-session-metrics", Key={"session_id": {"S": session_id}}
        ).get("Item")
        counts = item["minutes"]["M"] if item else {}
        return {minute: int(count["N"]) for minute, count in counts.items()}

    def trending_pages(self, hour: str, days: int = 7, min_views: int = 10) -> list[Trend]:
        """Pages by how far this hour stands out from the same hour of the days before.

        Args:
            hour: `yyyy-MM-ddTHH`, UTC.
            days: Days to compare with.
            min_views: Views below which a page does not count.

        Returns:
            The pages, most unusual first. The score is (views - mean) / sqrt(mean + 1): the
            deviation in standard deviations of a Poisson count, where one view is always likely.
        """
        pages = self._hour_counts(hour, self._pages_of(hour))
        start = datetime.strptime(hour, "%Y-%m-%dT%H")  # noqa: DTZ007 - a key, not an instant
        before: Counter[str] = Counter()
        for day in range(1, days + 1):
            earlier = f"{start - timedelta(days=day):%Y-%m-%dT%H}"
            before.update(self._hour_counts(earlier, self._pages_of(earlier)))
        trends = []
        for page, views in pages.items():
            mean = before[page] / days
            trends.append(Trend(page, views, mean, (views - mean) / math.sqrt(mean + 1)))
        wanted = [trend for trend in trends if trend.views >= min_views]
        return sorted(wanted, key=lambda trend: (-trend.score, trend.page))

    def page_views(self, page: str, hour: str) -> int:
        """Views of one page in one hour.

        Args:
            page: The page, host and path.
            hour: `yyyy-MM-ddTHH`, UTC.
        """
        items = self._query("page-metrics", page, f"{hour}#")
        return sum(int(item["view_count"]["N"]) for item in items)

    def _per_minute(self) -> Iterator[tuple[str, int]]:
        for item in self._scan("counters"):
            name = item["metric_name"]["S"]
            if name.startswith(EVENTS_PER_MINUTE):
                yield name.removeprefix(EVENTS_PER_MINUTE), int(item["event_count"]["N"])

    def _pages_of(self, hour: str) -> list[tuple[str, str]]:
        """The pages of an hour, each with a shard that counts it."""
        found = (
            item["time_window"]["S"].rpartition("#")
            for item in self._query("counters", f"{PAGES_OF_HOUR}{hour}", "")
        )
        return [(page, shard) for page, _, shard in found]

    def _hour_counts(self, hour: str, pages: list[tuple[str, str]]) -> Counter[str]:
        counts: Counter[str] = Counter()
        table = f"{self._prefix}-page-metrics"
        keys = [
            {"page_url": {"S": page}, "timestamp_hour": {"S": f"{hour}#{shard}"}}
            for page, shard in pages
        ]
        for item in read_items(self._dynamodb, table, keys, consistent=False):
            counts[item["page_url"]["S"]] += int(item["view_count"]["N"])
        return counts

    def _query(self, table: str, partition: str, prefix: str) -> Iterator[dict[str, Any]]:
        hash_name, range_name, _ = KEY_NAMES[table]
        condition = f"{hash_name} = :partition"
        values = {":partition": {"S": partition}}
        if prefix:
            condition += f" AND begins_with({range_name}, :prefix)"
            values[":prefix"] = {"S": prefix}
        paginator = self._dynamodb.get_paginator("query")
        for page in paginator.paginate(
            TableName=f"{self._prefix}-{table}",
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
        ):
            yield from page["Items"]

    def _scan(self, table: str, projection: str | None = None) -> Iterator[dict[str, Any]]:
        extra: dict[str, Any] = {"ProjectionExpression": projection} if projection else {}
        paginator = self._dynamodb.get_paginator("scan")
        for page in paginator.paginate(TableName=f"{self._prefix}-{table}", **extra):
            yield from page["Items"]
