"""From a request's body to events with verdicts.

Belongs here: the pure part of the collector. HTTP belongs in `handler`, the stream in `store`.
"""

import hashlib
import uuid
from datetime import datetime
from typing import Any, NamedTuple

from lambdas.shared.codec import decode_json, encode
from lambdas.shared.event import Event, InvalidEvent
from lambdas.shared.limits import Limits
from lambdas.shared.normalisation import normalise

MAX_EVENTS = 5000


class Client(NamedTuple):
    """What the request itself says about who sent it.

    Attributes:
        ip: The address.
        user_agent: The browser or program.
        country: Two letters, where an edge has told them.
    """

    ip: str
    user_agent: str
    country: str | None = None


class Entry(NamedTuple):
    """One event that goes on the stream.

    Attributes:
        position: Its place in the request.
        event_id: Its id, given or made up here.
        key: The partition key: one session stays on one shard.
        data: Its JSON.
    """

    position: int
    event_id: str
    key: str
    data: bytes


class Verdict(NamedTuple):
    """What became of one event of a request: `accepted`, `rejected` or `retry`."""

    position: int
    status: str
    event_id: str | None = None
    reason: str | None = None
    detail: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The verdict without what does not apply."""
        given = {name: value for name, value in self._asdict().items() if value is not None}
        return {"index": given.pop("position"), **given}


def read_body(body: bytes | str) -> list[object]:
    """The events of a request, one JSON object or a list of them.

    Raises:
        InvalidEvent: `invalid_json`, `no_events` or `too_many_events`.
    """
    decoded = decode_json(body)
    events = decoded if isinstance(decoded, list) else [decoded]
    if not events:
        raise InvalidEvent("no_events", "the list is empty")
    if len(events) > MAX_EVENTS:
        raise InvalidEvent("too_many_events", f"{len(events)} events; the limit is {MAX_EVENTS}")
    return events


def judge(
    events: list[object], client: Client, now: datetime, limits: Limits
) -> tuple[list[Entry], list[Verdict]]:
    """Splits a request's events into those for the stream and those turned down.

    Args:
        events: Decoded JSON values.
        client: Who sent them; used where the events do not say.
        now: The time of arrival, aware.
        limits: How far event times may be from it.

    Returns:
        The entries to put on the stream, and a verdict for every event turned down.
    """
    entries: list[Entry] = []
    rejected: list[Verdict] = []
    defaults = _defaults(client, now)
    for index, raw in enumerate(events):
        try:
            event = _event(raw, defaults, now)
            limits.check(event)
            entries.append(Entry(index, event.event_id, event.session_id, encode(event)))
        except InvalidEvent as error:
            rejected.append(Verdict(index, "rejected", None, error.reason, error.detail))
    return entries, rejected


def _event(raw: object, defaults: dict[str, str], now: datetime) -> Event:
    if isinstance(raw, dict):
        raw = {name: value for name, value in raw.items() if name != "received_at"}
    return normalise(raw, now, {"event_id": uuid.uuid4().hex, **defaults})


def _defaults(client: Client, now: datetime) -> dict[str, str]:
    """Identity for events that carry none: one visitor a day from address and browser."""
    seed = f"{now:%Y-%m-%d}|{client.ip}|{client.user_agent}"
    visitor = hashlib.blake2b(seed.encode(), digest_size=12).hexdigest()
    defaults = {"session_id": f"anon-{visitor}", "source": "http"}
    if client.ip:
        defaults["ip"] = client.ip
    if client.user_agent:
        defaults["user_agent"] = client.user_agent[:2048]
    if client.country:
        defaults["country"] = client.country
    return defaults
