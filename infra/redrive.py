"""Batches that a function gave up, sent through the front door again.

Belongs here: what becomes of each record, and when a message may go. Queue and stream belong in
`failed_batches`, the collector in `front_door`.

Which function failed does not matter to the lake: every consumer reads what is sent, but it carries
the ids it had, and compaction keeps an id once. In real time this has limits. A session remembers
its last 512 ids, so an event of a longer gone one is counted again by the aggregator if it had
counted it. A function that failed between its writes has counters of events that their sessions do
not know yet, and these are counted again. So are events whose partition key was not their session:
the collector puts them where the session belongs, which does not know them. Alerts carry their
cause as id and are raised once.

What is no event was refused by every consumer alike. The archive sets it aside, unless the archive
is what failed: then it is set aside here, before the message goes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from infra.failed_batches import FailedBatch, FailureQueue, Message, StreamRange
from infra.front_door import FrontDoor
from lambdas.event_processor.logic import BadRecord, Batch
from lambdas.event_processor.store import Archive
from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.event import Event, InvalidEvent
from lambdas.shared.limits import Limits


@dataclass
class Outcome:
    """What became of one message, or what would.

    Attributes:
        message: The message.
        found: Records of its batch that the stream still has.
        accepted: Its events that are on the stream again; in a preview, those that would be sent.
        bad: Its records that are no events.
        refused: Its events that the collector does not take now.
        problem: Why the message is kept, or None when all of it is done.
    """

    message: Message
    found: int
    accepted: int
    bad: list[BadRecord]
    refused: list[BadRecord]
    problem: str | None = None


class Consumers(NamedTuple):
    """What has to be known of the functions.

    Attributes:
        archive: Name of the function that archives.
        limits: The limits on event time they share.
    """

    archive: str
    limits: Limits


OnOutcome = Callable[[Outcome], None]


class Redrive:
    """One redrive."""

    def __init__(
        self,
        queue: FailureQueue,
        stream: StreamRange,
        door: FrontDoor,
        archive: Archive,
        consumers: Consumers,
    ) -> None:
        self._queue = queue
        self._stream = stream
        self._door = door
        self._archive = archive
        self._consumers = consumers
        self._accepted: set[tuple[str, str]] = set()

    def preview(self, messages: list[Message], on_outcome: OnOutcome) -> None:
        """Says what a redrive would find, and gives every message back."""
        try:
            for message in messages:
                outcome, events = self._look(message)
                outcome.accepted = len(events)
                on_outcome(outcome)
        finally:
            self._queue.give_back(messages)

    def run(self, messages: list[Message], on_outcome: OnOutcome) -> bool:
        """Redrives messages; those that are not done are kept and given back.

        Returns:
            Whether all were done.

        Raises:
            DoorError: If the collector cannot be asked. Batches before are done.
        """
        kept = list(messages)
        try:
            for message in messages:
                outcome = self._redrive(message)
                if outcome.problem is None:
                    self._queue.delete(message)
                    kept.remove(message)
                on_outcome(outcome)
        finally:
            self._queue.give_back(kept)
        return not kept

    def _redrive(self, message: Message) -> Outcome:
        outcome, events = self._look(message)
        for (record, _), refusal in zip(
            events, self._door.send(event for _, event in events), strict=True
        ):
            if refusal is None:
                self._accepted.add((record.shard_id, record.sequence_number))
                outcome.accepted += 1
            else:
                outcome.refused.append(BadRecord(record, *refusal))
        if message.batch is not None and self._is_archives(message.batch):
            self._set_aside(outcome.bad + outcome.refused)
        elif outcome.refused:
            outcome.problem = outcome.problem or (
                f"the collector refuses {len(outcome.refused)} of its events now"
            )
        return outcome

    def _look(self, message: Message) -> tuple[Outcome, list[tuple[StreamRecord, Event]]]:
        """What a message's batch holds now; its events that were not sent in this run already."""
        outcome = Outcome(message, 0, 0, [], [])
        batch = message.batch
        if batch is None or batch.stream != self._stream.stream:
            outcome.problem = f"it is not about a batch of {self._stream.stream}"
            return outcome, []
        records = self._stream.read(batch)
        outcome.found = len(records)
        if len(records) < batch.size:
            outcome.problem = _gone(batch, batch.size - len(records))
        events: list[tuple[StreamRecord, Event]] = []
        for record in records:
            try:
                event = decode_record(record, self._consumers.limits)
            except InvalidEvent as error:
                outcome.bad.append(BadRecord(record, error.reason, error.detail))
                continue
            if (record.shard_id, record.sequence_number) in self._accepted:
                outcome.accepted += 1  # two functions gave up the same record
            else:
                events.append((record, event))
        return outcome, events

    def _is_archives(self, batch: FailedBatch) -> bool:
        return batch.function == self._consumers.archive

    def _set_aside(self, bad: list[BadRecord]) -> None:
        """Quarantines records as the archive would have.

        The key is the range of the records themselves: after the stream has forgotten some of the
        batch, another redrive writes another object, and does not overwrite what it cannot read.
        """
        if bad:
            bad = sorted(bad, key=lambda item: int(item.record.sequence_number))
            first, last = bad[0].record, bad[-1].record
            numbers = (first.sequence_number, last.sequence_number)
            self._archive.write(Batch(first.shard_id, *numbers, hours={}, bad=bad))


def _gone(batch: FailedBatch, missing: int) -> str:
    which = "all" if missing == batch.size else f"{missing:,} of its {batch.size:,}"
    return f"{which} records are no longer on the stream, which keeps them for a limited time"
