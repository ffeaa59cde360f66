"""Bytes to events, the same way for every consumer."""

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.shared.codec import MAX_RECORD_BYTES, StreamRecord, decode_record, encode
from lambdas.shared.codec import stream_records as unwrap
from lambdas.shared.columns import EVENT_COLUMNS
from lambdas.shared.event import Event, InvalidEvent
from lambdas.shared.lake import datehour_of, datehour_of_raw_key, raw_key, start_of
from lambdas.shared.limits import Limits

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
EVENT = Event(
    event_id="e1", event_type="page_view", event_time=NOW, received_at=NOW, session_id="s1"
)


def record(data: bytes) -> StreamRecord:
    return StreamRecord("shardId-000000000000", "42", NOW, data, "s")


def test_columns_and_fields_are_the_same_list() -> None:
    """A field without a column would be accepted and lost."""
    assert tuple(column.name for column in EVENT_COLUMNS) == Event.__struct_fields__


def test_an_encoded_event_comes_back_with_its_position() -> None:
    back = decode_record(record(encode(EVENT)), Limits())
    position = {"shard_id": "shardId-000000000000", "sequence_number": "42"}
    assert back == msgspec.structs.replace(EVENT, **position)


def test_a_direct_producers_event_gets_the_records_position_as_id() -> None:
    data = json.dumps({"event_type": "x", "timestamp": NOW.isoformat(), "session_id": "s"})
    event = decode_record(record(data.encode()), Limits())
    assert event.event_id == "shardId-000000000000:42"
    assert event.received_at == NOW


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"\xff\xfe", "invalid_json"),
        (b'{"event_type": "\xff"}', "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"event_time": NaN}', "invalid_json"),
        (b"null", "not_an_object"),
        (b"[]", "not_an_object"),
        (b"{}", "missing_event_time"),
    ],
)
def test_poison_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode_record(record(data), Limits())
    assert caught.value.reason == reason


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_are_refused(data: bytes) -> None:
    """Anything else would fail the batch and block its shard."""
    with suppress(InvalidEvent):
        decode_record(record(data), Limits())


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(Event.__struct_fields__) | st.text(), inner)
        ),
    )
)
def test_any_json_is_an_event_or_is_refused(value: Any) -> None:
    with suppress(InvalidEvent):
        decode_record(record(json.dumps(value).encode()), Limits())


@pytest.mark.parametrize(
    ("offset", "lateness", "reason"),
    [
        (timedelta(minutes=5), None, None),
        (timedelta(minutes=5, microseconds=1), None, "in_the_future"),
        (timedelta(days=-4000), None, None),
        (timedelta(days=-2), timedelta(days=1), "too_late"),
        (timedelta(days=-1), timedelta(days=1), None),
    ],
)
def test_limits(offset: timedelta, lateness: timedelta | None, reason: str | None) -> None:
    event = msgspec.structs.replace(EVENT, event_time=NOW + offset)
    limits = Limits(lateness=lateness)
    if reason is None:
        limits.check(event)
    else:
        with pytest.raises(InvalidEvent, match=reason):
            limits.check(event)


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "0999-05-05T10:00:00Z"]
)
@pytest.mark.parametrize("is_canonical", [True, False])
def test_times_at_the_edge_of_the_calendar_are_refused(time: str, is_canonical: bool) -> None:
    """Their hour has no name of four digits, and converting them overflows in every consumer."""
    fields = {"event_type": "x", "event_time": time, "session_id": "s"}
    if is_canonical:
        fields |= {"event_id": "e", "received_at": NOW.isoformat()}
    with pytest.raises(InvalidEvent, match="invalid_event_time"):
        decode_record(record(json.dumps(fields).encode()), Limits())


def test_a_direct_producer_cannot_get_around_the_contract() -> None:
    """In the contract's own shape, with a full address and a received_at of its own."""
    future = NOW + timedelta(days=365)
    fields = {
        "event_id": "e",
        "event_type": "x",
        "event_time": NOW.isoformat(),
        "received_at": future.isoformat(),
        "session_id": "s",
        "ip": "203.0.113.77",
        "page_url": "https://shop.example/a?b=1",
    }
    event = decode_record(record(json.dumps(fields).encode()), Limits())
    assert event.ip == "203.0.113.0"
    assert event.page == "shop.example/a"
    assert event.received_at == NOW
    fields["event_time"] = future.isoformat()
    with pytest.raises(InvalidEvent, match="in_the_future"):
        decode_record(record(json.dumps(fields).encode()), Limits())


def test_an_event_that_does_not_fit_a_record_is_refused() -> None:
    huge = msgspec.structs.replace(EVENT, properties="x" * MAX_RECORD_BYTES)
    with pytest.raises(InvalidEvent, match="too_large"):
        encode(huge)


def test_the_envelope_of_lambda() -> None:
    envelope = {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "s",
                    "sequenceNumber": "7",
                    "data": base64.b64encode(b"payload").decode(),
                    "approximateArrivalTimestamp": NOW.timestamp(),
                },
                "eventID": "shardId-000000000003:7",
                "eventSource": "aws:kinesis",
            }
        ]
    }
    assert unwrap(envelope) == [StreamRecord("shardId-000000000003", "7", NOW, b"payload", "s")]


def test_datehours() -> None:
    assert datehour_of(datetime.fromisoformat("2026-11-23T01:30:00+02:00")) == "2026-11-22-23"
    assert start_of("2026-11-22-23") == datetime(2026, 11, 22, 23, tzinfo=UTC)
    with pytest.raises(ValueError, match="no time zone"):
        datehour_of(datetime(2026, 1, 1))  # noqa: DTZ001
    key = raw_key("2026-11-22-23", "shardId-000000000000", "1", "9")
    assert datehour_of_raw_key(key) == "2026-11-22-23"


@pytest.mark.parametrize(
    "key",
    [
        "raw/x.parquet",
        "raw/datehour=2026-99-99-99/x.parquet",
        "events/datehour=2026-11-22-23/x",
        "raw/datehour=2026-11-22-23/deep/x.parquet",
        "raw/datehour=2026-11-22-23/x.json",
        "",
    ],
)
def test_foreign_keys_are_no_raw_objects(key: str) -> None:
    assert datehour_of_raw_key(key) is None
