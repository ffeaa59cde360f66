"""Bytes on the wire and events in memory.

Belongs here: JSON in and out, and the envelope in which Lambda hands over stream records. The
meaning of fields belongs in `normalisation`, the shape of an event in `event`.
"""

from collections.abc import Mapping
from datetime import datetime
from socket import AF_INET, inet_pton

import msgspec
from msgspec.structs import force_setattr

from lambdas.shared.event import Event, InvalidEvent
from lambdas.shared.limits import Limits
from lambdas.shared.normalisation import normalise, truncate_ip
from lambdas.shared.redriven import Redriven, unwrap

MAX_RECORD_BYTES = 1_000_000  # Kinesis takes 1 MiB with the partition key; leave room for it

_event = msgspec.json.Decoder(Event)
_anything = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


class _Kinesis(msgspec.Struct, rename="camel"):
    partition_key: str
    sequence_number: str
    data: bytes
    approximate_arrival_timestamp: datetime


class _Record(msgspec.Struct, rename={"event_id": "eventID"}):
    event_id: str
    kinesis: _Kinesis


class _Envelope(msgspec.Struct):
    Records: list[_Record]


class StreamRecord(msgspec.Struct, frozen=True):
    """One record of a shard.

    Attributes:
        shard_id: `shardId-000000000000`.
        sequence_number: The decimal text Kinesis gives, which grows along the shard.
        arrived_at: When Kinesis took it, aware.
        data: The payload.
        partition_key: What chose the shard; the session, unless a producer decided otherwise.
        redriven: For whom the record is and where it has been, if it is there once more.
    """

    shard_id: str
    sequence_number: str
    arrived_at: datetime
    data: bytes
    partition_key: str
    redriven: Redriven | None = None

    def is_for(self, function: str) -> bool:
        """Whether a function, by its package, has to take the record."""
        return self.redriven is None or self.redriven.function == function


def stream_records(event: Mapping[str, object]) -> list[StreamRecord]:
    """Unwraps the records of a Kinesis invocation, in the order of the shard.

    Raises:
        msgspec.ValidationError: If this is no Kinesis invocation.
    """
    envelope = msgspec.convert(event, _Envelope, strict=False)  # reads seconds as a time
    records = []
    for record in envelope.Records:
        kinesis = record.kinesis
        data, redriven = unwrap(kinesis.data)
        records.append(
            StreamRecord(
                record.event_id.partition(":")[0],
                kinesis.sequence_number,
                kinesis.approximate_arrival_timestamp,
                data,
                kinesis.partition_key,
                redriven,
            )
        )
    return records


def decode_json(data: bytes | str) -> object:
    """Reads any JSON value.

    Raises:
        InvalidEvent: `invalid_json`.
    """
    try:
        return _anything.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEvent("invalid_json", str(error)) from error


def decode_record(record: StreamRecord, limits: Limits) -> Event:
    """Reads the event of one stream record.

    Events the collector wrote are in the contract's own shape, which is the fast path; those of
    direct producers are normalised. The decision depends on the record alone, so every consumer of
    the stream takes the same one.

    Raises:
        InvalidEvent: If it cannot be accepted.
    """
    event = _fast(record)
    if event is None:
        fallback_id = f"{record.shard_id}:{record.sequence_number}"
        defaults = {"event_id": fallback_id, "source": "stream"}
        event = normalise(decode_json(record.data), record.arrived_at, defaults)
    _place(event, record)
    limits.check(event)
    return event


def _fast(record: StreamRecord) -> Event | None:
    """The event, when it is in the contract's own shape and nothing is left to be derived."""
    try:
        event = _event.decode(record.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if event.page_url is not None and event.page_path is None:
        return None
    if event.ip is not None and not _is_truncated(event.ip):
        return None
    return event


def _is_truncated(ip: str) -> bool:
    """Whether an address is that of its network, as the collector writes it."""
    try:
        return inet_pton(AF_INET, ip)[-1] == 0  # what `truncate_ip` finds, in half the time
    except (OSError, ValueError):
        return ip == truncate_ip(ip)


def _place(event: Event, record: StreamRecord) -> None:
    """Fills in where an event lies on the stream.

    It was read just now and nobody else knows it, so it is not copied for that.
    """
    if record.arrived_at < event.received_at:
        # Nobody can have received it after the stream did: a forged time would pass the limits.
        force_setattr(event, "received_at", record.arrived_at)
    force_setattr(event, "shard_id", record.shard_id)
    force_setattr(event, "sequence_number", record.sequence_number)


def encode(event: Event) -> bytes:
    """Writes an event as the JSON that goes on the stream.

    Raises:
        InvalidEvent: `too_large`, when it does not fit a stream record.
    """
    data = _encoder.encode(event)
    if len(data) > MAX_RECORD_BYTES:
        raise InvalidEvent("too_large", f"{len(data)} bytes; the limit is {MAX_RECORD_BYTES}")
    return data
