"""The state of a shard as a log in DynamoDB: one item a batch, for all of its sessions.

Belongs here: reading a state back and appending to it. An item's key says which fence it goes on
from, so that of two writers that go on from the same state only one can; and the items of the last
minutes are enough to build the state anew (docs/adr/0007). A shard that a reshard has made goes on
from its parents.
"""

import time
from collections.abc import Callable, Iterator
from heapq import merge
from typing import TYPE_CHECKING, Any

import msgspec

from lambdas.anomaly_detector.state import SESSION_MIN, Segment, ShardState
from lambdas.shared.items import query_items
from lambdas.shared.sequence import padded
from lambdas.shared.shards import Shards
from lambdas.shared.statements import StatementWriter, insert

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TTL_S = 8 * 24 * 3600  # longer than a stream is kept as a rule, so that fences outlive retries
START = padded("")
_MOST_STATES = 8  # of the shards a process has seen: it may not see most of them again

_segments = msgspec.msgpack.Decoder(list[Segment])


class FenceConflict(RuntimeError):  # noqa: N818 - named for what happened to the fence
    """Somebody else went on from the same state; the batch must be delivered again."""


class DetectorLog:
    """Reads and appends to the logs of one stream's shards."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        shards: Shards,
        table_prefix: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._dynamodb = dynamodb
        self._shards = shards
        self._writer = StatementWriter(dynamodb)
        self._table = f"{table_prefix}-detector-log"
        self._now = now
        self._states: dict[str, ShardState] = {}

    def take(self, shard_id: str) -> ShardState:
        """The state of a shard as it is now.

        It is the caller's until `append` gives it back; a state that is not given back, because
        something failed, is built anew next time.

        Raises:
            botocore.exceptions.ClientError: On a fault; the batch must be delivered again.
        """
        state = self._states.pop(shard_id, None)
        if state is None:
            return self._rebuild(shard_id)
        for item in self._items(shard_id, after=state.fence or START):
            _go_on(state, item)
        return state

    def append(self, shard_id: str, state: ShardState, after: str, segments: list[Segment]) -> None:
        """Appends what a batch added, once its alerts are raised, and keeps the state.

        Args:
            shard_id: The shard.
            state: Its state with the batch.
            after: The fence of the state without it.
            segments: What was added; nothing is written when there is none.

        Raises:
            FenceConflict: If the shard has a second writer.
            StatementError: On a fault; the batch must be delivered again.
        """
        if segments:
            item: dict[str, dict[str, Any]] = {
                "shard_id": {"S": shard_id},
                "after": {"S": after or START},
                "last": {"S": state.fence},
                "segments": {"B": msgspec.msgpack.encode(segments)},
                "ttl": {"N": str(int(self._now()) + TTL_S)},
            }
            if not self._writer.execute([insert(self._table, item)])[0].applied:
                raise FenceConflict(f"the log of {shard_id} has a second writer")
        else:
            state.fence = after
        self._states[shard_id] = state
        if len(self._states) > _MOST_STATES:
            del self._states[next(iter(self._states))]  # that of the shard not seen for longest

    def _rebuild(self, shard_id: str) -> ShardState:
        state = ShardState()
        items = self._newest(shard_id)
        if _is_from_the_start(items):
            logs: dict[str, list[Segment]] = {}
            self._collect_ancestors(shard_id, logs)
            state.replay(merge(*logs.values(), key=_clock), with_traffic=False)
        for item in items:
            _go_on(state, item)
        return state

    def _newest(self, shard_id: str) -> list[dict[str, Any]]:
        """The items of a shard's last half hour, oldest first."""
        found: list[dict[str, Any]] = []
        newest = 0
        for item in self._items(shard_id, backwards=True):
            clock = _segments_of(item)[-1].clock
            newest = max(newest, clock)
            if clock < newest - SESSION_MIN:
                break
            found.append(item)
        return found[::-1]

    def _collect_ancestors(self, shard_id: str, logs: dict[str, list[Segment]]) -> None:
        """What the shards before this one knew at their end, each once, the oldest first."""
        for parent in self._shards.parents(shard_id):
            if parent in logs:
                continue
            items = self._newest(parent)
            if _is_from_the_start(items):
                self._collect_ancestors(parent, logs)
            logs[parent] = [segment for item in items for segment in _segments_of(item)]

    def _items(
        self, shard_id: str, *, after: str = "", backwards: bool = False
    ) -> Iterator[dict[str, Any]]:
        condition, values = "shard_id = :shard", {":shard": {"S": shard_id}}
        if after:
            condition += " AND #after >= :after"
            values[":after"] = {"S": after}
        names = {"ExpressionAttributeNames": {"#after": "after"}} if after else {}
        return query_items(
            self._dynamodb,
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            ScanIndexForward=not backwards,
            **names,
        )


def _go_on(state: ShardState, item: dict[str, Any]) -> None:
    state.replay(_segments_of(item))
    state.fence = item["last"]["S"]


def _segments_of(item: dict[str, Any]) -> list[Segment]:
    return _segments.decode(item["segments"]["B"])


def _is_from_the_start(items: list[dict[str, Any]]) -> bool:
    """Whether these are all the items a shard has ever had."""
    return not items or items[0]["after"]["S"] == START


def _clock(segment: Segment) -> int:
    return segment.clock
