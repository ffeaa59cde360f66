"""What Firehose hands to a transform and what it wants back.

Belongs here: the two envelopes, and how much fits into the second. What becomes of a record belongs
in `logic`.

Source: Data Firehose Developer Guide, "Required parameters for data transformation" and "Use AWS
Lambda functions with Firehose": every record that came is answered under its own id, with a result,
data in base64, and the partition keys of one that goes on. Whatever lacks an answer, or has one
under another id, has failed. Request and answer are at most 6 MB each, as for any function that is
called synchronously.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple, NotRequired, TypedDict

import msgspec

from lambdas.shared.codec import StreamRecord
from lambdas.shared.redriven import unwrap

MAX_ANSWER_BYTES = 6_000_000
PARTITION_KEY = "datehour"
_AROUND_BYTES = 160  # names, quotes and the partition key of one answer
_LIST_BYTES = 16

Result = Literal["Ok", "Dropped", "ProcessingFailed"]


class _Metadata(msgspec.Struct, rename="camel"):
    shard_id: str
    partition_key: str
    sequence_number: str
    approximate_arrival_timestamp: float  # milliseconds since 1970


class _Record(msgspec.Struct, rename="camel"):
    record_id: str
    data: bytes
    kinesis_record_metadata: _Metadata


class _Invocation(msgspec.Struct):
    records: list[_Record]


class Delivered(NamedTuple):
    """A record of the stream, and the id Firehose knows it by."""

    record_id: str
    record: StreamRecord


class Verdict(NamedTuple):
    """What becomes of a record.

    Attributes:
        record_id: Firehose's id of it.
        result: `Ok`: it is archived; `Dropped`: there is nothing to archive; `ProcessingFailed`:
            Firehose keeps it below its error prefix.
        row: Its row as JSON, if it is archived.
        datehour: The hour it is archived in, then.
    """

    record_id: str
    result: Result
    row: bytes = b""
    datehour: str = ""


class _Partition(TypedDict):
    partitionKeys: dict[str, str]


class Answer(TypedDict):
    """One answer on the wire."""

    recordId: str
    result: Result
    data: str
    metadata: NotRequired[_Partition]


def delivered_records(event: Mapping[str, object]) -> list[Delivered]:
    """Unwraps the records of an invocation, in its order.

    Raises:
        msgspec.ValidationError: If this is no invocation by a Firehose that reads a Kinesis stream.
    """
    invocation = msgspec.convert(event, _Invocation, strict=False)
    return [_delivered(one) for one in invocation.records]


def _delivered(one: _Record) -> Delivered:
    found = one.kinesis_record_metadata
    data, redriven = unwrap(one.data)
    arrived = datetime.fromtimestamp(found.approximate_arrival_timestamp / 1000, UTC)
    record = StreamRecord(
        found.shard_id, found.sequence_number, arrived, data, found.partition_key, redriven
    )
    return Delivered(one.record_id, record)


def answers(
    verdicts: Sequence[Verdict], max_bytes: int = MAX_ANSWER_BYTES
) -> tuple[list[Answer], int]:
    """The answers to an invocation, and how many rows did not fit into it.

    An answer that is too large fails as a whole, and its records with it, however often it is tried
    again. So the rows beyond the limit are answered as failed: Firehose keeps those records below
    its error prefix, from where `clickstream redrive` archives them.
    """
    found: list[Answer] = []
    refused = 0
    left = max_bytes - _LIST_BYTES - sum(len(one.record_id) + _AROUND_BYTES for one in verdicts)
    for one in verdicts:
        data = base64.b64encode(one.row).decode()
        if one.result == "Ok" and len(data) > left:
            refused += 1
            found.append({"recordId": one.record_id, "result": "ProcessingFailed", "data": ""})
            continue
        left -= len(data)
        answer: Answer = {"recordId": one.record_id, "result": one.result, "data": data}
        if one.result == "Ok":
            answer["metadata"] = {"partitionKeys": {PARTITION_KEY: one.datehour}}
        found.append(answer)
    return found, refused
