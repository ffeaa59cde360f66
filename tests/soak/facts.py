"""What is known of an event before it is sent, and the ways in which it is sent.

Belongs here: the types that `traffic` makes and the checks compare with. Nothing here follows from
what the platform stored.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

START = datetime(2026, 3, 14, 8, tzinfo=UTC)
HOURS = 3


class Fact(NamedTuple):
    """What is true of one event.

    Attributes:
        event_type: Its type.
        session: Its session.
        at_ms: Its time, in milliseconds after `START`.
        page: The page as it is counted, host and path.
        visitor: Who did it.
        user_agent: With what.
        key: The partition key it is sent with.
    """

    event_type: str
    session: str
    at_ms: int
    page: str | None
    visitor: str
    user_agent: str | None
    key: str

    @property
    def time(self) -> str:
        """Its time as the platform stores it."""
        return (START + timedelta(milliseconds=self.at_ms)).isoformat(timespec="microseconds")

    @property
    def is_stray(self) -> bool:
        """Whether its producer did not take the session as partition key."""
        return self.key != self.session


class Direct(NamedTuple):
    """A record that a producer puts on the stream itself.

    Attributes:
        key: Its partition key.
        data: Its payload.
        copies: How often it is put there, in one call: no reshard falls between.
    """

    key: str
    data: bytes
    copies: int = 1


class Bad(NamedTuple):
    """A record that is no event, and why it must be quarantined."""

    record: Direct
    reason: str
