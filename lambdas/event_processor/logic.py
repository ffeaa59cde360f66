"""One batch of stream records, sorted into hours and bad records.

Belongs here: the pure part of the archive. Parquet and S3 belong in `store`.
"""

from collections import defaultdict
from typing import NamedTuple

from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.enrichment import enrich
from lambdas.shared.event import Event, InvalidEvent
from lambdas.shared.lake import datehour_of
from lambdas.shared.limits import Limits


class BadRecord(NamedTuple):
    """A record that is set aside, with the reason."""

    record: StreamRecord
    reason: str
    detail: str


class Batch(NamedTuple):
    """What a batch holds.

    Attributes:
        shard_id: The shard it was read from.
        first: Sequence number of its first record.
        last: Sequence number of its last record.
        hours: Its events by datehour, in the order of the shard.
        bad: Its bad records.
    """

    shard_id: str
    first: str
    last: str
    hours: dict[str, list[Event]]
    bad: list[BadRecord]


def sort_batch(records: list[StreamRecord], limits: Limits) -> Batch:
    """Sorts records into hours of event time; a record that is no event is set aside.

    Args:
        records: One invocation's records, at least one, all of one shard.
        limits: How far event times may be from their arrival.
    """
    hours: defaultdict[str, list[Event]] = defaultdict(list)
    bad: list[BadRecord] = []
    for record in records:
        try:
            event = enrich(decode_record(record, limits))
        except InvalidEvent as error:
            bad.append(BadRecord(record, error.reason, error.detail))
        else:
            hours[datehour_of(event.event_time)].append(event)
    first, last = records[0], records[-1]
    return Batch(first.shard_id, first.sequence_number, last.sequence_number, dict(hours), bad)
