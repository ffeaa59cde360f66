"""What every consumer of the stream does alike.

Belongs here: reading the limits from the environment and decoding a batch for the consumers that
only count. Setting bad records aside belongs to `event_processor` alone.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.event import Event, InvalidEvent
from lambdas.shared.limits import Limits


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
    """An event with the key under which it came, and when the stream took it."""

    event: Event
    partition_key: str
    arrived_at: datetime


def decode_batch(records: list[StreamRecord], limits: Limits) -> tuple[list[Arrival], int]:
    """The events of a batch in the order of the shard, and how many records were none."""
    arrivals: list[Arrival] = []
    for record in records:
        try:
            event = decode_record(record, limits)
            arrivals.append(Arrival(event, record.partition_key, record.arrived_at))
        except InvalidEvent:
            continue  # the archive decides the same and sets it aside with this reason
    return arrivals, len(records) - len(arrivals)
