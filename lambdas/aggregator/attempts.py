"""Which batch of a shard is being counted.

Belongs here: the mark each batch leaves before it writes anything and takes away at its end, and
what a mark means that a batch before has left: Lambda goes on to the next batch only when one is
done or given up. What is written down then belongs in `remains`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lambdas.aggregator.past import LeftBehind, Past
from lambdas.aggregator.remains import BEHIND, Remains
from lambdas.aggregator.store import FenceConflict
from lambdas.shared.codec import StreamRecord
from lambdas.shared.items import read_items
from lambdas.shared.shards import Shards
from lambdas.shared.statements import Item, Outcome, StatementWriter, insert, update
from lambdas.shared.stream import Arrival, span_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DONE = "~"  # before the last record that is done: sorts after all sequence numbers


class Attempt(NamedTuple):
    """A batch that is being counted.

    Attributes:
        shard_id: The shard.
        first: Padded sequence number of its first record.
        last: That of its last one.
        numbers: Both as Kinesis gives them.
        is_next: Whether this process has counted the batch before it.
        reached: How far attempts before it came that were not finished; empty as a rule.
        overlapping: What was left behind by those of them that reached into this batch.
    """

    shard_id: str
    first: str
    last: str
    numbers: tuple[str, str]
    is_next: bool = False
    reached: str = ""
    overlapping: Sequence[LeftBehind] = ()


class Attempts:
    """The marks of one stream's shards."""

    def __init__(
        self, dynamodb: "DynamoDBClient", shards: Shards, table_prefix: str, remains: Remains
    ) -> None:
        self._dynamodb = dynamodb
        self._shards = shards
        self._remains = remains
        self._writer = StatementWriter(dynamodb)
        self._table = f"{table_prefix}-aggregator-log"
        self._done: dict[str, str] = {}  # by shard, the last record this process has counted

    def begin(self, records: list[StreamRecord]) -> Attempt:
        """Marks a batch as being counted; writes down what one before has left behind.

        Raises:
            botocore.exceptions.ClientError: On a fault; the batch must be delivered again.
            StatementError: The same.
            FenceConflict: If the shard has a second writer.
        """
        shard_id, numbers = records[0].shard_id, _numbers_of(records)
        attempt = Attempt(shard_id, *span_of(records), numbers, is_next=True)
        done = self._done.pop(shard_id, "")
        outcome = self._mark(attempt, {"S": f"{_DONE}{done}"})
        if not outcome.applied and outcome.item is not None:
            attempt = self._after_others(attempt._replace(is_next=False), outcome.item)
            outcome = self._mark(attempt, outcome.item["pending"])
        elif not outcome.applied:
            attempt = attempt._replace(is_next=False)
            self._write_down_before(shard_id)
            item = {**_key(shard_id), **_pending(attempt)}
            outcome = self._writer.execute([insert(self._table, item)])[0]
        if not outcome.applied:
            raise FenceConflict(f"{shard_id} is counted by somebody else")
        return attempt

    def end(self, attempt: Attempt) -> None:
        """Takes the mark away: all of the batch is counted.

        If attempts came further than this batch, what is behind it stays pending.
        """
        is_all = attempt.reached <= attempt.last
        pending = f"{_DONE}{attempt.last}" if is_all else f"{attempt.last}{BEHIND}"
        changes = {"pending": {"S": pending}, "start": {"S": attempt.numbers[1]}}
        mine = ("pending =", {"S": attempt.first})
        statement = update(self._table, _key(attempt.shard_id), changes, {}, mine)
        if not self._writer.execute([statement])[0].applied:
            raise FenceConflict(f"{attempt.shard_id} is counted by somebody else")
        if is_all:
            self._done[attempt.shard_id] = attempt.last

    def past(self, attempt: Attempt, arrivals: list[Arrival]) -> Past | None:
        """What the batch has to know of those before it; nothing as a rule."""
        by_shard = self._remains.where_they_have_been(arrivals)
        return Past(attempt.overlapping, by_shard) if attempt.overlapping or by_shard else None

    def _after_others(self, attempt: Attempt, mark: Item) -> Attempt:
        """The attempt, with what it has to know of one before if that was not finished."""
        pending, reached = mark["pending"]["S"], mark["last"]["S"]
        if pending.startswith(_DONE):
            return attempt
        if pending < attempt.first:
            self._remains.write_down(attempt.shard_id, mark, until=attempt.first)
        left = self._remains.on(attempt.shard_id) if reached >= attempt.first else []
        overlapping = [one for one in left if one.last >= attempt.first]
        return attempt._replace(reached=reached, overlapping=overlapping)

    def _mark(self, attempt: Attempt, pending: Mapping[str, Any]) -> Outcome:
        """Leaves the mark of an attempt, provided that this is pending."""
        changes = _pending(attempt)
        key = _key(attempt.shard_id)
        statement = update(self._table, key, changes, {}, ("pending =", pending))
        return self._writer.execute([statement])[0]

    def _write_down_before(self, shard_id: str) -> None:
        """Does so for the last batches of the shards that a new shard goes on from."""
        parents = self._shards.parents(shard_id)
        marks = {
            mark["shard_id"]["S"]: mark
            for mark in read_items(self._dynamodb, self._table, [_key(one) for one in parents])
        }
        for parent in parents:
            mark = marks.get(parent)
            if mark is None:
                self._write_down_before(parent)  # nothing was ever counted there
            elif not mark["pending"]["S"].startswith(_DONE):
                self._remains.write_down(parent, mark, until=BEHIND)


def _key(shard_id: str) -> dict[str, dict[str, Any]]:
    """The key of a shard's mark."""
    return {"shard_id": {"S": shard_id}, "position": {"S": "attempt"}}


def _pending(attempt: Attempt) -> dict[str, dict[str, Any]]:
    """What a mark says of an attempt that is not finished."""
    return {
        "pending": {"S": attempt.first},
        "start": {"S": attempt.numbers[0]},
        "last": {"S": max(attempt.reached, attempt.last)},
    }


def _numbers_of(records: list[StreamRecord]) -> tuple[str, str]:
    return records[0].sequence_number, records[-1].sequence_number
