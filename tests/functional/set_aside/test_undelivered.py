"""What Firehose could not deliver is archived at its place, once, whatever is cut off."""

import base64
import io
import json
from datetime import timedelta
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from clickstream_platform.core.positions import by_shard, in_parquet, in_quarantine, spans_within
from clickstream_platform.core.stream_audit import Position
from clickstream_platform.core.undelivered import Undelivered, read_line
from infra.local.firehose.failures import CONVERSION, PROCESSING, Failure, envelope
from infra.local.firehose.records import Taken
from infra.local.mappings.batching import Record
from infra.set_aside.places import Places
from infra.set_aside.undelivered import UndeliveredError, UndeliveredObjects
from lambdas.firehose_transform.logic import to_row
from lambdas.shared.codec import StreamRecord, decode_record
from lambdas.shared.limits import Limits
from lambdas.shared.redriven import Redriven, wrap
from tests.functional.set_aside.fakes import (
    ARRIVED,
    SHARD,
    CrashError,
    FakeS3,
    Fuse,
    event,
)

NAME = "clickstream-archive-1-2001-02-03-04-05-06-4c2e"
KEY = f"undelivered/day=2001-02-03/processing-failed/{NAME}"


class PagedS3(FakeS3):
    def get_paginator(self, _: str) -> "PagedS3":
        return self

    def paginate(self, **call: str) -> list[dict[str, Any]]:
        keys = sorted(key for key in self.objects if key.startswith(call["Prefix"]))
        return [{"Contents": [{"Key": key} for key in keys]}]


class PlacesInMemory:
    """A stream that has some payloads, each at its place."""

    def __init__(self, *payloads: tuple[int, bytes]) -> None:
        self.payloads = payloads

    def find(self, sought: list[Undelivered]) -> list[StreamRecord | None]:
        found = {data: number for number, data in self.payloads}
        return [
            StreamRecord(SHARD, str(found[one.data]), ARRIVED, one.data, "k")
            if one.data in found
            else None
            for one in sought
        ]


def failed(number: int, data: bytes) -> bytes:
    """A line about a record that the function failed."""
    return envelope(_failure(number, data, PROCESSING, "arn:aws:lambda:transform"), "raw_events")


def unconverted(number: int, data: bytes, error_type: str = CONVERSION) -> bytes:
    """A line about a row that was not written."""
    record = StreamRecord(SHARD, str(number), ARRIVED, data, "k")
    row = to_row(decode_record(record, Limits()))
    return envelope(_failure(number, row, error_type, None), "raw_events")


def _failure(number: int, data: bytes, error_type: str, function: str | None) -> Failure:
    at = ARRIVED.timestamp() + 2
    record = Record(str(number), "k", data, at)
    return Failure(Taken(SHARD, record), error_type, "Code", "why", data, function=function)


def objects(s3: FakeS3, *known: tuple[int, bytes]) -> UndeliveredObjects:
    return UndeliveredObjects(s3, "lake", PlacesInMemory(*known), Limits())  # type: ignore[arg-type]


def scene(*lines: bytes, fuse: Fuse | None = None) -> PagedS3:
    s3 = PagedS3(fuse)
    s3.objects[KEY] = b"".join(lines)
    return s3


def rows(s3: FakeS3) -> list[dict[str, Any]]:
    return [
        row
        for key, body in sorted(s3.objects.items())
        if key.startswith("raw/")
        for row in pq.read_table(io.BytesIO(body)).to_pylist()
    ]


def test_rows_and_records_are_archived_at_their_places() -> None:
    first, second = event(event_id="a"), event()
    s3 = scene(failed(1, first), unconverted(2, second), unconverted(3, event(), PROCESSING))
    (key,) = objects(s3).waiting()
    done = objects(s3, (1, first)).archive(key)
    assert (done.archived, done.placeless, done.bad) == (3, 0, [])
    assert [(row["event_id"], row["sequence_number"]) for row in rows(s3)] == [
        ("a", "1"),
        (f"{SHARD}:2", "2"),
        (f"{SHARD}:3", "3"),
    ]
    assert KEY not in s3.objects
    (raw,) = s3.objects
    assert raw.endswith(f"/redriven-{NAME}.parquet")
    spans = by_shard([raw], lambda keys: [spans_within(k, in_parquet(s3.objects[k])) for k in keys])
    assert [(one.first, one.last) for one in spans[SHARD]] == [(1, 3)]


def test_what_is_no_event_is_set_aside_each_for_itself() -> None:
    """Under a common name it could take the place of another object of the quarantine."""
    s3 = scene(failed(1, b"{"), failed(5, b"["))
    done = objects(s3, (1, b"{"), (5, b"[")).archive(KEY)
    assert [one.reason for one in done.bad] == ["invalid_json", "invalid_json"]
    held = [in_quarantine(body) for body in s3.objects.values()]
    assert held == [{Position(SHARD, 1)}, {Position(SHARD, 5)}]
    assert set(by_shard(s3.objects)) == {SHARD}


