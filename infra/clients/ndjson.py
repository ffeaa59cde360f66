"""Events from a file of one JSON object per line, in the contract's own names.

Belongs here: turning such lines into events ready to send. Whether an event is acceptable is for
the collector to say; access logs belong in `access_log`.
"""

from collections.abc import Iterator
from typing import BinaryIO

from infra.clients.lines import ClientEvent, OnUnreadable, UnreadableLine, line_digest, read_lines
from lambdas.shared.clock import SENT_AT
from lambdas.shared.codec import decode_json
from lambdas.shared.event import InvalidEvent


def read_ndjson(file: BinaryIO, on_unreadable: OnUnreadable) -> Iterator[ClientEvent]:
    """Reads events, one line at a time and in the order of the file.

    An event without an id gets one that follows from its line and number, so that sending the same
    file again changes nothing.

    Args:
        file: A binary file of JSON lines.
        on_unreadable: Called with each line that is no JSON object: `too_long`, `invalid_json` or
            `not_an_object`.

    Yields:
        The events.
    """
    for line in read_lines(file, on_unreadable):
        try:
            value = decode_json(line.data)
        except InvalidEvent as error:
            on_unreadable(UnreadableLine(line.number, error.reason, error.detail))
            continue
        if not isinstance(value, dict):
            detail = f"an event is a JSON object, not {type(value).__name__}"
            on_unreadable(UnreadableLine(line.number, "not_an_object", detail))
            continue
        if value.get("event_id") is None:
            value["event_id"] = line_digest(line).hex()
        for name in SENT_AT:  # when the line was sent, once; it would look like a slow clock now
            value.pop(name, None)
        yield ClientEvent(value, line.number)
