"""Records that were on the stream once, sent to the collector again.

Belongs here: the event of such a record in the shape in which it is sent, and the verdict on every
single one. Which records are sent belongs in `replay` and `redrive`; events from files
and made-up ones go through `clients.sender`, which counts verdicts and does not keep them.
"""

import threading
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

import msgspec

from infra.clients.delivery import Delivery, NothingAnswersError, Patience, UndeliverableError
from infra.clients.lanes import BatchLimits
from infra.clients.lines import ClientEvent
from infra.clients.parcels import Parcel, pack
from infra.clients.report import Rejection, Tally
from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.event import Event
from lambdas.shared.limits import Limits

ANY_TIME = Limits(future=timedelta.max)
_GIVEN_BY_THE_PLATFORM = ("received_at", "shard_id", "sequence_number")
# The collector fills these in from the request, which is ours and not the visitor's. Empty ones
# stop it, and mean the same as none to everything after it.
_NOT_OURS_TO_GIVE = {"ip": "", "user_agent": ""}


class Refusal(NamedTuple):
    """Why an event was not accepted: a stable code, and what was wrong, for a person."""

    reason: str
    detail: str


class DoorError(Exception):
    """The collector could not be asked to the end; the message is for a person."""


class FrontDoor(Protocol):
    """Where events come in."""

    def send(self, events: Iterable[Event]) -> Iterator[Refusal | None]:
        """Sends events in their order.

        Yields:
            For each event in turn, None once it is on the stream, or why it is not.

        Raises:
            DoorError: If the fate of the events not yielded for is not known.
        """


def event_of(record: StreamRecord) -> Event:
    """The event of a record, whatever its time, with the id by which the platform knows it.

    The stream's own decoder reads it, so that an event without an id gets the very id every
    consumer of the stream gave it, and a record without a session stays refused: the collector
    would make one up from the address of whoever replays.

    A client's clock is set right by the arrival of what it sent (`lambdas.shared.clock`). The event
    has the corrected time and no `sent_at` any more, so the collector leaves it as it is.

    Args:
        record: The record as it arrived. With another time of arrival than its own, an event with a
            `sent_at` is moved by as much as they are apart.

    Raises:
        InvalidEvent: If it is no event.
    """
    return decode_record(record, ANY_TIME)


def as_sent(event: Event) -> dict[str, Any]:
    """An event as the collector is sent it: without what the platform fills in itself."""
    fields: dict[str, Any] = msgspec.to_builtins(event)
    for name in _GIVEN_BY_THE_PLATFORM:
        fields.pop(name, None)
    return {**_NOT_OURS_TO_GIVE, **fields}


class CollectorDoor:
    """The collector's HTTP address."""

    def __init__(
        self, url: str, patience: Patience | None = None, limits: BatchLimits | None = None
    ) -> None:
        self._url = url
        self._limits = limits or BatchLimits()
        self._verdicts = _Verdicts()
        self._delivery = Delivery(url, 1, patience or Patience(), self._verdicts)

    def close(self) -> None:
        """Closes the connection."""
        self._delivery.close()

    def send(self, events: Iterable[Event]) -> Iterator[Refusal | None]:
        """Sends events in their order, in requests no larger than the collector takes.

        Verdicts are yielded request by request: those of earlier ones stand when a later one fails.

        Raises:
            DoorError: If nothing answers, or some events are not taken before the deadline.
        """
        for batch in self._batches(events):
            refused = self._deliver([parcel for parcel in batch if isinstance(parcel, Parcel)])
            for index, parcel in enumerate(batch):
                found = parcel if isinstance(parcel, Rejection) else refused.get(index)
                yield None if found is None else Refusal(found.reason, found.detail)

    def _batches(self, events: Iterable[Event]) -> Iterator[list[Parcel | Rejection]]:
        """Packed events; the line of each is its place in its batch."""
        batch: list[Parcel | Rejection] = []
        size = 0
        for event in events:
            parcel = pack(ClientEvent(as_sent(event)), self._limits.size_bytes)
            bytes_ = len(parcel.data) + 1 if isinstance(parcel, Parcel) else 0
            if batch and (
                len(batch) == self._limits.events or size + bytes_ > self._limits.size_bytes
            ):
                yield batch
                batch, size = [], 0
            batch.append(parcel._replace(line=len(batch)))
            size += bytes_
        if batch:
            yield batch

    def _deliver(self, parcels: list[Parcel]) -> dict[int, Rejection]:
        """One request and its repetitions; the rejections by the events' places."""
        self._verdicts.rejections.clear()
        if not parcels:
            return {}
        try:
            self._delivery.deliver(parcels, threading.Event())
        except NothingAnswersError as error:
            raise DoorError(
                f"nothing answers at {self._url} ({error}); `clickstream doctor` says what is wrong"
            ) from error
        except UndeliverableError as error:
            raise DoorError(f"the collector did not take all of it: {error}") from error
        return {found.line: found for found in self._verdicts.rejections if found.line is not None}


class _Verdicts(Tally):
    """A tally that keeps every rejection, not only the first ones."""

    def __init__(self) -> None:
        super().__init__()
        self.rejections: list[Rejection] = []

    def settle(self, accepted: int, rejections: list[Rejection]) -> None:
        """Keeps the rejections."""
        super().settle(accepted, rejections)
        self.rejections.extend(rejections)
