"""Events packed for the wire.

Belongs here: the JSON of one event and what cannot be sent at all. Batches belong in `sender`.
"""

import uuid
from typing import NamedTuple

import msgspec

from infra.clients.lines import ClientEvent
from infra.clients.report import Rejection


class Parcel(NamedTuple):
    """One event, ready to send.

    Attributes:
        event_id: Its id, by which the platform knows an event that was sent twice.
        line: The line it came from, where there is one.
        data: Its JSON.
    """

    event_id: str
    line: int | None
    data: bytes


def pack(event: ClientEvent, limit: int) -> Parcel | Rejection:
    """Writes an event as JSON.

    Args:
        event: The event; it is given an id if it has none.
        limit: Most bytes of a request's body.

    Returns:
        The parcel, or a rejection (`not_json`, `too_large`) when it cannot be sent at all.
    """
    fields = dict(event.event)
    if fields.get("event_id") is None:
        fields["event_id"] = uuid.uuid4().hex
    event_id = str(fields["event_id"])
    try:
        data = msgspec.json.encode(fields)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return Rejection(event_id, event.line, "not_json", str(error))
    if len(data) + 2 > limit:  # the brackets
        return Rejection(event_id, event.line, "too_large", f"{len(data)} bytes")
    return Parcel(event_id, event.line, data)
