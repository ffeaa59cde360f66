"""The real-time items of a person.

Belongs here: finding and deleting their sessions and the alerts about them in DynamoDB.

What else is there holds nobody: counters are sums, sketches cannot be asked who is in them, and the
logs of the aggregator and the detector know sessions by eight bytes of a digest. They are left as
they are, because exact counting rests on them; they expire in days (`remains`).

A session item may be deleted at any time. Other sessions are not touched by it: each counter has a
fence of its own. An aggregator that remembers the item finds it gone, fails its batch once, and
counts nothing twice when the batch is delivered again.
"""

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from clickstream_platform.core.erasure import Person
from lambdas.aggregator.keys import STRAY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestTypeDef

_DELETE_BATCH = 25  # the most DynamoDB takes in one BatchWriteItem
_THROTTLED_S = 0.5
_STRAY_NAME = re.compile(rf"(?P<session>.+){STRAY}shardId-\d+", re.DOTALL)

Key = dict[str, Any]


class Store(NamedTuple):
    """A table with items about sessions.

    Attributes:
        name: What the report calls it.
        table: The table.
        key: Its key.
    """

    name: str
    table: str
    key: str


class RealTimeItems:
    """The items of one platform.

    Args:
        dynamodb: The client.
        stack: The platform's name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", stack: str) -> None:
        self._dynamodb = dynamodb
        self.sessions = Store("session_items", f"{stack}-session-metrics", "session_id")
        self.alerts = Store("alerts", f"{stack}-alerts", "alert_id")

    @property
    def stores(self) -> tuple[Store, ...]:
        """The tables in which there may be items of a person."""
        return self.sessions, self.alerts

    def find(self, store: Store, person: Person) -> list[Key]:
        """The keys of a person's items in a table, which is read as a whole."""
        return [
            {store.key: item[store.key]}
            for item in self._scan(store)
            if "session_id" in item and _is_theirs(item["session_id"]["S"], person)
        ]

    def delete(self, store: Store, keys: list[Key]) -> None:
        """Deletes items; one that is gone already is no error."""
        for start in range(0, len(keys), _DELETE_BATCH):
            requests: list[WriteRequestTypeDef] = [
                {"DeleteRequest": {"Key": key}} for key in keys[start : start + _DELETE_BATCH]
            ]
            waiting: Any = {store.table: requests}
            while waiting := self._dynamodb.batch_write_item(RequestItems=waiting).get(
                "UnprocessedItems"
            ):
                time.sleep(_THROTTLED_S)

    def _scan(self, store: Store) -> Iterator[dict[str, Any]]:
        names = {"#key": store.key, "#session": "session_id"}
        projection = "#key, #session"
        if store.key == "session_id":
            names, projection = {"#key": store.key}, "#key"
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=store.table,
            ProjectionExpression=projection,
            ExpressionAttributeNames=names,
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]


def _is_theirs(name: str, person: Person) -> bool:
    return person.has_session(name) or person.has_session(session_of(name))


def session_of(name: str) -> str:
    """The session of an item's key: itself, or the one whose events were put on another shard."""
    match = _STRAY_NAME.fullmatch(name)
    return match["session"] if match else name
