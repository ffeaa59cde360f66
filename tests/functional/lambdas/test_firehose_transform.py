"""The transform answers every record once, and judges each as the other archive does."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.event_processor.logic import sort_batch
from lambdas.firehose_transform import handler as function
from lambdas.firehose_transform.invocation import (
    MAX_ANSWER_BYTES,
    Verdict,
    answers,
    delivered_records,
)
from lambdas.firehose_transform.store import Quarantine
from lambdas.shared.codec import StreamRecord
from lambdas.shared.event import Event
from lambdas.shared.limits import Limits
from lambdas.shared.redriven import Redriven, wrap
from tests.functional.lambdas.poisons import POISONS, Poison, payload
from tests.functional.lambdas.test_archive import FakeS3
from tests.functional.lambdas.test_observability import Context

ARRIVED = datetime(2026, 11, 23, 1, 0, 0, 123000, tzinfo=UTC)
SHARD, OTHER = "shardId-000000000000", "shardId-000000000001"
FOR_ANOTHER = wrap(payload(), Redriven("aggregator", ((SHARD, "1"),)))
FOR_THE_ARCHIVE = wrap(payload(), Redriven("event_processor", ((SHARD, "1"),)))


class BrokenS3(FakeS3):
    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")


def invocation(payloads: list[bytes], shards: list[str] | None = None) -> dict[str, Any]:
    """An invocation as the guide shows it, for a stream that reads from Kinesis."""
    at = round(ARRIVED.timestamp() * 1000)
    return {
        "invocationId": "i",
        "deliveryStreamArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/d",
        "sourceKinesisStreamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/s",
        "region": "us-east-1",
        "records": [
            {
                "recordId": f"id-{number}",
                "approximateArrivalTimestamp": at,
                "data": base64.b64encode(data).decode(),
                "kinesisRecordMetadata": {
                    "shardId": shards[number - 1] if shards else SHARD,
                    "partitionKey": "s",
                    "approximateArrivalTimestamp": at,
                    "sequenceNumber": str(number),
                    "subsequenceNumber": "0",
                },
            }
            for number, data in enumerate(payloads, start=1)
        ],
    }


def run(event: dict[str, Any], s3: FakeS3) -> list[dict[str, Any]]:
    """The answers, as they are after a way over the wire."""
    with pytest.MonkeyPatch.context() as patched:
        store = Quarantine(s3, "lake", function.logger)  # type: ignore[arg-type]
        patched.setattr(function, "_quarantine", lambda: store)
        answer = function.handler(event, Context())
    return list(json.loads(json.dumps(answer))["records"])


def quarantined(s3: FakeS3) -> list[dict[str, Any]]:
    return [json.loads(line) for key in sorted(s3.objects) for line in s3.objects[key].splitlines()]


def row_of(answer: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(base64.b64decode(answer["data"])))


@pytest.fixture(autouse=True, scope="module")
def _environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("LAKE_BUCKET", "lake")
        function._environment.cache_clear()
        yield
    function._environment.cache_clear()


def test_an_event_goes_on_as_a_row_of_its_hour() -> None:
    s3 = FakeS3()
    data = payload(event_time="2003-02-03T05:59:59.5+02:00", experiments={"Button": "B"})
    (answer,) = run(invocation([data]), s3)
    assert (answer["recordId"], answer["result"]) == ("id-1", "Ok")
    assert answer["metadata"] == {"partitionKeys": {"datehour": "2003-02-03-03"}}
    row = row_of(answer)
    assert row["event_time"] == "2003-02-03T03:59:59.500000Z"  # the SerDe knows no offsets
    assert row["received_at"] == "2026-11-23T01:00:00.123000Z"
    assert (row["shard_id"], row["sequence_number"]) == (SHARD, "1")
    assert row["experiments"] == {"Button": "B"}
    assert "user_id" not in row
    assert not s3.objects


def test_bad_records_are_set_aside_by_shard_and_dropped() -> None:
    """With another key than theirs, a retry would set them aside twice."""
    s3 = FakeS3()
    event = invocation([b"{", payload(), b"null", b"["], [SHARD, SHARD, OTHER, SHARD])
    for _ in range(2):
        found = run(event, s3)
        assert [one["result"] for one in found] == ["Dropped", "Ok", "Dropped", "Dropped"]
    assert sorted(s3.objects) == [
        f"quarantine/day=2026-11-23/{SHARD}-1-4.json",
        f"quarantine/day=2026-11-23/{OTHER}-3-3.json",
    ]
    reasons = {one["sequence_number"]: one["reason"] for one in quarantined(s3)}
    assert reasons == {"1": "invalid_json", "4": "invalid_json", "3": "not_an_object"}


def test_without_a_quarantine_only_bad_records_fail() -> None:
    """An exception would fail the good ones too, and Firehose would skip them after its retries."""
    found = run(invocation([b"{", payload()]), BrokenS3())
    assert [one["result"] for one in found] == ["ProcessingFailed", "Ok"]


def test_what_was_redriven_for_another_function_is_passed_over() -> None:
    found = run(invocation([FOR_ANOTHER, FOR_THE_ARCHIVE]), FakeS3())
    assert [one["result"] for one in found] == ["Dropped", "Ok"]
    assert row_of(found[1])["sequence_number"] == "2"


def test_a_stream_that_is_none_of_kinesis_is_told_apart() -> None:
    """Without its place on the stream a record could not be audited."""
    event = invocation([payload()])
    del event["records"][0]["kinesisRecordMetadata"]
    with pytest.raises(msgspec.ValidationError, match="kinesisRecordMetadata"):
        delivered_records(event)


@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.name)
def test_both_archives_judge_alike(poison: Poison) -> None:
    s3 = FakeS3()
    (answer,) = run(invocation([poison.payload]), s3)
    record = StreamRecord(SHARD, "1", ARRIVED, poison.payload, "s")
    batch = sort_batch([record], Limits())
    if poison.reason is not None:
        assert answer["result"] == "Dropped"
        assert [one["reason"] for one in quarantined(s3)] == [one.reason for one in batch.bad]
        return
    ((datehour, (event,)),) = batch.hours.items()
    assert answer["metadata"]["partitionKeys"] == {"datehour": datehour}
    assert msgspec.json.decode(base64.b64decode(answer["data"]), type=Event) == event


PAYLOADS = st.one_of(
    st.binary(max_size=40),
    st.just(FOR_ANOTHER),
    st.builds(lambda number: payload(event_id=f"e{number}"), st.integers(0, 9)),
    st.builds(lambda year: payload(event_time=f"{year}-01-01T00:00:00Z"), st.integers(1960, 2200)),
)


@settings(deadline=None)
@given(st.lists(st.tuples(PAYLOADS, st.sampled_from([SHARD, OTHER])), max_size=20), st.booleans())
def test_every_record_is_answered_once(records: list[tuple[bytes, str]], broken: bool) -> None:
    """What Firehose misses has failed, and fails again however often it is tried."""
    if not records:
        return
    s3 = BrokenS3() if broken else FakeS3()
    event = invocation([data for data, _ in records], [shard for _, shard in records])
    found = run(event, s3)
    assert [one["recordId"] for one in found] == [one["recordId"] for one in event["records"]]
    for one in found:
        assert (one["result"] == "Ok") == bool(one["data"]) == ("metadata" in one)
    dropped = sum(one["result"] == "Dropped" for one in found)
    assert dropped == len(quarantined(s3)) + sum(data == FOR_ANOTHER for data, _ in records)


@settings(deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=60), st.integers(0, 20_000))
def test_an_answer_never_outgrows_what_lambda_takes(sizes: list[int], room: int) -> None:
    verdicts = [
        Verdict(f"{number:056d}", "Ok", b"x" * size, "2026-11-23-01")
        for number, size in enumerate(sizes)
    ]
    limit = room + 300 * len(sizes)
    found, refused = answers(verdicts, limit)
    assert [one["recordId"] for one in found] == [one.record_id for one in verdicts]
    assert len(json.dumps({"records": found})) <= limit
    assert refused == sum(one["result"] == "ProcessingFailed" for one in found)
    assert (refused == 0) or sum(len(one["data"]) for one in found) + 600 > room
    assert MAX_ANSWER_BYTES < 6 * 2**20
