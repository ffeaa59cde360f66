"""Records that are on the stream once more because one function gave them up.

Belongs here: how such a record says for whom it is and where it has been. The function it is for
counts it, the others have had it already and pass it over. Who sends it belongs in
`infra.set_aside.redrive`.
"""

from typing import Annotated, Literal

import msgspec

Consumer = Literal["aggregator", "anomaly_detector", "event_processor"]
# Whatever archives the stream answers to this name: a mark outlives a change of what that is.
ARCHIVE: Consumer = "event_processor"
_Shard = Annotated[str, msgspec.Meta(pattern=r"^shardId-[0-9]{1,20}\Z")]
_Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,60}\Z")]
_SomePositions = msgspec.Meta(min_length=1, max_length=32)
_MARK = b'{"redriven":'


class Redriven(msgspec.Struct, frozen=True):
    """Where a record has been before.

    Attributes:
        function: The package of the function that gave it up. Another one than these does not
            exist, and a record for it would be nobody's.
        positions: Shard and sequence number of each time it was on the stream, the first first.
    """

    function: Consumer
    positions: Annotated[tuple[tuple[_Shard, _Number], ...], _SomePositions]


class _Wrapped(msgspec.Struct, frozen=True):
    redriven: Redriven
    event: msgspec.Raw


_decoder = msgspec.json.Decoder(_Wrapped)


def wrap(event: bytes, redriven: Redriven) -> bytes:
    """The payload of a record that is sent again; `event` is the JSON of an event."""
    return msgspec.json.encode(_Wrapped(redriven, msgspec.Raw(event)))


def unwrap(data: bytes) -> tuple[bytes, Redriven | None]:
    """The payload as it was at first, and where it has been; what looks otherwise is as it is."""
    if not data.startswith(_MARK):
        return data, None
    try:
        wrapped = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return data, None  # somebody's own JSON, which the consumers judge as any other
    return bytes(wrapped.event), wrapped.redriven
