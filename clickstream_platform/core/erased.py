"""Places on the stream of what an erasure has taken out of the lake.

Belongs here: the form of these notes and where they lie. An erasure writes them (`infra/erasure`);
the checks that compare the lake with the stream and with real time read them.

The stream and the counters of real time still hold what was erased, for a day. A note is how a
check tells it from what was lost. It says where records were and nothing else, so it names nobody:
what those places held is gone, from the stream too a day later.
"""

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from clickstream_platform.core.stream_audit import Position
from lambdas.shared import lake

ERASED_PREFIX = "erased"
# Of records of the quarantine nobody asks from which object they were.
SET_ASIDE = f"{lake.QUARANTINE_PREFIX}/"

_NAME_CHARS = 32
_note = msgspec.json.Decoder(dict[str, list[str]])


def notes_of_hour(datehour: str) -> str:
    """The prefix of the notes of what was erased from an hour's raw objects."""
    return notes_of(lake.raw_prefix(datehour))


def notes_of(source: str) -> str:
    """The prefix of the notes of what was erased from a part of the lake, ending in a slash."""
    return f"{ERASED_PREFIX}/{source}"


def to_note(positions: Iterable[Position]) -> bytes:
    """A note of places: sequence numbers by shard, in order. They are longer than 64 bits."""
    by_shard: dict[str, list[str]] = {}
    for shard_id, number in sorted(positions):
        by_shard.setdefault(shard_id, []).append(str(number))
    return msgspec.json.encode(by_shard)


def note_key(source: str, note: bytes) -> str:
    """Where a note lies, by its content: writing one twice changes nothing, none replaces another.

    Args:
        source: The prefix of what the records were erased from.
        note: The note.
    """
    return f"{notes_of(source)}{sha256(note).hexdigest()[:_NAME_CHARS]}.json"


def in_note(content: bytes) -> set[Position]:
    """The places in a note.

    Raises:
        msgspec.DecodeError: If it is none.
        ValueError: If a sequence number is none.
    """
    return {
        Position(shard_id, int(number))
        for shard_id, numbers in _note.decode(content).items()
        for number in numbers
    }
