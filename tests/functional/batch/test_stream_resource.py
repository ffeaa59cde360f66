"""Reading the stream: where a window begins and ends, and what happens when Kinesis is busy."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws

from clickstream_platform.resources.stream import StreamResource
from lambdas.shared.redriven import Redriven, wrap

SHARD = "shardId-000000000000"
START = datetime(2026, 11, 23, 8, tzinfo=UTC)
END = START + timedelta(hours=1)


class FakeKinesis:
    """One shard; a read answers with the next page, whatever limit it has."""

    def __init__(self, *pages: list[int], behind_ms: int = 0, data: bytes = b"{}") -> None:
        """Pages of records, each record by its minute of arrival; numbered from 1."""
        number = 0
        self.answers: list[dict[str, Any]] = []
        for index, minutes in enumerate(pages):
            records = []
            for minute in minutes:
                number += 1
                at = START + timedelta(minutes=minute)
                records.append(
                    {
                        "SequenceNumber": str(10**55 + number),
                        "ApproximateArrivalTimestamp": at,
                        "Data": data,
                        "PartitionKey": "k",
                    }
                )
            is_last = index == len(pages) - 1
            answer = {"Records": records, "MillisBehindLatest": behind_ms if is_last else 1000}
            self.answers.append({**answer, "NextShardIterator": f"page-{index + 1}"})
        self.reads = 0
        self.began_at: datetime | None = None

    def get_shard_iterator(self, **call: Any) -> dict[str, str]:
        assert (call["ShardIteratorType"], call["ShardId"]) == ("AT_TIMESTAMP", SHARD)
        self.began_at = call["Timestamp"]
        return {"ShardIterator": "page-0"}

    def get_records(self, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
        self.reads += 1
        index = int(ShardIterator.removeprefix("page-"))
        if index >= len(self.answers):
            return {"Records": [], "MillisBehindLatest": 0, "NextShardIterator": ShardIterator}
        return self.answers[index]


@pytest.fixture
def read(monkeypatch):
    """Reads the window from a fake; returns the numbers of each page."""

    def reading(kinesis: FakeKinesis, **options: float) -> list[list[int]]:
        monkeypatch.setattr(boto3, "client", lambda *_, **__: kinesis)
        stream = StreamResource(name="events", **{"reads_per_s": 1000, **options})
        pages = list(stream.read(SHARD, START, END))
        return [[one.position.number - 10**55 for one in page] for page in pages]

    return reading


def test_a_window_ends_before_the_first_record_at_its_end(read):
    kinesis = FakeKinesis([0, 59], [59, 60, 61], [62])
    assert read(kinesis) == [[1, 2], [3]]
    assert (kinesis.reads, kinesis.began_at) == (2, START)


def test_nothing_is_left_out_between_two_records_although_times_are_approximate(read):
    """A record in between that is archived would look as if the stream had never had it."""
    assert read(FakeKinesis([58, 60, 59])) == [[1]]


def test_empty_reads_are_no_end_until_the_shard_is_read(read):
    kinesis = FakeKinesis([], [], [5], [], [6], [])
    assert read(kinesis) == [[1], [2]]


def test_a_closed_shard_ends(read):
    kinesis = FakeKinesis([5], [6])
    del kinesis.answers[-1]["NextShardIterator"]
    assert read(kinesis) == [[1], [2]]


def test_reading_leaves_room_for_the_functions(read, monkeypatch):
    """What an audit takes of a shard's 2 MB a second, the functions wait for."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    read(FakeKinesis([1] * 10, [2], [60], data=b"x" * 1000), bytes_per_s=10_000, reads_per_s=2)
    assert pauses == [1.0, 0.5]


def test_a_redriven_record_says_for_whom_it_is(monkeypatch):
    mark = Redriven("aggregator", ((SHARD, "1"),))
    kinesis = FakeKinesis([1], data=wrap(b"{}", mark))
    monkeypatch.setattr(boto3, "client", lambda *_, **__: kinesis)
    [[record]] = StreamResource(name="events").read(SHARD, START, END)
    assert record.redriven == mark
    assert not record.is_for_archive


@pytest.fixture
def aws(monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KINESIS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


class _Raw:
    def stream(self, **_: Any):
        yield b'{"__type": "ProvisionedThroughputExceededException", "message": "slow down"}'


def test_a_throttled_read_is_tried_again(aws, monkeypatch):
    """The functions read the same shard; whoever comes sixth in a second is sent away."""
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="events", ShardCount=1)
    kinesis.put_record(StreamName="events", Data=b"{}", PartitionKey="k")
    stream = StreamResource(name="events", reads_per_s=1000)
    assert stream.retention() == timedelta(hours=24)
    [shard_id] = stream.shards()
    refused: list[str] = []

    def refuse(request: Any, **_: Any) -> AWSResponse | None:
        if len(refused) == 8:  # more than boto3 tries by itself
            return None
        refused.append(request.url)
        return AWSResponse(request.url, 400, {}, _Raw())

    monkeypatch.setattr("time.sleep", lambda _: None)
    stream._client.meta.events.register_first("before-send.kinesis.GetRecords", refuse)
    now = datetime.now(UTC)
    window = (now - timedelta(hours=1), now + timedelta(hours=1))
    assert sum(map(len, stream.read(shard_id, *window))) == 1
    assert len(refused) == 8


def test_a_shard_that_is_gone_holds_nothing(aws):
    boto3.client("kinesis").create_stream(StreamName="events", ShardCount=1)
    now = datetime.now(UTC)
    stream = StreamResource(name="events")
    assert list(stream.read("shardId-000000000099", now - timedelta(hours=1), now)) == []
