"""What the detector knows of one shard: its sessions, their minutes, the events seen, the traffic.

Belongs here: the state and the entries it is made of. It follows from the records of the shard in
their order alone, whatever the batches: time is the newest arrival so far, in whole minutes, and
what is forgotten is forgotten by that clock. Each entry carries the figures as they are after its
event, so that the entries of the last minutes are enough to build the state again. Judging belongs
in `logic`, storing entries in `log`.
"""

from collections.abc import Iterable
from hashlib import blake2b
from struct import Struct as Layout

import msgspec
from msgspec.structs import astuple

from lambdas.anomaly_detector.traffic import Traffic

SESSION_MIN = 30  # a session ends after as long without an event
RECENT_MIN = 5  # within which a minute's events arrive, and a client sends an event again
MOST = 255
_ENTRY = Layout("<8s8sIHBB")


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One event as the detector remembers it.

    Attributes:
        session: Digest of its session.
        event: Digest of its id.
        minute: Its time in whole minutes since 1970.
        burst: Events of its session in that minute, itself included.
        views: Page views of its session, itself included; at most `MOST`.
        warned: Which rules have spoken about its session, as bits.
    """

    session: bytes
    event: bytes
    minute: int
    burst: int
    views: int
    warned: int


class Segment(msgspec.Struct, array_like=True):
    """The entries and the traffic of one minute of the clock."""

    clock: int
    entries: bytes
    arrivals: dict[str, int]


class Known(msgspec.Struct, frozen=True, gc=False):
    """What is known of an event's session before the event."""

    burst: int
    views: int
    warned: int


class ShardState:
    """The state of one shard.

    Attributes:
        fence: Padded sequence number of the last record that is part of it.
        clock: The newest arrival, in whole minutes since 1970.
        traffic: Events by type and minute of the clock.
    """

    def __init__(self) -> None:
        self.fence = ""
        self.clock = 0
        self.traffic = Traffic()
        self._sessions: dict[bytes, tuple[int, int, int]] = {}  # views, warned, clock
        self._minutes: dict[tuple[bytes, int], tuple[int, int]] = {}  # burst, clock
        self._events: dict[bytes, int] = {}  # clock

    def advance(self, clock: int) -> None:
        """Moves the clock on, if this is later, and forgets what is too old by it."""
        if clock <= self.clock:
            return
        self.clock = clock
        recent = clock - RECENT_MIN
        self._events = {id_: at for id_, at in self._events.items() if at > recent}
        self._minutes = {key: value for key, value in self._minutes.items() if value[1] > recent}
        live = clock - SESSION_MIN
        self._sessions = {id_: value for id_, value in self._sessions.items() if value[2] > live}
        self.traffic.forget(before=live)

    def has(self, event: bytes) -> bool:
        """Whether an event was seen a short while ago, by its digest."""
        return event in self._events

    def known(self, session: bytes, minute: int) -> Known:
        """What is known of a session, and of one of its minutes."""
        burst, _ = self._minutes.get((session, minute), (0, 0))
        views, warned, _ = self._sessions.get(session, (0, 0, 0))
        return Known(burst, views, warned)

    def add(self, entry: Entry) -> None:
        """Takes an event in."""
        self._events[entry.event] = self.clock
        self._minutes[entry.session, entry.minute] = (entry.burst, self.clock)
        self._sessions[entry.session] = (entry.views, entry.warned, self.clock)

    def replay(self, segments: Iterable[Segment], *, with_traffic: bool = True) -> None:
        """Takes in what was logged, in the order of the clock."""
        for segment in segments:
            self.advance(segment.clock)
            for fields in _ENTRY.iter_unpack(segment.entries):
                self.add(Entry(*fields))
            if with_traffic:
                for event_type, events in segment.arrivals.items():
                    self.traffic.add(event_type, segment.clock, events)


def digest(name: str) -> bytes:
    """The eight bytes by which the detector knows a session or an event."""
    return blake2b(name.encode(), digest_size=8).digest()


def pack(entries: Iterable[Entry]) -> bytes:
    """Entries as they are stored: 24 bytes each."""
    return b"".join([_ENTRY.pack(*astuple(entry)) for entry in entries])
