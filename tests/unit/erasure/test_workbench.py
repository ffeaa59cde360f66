"""A file without a person is otherwise the same file."""

import datetime as dt
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream_platform.core.erasure import Given, Person
from clickstream_platform.core.stream_audit import Position
from infra.erasure.workbench import FileCounts, Workbench, workbench_for
from lambdas.event_processor.store import SCHEMA

PERSON = Person.of(Given(("anna",), ("d-anna",)), "5a17")
# Columns of a later contract, of kinds that today's does not have.
LATER = pa.schema(
    [
        *SCHEMA,
        ("number", pa.int32()),
        ("price", pa.decimal128(12, 2)),
        ("tags", pa.list_(pa.string())),
        ("place", pa.struct([("city", pa.string()), ("point", pa.list_(pa.float64()))])),
        ("day", pa.date32()),
        ("raw", pa.binary()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("count 1", pa.uint16()),
    ]
)


def table(schema: pa.Schema = LATER) -> pa.Table:
    """Six rows: Anna's, Bob's, and those of devices without a user."""
    people = [
        ("anna", None),
        ("bob", "d-anna"),  # a known user on her device
        (None, "d-anna"),
        (None, "d-bob"),
        (None, None),
        ("bob", None),
    ]
    rows = [
        {
            "event_id": f"e{number}",
            "event_time": dt.datetime(2026, 1, 1, 10, 0, 0, number),  # noqa: DTZ001 - as stored
            "session_id": "s",
            "user_id": user,
            "anonymous_id": device,
            "time_spent": number / 3,
            "experiments": [("ü", ""), ("a", None)],
            "number": -number,
            "price": Decimal("12.30"),
            "tags": ["ä", None],
            "place": {"city": "Köln", "point": [50.9, float("inf")]},
            "day": dt.date(2026, 1, 1),
            "raw": b"\x00\xff",
            "at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            "count 1": 7,
        }
        for number, (user, device) in enumerate(people)
    ]
    return pa.Table.from_pylist(rows, schema=schema)


@pytest.fixture
def workbench() -> Iterator[Workbench]:
    with workbench_for(PERSON, "100MB") as bench:
        yield bench


def test_every_value_and_type_of_the_others_stays(workbench: Workbench, tmp_path: Path) -> None:
    source, target = tmp_path / "a 'b'.parquet", tmp_path / "c.parquet"
    pq.write_table(table(), source)
    assert workbench.counts([source]) == {source: FileCounts(6, 2)}
    workbench.keep(source, target)
    assert pq.read_table(target).equals(table().take([1, 3, 4, 5]))
    assert workbench.counts([target]) == {target: FileCounts(4, 0)}


def test_places_are_those_of_the_persons_rows(workbench: Workbench, tmp_path: Path) -> None:
    rows = table(SCHEMA).to_pylist()
    placed = zip(rows, ("1", "2", str(10**55), "4", "5", "6"), strict=True)
    rows = [{**row, "shard_id": "shardId-0", "sequence_number": number} for row, number in placed]
    nowhere = {**rows[0], "shard_id": None}, {**rows[0], "sequence_number": ""}
    one, other = tmp_path / "1.parquet", tmp_path / "2.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), one)
    pq.write_table(pa.Table.from_pylist([*rows[:2], *nowhere], schema=SCHEMA), other)
    assert workbench.places([one, other]) == {
        Position("shardId-0", 1),
        Position("shardId-0", 10**55),
    }
    plain = tmp_path / "plain.parquet"
    pq.write_table(table(SCHEMA).drop_columns(["shard_id"]), plain)
    assert workbench.places([plain]) == set()


def test_a_file_from_before_a_column_was_added_is_read(
    workbench: Workbench, tmp_path: Path
) -> None:
    old = [name for name in SCHEMA.names if name not in {"user_id", "anonymous_id"}]
    source, target = tmp_path / "old.parquet", tmp_path / "kept.parquet"
    pq.write_table(table().select(old), source)
    newer = tmp_path / "newer.parquet"
    pq.write_table(table(), newer)
    assert workbench.counts([source, newer])[source] == FileCounts(6, 0)
    workbench.keep(source, target)
    assert pq.read_table(target).equals(table().select(old))


def test_late_events_are_those_that_no_compacted_file_has(
    workbench: Workbench, tmp_path: Path
) -> None:
    raw, kept, late = (tmp_path / f"{name}.parquet" for name in ("raw", "kept", "late"))
    pq.write_table(pa.concat_tables([table(), table()]), raw)
    pq.write_table(table(SCHEMA).slice(0, 4), kept)
    assert workbench.write_late([raw], [kept], late)
    assert pq.read_table(late).column("event_id").to_pylist() == ["e4", "e5"]
    assert not workbench.write_late([kept], [raw], late)
    assert not late.exists()


def test_an_hour_of_nobody_has_the_contracts_columns(workbench: Workbench, tmp_path: Path) -> None:
    workbench.write_empty(tmp_path / "empty.parquet")
    assert pq.read_table(tmp_path / "empty.parquet").equals(SCHEMA.empty_table())


def test_marts_are_about_somebody_by_any_of_their_ids(workbench: Workbench, tmp_path: Path) -> None:
    file = tmp_path / "mart"
    for visitor, is_about in (("anna", True), ("d-anna", True), ("d-bob", False)):
        pq.write_table(pa.table({"visitor_id": [visitor, None]}), file)
        assert workbench.is_about_person(file) is is_about
    pq.write_table(pa.table({"page_path": ["anna"]}), file)
    assert not workbench.is_about_person(file)


def test_what_a_killed_process_left_on_this_machine_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    mine = [tmp_path / f"clickstream-erasure-{pid}-x" for pid in (ended.pid, os.getpid())]
    for folder in mine:
        folder.mkdir()
    with workbench_for(PERSON, "100MB"):
        assert [folder.exists() for folder in mine] == [False, True]
