"""Records of one invocation, each judged as the archive judges it.

Belongs here: the pure part of the transform. Firehose's envelopes belong in `invocation`, keeping
bad records in `store`.
"""

from collections.abc import Iterable
from datetime import UTC
from typing import NamedTuple

import msgspec

from lambdas.firehose_transform.invocation import Delivered, Verdict
from lambdas.shared.bad_records import BadRecord
from lambdas.shared.codec import decode_record
from lambdas.shared.enrichment import enrich
from lambdas.shared.event import Event, InvalidEvent
from lambdas.shared.lake import datehour_of
from lambdas.shared.limits import Limits
from lambdas.shared.redriven import ARCHIVE

_encoder = msgspec.json.Encoder()


class Transformed(NamedTuple):
    """What an invocation holds.

    Attributes:
        verdicts: One for each record, in the order they came.
        bad: The bad records by the index of their verdict.
    """

    verdicts: list[Verdict]
    bad: dict[int, BadRecord]

    def without_quarantine(self, unkept: Iterable[int]) -> list[Verdict]:
        """The verdicts, if some bad records could not be kept: those are left to Firehose."""
        verdicts = list(self.verdicts)
        for index in unkept:
            verdicts[index] = Verdict(verdicts[index].record_id, "ProcessingFailed")
        return verdicts


def transform(delivered: list[Delivered], limits: Limits) -> Transformed:
    """Makes rows of records; a record that is no event is set aside.

    Args:
        delivered: The records, of any shards.
        limits: How far event times may be from their arrival.
    """
    verdicts: list[Verdict] = []
    bad: dict[int, BadRecord] = {}
    for index, (record_id, record) in enumerate(delivered):
        if not record.is_for(ARCHIVE):
            verdicts.append(Verdict(record_id, "Dropped"))  # redriven for another; it is archived
            continue
        try:
            event = enrich(decode_record(record, limits))
        except InvalidEvent as error:
            bad[index] = BadRecord(record, error.reason, error.detail)
            verdicts.append(Verdict(record_id, "Dropped"))
        else:
            verdicts.append(Verdict(record_id, "Ok", to_row(event), datehour_of(event.event_time)))
    return Transformed(verdicts, bad)


def to_row(event: Event) -> bytes:
    """The row of an event as Firehose's JSON deserializer reads it.

    Its keys are the columns' names, a column without a value is left out, and a time is written in
    UTC with a `Z`: with another offset the OpenX SerDe cannot read it. This is the contract's own
    JSON, so a row that Firehose could not deliver is an event that can be archived again.
    """
    if event.event_time.tzinfo is not UTC or event.received_at.tzinfo is not UTC:
        event = msgspec.structs.replace(
            event,
            event_time=event.event_time.astimezone(UTC),
            received_at=event.received_at.astimezone(UTC),
        )
    return _encoder.encode(event)
