"""What keys and objects say of the records they hold, as the archive really writes them."""

from datetime import UTC, datetime

import msgspec
import pytest

from clickstream_platform.core.positions import (
    by_shard,
    in_parquet,
    in_quarantine,
    quarantine_prefixes,
    span_of,
    spans_within,
)
from clickstream_platform.core.stream_audit import Position, Span
from infra.set_aside.quarantine import REPLAYED_PREFIX
from lambdas.event_processor.store import to_parquet
from lambdas.shared import lake
from lambdas.shared.bad_records import BadRecord, to_quarantine
from lambdas.shared.codec import StreamRecord
from lambdas.shared.event import Event

SHARD = "shardId-000000000007"
FIRST, LAST = "4966" + "0" * 52, "4966" + "0" * 50 + "42"
AT = datetime(2026, 11, 23, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "key",
    [
        lake.raw_key("2015-05-17-10", SHARD, FIRST, LAST),
        lake.quarantine_key(AT, SHARD, FIRST, LAST),
        lake.quarantine_key(AT, SHARD, FIRST, LAST).replace("quarantine", REPLAYED_PREFIX),
    ],
)
def test_a_key_names_the_sequence_numbers_of_its_batch(key):
    assert span_of(key) == Span(key, SHARD, int(FIRST), int(LAST))
    assert by_shard([key, "quarantine/day=2015-05-17/notes.json"]) == {SHARD: [span_of(key)]}


def test_an_object_whose_key_names_none_is_looked_into():
    key = "raw/datehour=2015-05-17-10/d-1-2015-05-17-10-00-00-4c2e.parquet"
    held = {Position(SHARD, 7), Position("shardId-000000000001", 2), Position(SHARD, 3)}
    found = by_shard([key], lambda keys: [spans_within(one, held) for one in keys])
    assert found == {
        SHARD: [Span(key, SHARD, 3, 7)],
        "shardId-000000000001": [Span(key, "shardId-000000000001", 2, 2)],
    }


def test_positions_are_read_from_what_the_archive_writes():
    events = [
        Event(
            event_id=number,
            event_type="click",
            event_time=AT,
            received_at=AT,
            session_id="s",
            shard_id=SHARD,
            sequence_number=number,
        )
        for number in (FIRST, LAST)
    ]
    assert in_parquet(to_parquet(events)) == {Position(SHARD, int(n)) for n in (FIRST, LAST)}
    bad = [BadRecord(StreamRecord(SHARD, FIRST, AT, b"{\n", "key"), "invalid_json", "what")]
    assert in_quarantine(to_quarantine(bad) * 2) == {Position(SHARD, int(FIRST))}


def test_a_damaged_quarantine_object_is_no_evidence():
    with pytest.raises(msgspec.DecodeError):
        in_quarantine(b'{"shard_id": "shardId-1"}\n')


def test_the_quarantine_of_the_day_before_is_looked_at_too():
    """The archive names the day after the first bad record of a batch, which may span midnight."""
    end = AT.replace(hour=1, minute=0)
    assert list(quarantine_prefixes(AT, end)) == [
        "quarantine/day=2026-11-22/",
        "quarantine-replayed/day=2026-11-22/",
        "quarantine/day=2026-11-23/",
        "quarantine-replayed/day=2026-11-23/",
    ]
