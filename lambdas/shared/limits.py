"""How far an event's time may lie from its arrival.

Belongs here: the two limits and their check, which the collector and every consumer share.
"""

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from lambdas.shared.event import Event, InvalidEvent

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)  # far from where time arithmetic overflows


class Limits(Struct, frozen=True):
    """Limits on event time against arrival.

    Attributes:
        future: How far ahead of arrival an event may be: clocks differ.
        lateness: How old an event may be on arrival, or None for any age (replays).
    """

    future: timedelta = timedelta(minutes=5)
    lateness: timedelta | None = None

    def check(self, event: Event) -> None:
        """Checks the times of an event.

        Raises:
            InvalidEvent: `invalid_event_time`, `in_the_future` or `too_late`.
        """
        for time in (event.event_time, event.received_at):
            if not EARLIEST <= time < LATEST:
                raise InvalidEvent("invalid_event_time", f"{time} is before 1970 or after 8999")
        age = event.received_at - event.event_time
        if -age > self.future:
            raise InvalidEvent("in_the_future", f"event_time is {-age} ahead of its arrival")
        if self.lateness is not None and age > self.lateness:
            raise InvalidEvent("too_late", f"event_time is {age} before its arrival")
