"""The counters in DynamoDB, each written by one shard only.

Belongs here: the fenced conditional writes and the reads that go before them. How much to write
belongs in `logic`, how statements are sent in `lambdas.shared.statements`.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lambdas.aggregator.keys import Key
from lambdas.aggregator.logic import Counter, Plan
from lambdas.shared.items import read_items
from lambdas.shared.sketch import Sketch
from lambdas.shared.statements import Outcome, Statement, StatementWriter, insert, update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TTL_S = 24 * 3600
HOURLY_TTL_S = 31 * 24 * 3600  # what is read by the hour is compared with the same hours before
PAGE_TTL_S = 400 * 24 * 3600  # this month can be compared with that of last year
PAGES_OF_HOUR = "pages_of_hour#"
_ROUNDS = 5  # insert, duplicate, refused, rewritten: four at most with one writer
_KNOWN_KEYS = 200_000
_KNOWN_SKETCHES = 1000  # hours, as events bring them
KEY_NAMES = {
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
        self._writer = StatementWriter(dynamodb)
        self._prefix = table_prefix
        self._now = now
        self._known: set[Key] = set()  # items that exist: saves the insert that would be refused
        self._sketches: dict[Key, tuple[Sketch, str]] = {}  # with the fences they are stored with

    def apply(self, plan: Plan) -> int:
        """Writes what a plan does to counters. Sessions are written after all of them.

        The order is what makes a retry exact: as long as a session is not written, the retry takes
        the same decisions about duplicates, and the counters' fences keep them from adding twice.

        Returns:
            How many items had some of the records already.

        Raises:
            botocore.exceptions.ClientError: On a fault; the batch must be delivered again.
            StatementError: On a fault of single items; the same.
            FenceConflict: If an item has a second writer.
        """
        conflicts = self._add(plan)
        self._add_visitors(plan)
        return conflicts

    def _add(self, plan: Plan) -> int:
        """Adds to every counter; returns how many held some of the records already."""
        conflicts = 0
        waiting = [(counter, self._first_try(counter, plan)) for counter in plan.counters]
        self._index([counter.key for counter in plan.counters if self._is_new_page(counter.key)])
        for _ in range(_ROUNDS):
            outcomes = self._writer.execute([statement for _, statement in waiting])
            again: list[tuple[Counter, Statement]] = []
            for (counter, _), outcome in zip(waiting, outcomes, strict=True):
                if outcome.applied:
                    self._remember(counter.key)
                    continue
                conflicts += outcome.item is not None
                if (statement := self._next_try(counter, plan, outcome)) is not None:
                    again.append((counter, statement))
            waiting = again
            if not waiting:
                return conflicts
        raise FenceConflict(f"{waiting[0][0].key} changes while it is written")

    def _is_new_page(self, key: Key) -> bool:
        return key.table == "page-metrics" and key not in self._known

    def _index(self, keys: list[Key]) -> None:
        """Writes down which pages an hour has, before the page itself: a crash loses neither."""
        ttl = {"N": str(int(self._now()) + HOURLY_TTL_S)}
        statements = []
        for key in keys:
            hour, _, shard = key.sort.partition("#")
            item = {
                "metric_name": {"S": f"{PAGES_OF_HOUR}{hour}"},
                "time_window": {"S": f"{key.partition}#{shard}"},
                "ttl": ttl,
            }
            statements.append(insert(f"{self._prefix}-counters", item))
        self._writer.execute(statements)  # one that is there already is just what is wanted

    def _add_visitors(self, plan: Plan) -> None:
        """Adds visitors to the sketches of their hours; those already in one cost no write."""
        waiting = list(plan.visitors)
        for _ in range(_ROUNDS):
            self._read_sketches(waiting)
            changed = [key for key in waiting if self._sketches[key][0].add(plan.visitors[key])]
            statements = [self._put_sketch(key, plan.last) for key in changed]
            sketches = [self._sketches.pop(key)[0] for key in changed]  # until they are stored
            outcomes = self._writer.execute(statements)
            done = [outcome.applied for outcome in outcomes]
            for key, sketch, is_stored in zip(changed, sketches, done, strict=True):
                if is_stored:
                    self._sketches[key] = (sketch, plan.last)
            waiting = [key for key, is_stored in zip(changed, done, strict=True) if not is_stored]
            if not waiting:
                return
        raise FenceConflict(f"{waiting[0]} changes while it is written")

    def _read_sketches(self, keys: list[Key]) -> None:
        """Reads the sketches that are not known; a write of one that has changed is refused."""
        if len(self._sketches) > _KNOWN_SKETCHES:
            self._sketches.clear()
        unknown = [key for key in keys if key not in self._sketches]
        places = [_key_of(key) for key in unknown]
        stored = {
            (item["metric_name"]["S"], item["time_window"]["S"]): item
            for item in read_items(self._dynamodb, f"{self._prefix}-counters", places)
        }
        for key in unknown:
            item = stored.get((key.partition, key.sort))
            sketch = Sketch(item["sketch"]["B"] if item else None)
            self._sketches[key] = (sketch, item["fence"]["S"] if item else "")

    def _put_sketch(self, key: Key, fence: str) -> Statement:
        sketch, old = self._sketches[key]
        fields: dict[str, Any] = {
            "sketch": {"B": sketch.pack()},
            "fence": {"S": fence},
            "ttl": {"N": str(int(self._now()) + HOURLY_TTL_S)},
        }
        table = f"{self._prefix}-counters"
        if not old:
            return insert(table, {**_key_of(key), **fields})
        return update(table, _key_of(key), fields, {}, ("fence =", {"S": old}))

    def _first_try(self, counter: Counter, plan: Plan) -> Statement:
        if counter.key in self._known:
            return self._add_all(counter, plan)
        return self._insert(counter, plan.last)

    def _next_try(self, counter: Counter, plan: Plan, outcome: Outcome) -> Statement | None:
        """What to write after a refusal; None when the item holds all of it."""
        if outcome.item is not None:
            fence = outcome.item["fence"]["S"]
            missing = counter.above(fence)
            if missing is None:
                return None
            return self._update(counter, missing, plan.last, ("fence =", fence))
        if outcome.exists:
            return self._add_all(counter, plan)
        self._known.discard(counter.key)  # it has expired
        return self._insert(counter, plan.last)

    def _add_all(self, counter: Counter, plan: Plan) -> Statement:
        return self._update(counter, counter.amount, plan.last, ("fence <", plan.first))

    def _remember(self, key: Key) -> None:
        if len(self._known) >= _KNOWN_KEYS:
            self._known.clear()
        self._known.add(key)

    def _insert(self, counter: Counter, fence: str) -> Statement:
        value = KEY_NAMES[counter.key.table][2]
        item = {
            **_key_of(counter.key),
            value: {"N": str(counter.amount)},
            **self._stamps(counter.key, fence),
        }
        return insert(f"{self._prefix}-{counter.key.table}", item)

    def _update(
        self, counter: Counter, amount: int, fence: str, condition: tuple[str, str]
    ) -> Statement:
        return update(
            f"{self._prefix}-{counter.key.table}",
            _key_of(counter.key),
            self._stamps(counter.key, fence),
            {KEY_NAMES[counter.key.table][2]: {"N": str(amount)}},
            (condition[0], {"S": condition[1]}),
        )

    def _stamps(self, key: Key, fence: str) -> dict[str, Any]:
        now = self._now()
        stamps = {"fence": {"S": fence}, "last_updated": {"N": str(int(now * 1000))}}
        kept_s = TTL_S if key.table == "counters" else PAGE_TTL_S
        stamps["ttl"] = {"N": str(int(now) + kept_s)}
        return stamps


def _key_of(key: Key) -> dict[str, Any]:
    hash_name, range_name, _ = KEY_NAMES[key.table]
    return {hash_name: {"S": key.partition}, range_name: {"S": key.sort}}