def test_what_was_redriven_for_another_function_is_passed_over() -> None:
    mark = Redriven("aggregator", ((SHARD, "1"),))
    s3 = scene(failed(2, wrap(event(event_id="a"), mark)))
    assert objects(s3).archive(KEY).passed_over == 1
    assert not s3.objects


def test_what_the_stream_has_forgotten_is_archived_without_its_place() -> None:
    """Each with an id of its own, and the same one every time."""
    lines = (failed(1, event()), failed(2, event(session_id="t")))
    found = []
    for _ in range(2):
        s3 = scene(*lines)
        assert objects(s3).archive(KEY).placeless == 2
        found.append([row["event_id"] for row in rows(s3)])
    assert found[0] == found[1]
    assert len(set(found[0])) == 2


def test_a_forged_place_is_not_believed() -> None:
    """A producer's record may name any place; only a row is the function's word."""
    forged = msgspec.json.encode({**json.loads(event()), "shard_id": SHARD, "sequence_number": "9"})
    assert read_line(failed(1, forged)).place is None
    assert read_line(unconverted(2, event())).position == Position(SHARD, 2)


@pytest.mark.parametrize("steps", range(4))
def test_cut_off_and_run_again_nothing_is_lost_or_twice(steps: int) -> None:
    lines = (failed(1, event(event_id="a")), failed(2, b"{"))
    s3 = scene(*lines, fuse=Fuse(steps))
    known = ((1, event(event_id="a")), (2, b"{"))
    if steps < 3:
        with pytest.raises(CrashError):
            objects(s3, *known).archive(KEY)
        assert KEY in s3.objects
    s3.fuse = Fuse()
    for key in objects(s3).waiting():
        objects(s3, *known).archive(key)
    assert [row["event_id"] for row in rows(s3)] == ["a"]
    assert len([key for key in s3.objects if key.startswith("quarantine/")]) == 1
    assert KEY not in s3.objects


def test_a_preview_changes_nothing() -> None:
    s3 = scene(unconverted(1, event()))
    before = dict(s3.objects)
    assert objects(s3).preview(KEY).archived == 1
    assert s3.objects == before


def test_a_line_of_somebody_else_is_named() -> None:
    with pytest.raises(UndeliveredError, match="line 2 of s3://lake/undelivered"):
        objects(scene(failed(1, event()), b"hello\n")).archive(KEY)


class TwoShards:
    """Kinesis with two records that are alike, and one that came too late to be meant."""

    def __init__(self) -> None:
        self.at: dict[str, Any] = {}

    def get_paginator(self, _: str) -> "TwoShards":
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"Shards": [{"ShardId": "shardId-0"}, {"ShardId": "shardId-1"}]}]

    def get_shard_iterator(self, **call: Any) -> dict[str, str]:
        self.at[call["ShardId"]] = call["Timestamp"]
        return {"ShardIterator": call["ShardId"]}

    def get_records(self, **call: Any) -> dict[str, Any]:
        late = ARRIVED + timedelta(hours=3)
        records = [
            {
                "SequenceNumber": number,
                "PartitionKey": "k",
                "Data": b"same",
                "ApproximateArrivalTimestamp": at,
            }
            for number, at in (("1", ARRIVED), ("2", late))
        ]
        return {"Records": records, "NextShardIterator": call["ShardIterator"]}


def test_records_that_are_alike_are_found_once_each() -> None:
    kinesis: Any = TwoShards()
    at = ARRIVED + timedelta(seconds=2)
    sought = [Undelivered(data, at, "", None) for data in (b"same", b"same", b"same", b"other")]
    found = Places(kinesis, "s").find(sought)
    places = [None if one is None else (one.shard_id, one.sequence_number) for one in found]
    assert places == [("shardId-0", "1"), ("shardId-1", "1"), None, None]
    assert kinesis.at["shardId-0"] <= ARRIVED


def test_a_number_keeps_its_zeros() -> None:
    """Compaction takes numbers of other lengths for other records."""
    row = {"shard_id": SHARD, "sequence_number": "007"}
    data = base64.b64encode(json.dumps(row).encode()).decode()
    found = read_line(json.dumps({"arrivalTimestamp": 1, "rawData": data}).encode())
    assert (found.place, found.position) == ((SHARD, "007"), Position(SHARD, 7))


def test_times_may_be_texts_as_in_the_guide() -> None:
    line = {
        "attemptsMade": "4",
        "arrivalTimestamp": "981173106000",
        "errorCode": "Lambda.FunctionError",
        "rawData": base64.b64encode(b"x").decode(),
        "lambdaArn": "arn",
    }
    found = read_line(json.dumps(line).encode())
    assert (found.arrived_at, found.data) == (ARRIVED, b"x")
