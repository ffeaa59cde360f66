"""Records that Firehose could not deliver, as it keeps them below its error prefix.

Belongs here: reading one line of such an object. Archiving the records belongs in
`infra.set_aside.undelivered`, erasing them in `infra.erasure`.

The envelope says little: what was to be delivered, when it came and what went wrong. Where the
function failed that is the stream's record, and the envelope does not tell its place. Otherwise it
is the row the function made, which has its place in it, or, as the guide does not say, the record.
Source: Data Firehose Developer Guide, "Handle failure in data transformation" and "Handle errors
for data format conversion".
"""

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from clickstream_platform.core.stream_audit import Position

Place = tuple[str, str]


class Undelivered(NamedTuple):
    """A record that was not delivered.

    Attributes:
        data: The row the function made of it, or its payload.
        arrived_at: When Firehose took it, in UTC.
        code: Why it was not delivered.
        place: Shard and sequence number, as texts; None where only the stream can tell.
    """

    data: bytes
    arrived_at: datetime
    code: str
    place: Place | None

    @property
    def position(self) -> Position | None:
        """The place as the audit compares it."""
        return None if self.place is None else Position(self.place[0], int(self.place[1]))


class _Envelope(msgspec.Struct, rename="camel"):
    raw_data: bytes
    arrival_timestamp: int
    error_code: str | None = None
    last_error_code: str | None = None
    lambda_arn: str | None = None


class _Row(msgspec.Struct):
    shard_id: str
    sequence_number: str


_row = msgspec.json.Decoder(_Row)
_envelope = msgspec.json.Decoder(_Envelope, strict=False)  # its times are numbers, or texts of them


def read_line(line: bytes) -> Undelivered:
    """Reads one line of an object below the error prefix.

    Raises:
        msgspec.DecodeError: If it is no envelope of Firehose's.
    """
    found = _envelope.decode(line)
    return Undelivered(
        found.raw_data,
        datetime.fromtimestamp(found.arrival_timestamp / 1000, UTC),
        found.error_code or found.last_error_code or "unknown",
        # Anybody may send a record that names a place: only a row's is the function's word.
        _place_in(found.raw_data) if found.lambda_arn is None else None,
    )


def _place_in(data: bytes) -> Place | None:
    try:
        row = _row.decode(data)
    except ValueError:  # msgspec's errors are such, too
        return None
    return (row.shard_id, row.sequence_number) if row.sequence_number.isdecimal() else None
