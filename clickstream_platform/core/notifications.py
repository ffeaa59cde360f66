"""What S3 says when an object is created, read from an SQS message.

Belongs here: the shape of S3's notification and which objects count as raw. Receiving and deleting
messages belongs to the queue resource; what happens to an hour afterwards belongs in `pending`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from lambdas.shared import lake

_CREATED = "ObjectCreated:"
_TEST_EVENT = "s3:TestEvent"


@dataclass(frozen=True)
class RawObject:
    """One object of the raw zone.

    Attributes:
        key: Its key, decoded.
        datehour: The hour of the events it holds.
        size_bytes: Its size.
    """

    key: str
    datehour: str
    size_bytes: int


@dataclass(frozen=True)
class Notification:
    """What one message announced.

    Attributes:
        objects: The raw objects it names.
        ignored: Why each other thing in it was not taken, for a warning; a message never fails.
    """

    objects: tuple[RawObject, ...] = ()
    ignored: tuple[str, ...] = ()


def parse_notification(body: str, bucket: str) -> Notification:
    """Reads the body of one message of the raw-objects queue.

    Anybody may send to a queue, so nothing in the body is taken for granted and nothing raises: a
    message that made the tick fail would come back for ever and hold up every hour behind it.

    Args:
        body: The message's body: S3's event notification as JSON.
        bucket: The lake bucket; objects of another one are ignored.

    Returns:
        The raw objects, and the reasons for whatever was ignored.
    """
    try:
        document = json.loads(body)
    except ValueError as error:
        return Notification(ignored=(f"not JSON ({error})",))
    if not isinstance(document, Mapping):
        return Notification(ignored=("not a JSON object",))
    if document.get("Event") == _TEST_EVENT:
        return Notification()
    records = document.get("Records")
    if not isinstance(records, list):
        return Notification(ignored=("no S3 records in it",))
    found = [_read_record(record, bucket) for record in records]
    return Notification(
        objects=tuple(one for one in found if isinstance(one, RawObject)),
        ignored=tuple(one for one in found if isinstance(one, str)),
    )


def by_hour(objects: Iterable[RawObject]) -> dict[str, list[RawObject]]:
    """Groups objects by hour; an object announced twice is kept once."""
    hours: dict[str, dict[str, RawObject]] = {}
    for one in objects:
        hours.setdefault(one.datehour, {})[one.key] = one
    return {hour: list(hours[hour].values()) for hour in sorted(hours)}


def _read_record(record: Any, bucket: str) -> RawObject | str:
    """The raw object of one record, or why it is none."""
    try:
        event, entity = record["eventName"], record["s3"]
        owner, key, size = (
            entity["bucket"]["name"],
            unquote_plus(entity["object"]["key"]),
            int(entity["object"].get("size", 0)),
        )
        created = event.removeprefix("s3:").startswith(_CREATED)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return f"malformed record ({type(error).__name__}: {error})"
    if not created:
        return f"{event} of {key}"
    if owner != bucket:
        return f"object of bucket {owner!r}, not {bucket!r}"
    datehour = lake.datehour_of_raw_key(key)
    if datehour is None:
        return f"{key!r} is no raw object's key"
    return RawObject(key, datehour, size)
