"""One batch of stream records, sorted into hours and bad records.

Belongs here: the pure part of the archive. Parquet and S3 belong in `store`.
"""

from collections import defaultdict
from datetime import timedelta
from typing import NamedTuple

from lambdas.shared.bad_records import BadRecord
from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.enrichment import enrich
from lambdas.shared.event import Event, InvalidEvent
from lambdas.shared.lake import datehour_of
from lambdas.shared.limits import EARLIEST, Limits
from lambdas.shared.redriven import ARCHIVE

_HOUR = timedelta(hours=1)


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
    hours: defaultdict[int, list[Event]] = defaultdict(list)
    bad: list[BadRecord] = []
    for record in records:
        if not record.is_for(ARCHIVE):
            continue  # redriven for another function; it is archived
        try:
            event = enrich(decode_record(record, limits))
        except InvalidEvent as error:
            bad.append(BadRecord(record, error.reason, error.detail))
        else:
            hours[(event.event_time - EARLIEST) // _HOUR].append(event)
    by_name = {datehour_of(events[0].event_time): events for events in hours.values()}
    first, last = records[0], records[-1]
    return Batch(first.shard_id, first.sequence_number, last.sequence_number, by_name, bad)
