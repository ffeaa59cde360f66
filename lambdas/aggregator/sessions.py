"""What a session's item holds, and what a batch makes of it.

Belongs here: the state of a session, the ids it remembers, and its next state. Which events reach a
session, and everything that is counted across sessions, belongs in `logic`.
"""

import hashlib
from collections.abc import Iterable, Mapping

from msgspec import Struct

from lambdas.aggregator.keys import MINUTE
from lambdas.shared.event import PAGE_VIEW, Event

# Hashes a session remembers: as many as one request of a client that sends it again may hold.
RECENT_IDS = 512
HASH_BYTES = 8
RECENT_MINUTES = 15


class Session(Struct, frozen=True):
    """A session item. Times are ISO 8601 in UTC; `recent` is a run of 8-byte hashes.

    `minutes` counts events by minute of event time, for the last minutes in which there were any.
    """

    session_id: str
    fence: str = ""
    event_count: int = 0
    page_views: int = 0
    first_activity: str = ""
    last_activity: str = ""
    entry_page: str | None = None
    user_agent: str | None = None
    recent: bytes = b""
    minutes: Mapping[str, int] = {}


class Visit(Struct):
    """A session, and the events of a batch that count in it.

    Attributes:
        session: The stored state, on which the batch builds.
        fresh: Event and time in ISO 8601 by the hash of the event's id, in the order of the shard.
        settled: Hashes of what was left behind of events that is accounted for by this batch.
    """

    session: Session
    fresh: dict[bytes, tuple[Event, str]] = {}
    settled: list[bytes] = []

    def takes(self, event: Event, time: str) -> bool:
        """Takes an event, unless the session has seen its id."""
        digest = _digest(event.event_id)
        if digest in self.fresh or _holds(self.session.recent, digest):
            return False
        self.fresh[digest] = (event, time)
        return True

    def settles(self, event: Event, places: Iterable[str]) -> list[str]:
        """Remembers that what was left behind of an event is accounted for.

        Returns:
            The places of which that was not so before.
        """
        new = []
        for place in places:
            digest = _digest(f"{place} {event.event_id}")
            if digest not in self.settled and not _holds(self.session.recent, digest):
                self.settled.append(digest)
                new.append(place)
        return new

    def advanced(self, fence: str) -> Session:
        """The session after the batch; duplicates alone only move its fence."""
        old = self.session
        first, last, minutes = old.first_activity, old.last_activity, dict(old.minutes)
        views, entry, agent = old.page_views, old.entry_page, old.user_agent
        for event, time in self.fresh.values():
            first = min(first, time) if first else time
            last = max(last, time)
            minute = time[:MINUTE]
            minutes[minute] = minutes.get(minute, 0) + 1
            if event.event_type == PAGE_VIEW:
                views += 1
                entry = entry or event.page
            agent = agent or event.user_agent
        if len(minutes) > RECENT_MINUTES:
            minutes = dict(sorted(minutes.items())[-RECENT_MINUTES:])
        recent = old.recent + b"".join([*self.fresh, *self.settled])
        return Session(
            old.session_id,
            fence,
            old.event_count + len(self.fresh),
            views,
            first,
            last,
            entry,
            agent,
            recent[-RECENT_IDS * HASH_BYTES :],
            minutes,
        )


def _digest(event_id: str) -> bytes:
    return hashlib.blake2b(event_id.encode(), digest_size=HASH_BYTES).digest()


def _holds(recent: bytes, digest: bytes) -> bool:
    """Whether a run of hashes has one of them; what straddles two is none."""
    found = recent.find(digest)
    while found % HASH_BYTES and found > 0:
        found = recent.find(digest, found + 1)
    return found >= 0
