"""Set-aside records back through the front door.

Belongs here: judging what would be accepted now, sending it, and marking what was accepted. The
objects belong in `quarantine`, the collector in `front_door`.

Nothing is counted twice. An event is sent under the id it would have had from the start, so however
often it is sent, the lake keeps it once, and in real time it is counted once as long as it is among
its session's last 512 ids. It is marked only after the collector accepted it: a crash in between
sends it once more, under the same id.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec.structs import replace

from infra.set_aside.front_door import FrontDoor, Refusal, event_of
from infra.set_aside.quarantine import Chosen, Position, Quarantine, SetAside
from lambdas.shared.event import Event, InvalidEvent
from lambdas.shared.limits import Limits

OnRefused = Callable[[SetAside, Refusal], None]


@dataclass
class Replayed:
    """What became of the records meant, each counted once.

    Attributes:
        accepted: Records the collector accepted; in a preview, those that would be sent.
        refused: Records still refused, by today's reason.
    """

    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def records(self) -> int:
        """All of them."""
        return self.accepted + self.refused.total()


def preview(
    quarantine: Quarantine, chosen: Chosen, limits: Limits, on_refused: OnRefused
) -> Replayed:
    """What a replay would do now, as far as that is known without asking the collector.

    Args:
        quarantine: What is set aside.
        chosen: Which of it is meant.
        limits: The platform's limits on event time.
        on_refused: Told of each record that would not be accepted, and why.

    Raises:
        QuarantineError: If the quarantine cannot be read.
    """
    outcome, now = Replayed(), datetime.now(UTC)
    for record in quarantine.newest_first(chosen):
        try:
            event = event_of(record.as_arrived)
            limits.check(replace(event, received_at=now))
        except InvalidEvent as error:
            outcome.refused[error.reason] += 1
            on_refused(record, Refusal(error.reason, error.detail))
        else:
            outcome.accepted += 1
    return outcome


class Replay:
    """One replay; `outcome` is right at any time, also after an error."""

    def __init__(self, quarantine: Quarantine, door: FrontDoor, on_refused: OnRefused) -> None:
        self.outcome = Replayed()
        self._quarantine = quarantine
        self._door = door
        self._on_refused = on_refused
        self._accepted: set[Position] = set()
        self._met: set[Position] = set()

    def run(self, chosen: Chosen) -> Replayed:
        """Sends what is acceptable, object by object, the oldest first.

        Raises:
            DoorError: If the collector cannot be asked. What it accepted before is marked.
            QuarantineError: If the quarantine cannot be read or changed.
        """
        for key in self._quarantine.files(chosen.day):
            records = self._quarantine.read(key)
            try:
                self._send(*self._sort(records, chosen))
            finally:  # also when it is interrupted: what was accepted need not be sent again
                here = {record.position for record in records}
                self._quarantine.mark_replayed(key, here & self._accepted)
        return self.outcome

    def _sort(self, records: list[SetAside], chosen: Chosen) -> tuple[list[SetAside], list[Event]]:
        """The records to send with their events; the others are refused here."""
        found: list[SetAside] = []
        events: list[Event] = []
        for record in records:
            if record.position in self._met or not chosen.takes(record):
                continue
            self._met.add(record.position)
            try:
                events.append(event_of(record.as_arrived))
            except InvalidEvent as error:
                self._refuse(record, Refusal(error.reason, error.detail))
            else:
                found.append(record)
        return found, events

    def _send(self, records: list[SetAside], events: list[Event]) -> None:
        for record, refusal in zip(records, self._door.send(events), strict=True):
            if refusal is None:
                self._accepted.add(record.position)
                self.outcome.accepted += 1
            else:
                self._refuse(record, refusal)

    def _refuse(self, record: SetAside, refusal: Refusal) -> None:
        self.outcome.refused[refusal.reason] += 1
        self._on_refused(record, refusal)
