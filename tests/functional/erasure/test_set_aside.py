"""The quarantine is rewritten while the archive and a replay work on it."""

import base64
import json
from typing import Any

import pytest

from clickstream_platform.core.erased import in_note
from clickstream_platform.core.erasure import Given, Person
from clickstream_platform.core.stream_audit import Position
from infra.erasure.errors import ErasureError
from infra.erasure.payloads import Mentions
from infra.erasure.set_aside import SetAsideRecords
from tests.functional.erasure.fakes import Bucket, Clock, FakeLake, FakeS3, KilledError, Life

KEY = "quarantine/day=2026-11-22/shardId-0-1-2.json"
IDS = Given(("anna",))


def line(payload: bytes) -> bytes:
    return json.dumps({"payload": base64.b64encode(payload).decode()}).encode() + b"\n"


ANNA, BOB, EVE = (line(json.dumps({"user_id": name}).encode()) for name in ("anna", "bob", "eve"))


class BusyS3(FakeS3):
    """Somebody else writes the object after each of the first reads."""

    def __init__(self, store: Bucket, changes: list[bytes | None]) -> None:
        super().__init__(store, Life())
        self.changes = changes

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        answer = super().get_object(Bucket, Key)
        if self.changes:
            change = self.changes.pop(0)
            if change is None:
                del self.store.objects[Key]
            else:
                self.store.put(Key, change)
        return answer


def records(store: Bucket, changes: list[bytes | None]) -> SetAsideRecords:
    mentions = Mentions(Person.of(IDS, "5a17"), IDS.ids)
    return SetAsideRecords(FakeLake(store, Life()), BusyS3(store, changes), mentions)


@pytest.fixture
def store() -> Bucket:
    bucket = Bucket(Clock())
    bucket.put(KEY, ANNA + BOB)
    return bucket


def test_what_firehose_could_not_deliver_is_rewritten_too(store: Bucket) -> None:
    """It lies in envelopes of Firehose's: searched as text, nobody would be found in them."""

    def envelope(name: str) -> bytes:
        row = {"user_id": name, "shard_id": "shardId-0", "sequence_number": "7"}
        data = base64.b64encode(json.dumps(row).encode()).decode()
        return json.dumps({"arrivalTimestamp": 1, "rawData": data}).encode() + b"\n"

    key = "undelivered/day=2026-11-22/format-conversion-failed/clickstream-archive-1-x"
    store.put(key, envelope("anna") + envelope("bob"))
    found = records(store, [])
    assert found.find() == {KEY: 1, key: 1}
    found.purge(key)
    assert store.read(key) == envelope("bob")
    (note,) = [one for one in store.objects if one.startswith("erased/")]
    assert in_note(store.read(note)) == {Position("shardId-0", 7)}


def test_a_record_that_comes_meanwhile_is_kept(store: Bucket) -> None:
    records(store, [ANNA + BOB + EVE]).purge(KEY)
    assert store.read(KEY) == BOB + EVE


def test_a_record_that_was_replayed_meanwhile_does_not_come_back(store: Bucket) -> None:
    records(store, [ANNA]).purge(KEY)
    assert store.keys() == []


def test_where_a_record_was_on_the_stream_is_noted_before_it_goes(store: Bucket) -> None:
    """Whoever dies in between has erased nothing; the other way round it would look lost."""
    place = {"shard_id": "shardId-0", "sequence_number": "17"}
    store.put(KEY, json.dumps({**json.loads(ANNA), **place}).encode() + b"\n" + ANNA + BOB)
    life = Life(dies_after=1)
    mentions = Mentions(Person.of(IDS, "5a17"), IDS.ids)
    with pytest.raises(KilledError):
        SetAsideRecords(FakeLake(store, life), FakeS3(store, life), mentions).purge(KEY)
    [note] = store.keys("erased/quarantine/")
    assert in_note(store.read(note)) == {Position("shardId-0", 17)}
    assert store.read(KEY).count(b"\n") == 3
    records(store, []).purge(KEY)
    assert (store.read(KEY), store.keys("erased/")) == (BOB, [note])


def test_an_object_that_is_gone_meanwhile_needs_nothing(store: Bucket) -> None:
    records(store, [None]).purge(KEY)
    assert store.keys() == []


def test_an_object_that_never_stays_as_it_is_is_said(store: Bucket) -> None:
    changes: list[bytes | None] = [ANNA + BOB + EVE * number for number in range(1, 9)]
    with pytest.raises(ErasureError, match="keeps changing"):
        records(store, changes).purge(KEY)


def test_an_object_of_others_is_not_written(store: Bucket) -> None:
    store.put(KEY, BOB)
    before = store.objects[KEY]
    looking = records(store, [])
    assert looking.find() == {}
    looking.purge(KEY)
    assert store.objects[KEY] is before


def test_lines_that_are_no_records_are_searched_as_they_are(store: Bucket) -> None:
    store.put(KEY, b"somebody's notes on anna\nand on bob\n" + b'{"payload": "not base64!"}\n')
    looking = records(store, [])
    assert looking.find() == {KEY: 1}
    looking.purge(KEY)
    assert store.read(KEY) == b'and on bob\n{"payload": "not base64!"}\n'
