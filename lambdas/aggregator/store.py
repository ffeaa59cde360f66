"""The counters in DynamoDB, each written by one shard only.

Belongs here: the fenced conditional writes and the reads that go before them. How much to write
belongs in `logic`, how statements are sent in `lambdas.shared.statements`.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from lambdas.aggregator.logic import Counter, Key, Plan, Session
from lambdas.shared.sketch import Sketch
from lambdas.shared.statements import Outcome, Statement, StatementWriter, insert, update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TTL_S = 24 * 3600
HOURLY_TTL_S = 31 * 24 * 3600  # what is read by the hour is compared with the same hours before
PAGES_OF_HOUR = "pages_of_hour#"
_READ_KEYS = 100
_ROUNDS = 5  # insert, duplicate, refused, rewritten: four at most with one writer
_KNOWN_KEYS = 200_000
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

    def sessions(self, session_ids: Iterable[str]) -> dict[str, Session]:
        """The stored states of sessions; those never seen are left out."""
        keys = [{"session_id": {"S": id_}} for id_ in sorted(set(session_ids))]
        states = map(_session_of, self._read("session-metrics", keys))
        return {state.session_id: state for state in states}

    def apply(self, plan: Plan) -> int:
        """Writes a plan: all counters, then all sessions.

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
        self._put(plan.sessions)
        return conflicts

    def _read(self, table: str, keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Items as they are now; those that do not exist are left out."""
        name = f"{self._prefix}-{table}"
        for start in range(0, len(keys), _READ_KEYS):
            request: Any = {
                name: {"Keys": keys[start : start + _READ_KEYS], "ConsistentRead": True}
            }
            while request:
                response = self._dynamodb.batch_get_item(RequestItems=request)
                yield from response["Responses"].get(name, [])
                request = response.get("UnprocessedKeys")

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
        keys = [_key_of(key) for key in plan.visitors]
        stored = {
            (item["metric_name"]["S"], item["time_window"]["S"]): item
            for item in self._read("counters", keys)
        }
        statements = []
        for key, visitors in plan.visitors.items():
            item = stored.get((key.partition, key.sort))
            sketch = Sketch(item["sketch"]["B"] if item else None)
            if not sketch.add(visitors):
                continue
            fields: dict[str, Any] = {
                "sketch": {"B": sketch.pack()},
                "fence": {"S": plan.last},
                "ttl": {"N": str(int(self._now()) + HOURLY_TTL_S)},
            }
            table = f"{self._prefix}-counters"
            if item is None:
                statements.append(insert(table, {**_key_of(key), **fields}))
            else:
                unchanged = ("fence =", item["fence"])
                statements.append(update(table, _key_of(key), fields, {}, unchanged))
        if not all(outcome.applied for outcome in self._writer.execute(statements)):
            raise FenceConflict("a sketch of visitors has a second writer")

    def _first_try(self, counter: Counter, plan: Plan) -> Statement:
        if counter.key in self._known:
            return self._add_all(counter, plan)
        return self._insert(counter, plan.last)

    def _next_try(self, counter: Counter, plan: Plan, outcome: Outcome) -> Statement | None:
        """What to write after a refusal; None when the item holds all of it."""
        if outcome.item is not None:
            fence = outcome.item["fence"]["S"]
            missing = counter.above(fence)
            return (
                self._update(counter, missing, plan.last, ("fence =", fence)) if missing else None
            )
        if outcome.exists:
            return self._add_all(counter, plan)
        self._known.discard(counter.key)  # it has expired
        return self._insert(counter, plan.last)

    def _add_all(self, counter: Counter, plan: Plan) -> Statement:
        return self._update(counter, len(counter.sequences), plan.last, ("fence <", plan.first))

    def _remember(self, key: Key) -> None:
        if len(self._known) >= _KNOWN_KEYS:
            self._known.clear()
        self._known.add(key)

    def _insert(self, counter: Counter, fence: str) -> Statement:
        value = KEY_NAMES[counter.key.table][2]
        item = {
            **_key_of(counter.key),
            value: {"N": str(len(counter.sequences))},
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
        if key.table == "counters":
            stamps["ttl"] = {"N": str(int(now) + TTL_S)}
        return stamps

    def _put(self, sessions: list[tuple[str, Session]]) -> None:
        """Writes session items, provided that they are still those that were read."""
        table = f"{self._prefix}-session-metrics"
        statements = []
        for old_fence, session in sessions:
            item = _item_of(session)
            if old_fence:
                key = {"session_id": item.pop("session_id")}
                statements.append(update(table, key, item, {}, ("fence =", {"S": old_fence})))
            else:
                statements.append(insert(table, item))
        outcomes = self._writer.execute(statements)
        for (_, session), outcome in zip(sessions, outcomes, strict=True):
            if not outcome.applied:
                raise FenceConflict(f"session {session.session_id} has a second writer")


def _key_of(key: Key) -> dict[str, Any]:
    hash_name, range_name, _ = KEY_NAMES[key.table]
    return {hash_name: {"S": key.partition}, range_name: {"S": key.sort}}


def _item_of(session: Session) -> dict[str, Any]:
    texts = ("session_id", "fence", "first_activity", "last_activity", "entry_page", "user_agent")
    item: dict[str, Any] = {
        name: {"S": value} for name in texts if (value := getattr(session, name))
    }
    item["event_count"] = {"N": str(session.event_count)}
    item["page_views"] = {"N": str(session.page_views)}
    item["recent"] = {"B": session.recent}
    item["minutes"] = {"M": {name: {"N": str(count)} for name, count in session.minutes.items()}}
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
        minutes={name: int(count["N"]) for name, count in item["minutes"]["M"].items()},
    )
