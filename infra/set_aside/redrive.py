"""Batches that a function gave up, put on the stream again for that function alone.

Belongs here: what becomes of each record, and when a message may go. The queue belongs in
`failed_batches`.

The events were accepted once, so they do not pass the collector again: they keep their time of
arrival and their partition key, and say for whom they are and where they have been
(`lambdas.shared.redriven`). The other functions have had them and pass them over. The aggregator
asks what it has counted of them already (docs/adr/0008).

What is no event was refused by every consumer alike. The archive sets it aside, unless the archive
is what failed: then it is set aside here, before the message goes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from infra.set_aside.failed_batches import FailedBatch, FailureQueue, Message
from lambdas.collector.logic import Entry
from lambdas.collector.store import StreamWriter
from lambdas.event_processor.logic import Batch
from lambdas.event_processor.store import Archive
from lambdas.shared.bad_records import BadRecord
from lambdas.shared.codec import StreamRecord, decode_record, encode
from lambdas.shared.event import InvalidEvent
from lambdas.shared.limits import Limits
from lambdas.shared.redriven import ARCHIVE, Consumer, Redriven, wrap
from lambdas.shared.shards import Shards

TOO_LARGE = "too_large"


@dataclass
class Outcome:
    """What became of one message, or what would.

    Attributes:
        message: The message.
        found: Records of its batch that the stream still has.
        sent: Its events that are on the stream again; in a preview, those that would be.
        passed_over: Its records that were redriven for another function.
        bad: Its records that are no events.
        problem: What is not done, or None when all of it is.
        is_kept: Whether the message stays, because another redrive can do more.
    """

    message: Message
    found: int
    sent: int
    passed_over: int
    bad: list[BadRecord]
    problem: str | None = None
    is_kept: bool = False


class Consumers(NamedTuple):
    """What has to be known of the functions.

    Attributes:
        packages: Their packages by their names on AWS.
        limits: The limits on event time they share.
    """

    packages: Mapping[str, Consumer]
    limits: Limits


OnOutcome = Callable[[Outcome], None]


class Redrive:
    """One redrive."""

    def __init__(
        self,
        queue: FailureQueue,
        stream: Shards,
        writer: StreamWriter,
        archive: Archive,
        consumers: Consumers,
    ) -> None:
        self._queue = queue
        self._stream = stream
        self._writer = writer
        self._archive = archive
        self._consumers = consumers

    def preview(self, messages: list[Message], on_outcome: OnOutcome) -> None:
        """Says what a redrive would find, and gives every message back."""
        try:
            for message in messages:
                outcome, entries = self._look(message)
                outcome.sent = len(entries)
                on_outcome(outcome)
        finally:
            self._queue.give_back(messages)

    def run(self, messages: list[Message], on_outcome: OnOutcome) -> bool:
        """Redrives messages; those of which another redrive can do more are given back.

        What the stream has forgotten of a batch is lost. If it still has some, these are sent and
        the message goes, lest they are sent each time. A redrive that is cut off sends a batch
        again next time, which its function notices.

        Returns:
            Whether all were done.
        """
        kept, all_done = list(messages), True
        try:
            for message in messages:
                outcome = self._redrive(message)
                if not outcome.is_kept:
                    self._queue.delete(message)
                    kept.remove(message)
                all_done = all_done and outcome.problem is None
                on_outcome(outcome)
        finally:
            self._queue.give_back(kept)
        return all_done

    def _redrive(self, message: Message) -> Outcome:
        outcome, entries = self._look(message)
        refused = self._writer.put(entries)
        outcome.sent = len(entries) - len(refused)
        if message.batch is not None and self._package(message.batch) == ARCHIVE:
            self._set_aside(outcome.bad)
        if refused:
            outcome.problem = f"the stream did not take {len(refused):,} of them; run it again"
            outcome.is_kept = True
        return outcome

    def _look(self, message: Message) -> tuple[Outcome, list[Entry]]:
        """What a message's batch holds now, and what is to be put on the stream."""
        outcome = Outcome(message, 0, 0, 0, [], is_kept=True)
        batch = message.batch
        if batch is None or batch.stream != self._stream.stream:
            outcome.problem = f"it is not about a batch of {self._stream.stream}"
            return outcome, []
        package = self._package(batch)
        if package is None:
            outcome.problem = f"{batch.function} is no function of this platform"
            return outcome, []
        records = self._stream.read(batch.shard_id, batch.first, batch.last)
        outcome.found = len(records)
        outcome.is_kept = not records
        if len(records) < batch.size:
            outcome.problem = _gone(batch, batch.size - len(records))
        return outcome, list(self._entries(records, package, outcome))

    def _entries(
        self, records: list[StreamRecord], package: Consumer, outcome: Outcome
    ) -> Iterator[Entry]:
        for position, record in enumerate(records):
            if not record.is_for(package):
                outcome.passed_over += 1
                continue
            before = record.redriven.positions if record.redriven else ()
            here = (record.shard_id, record.sequence_number)
            try:
                event = decode_record(record, self._consumers.limits)
                data = wrap(encode(event), Redriven(package, (*before, here)))
            except InvalidEvent as error:
                outcome.bad.append(BadRecord(record, error.reason, error.detail))
                if error.reason == TOO_LARGE and package != ARCHIVE:
                    outcome.problem = "an event does not fit the stream with a mark on it"
                continue
            yield Entry(position, event.event_id, record.partition_key, data)

    def _package(self, batch: FailedBatch) -> Consumer | None:
        return self._consumers.packages.get(batch.function)

    def _set_aside(self, bad: list[BadRecord]) -> None:
        """Quarantines records as the archive would have.

        The key is the range of the records themselves: after the stream has forgotten some of the
        batch, another redrive writes another object, and does not overwrite what it cannot read.
        """
        if bad:
            first, last = bad[0].record, bad[-1].record
            numbers = (first.sequence_number, last.sequence_number)
            self._archive.write(Batch(first.shard_id, *numbers, hours={}, bad=bad))


def _gone(batch: FailedBatch, missing: int) -> str:
    which = "all" if missing == batch.size else f"{missing:,} of its {batch.size:,}"
    return f"{which} records are no longer on the stream, which keeps them for a limited time"
