"""Every poison we know, among good events: it is set aside or accepted, and harms nobody.

A record that made one function fail would hold up its shard; one that the functions judge
differently would be counted and not kept, or kept and not counted.
"""

import base64
import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from lambdas.aggregator import handler as aggregator
from lambdas.aggregator.attempts import Attempts
from lambdas.aggregator.keys import STRAY
from lambdas.aggregator.remains import Remains
from lambdas.aggregator.session_store import SessionStore
from lambdas.aggregator.store import CounterStore
from lambdas.event_processor import handler as archive
from lambdas.shared.codec import stream_records
from lambdas.shared.limits import Limits
from lambdas.shared.stream import decode_batch
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.shards import FakeShards
from tests.functional.lambdas.poisons import NEIGHBOURS, POISONS, Poison, neighbours
from tests.functional.lambdas.test_archive import FakeS3
from tests.functional.lambdas.test_observability import Context

ARRIVED = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SHARD = "shardId-000000000000"


def invocation(payloads: list[bytes]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventID": f"{SHARD}:{number}",
                "kinesis": {
                    "partitionKey": "s",
                    "sequenceNumber": str(number),
                    "data": base64.b64encode(data).decode(),
                    "approximateArrivalTimestamp": ARRIVED.timestamp(),
                },
            }
            for number, data in enumerate(payloads, start=1)
        ]
    }


class Functions:
    """The functions on fakes, for one batch."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.s3, self.dynamodb = FakeS3(), FakeDynamoDB()
        store = archive.Archive(self.s3, "lake")  # type: ignore[arg-type]
        dynamodb: Any = self.dynamodb
        shards: Any = FakeShards()
        remains = Remains(dynamodb, shards, "c", Limits(), now=lambda: 0.0)
        attempts = Attempts(dynamodb, shards, "c", remains)
        counters = CounterStore(dynamodb, "c", now=lambda: 0.0)
        stores = counters, SessionStore(dynamodb, "c", now=lambda: 0.0), attempts
        monkeypatch.setattr(archive, "_archive", lambda: store)
        monkeypatch.setattr(aggregator, "_stores", lambda: stores)

    def process(self, payloads: list[bytes]) -> None:
        event = invocation(payloads)
        for function in (archive, aggregator):
            assert function.handler(event, Context()) == {"batchItemFailures": []}
        # All that the detector is told of a batch.
        arrivals, bad = decode_batch(stream_records(event), Limits(), "anomaly_detector")
        assert [arrival.event.event_id for arrival in arrivals] == [
            row["event_id"]
            for row in sorted(self.rows(), key=lambda row: int(row["sequence_number"]))
        ]
        assert bad == len(self.quarantined())

    def rows(self) -> list[dict[str, Any]]:
        """The rows of all raw objects."""
        return [
            row
            for key, body in self.s3.objects.items()
            if key.startswith("raw/")
            for row in pq.read_table(io.BytesIO(body)).to_pylist()
        ]

    def quarantined(self) -> list[dict[str, Any]]:
        """What was set aside, in the order of the stream."""
        bodies = [body for key, body in self.s3.objects.items() if key.startswith("quarantine/")]
        return [json.loads(line) for body in bodies for line in body.splitlines()]

    def counted(self) -> Counter[str]:
        """Events by session, as the counters have them."""
        sessions = self.dynamodb.tables["c-session-metrics"].values()
        found = Counter(
            {
                one["session_id"]["S"].partition(STRAY)[0]: int(one["event_count"]["N"])
                for one in sessions
            }
        )
        counters = self.dynamodb.tables["c-counters"].values()
        assert found.total() == sum(
            int(one["event_count"]["N"]) for one in counters if "event_count" in one
        )
        return found


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LAKE_BUCKET", "lake")
    monkeypatch.setenv("TABLE_PREFIX", "c")
    monkeypatch.setenv("STREAM_NAME", "events")
    for function in (archive, aggregator):
        function._environment.cache_clear()
    yield
    for function in (archive, aggregator):
        function._environment.cache_clear()


def quarantine_line(poison: Poison, number: int) -> dict[str, Any]:
    """What the archive writes about a record, but for the detail."""
    return {
        "reason": poison.reason,
        "payload": base64.b64encode(poison.payload).decode(),
        "shard_id": SHARD,
        "sequence_number": str(number),
        "arrived_at": ARRIVED.isoformat(),
    }


@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.name)
def test_one_among_good_events(poison: Poison, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Counter(json.loads(data)["session_id"] for data in neighbours())
    for position in (0, NEIGHBOURS, random.Random(poison.name).randrange(1, NEIGHBOURS)):
        functions, payloads = Functions(monkeypatch), neighbours()
        payloads.insert(position, poison.payload)
        functions.process(payloads)
        rows = {row["event_id"]: row for row in functions.rows()}
        found = rows.pop("poison", None)
        assert rows.keys() == {f"good-{number}" for number in range(NEIGHBOURS)}
        set_aside = functions.quarantined()
        if poison.reason is None:
            assert found is not None
            assert {name: found[name] for name in poison.kept} == poison.kept
            assert set_aside == []
            assert functions.counted() == sessions + Counter([found["session_id"]])
        else:
            assert found is None
            [line] = set_aside
            assert line.pop("detail")
            assert line == quarantine_line(poison, position + 1)
            assert functions.counted() == sessions


def test_all_of_them_in_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their ids are the same where they have one, so what is accepted is counted once a session."""
    chance = random.Random(1)
    batch = [Poison("good", data, None) for data in neighbours()] + list(POISONS)
    chance.shuffle(batch)
    functions = Functions(monkeypatch)
    functions.process([poison.payload for poison in batch])
    lines = functions.quarantined()
    assert [line.pop("detail") != "" for line in lines] == [True] * len(lines)
    assert lines == [
        quarantine_line(poison, number)
        for number, poison in enumerate(batch, start=1)
        if poison.reason
    ]
    assert len(functions.rows()) == len(batch) - len(lines)
    assert functions.counted().total() == NEIGHBOURS + 2


def test_names_of_poisons_are_their_own() -> None:
    """Two of one name would be placed alike and reported as one."""
    assert len({poison.name for poison in POISONS}) == len(POISONS)
