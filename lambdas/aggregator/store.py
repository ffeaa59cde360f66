"""The counters in DynamoDB, each written by one shard only.

Belongs here: the fenced conditional writes and the reads that go before them. How much to write
belongs in `logic`. One conditional UpdateItem costs one write unit, half of a transaction.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

from lambdas.aggregator.logic import Counter, Plan, Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TTL_S = 24 * 3600
_READ_KEYS = 100
_WRITERS = 8
_KEY_NAMES = {
    "page-metrics": ("page_url", "timestamp_hour", "view_count"),
    "counters": ("metric_name", "time_window", "event_count"),
}


class FenceConflict(RuntimeError):  # noqa: N818 - named for what happened to the fence
    """An item changed under its only writer: a second writer exists. The batch must be retried."""


class CounterStore:
    """Reads and writes the real-time items of one platform."""

    def __init__(
        self, dynamodb: "DynamoDBClient", table_prefix: str, now: Callable[[], float] = time.time
    ) -> None:
        self._dynamodb = dynamodb
        self._prefix = table_prefix
        self._now = now
        self._pool = ThreadPoolExecutor(_WRITERS)

    def sessions(self, session_ids: Iterable[str]) -> dict[str, Session]:
        """The stored states of sessions; those never seen are left out."""
        found: dict[str, Session] = {}
        wanted = sorted(set(session_ids))
        for start in range(0, len(wanted), _READ_KEYS):
            for item in self._read(wanted[start : start + _READ_KEYS]):
                session = _session_of(item)
                found[session.session_id] = session
        return found

    def apply(self, plan: Plan) -> int:
        """Writes a plan: all counters, then all sessions.

        The order is what makes a retry exact: as long as a session is not written, the retry takes
        the same decisions about duplicates, and the counters' fences keep them from adding twice.

        Returns:
            How many items had some of the records already.

        Raises:
            botocore.exceptions.ClientError: On a fault; the batch must be delivered again.
            FenceConflict: If an item has a second writer.
        """
        conflicts = sum(self._pool.map(lambda item: self._add(item, plan), plan.counters))
        list(self._pool.map(lambda pair: self._put(*pair), plan.sessions))
        return conflicts

    def _read(self, ids: list[str]) -> Iterator[dict[str, Any]]:
        table = f"{self._prefix}-session-metrics"
        request: Any = {
            table: {"Keys": [{"session_id": {"S": id_}} for id_ in ids], "ConsistentRead": True}
        }
        while request:
            response = self._dynamodb.batch_get_item(RequestItems=request)
            yield from response["Responses"].get(table, [])
            request = response.get("UnprocessedKeys")

    def _add(self, counter: Counter, plan: Plan) -> bool:
        """Adds to one item; True when it held some of the records and refused at first."""
        old = self._update(counter, len(counter.sequences), plan.last, below=plan.first)
        if old is None:
            return False
        fence = old["fence"]["S"]
        missing = counter.above(fence)
        if missing and self._update(counter, missing, plan.last, equals=fence) is not None:
            raise FenceConflict(f"{counter.key} moved past {fence} while it was written")
        return True

    def _update(
        self, counter: Counter, amount: int, fence: str, *, below: str = "", equals: str = ""
    ) -> dict[str, Any] | None:
        """One fenced addition; returns the item when it refused."""
        hash_name, range_name, value_name = _KEY_NAMES[counter.key.table]
        condition = "fence = :old" if equals else "attribute_not_exists(fence) OR fence < :old"
        assignments = "fence = :fence, last_updated = :now"
        values: dict[str, Any] = {
            ":amount": {"N": str(amount)},
            ":fence": {"S": fence},
            ":old": {"S": equals or below},
            ":now": {"N": str(int(self._now() * 1000))},
        }
        names = {"#value": value_name}
        if counter.key.table == "counters":
            assignments += ", #ttl = :ttl"  # `ttl` is a reserved word
            names["#ttl"] = "ttl"
            values[":ttl"] = {"N": str(int(self._now()) + TTL_S)}
        try:
            self._dynamodb.update_item(
                TableName=f"{self._prefix}-{counter.key.table}",
                Key={
                    hash_name: {"S": counter.key.partition},
                    range_name: {"S": counter.key.sort},
                },
                UpdateExpression=f"ADD #value :amount SET {assignments}",
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
            return dict(cast("dict[str, Any]", error.response)["Item"])
        return None

    def _put(self, old_fence: str, session: Session) -> None:
        """Replaces one session item, provided that it is still the one that was read."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(session_id)"}
        if old_fence:
            condition = {
                "ConditionExpression": "fence = :old",
                "ExpressionAttributeValues": {":old": {"S": old_fence}},
            }
        try:
            self._dynamodb.put_item(
                TableName=f"{self._prefix}-session-metrics", Item=_item_of(session), **condition
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            raise FenceConflict(f"session {session.session_id} has a second writer") from None


def _item_of(session: Session) -> dict[str, Any]:
    texts = ("session_id", "fence", "first_activity", "last_activity", "entry_page", "user_agent")
    item: dict[str, Any] = {
        name: {"S": value} for name in texts if (value := getattr(session, name))
    }
    item["event_count"] = {"N": str(session.event_count)}
    item["page_views"] = {"N": str(session.page_views)}
    item["recent"] = {"B": session.recent}
    return item


def _session_of(item: dict[str, Any]) -> Session:
    def text(name: str) -> str | None:
        return item[name]["S"] if name in item else None

    return Session(
        session_id=item["session_id"]["S"],
        fence=item["fence"]["S"],
        event_count=int(item["event_count"]["N"]),
        page_views=int(item["page_views"]["N"]),
        first_activity=text("first_activity") or "",
        last_activity=text("last_activity") or "",
        entry_page=text("entry_page"),
        user_agent=text("user_agent"),
        recent=item["recent"]["B"],
    )
