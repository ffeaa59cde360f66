"""What batches that were given up have left behind.

Belongs here: what counters already hold of an event that arrives once more. Finding it out and
storing it belongs in `remains`, what follows from it in `logic`.

A function that fails may have written some of its items. While it tries again the fences tell which
ones; once Lambda gives the batch up and goes on, later batches move the fences. So before the next
batch of the shard writes anything, it is written down which items hold the events of the batch that
was given up. See docs/adr/0008.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from lambdas.shared.event import Event
from lambdas.shared.sequence import padded
from lambdas.shared.stream import Arrival

_DIGEST_BYTES = 8


class GivenUp(NamedTuple):
    """A record that was given up after something of it was counted.

    Attributes:
        sequence: Its padded sequence number.
        is_whole: Whether its session has it, and so every counter.
        effects: What was added for it to each counter of `keys_of`: 1, 0, or -1 (see `logic`).
    """

    sequence: str
    is_whole: bool
    effects: tuple[int, ...]


class LeftBehind(msgspec.Struct, frozen=True):
    """What an attempt at a batch has left behind that was given up, or its beginning was.

    Attributes:
        shard_id: The shard.
        first: Padded sequence number of the first record given up.
        last: That of the last record attempted.
        events: The records of each event that were given up, by the event's digest.
    """

    shard_id: str
    first: str
    last: str
    events: dict[bytes, list[GivenUp]]


class Past(NamedTuple):
    """What a batch has to know of those before it.

    Attributes:
        overlapping: What was left behind by attempts that reached into this batch.
        by_shard: What was left behind where redriven events have been, the newest first.
    """

    overlapping: Sequence[LeftBehind]
    by_shard: Mapping[str, Sequence[LeftBehind]]


Traces = dict[str, GivenUp]  # by the place of the record, shard and sequence number


def traces_of(arrival: Arrival, past: Past) -> Traces | None:
    """What was left behind of an event before it arrived here.

    Either it was redriven. Or the client has sent it twice, and an attempt that had both counted
    the first, which was then given up: the second stands in for it.

    Returns:
        None for any other event.
    """
    event, digest = arrival.event, event_digest(arrival.event)
    if arrival.redriven is None:
        sequence = padded(event.sequence_number or "")
        return {
            _place(left, record): record
            for left in past.overlapping
            for record in left.events.get(digest, ())
            if record.sequence < sequence
        } or None
    found = {}
    for shard_id, sequence_number in arrival.redriven.positions:
        sequence = padded(sequence_number)
        left = _left_with(sequence, past.by_shard[shard_id])
        for record in left.events.get(digest, ()) if left is not None else ():
            if left is not None and record.sequence == sequence:
                found[_place(left, record)] = record
    return found


def event_digest(event: Event) -> bytes:
    """The eight bytes by which an event is written down."""
    name = f"{event.session_id}\n{event.event_id}"
    return blake2b(name.encode(), digest_size=_DIGEST_BYTES).digest()


def _place(left: LeftBehind, record: GivenUp) -> str:
    return f"{left.shard_id}:{record.sequence}"


def _left_with(sequence: str, left: Sequence[LeftBehind]) -> LeftBehind | None:
    """What was left behind of the last batch given up that begins no later than a record.

    A record after that batch is in none of its items, because their fences are from before.
    """
    return next((found for found in left if found.first <= sequence), None)
