"""The items an event is counted in, by name.

Belongs here: how metrics, minutes, pages and shards become the keys of items. How much is added
belongs in `logic`, how it is written in `store`.
"""

from datetime import UTC, datetime

import msgspec

from lambdas.shared.event import PAGE_VIEW, Event

UNIQUE_VISITORS = "unique_visitors"
STRAY = "#stray-on-"
MINUTE = len("2026-11-23T01:00")
HOUR = len("2026-11-23T01")
_SECOND = len("2026-11-23T01:00:00")
EVENTS_PER_MINUTE = "events_per_minute_"
_PAGE_BYTES = 960  # the page and the shard are a sort key in the hour's index: 1,024 at most
_WIDEST = 4  # bytes of a character in UTF-8


class Key(msgspec.Struct, frozen=True):
    """One counter item: `page-metrics` by page and hour, `counters` by metric and minute."""

    table: str
    partition: str
    sort: str

    @property
    def name(self) -> str:
        """The key as one text."""
        return f"{self.table}|{self.partition}|{self.sort}"


def type_key(event_type: str, time: str, shard_id: str) -> Key:
    """The counter of an event type in a minute."""
    return Key("counters", f"{EVENTS_PER_MINUTE}{event_type}", f"{time[:MINUTE]}#{shard_id}")


def page_of(event: Event) -> str | None:
    """The page a page view is counted by; None for other events. Long ones are cut."""
    page = event.page if event.event_type == PAGE_VIEW else None
    if page and len(page) * _WIDEST > _PAGE_BYTES:
        return page.encode()[:_PAGE_BYTES].decode(errors="ignore")
    return page


def page_key(page: str, time: str, shard_id: str) -> Key:
    """The counter of a page in an hour."""
    return Key("page-metrics", page, f"{time[:HOUR]}#{shard_id}")


def visitors_key(time: str, shard_id: str) -> Key:
    """The sketch of the visitors of an hour."""
    return Key("counters", UNIQUE_VISITORS, f"{time[:HOUR]}#{shard_id}")


def keys_of(event: Event, time: str, shard_id: str) -> list[Key]:
    """The counters one event belongs to, in an order that does not depend on the shard."""
    keys = [type_key(event.event_type, time, shard_id)]
    if page := page_of(event):
        keys.append(page_key(page, time, shard_id))
    return keys


def session_name(session_id: str, partition_key: str, shard_id: str) -> str:
    """The key of an event's session item.

    A session has one shard when it is the partition key. Events that a producer put elsewhere are
    counted in an item of their shard, because an item has one writer and one fence.
    """
    return session_id if partition_key == session_id else f"{session_id}{STRAY}{shard_id}"


def time_text(instant: datetime) -> str:
    """A time as `2026-11-23T01:00:00.000000+00:00`, always as long, so that text sorts like time.

    `datetime.isoformat` takes four times as long as msgspec, which leaves out zeros at the end.
    """
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    text: str = msgspec.to_builtins(instant)
    return f"{text[:_SECOND]}{text[_SECOND:-1] or '.000000'}+00:00"
