"""Times as clients tell them.

Belongs here: the spellings of a time, and setting right the time of a client whose clock is wrong.
Which fields hold times belongs in `normalisation`; how far an event may be from its arrival belongs
in `limits`.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from lambdas.shared.event import InvalidEvent

SENT_AT = ("sent_at", "sentAt")  # about the request and not the event: used, and not kept
TOLERANCE = timedelta(seconds=10)  # a request rarely takes longer; a clock is rarely so far off
_ZERO = timedelta()
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this is the year 5138: larger numbers are ms


def parse_time(value: object, field: str = "event_time") -> datetime:
    """Reads a time as clients spell it.

    Args:
        value: ISO 8601 text with `T` or a blank (UTC when it names no zone), or a number of seconds
            or milliseconds since 1970, also as text.
        field: The field it is, for the reason.

    Returns:
        An aware time in UTC.

    Raises:
        InvalidEvent: `missing_<field>` or `invalid_<field>`.
    """
    if value is None or value == "":
        raise InvalidEvent(f"missing_{field}", f"{field} is required (ISO 8601, UTC)")
    try:
        instant = _read_time(value)
        if instant.tzinfo is None:
            return instant.replace(tzinfo=UTC)
        return instant.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        raise InvalidEvent(f"invalid_{field}", f"cannot read the time {value!r:.80}") from None


def by_our_clock(
    event_time: datetime, raw: Mapping[str, object], received_at: datetime
) -> datetime:
    """An event's time, corrected when the client says when it sent the event.

    Args:
        event_time: What the client says, aware.
        raw: All that the client says, with or without `sent_at`.
        received_at: When it arrived, aware.

    Raises:
        InvalidEvent: `invalid_sent_at`, or as `corrected`.
    """
    for name in SENT_AT:
        value = raw.get(name)
        if value is not None and value != "":
            return corrected(event_time, parse_time(value, "sent_at"), received_at)
    return event_time


def corrected(event_time: datetime, sent_at: datetime, received_at: datetime) -> datetime:
    """When an event happened by our clock, told by a client whose own may be wrong.

    The client's clock read `sent_at` when it sent the request that arrived at `received_at`, so it
    is off by their difference, and the event happened at `received_at - (sent_at - event_time)`:
    what Segment calls `timestamp` and Snowplow `derived_tstamp`.

    That difference also holds the time the request took, which is different at every try. So a
    clock that is off by no more than `TOLERANCE` is taken to be right, and its events keep their
    time to the microsecond: a retry stays in its hour, where the lake keeps an id once. Were it
    always corrected, a retry that took a second longer would fall into the next hour once in 3,600
    times. From twice the tolerance on the formula holds in full. In between the correction grows
    twice as fast as the difference, without a jump at either end: a client with a clock just at the
    tolerance would have some of its requests corrected and others not, and its events out of order.
    The times of two tries thus differ by at most twice the difference of their latencies, and by
    that difference alone when the clock is off by more than twice the tolerance.

    An event later than its own sending comes out later than its arrival by as much, like one of a
    client that sends no `sent_at` and whose clock is fast. The limits judge both alike: some
    minutes are let through, more is `in_the_future`.

    Args:
        event_time: When it happened, by the client's clock.
        sent_at: When this request was sent, by the same clock.
        received_at: When it arrived, by ours. All three are aware.

    Returns:
        The event's time by our clock; `event_time` itself when there is nothing to correct.

    Raises:
        InvalidEvent: `invalid_event_time`, if the calendar has no such time.
    """
    difference = received_at - sent_at
    size = abs(difference)
    shift = max(_ZERO, min(size, 2 * (size - TOLERANCE)))
    try:
        return event_time + (shift if difference > _ZERO else -shift)
    except OverflowError:
        detail = f"{event_time} cannot be corrected by {difference}"
        raise InvalidEvent("invalid_event_time", detail) from None


def _read_time(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return _from_epoch(float(value)) if _NUMBER.match(value) else datetime.fromisoformat(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_epoch(float(value))
    raise TypeError(type(value).__name__)


def _from_epoch(number: float) -> datetime:
    if not math.isfinite(number):
        raise ValueError
    seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
    return datetime.fromtimestamp(seconds, UTC)
