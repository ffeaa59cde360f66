"""What every consumer of the stream does alike.

Belongs here: reading the limits from the environment and decoding a batch for the consumers that
only count. Setting bad records aside belongs to `event_processor` alone.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.event import Event, InvalidEvent
from lambdas.shared.limits import Limits
from lambdas.shared.redriven import Redriven
from lambdas.shared.sequence import padded


class StreamEnvironment(Struct, frozen=True, kw_only=True):
    """The environment every function on the event path has.

    Attributes:
        lateness_limit_s: Oldest event accepted, in seconds before its arrival; None for any.
    """

    lateness_limit_s: int | None = None

    @property
    def limits(self) -> Limits:
        """The limits on event time."""
        late = self.lateness_limit_s
        return Limits(lateness=None if late is None else timedelta(seconds=late))


class Arrival(Struct, frozen=True):
    """An event as it came: under which key, when, and where it has been before, if anywhere."""

    event: Event
    partition_key: str
    arrived_at: datetime
    redriven: Redriven | None = None


def decode_batch(
    records: list[StreamRecord], limits: Limits, function: str
) -> tuple[list[Arrival], int]:
    """The events of a batch in the order of the shard, and how many records were none.

    Args:
        records: One invocation's records.
        limits: How far event times may be from their arrival.
        function: The package of the function that asks: what was redriven for another is left out.
    """
    arrivals: list[Arrival] = []
    bad = 0
    for record in records:
        if not record.is_for(function):
            continue
        try:
            event = decode_record(record, limits)
        except InvalidEvent:
            bad += 1  # the archive decides the same and sets it aside with this reason
        else:
            arrivals.append(
                Arrival(event, record.partition_key, record.arrived_at, record.redriven)
            )
    return arrivals, bad


def span_of(records: list[StreamRecord]) -> tuple[str, str]:
    """Padded sequence numbers of a batch's first and last record, events or not."""
    return padded(records[0].sequence_number), padded(records[-1].sequence_number)
