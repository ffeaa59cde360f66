"""The archive keeps every record somewhere; an alert is published once."""

import base64
import io
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from lambdas.event_processor.logic import sort_batch
from lambdas.event_processor.store import SCHEMA, Archive
from lambdas.shared.codec import StreamRecord
from lambdas.shared.enrichment import channel_of, client_of
from lambdas.shared.event import Event
from lambdas.shared.limits import Limits

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
