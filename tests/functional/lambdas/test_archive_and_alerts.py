"""The archive keeps every record somewhere; an alert is published once."""

import base64
import io
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from lambdas.anomaly_detector.rules import Alert, find_alerts
from lambdas.anomaly_detector.store import AlertStore, PublishFailed
from lambdas.event_processor.logic import sort_batch
from lambdas.event_processor.store import SCHEMA, Archive
from lambdas.shared.codec import StreamRecord
from lambdas.shared.enrichment import channel_of, client_of
from lambdas.shared.event import Event
from lambdas.shared.limits import Limits
from tests.fakes.dynamodb import CrashError, FakeDynamoDB

NOW = datetime(2026, 11, 23, 1, 59, 59, 999999, tzinfo=UTC)


class FakeS3:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        self.objects[Key] = Body


def record(number: int, payload: object) -> StreamRecord:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return StreamRecord("shardId-000000000000", str(number), NOW, data, "s")


def event(time: str, **fields: Any) -> dict[str, Any]:
    return {"event_type": "page_view", "session_id": "s", "timestamp": time, **fields}


def test_a_batch_lands_by_the_hour_of_its_events_and_bad_records_are_kept() -> None:
    s3 = FakeS3()
    records = [
        record(1, event("2026-11-23T00:59:59.999999Z", page_url="/a", experiments={"x": "b"})),
        record(2, b"\xff not json"),
        record(3, event("2026-11-23T01:00:00Z")),
        record(4, event("2026-11-23T03:00:00Z")),
    ]
    Archive(s3, "lake").write(sort_batch(records, Limits()))  # type: ignore[arg-type]
    name = "shardId-000000000000-1-4"
    assert sorted(s3.objects) == [
        f"quarantine/day=2026-11-23/{name}.json",
        f"raw/datehour=2026-11-23-00/{name}.parquet",
        f"raw/datehour=2026-11-23-01/{name}.parquet",
    ]
    table = pq.read_table(io.BytesIO(s3.objects[f"raw/datehour=2026-11-23-00/{name}.parquet"]))
    assert table.schema.equals(SCHEMA)
    row = table.to_pylist()[0]
    assert row["event_time"] == datetime(2026, 11, 23, 0, 59, 59, 999999)  # noqa: DTZ001
    assert row["experiments"] == [("x", "b")]
    assert (row["shard_id"], row["sequence_number"]) == ("shardId-000000000000", "1")
    bad = s3.objects[f"quarantine/day=2026-11-23/{name}.json"].splitlines()
    assert [json.loads(line)["reason"] for line in bad] == ["invalid_json", "in_the_future"]
    assert base64.b64decode(json.loads(bad[0])["payload"]) == b"\xff not json"


def test_a_batch_delivered_again_overwrites_itself() -> None:
    s3 = FakeS3()
    for _ in range(2):
        batch = sort_batch([record(1, event("2026-11-23T01:00:00Z"))], Limits())
        Archive(s3, "lake").write(batch)  # type: ignore[arg-type]
    assert len(s3.objects) == 1


@pytest.mark.parametrize(
    ("agent", "bot", "device"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True, "bot"),
        ("UniversalFeedParser/4.2", True, "bot"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", False, "desktop"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 8_0 like Mac OS X) Mobile", False, "mobile"),
        ("Mozilla/5.0 (iPad; CPU OS 8_0 like Mac OS X)", False, "tablet"),
        (None, False, None),
    ],
)
def test_what_a_user_agent_says(agent: str | None, bot: bool, device: str | None) -> None:
    client = client_of(agent)
    assert (client.is_bot, client.device) == (bot, device)


@pytest.mark.parametrize(
    ("fields", "channel"),
    [
        ({}, "direct"),
        ({"referrer": "-"}, "direct"),
        ({"referrer": "https://www.google.com/search"}, "search"),
        ({"referrer": "https://t.co/x"}, "social"),
        ({"referrer": "https://shop.example/a", "page_host": "shop.example"}, "internal"),
        ({"referrer": "https://blog.example/"}, "referral"),
        ({"utm_source": "news", "referrer": "https://www.google.com"}, "campaign"),
        ({"referrer": "http://["}, "direct"),
    ],
)
def test_channels(fields: dict[str, str], channel: str) -> None:
    required = {"event_id": "e", "event_type": "x", "event_time": NOW, "received_at": NOW}
    assert channel_of(Event(**required, session_id="s", **fields)) == channel


class FakeSns:
    def __init__(self, failing: int = 0) -> None:
        self.messages: list[dict[str, Any]] = []
        self.failing = failing

    def publish_batch(self, **call: Any) -> dict[str, Any]:
        entries = call["PublishBatchRequestEntries"]
        failed = entries[: 1 if self.failing else 0]
        self.failing = max(0, self.failing - 1)
        taken = [entry for entry in entries if entry not in failed]
        self.messages.extend(json.loads(entry["Message"]) for entry in taken)
        return {"Failed": [{"Id": entry["Id"]} for entry in failed]}


def alert(session: str) -> Alert:
    return Alert(f"rule#{session}", "rule", session, NOW.isoformat(), "evidence")


def store(dynamodb: FakeDynamoDB, sns: FakeSns) -> AlertStore:
    return AlertStore(dynamodb, sns, "c", "arn", now=lambda: 0.0)  # type: ignore[arg-type]


def test_an_alert_is_published_once() -> None:
    dynamodb, sns = FakeDynamoDB(), FakeSns()
    assert store(dynamodb, sns).raise_alerts([alert("a"), alert("b")]) == 2
    assert store(dynamodb, sns).raise_alerts([alert("a"), alert("b")]) == 0
    assert [message["session_id"] for message in sns.messages] == ["a", "b"]


@pytest.mark.parametrize("failure", ["crash before it is marked", "sns refuses"])
def test_a_pending_alert_is_published_after_a_crash(failure: str) -> None:
    dynamodb, sns = FakeDynamoDB(), FakeSns(failing=1 if failure == "sns refuses" else 0)
    dynamodb.writes_left = None if failure == "sns refuses" else 1
    with pytest.raises((CrashError, PublishFailed)):
        store(dynamodb, sns).raise_alerts([alert("a")])
    dynamodb.writes_left = None
    assert store(dynamodb, sns).raise_alerts([alert("a")]) == 1
    assert {message["session_id"] for message in sns.messages} == {"a"}


def test_alerts_that_were_sent_are_not_sent_again_when_others_are_refused() -> None:
    dynamodb, sns = FakeDynamoDB(), FakeSns(failing=1)
    with pytest.raises(PublishFailed):
        store(dynamodb, sns).raise_alerts([alert("a"), alert("b"), alert("c")])
    assert [message["session_id"] for message in sns.messages] == ["b", "c"]
    assert store(dynamodb, sns).raise_alerts([alert("a"), alert("b"), alert("c")]) == 1
    assert [message["session_id"] for message in sns.messages] == ["b", "c", "a"]


def test_robots_raise_one_alert_a_session() -> None:
    base = {"event_type": "x", "event_time": NOW, "received_at": NOW}
    events = [
        Event(event_id=str(i), session_id=session, user_agent=agent, **base)
        for i, (session, agent) in enumerate(
            [("a", "SomeBot/1"), ("a", "SomeBot/1"), ("b", "Mozilla"), ("c", None)]
        )
    ]
    assert [found.alert_id for found in find_alerts(events)] == ["suspicious_user_agent#a"]
