"""The in-process engine against a plain Python account of what compaction means."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.core.compaction import CompactedHour, Sources
from clickstream_platform.core.duckdb_sql import Portions
from clickstream_platform.core.hours import HourRange
from clickstream_platform.defs.lake.duckdb_engine import DuckdbEngine, database_of
from tests.functional.batch.conftest import FakeLake

HOUR = "2015-05-17-10"
START = datetime(2015, 5, 17, 10)  # noqa: DTZ001 - Parquet's timestamps have no zone
WHOLE = Portions()
IN_PASSES = Portions(pass_rows=9, small_bytes=0)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with database_of("200MB") as connection:
        yield connection


SESSIONS = ("a", "b", "b'", "b\0", "\0", "ü", None)


def row_of(event_id: str, arrived_s: int, sequence: str | None) -> dict[str, Any]:
    """A row whose other values follow from its arrival: one record archived twice is alike."""
    number = crc32(f"{event_id} {arrived_s} {sequence}".encode())
    return {
        "event_id": event_id,
        "received_at": START + timedelta(seconds=arrived_s),
        "sequence_number": sequence,
        "session_id": SESSIONS[number % len(SESSIONS)],
        "event_time": START + timedelta(seconds=number // 7 % 4),
        "page_title": str(number),
    }


EVENTS = st.builds(
    row_of,
    st.sampled_from([f"e{number}" for number in range(12)]),
    st.integers(0, 3),
    st.sampled_from(["9", "10", "1" + "0" * 55, None]),
)


def last(value: Any) -> tuple[bool, Any]:
    """Sorts None after everything."""
    return (value is None, value if value is not None else 0)


def arrival(row: dict[str, Any]) -> tuple[Any, ...]:
    sequence = row["sequence_number"]
    return (row["received_at"], last(sequence and len(sequence)), last(sequence))


def expected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each event once, the earliest arrival."""
    kept: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=arrival):
        kept.setdefault(row["event_id"], row)
    order = ("session_id", "event_time", "event_id")
    return sorted(kept.values(), key=lambda row: [last(row[name]) for name in order])


def compact(
    lake: FakeLake, database: duckdb.DuckDBPyConnection, portions: Portions
) -> CompactedHour:
    sources = Sources(HOUR, tuple(lake.list_raw(HourRange(HOUR, HOUR))[HOUR]))
    return DuckdbEngine(lake, database, portions).compact(sources, "events/gen=1/")  # type: ignore[arg-type]


def written(lake: FakeLake) -> list[dict[str, Any]]:
    tables = lake.tables_at(lake.uri("events/gen=1/"))
    return [row for table in tables for row in table.to_pylist()]


@pytest.mark.parametrize("portions", [WHOLE, IN_PASSES], ids=["whole", "in passes"])
@settings(deadline=None, max_examples=40)
@given(files=st.lists(st.lists(EVENTS, min_size=1, max_size=15), min_size=1, max_size=4))
def test_every_event_once_sorted_and_accounted_for(database, portions, files):
    lake = FakeLake()
    for number, rows in enumerate(files):
        lake.put_raw(HOUR, f"f{number}", rows)
    compacted = compact(lake, database, portions)
    rows = [row for file in files for row in file]
    wanted = expected(rows)
    found = [{name: row[name] for name in rows[0]} for row in written(lake)]
    assert found == wanted
    assert compacted.counts.rows_in == len(rows)
    assert compacted.counts.rows_out == len(wanted)
    assert compacted.counts.duplicates == len(rows) - len(wanted)


def test_files_are_of_the_size_asked_for_and_in_order(database):
    lake = FakeLake()
    rows = [
        {
            "event_id": f"e{number:06d}",
            "session_id": f"s{number * 7919 % 1000:03d}",
            "event_time": START,
        }
        for number in range(50_000)
    ]
    lake.put_raw(HOUR, "a", rows)
    compacted = compact(lake, database, Portions(file_bytes=100_000))
    assert compacted.files == -(-compacted.sources.size_bytes // 100_000) > 2
    found = written(lake)
    assert len(found) == len(rows)
    keys = [(row["session_id"], row["event_id"]) for row in found]
    assert keys == sorted(keys), "the files continue each other"


def test_two_threads_may_compact_at_once(database):
    """Each has tables of its own: hours must not see each other's rows."""
    lakes = []
    for name in "ab":
        lake = FakeLake()
        rows = [{"event_id": f"{name}{number}", "session_id": "s"} for number in range(2000)]
        lake.put_raw(HOUR, "f", rows)
        lakes.append(lake)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda lake: compact(lake, database, IN_PASSES), lakes))
    for name, lake in zip("ab", lakes, strict=True):
        assert {row["event_id"][0] for row in written(lake)} == {name}
        assert len(written(lake)) == 2000
