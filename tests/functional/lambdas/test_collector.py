"""The collector gives a verdict for every event and loses none in between."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from lambdas.collector import handler as collector
from lambdas.collector.logic import Client, Entry, judge, read_body
from lambdas.collector.store import StreamWriter
from lambdas.shared.event import InvalidEvent
from lambdas.shared.limits import Limits

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
CLIENT = Client("203.0.113.9", "Mozilla/5.0")
VIEW = {"event_type": "page_view", "session_id": "s1", "event_time": NOW.isoformat()}
MENU_CLICK = {
    "element_clicked": "drink_3",
    "time_spent": 14,
    "source_menu": "restaurant_name",
    "created_at": "2022-09-11 23:05:00",
}


class FakeKinesis:
    """A stream that refuses records as told: one list of flags for each call."""

    def __init__(self, *refusals: list[bool] | Exception) -> None:
        self.refusals = list(refusals)
        self.taken: list[bytes] = []
        self.calls: list[int] = []

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.calls.append(len(Records))
        refusal = self.refusals.pop(0) if self.refusals else [False] * len(Records)
        if isinstance(refusal, Exception):
            raise refusal
        results = []
        for record, refused in zip(Records, refusal, strict=True):
            if refused:
                results.append({"ErrorCode": "ProvisionedThroughputExceededException"})
            else:
                self.taken.append(record["Data"])
                results.append({"SequenceNumber": "1", "ShardId": "shardId-0"})
        return {"Records": results}


def entries(*names: str) -> list[Entry]:
    return [Entry(i, name, name, name.encode()) for i, name in enumerate(names)]


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def writer(kinesis: FakeKinesis) -> StreamWriter:
    clock = Clock()
    return StreamWriter(kinesis, "stream", clock.sleep, lambda: clock.now)  # type: ignore[arg-type]


def test_only_refused_entries_are_put_again() -> None:
    """Putting the whole call again would store the others twice."""
    kinesis = FakeKinesis([False, True, False, True], [True, False])
    assert writer(kinesis).put(entries("a", "b", "c", "d")) == []
    assert kinesis.taken == [b"a", b"c", b"d", b"b"]
    assert kinesis.calls == [4, 2, 1]


def test_entries_refused_to_the_end_are_given_back_in_time() -> None:
    """A function that is killed for its time gives no verdicts, and its client sends all again."""
    kinesis = FakeKinesis(*([[True]] * 100))
    clock = Clock()
    writer_ = StreamWriter(kinesis, "stream", clock.sleep, lambda: clock.now)  # type: ignore[arg-type]
    assert [entry.event_id for entry in writer_.put(entries("a"))] == ["a"]
    assert 3 < len(kinesis.calls) < 12
    assert clock.now < 29


def test_a_call_that_does_not_get_through_is_tried_again() -> None:
    unreachable = EndpointConnectionError(endpoint_url="http://127.0.0.1")
    kinesis = FakeKinesis(unreachable)
    assert writer(kinesis).put(entries("a", "b")) == []
    assert kinesis.taken == [b"a", b"b"]


def test_a_refusal_of_the_call_itself_is_a_fault() -> None:
    """Retrying a missing permission would only hide it."""
    answer = {
        "Error": {"Code": "AccessDeniedException"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    denied = ClientError(answer, "PutRecords")  # type: ignore[arg-type]
    with pytest.raises(ClientError):
        writer(FakeKinesis(denied)).put(entries("a"))


def test_missing_credentials_are_a_fault_and_not_a_busy_stream() -> None:
    with pytest.raises(NoCredentialsError):
        writer(FakeKinesis(NoCredentialsError())).put(entries("a"))


def test_calls_keep_to_the_limits_of_put_records() -> None:
    kinesis = FakeKinesis()
    big = [Entry(i, "e", "k", b"x" * 900_000) for i in range(6)]
    assert writer(kinesis).put([*entries(*["s"] * 501), *big]) == []
    assert kinesis.calls == [500, 5, 2]


def test_both_documents_samples_are_accepted() -> None:
    page_view = {
        "event_type": "page_view",
        "session_id": "session_x",
        "user_id": "user_1",
        "timestamp": NOW.isoformat(),
        "page_url": "/home",
        "user_agent": "Mozilla/5.0",
        "ip_address": "192.168.1.5",
        "referrer": None,
    }
    accepted, rejected = judge([MENU_CLICK, page_view], CLIENT, NOW, Limits())
    assert rejected == []
    assert [json.loads(entry.data)["event_type"] for entry in accepted] == ["click", "page_view"]
    assert accepted[1].key == "session_x"


def test_events_without_identity_belong_to_one_visitor_a_day() -> None:
    accepted, _ = judge([MENU_CLICK, MENU_CLICK], CLIENT, NOW, Limits())
    assert len({entry.key for entry in accepted}) == 1
    assert len({entry.event_id for entry in accepted}) == 2
    other, _ = judge([MENU_CLICK], Client("203.0.113.10", "Mozilla/5.0"), NOW, Limits())
    assert other[0].key != accepted[0].key


def test_a_client_cannot_choose_when_its_event_arrived() -> None:
    forged = {**VIEW, "received_at": "2001-01-01T00:00:00Z"}
    accepted, _ = judge([forged], CLIENT, NOW, Limits())
    assert json.loads(accepted[0].data)["received_at"] == "2026-11-23T01:00:00Z"


@pytest.mark.parametrize(
    ("body", "reason"),
    [("", "invalid_json"), ("{", "invalid_json"), ("[]", "no_events"), (b"\xff", "invalid_json")],
)
def test_bodies_that_are_refused_whole(body: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidEvent, match=reason):
        read_body(body)


def post(
    body: str, kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch, *, is_base64: bool = False
) -> tuple[int, Any]:
    monkeypatch.setenv("STREAM_NAME", "stream")
    collector._environment.cache_clear()
    monkeypatch.setattr(collector, "_writer", lambda: writer(kinesis))
    event = {
        "version": "2.0",
        "rawPath": "/v1/events",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {
                "method": "POST",
                "path": "/v1/events",
                "sourceIp": "203.0.113.9",
                "userAgent": "Mozilla/5.0",
            },
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }
    answer = collector.app.resolve(event, None)  # type: ignore[arg-type]
    return int(answer["statusCode"]), json.loads(answer["body"])


@pytest.mark.parametrize(
    ("events", "refusals", "status", "verdicts"),
    [
        ([VIEW], [], 200, ["accepted"]),
        ([VIEW, 3], [], 200, ["accepted", "rejected"]),
        ([3, None], [], 400, ["rejected", "rejected"]),
        ([VIEW, VIEW], [[False, True]] + [[True]] * 99, 503, ["accepted", "retry"]),
    ],
)
def test_every_event_gets_its_verdict(
    events: list[Any],
    refusals: list[list[bool]],
    status: int,
    verdicts: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    got, body = post(json.dumps(events), FakeKinesis(*refusals), monkeypatch)
    assert got == status
    assert [verdict["status"] for verdict in body["results"]] == verdicts
    assert [verdict["index"] for verdict in body["results"]] == list(range(len(events)))


def test_a_body_that_is_no_json_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    status, body = post("{oops", FakeKinesis(), monkeypatch)
    assert (status, body["error"]) == (400, "invalid_json")


def test_a_body_that_is_no_text_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The HTTP API hands over such a body as base64; decoding it as text would be a 500."""
    status, body = post("/+n/", FakeKinesis(), monkeypatch, is_base64=True)
    assert (status, body["error"]) == (400, "invalid_json")
