"""What became of the events that were sent.

Belongs here: the report, the count behind it, and the errors that carry it. Sending belongs in
`sender`, a batch's way to the collector in `delivery`; showing it to a person in the caller.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

SHOWN_REJECTIONS = 10

OnProgress = Callable[[int], None]


class Rejection(NamedTuple):
    """An event that was turned down, which sending it again would not change.

    Attributes:
        event_id: Its id.
        line: The line it came from, where there is one.
        reason: A short stable code.
        detail: What was wrong, for a person.
    """

    event_id: str
    line: int | None
    reason: str
    detail: str


@dataclass(frozen=True)
class SendReport:
    """The outcome of one `send_events`.

    Attributes:
        taken: Events taken from the source.
        sent: Those that were posted at least once.
        accepted: Those that the collector accepted.
        rejected: Those that were turned down.
        reasons: How many were turned down for which reason.
        rejections: The first `SHOWN_REJECTIONS` of them.
        requests: Requests made, failed ones included.
        resent: Events posted again, counted each time.
        seconds: How long it took.
        interrupted: Whether the source was cut short by Ctrl-C.
    """

    taken: int
    sent: int
    accepted: int
    rejected: int
    reasons: dict[str, int] = field(default_factory=dict)
    rejections: tuple[Rejection, ...] = ()
    requests: int = 0
    resent: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def not_accepted(self) -> int:
        """Events taken whose fate is open: neither accepted nor turned down."""
        return self.taken - self.accepted - self.rejected


class SendError(Exception):
    """Not everything could be sent; the message is for a person.

    Attributes:
        report: What had been sent by then.
    """

    def __init__(self, message: str, report: SendReport) -> None:
        super().__init__(message)
        self.report = report


class CollectorUnreachableError(SendError):
    """No collector answered at the address, not even once."""


class Tally:
    """Counts for the report, from several threads."""

    def __init__(self, on_progress: OnProgress | None = None) -> None:
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._rejections: list[Rejection] = []

    def take(self) -> None:
        """One more event was taken from the source."""
        with self._lock:
            self._counts["taken"] += 1

    def post(self, events: int, *, again: bool) -> None:
        """A request with so many events is about to be made."""
        with self._lock:
            self._counts["requests"] += 1
            self._counts["resent" if again else "sent"] += events

    def settle(self, accepted: int, rejections: list[Rejection]) -> None:
        """The fate of some events is known. Calls `on_progress`, one thread at a time."""
        with self._lock:
            self._counts["accepted"] += accepted
            self._counts["rejected"] += len(rejections)
            self._reasons.update(rejection.reason for rejection in rejections)
            self._rejections.extend(rejections[: SHOWN_REJECTIONS - len(self._rejections)])
            if self._on_progress and (settled := accepted + len(rejections)):
                self._on_progress(settled)

    def report(self) -> SendReport:
        """The counts up to now."""
        with self._lock:
            count = self._counts
            return SendReport(
                taken=count["taken"],
                sent=count["sent"],
                accepted=count["accepted"],
                rejected=count["rejected"],
                requests=count["requests"],
                resent=count["resent"],
                reasons=dict(self._reasons.most_common()),
                rejections=tuple(self._rejections),
                seconds=time.monotonic() - self._started,
            )
