"""The sessions in DynamoDB, each written by one shard only.

Belongs here: reading and writing session items, and remembering those that were written last. What
becomes of a session belongs in `sessions`.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from lambdas.aggregator.sessions import Session
from lambdas.aggregator.store import FenceConflict
from lambdas.shared.items import read_items
from lambdas.shared.statements import StatementWriter, insert, update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TTL_S = 31 * 24 * 3600  # after its last event; the lake keeps it all
_REMEMBERED = 50_000  # sessions of a shard, about 1 KB each as a rule
_MOST_SHARDS = 4  # that a process remembers: it may not see most of them again


class SessionStore:
    """Reads and writes the sessions of one platform."""

    def __init__(
        self, dynamodb: "DynamoDBClient", table_prefix: str, now: Callable[[], float] = time.time
    ) -> None:
        self._dynamodb = dynamodb
        self._writer = StatementWriter(dynamodb)
        self._table = f"{table_prefix}-session-metrics"
        self._now = now
        self._written: OrderedDict[str, OrderedDict[str, Session]] = OrderedDict()

    def read(
        self, names: Iterable[str], shard_id: str = "", *, is_next: bool = False
    ) -> dict[str, Session]:
        """The stored states of sessions; those never seen are left out.

        Args:
            names: Their keys.
            shard_id: The shard they are on.
            is_next: Whether nobody else has written sessions of this shard since this store has:
                then those it has written are as it has written them.
        """
        written = self._written.pop(shard_id, None)
        if written is None or not is_next:
            written = OrderedDict()
        wanted = set(names)
        known = {name: written[name] for name in wanted if name in written}
        keys = [{"session_id": {"S": name}} for name in sorted(wanted.difference(known))]
        found = map(session_of, read_items(self._dynamodb, self._table, keys))
        self._written[shard_id] = written
        if len(self._written) > _MOST_SHARDS:
            self._written.popitem(last=False)  # that of the shard not seen for longest
        return known | {session.session_id: session for session in found}

    def write(self, sessions: list[tuple[str, Session]], shard_id: str = "") -> None:
        """Writes sessions, provided that they are still those that were read.

        Args:
            sessions: New states, each with the fence of the state it replaces.
            shard_id: The shard they are on.

        Raises:
            botocore.exceptions.ClientError: On a fault; the batch must be delivered again.
            StatementError: On a fault of single items; the same.
            FenceConflict: If one has a second writer.
        """
        ttl = {"N": str(int(self._now()) + TTL_S)}
        statements = []
        for old_fence, session in sessions:
            item = {**_item_of(session), "ttl": ttl}
            if old_fence:
                key = {"session_id": item.pop("session_id")}
                unchanged = ("fence =", {"S": old_fence})
                statements.append(update(self._table, key, item, {}, unchanged))
            else:
                statements.append(insert(self._table, item))
        outcomes = self._writer.execute(statements)
        for (_, session), outcome in zip(sessions, outcomes, strict=True):
            if not outcome.applied:
                raise FenceConflict(f"session {session.session_id} has a second writer")
        self._remember(sessions, self._written.setdefault(shard_id, OrderedDict()))

    def _remember(
        self, sessions: list[tuple[str, Session]], written: OrderedDict[str, Session]
    ) -> None:
        for _, session in sessions:
            written[session.session_id] = session
            written.move_to_end(session.session_id)
        while len(written) > _REMEMBERED:
            written.popitem(last=False)


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


def session_of(item: dict[str, Any]) -> Session:
    """The session of an item."""

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
