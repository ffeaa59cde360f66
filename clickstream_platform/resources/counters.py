"""The counters of real time, as the aggregator keeps them in DynamoDB.

Belongs here: reading them, and how much that may cost. What they are compared with belongs in
`core.reconciled_counts`. The batch side may not import a function, so the names of the keys are
here once more; a test compares them with `lambdas.aggregator.keys`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import dagster as dg
from botocore.exceptions import BotoCoreError, ClientError

from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.reconciled_counts import HourAndType, RealTimeCount
from lambdas.shared import lake

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EVENTS_PER_MINUTE = "events_per_minute_"
_HOUR = "%Y-%m-%dT%H"
_WINDOW_HOUR = len("2026-11-23T01")
# Sorts behind every range key: the highest character, as often as fits the 1,024 bytes of a key.
_BEHIND_ALL = "\U0010ffff" * 256
# Sorts behind the minutes and shards of an hour, and before the next hour.
_END_OF_HOUR = ":~"


class CountersError(RuntimeError):
    """The counters cannot be read; says why."""


class CountersResource(dg.ConfigurableResource[None]):
    """The table of counters.

    Attributes:
        table: Its name.
        max_metrics: Metrics it may have at most. Listing them takes a call each.
    """

    table: str
    max_metrics: int = 5000

    def counts(self, hours: HourRange) -> dict[HourAndType, RealTimeCount]:
        """The events of some hours by hour and type, over all shards.

        The types are those the table has, not those the lake has: a type that never reached the
        lake is what must be noticed. A scan for them would read all the table, most of which is the
        index of pages (31 days, an item a page, hour and shard): 90 MB at a thousand pages, so
        11,000 read units or $1 a month when done hourly. Listing the metrics costs half a unit for
        each: 750 or so, as every hour's index is one, and 3 s. Then an hour of a type is a query of
        60 items a shard, one unit. Reads are eventually consistent; what changed within the last
        seconds is not judged anyway.

        Args:
            hours: The hours of event time.

        Returns:
            The hours and types that have counters.

        Raises:
            CountersError: If there are more metrics than this reads, or DynamoDB refuses.
        """
        try:
            found: dict[HourAndType, RealTimeCount] = {}
            for metric in self._metrics():
                if not metric.startswith(EVENTS_PER_MINUTE):
                    continue
                name = metric.removeprefix(EVENTS_PER_MINUTE)
                for item in self._minutes(metric, hours):
                    place, count = _read(name, item)
                    found[place] = _sum(found.get(place), count)
        except (ClientError, BotoCoreError) as error:
            raise CountersError(f"{self.table}: {error}") from error
        return found

    def _metrics(self) -> Iterator[str]:
        """Each metric once: a scan that leaps over the items of a metric to the next one.

        Source: AWS Database Blog, "Generate a distinct set of partition keys for an Amazon DynamoDB
        table efficiently".
        """
        request: dict[str, Any] = {"TableName": self.table, "Limit": 1}
        for _ in range(self.max_metrics):
            page = self._client.scan(**request, ProjectionExpression="metric_name")
            for item in page["Items"]:
                yield item["metric_name"]["S"]
            if "LastEvaluatedKey" not in page:
                return
            metric = page["LastEvaluatedKey"]["metric_name"]
            request["ExclusiveStartKey"] = {
                "metric_name": metric,
                "time_window": {"S": _BEHIND_ALL},
            }
        raise CountersError(
            f"{self.table} has more than {self.max_metrics:,} metrics; is somebody sending events "
            "of ever new types?"
        )

    def _minutes(self, metric: str, hours: HourRange) -> Iterator[dict[str, Any]]:
        first, last = (f"{lake.start_of(hour):{_HOUR}}" for hour in (hours.first, hours.last))
        pages = self._client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="metric_name = :metric AND time_window BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":metric": {"S": metric},
                ":first": {"S": first},
                ":last": {"S": f"{last}{_END_OF_HOUR}"},
            },
            ProjectionExpression="time_window, event_count, last_updated",
        )
        for page in pages:
            yield from page["Items"]

    @cached_property
    def _client(self) -> "DynamoDBClient":
        return boto3.client("dynamodb")


def _read(event_type: str, item: dict[str, Any]) -> tuple[HourAndType, RealTimeCount]:
    window = item["time_window"]["S"]
    start = datetime.strptime(window[:_WINDOW_HOUR], _HOUR).replace(tzinfo=UTC)
    changed_at = datetime.fromtimestamp(int(item["last_updated"]["N"]) / 1000, UTC)
    place = (lake.datehour_of(start), event_type)
    return place, RealTimeCount(int(item["event_count"]["N"]), changed_at)


def _sum(one: RealTimeCount | None, other: RealTimeCount) -> RealTimeCount:
    if one is None:
        return other
    return RealTimeCount(one.events + other.events, max(one.changed_at, other.changed_at))
