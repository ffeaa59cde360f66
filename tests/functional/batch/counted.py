"""What the checks look at, in memory: tables that answer SQL, a bucket, a stream, counters."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import dagster as dg
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from clickstream_platform.core.reconciled_counts import HourAndType, RealTimeCount
from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.core.stream_audit import Position, Record
from clickstream_platform.resources.catalog import Partition
from clickstream_platform.resources.counters import CountersError
from lambdas.shared import lake as layout
from lambdas.shared.columns import EVENT_COLUMNS
from lambdas.shared.redriven import Redriven

BUCKET = "lake"
EVENTS = dg.AssetKey(["lake", "events"])
RAW_HOURS = dg.AssetKey(["ingestion", "raw_hours"])
SHARD = "shardId-000000000000"
_COUNTED = ("datehour", "event_id", "event_type", "received_at", "shard_id", "sequence_number")


class TablesInMemory:
    """Answers SQL over rows; the values of an answer are texts, as Athena's are."""

    def __init__(self, raw: Iterable[tuple], compacted: Iterable[tuple]) -> None:
        self._database = duckdb.connect(config={"threads": 1})
        types = dict.fromkeys(_COUNTED, "VARCHAR") | {"received_at": "TIMESTAMP"}
        columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
        for table, rows in (("raw_events", list(raw)), ("events", list(compacted))):
            self._database.execute(f"CREATE TABLE {table} ({columns})")
            if rows:
                marks = ", ".join(f"({', '.join('?' * len(_COUNTED))})" for _ in rows)
                values = [value for one in rows for value in one]
                self._database.execute(f"INSERT INTO {table} VALUES {marks}", values)  # noqa: S608
        self.questions: list[str] = []

    def query(self, sql: str) -> list[dict[str, str | None]]:
        self.questions.append(sql)
        answer = self._database.execute(sql)
        names = [column[0] for column in answer.description]
        return [
            {
                name: None if value is None else str(value)
                for name, value in zip(names, row, strict=True)
            }
            for row in answer.fetchall()
        ]


def row(
    event_id: str,
    hour: str,
    *,
    event_type: str = "click",
    received_at: datetime,
    number: int,
    shard_id: str = SHARD,
) -> tuple:
    """A row of either table, in the order of its columns."""
    naive = received_at.astimezone(UTC).replace(tzinfo=None)
    return (hour, event_id, event_type, naive, shard_id, str(number))


class CatalogInMemory:
    """Partitions and columns of the two tables."""

    def __init__(self) -> None:
        self.places: dict[str, Partition] = {}
        contract = {column.name: str(column.hive_type) for column in EVENT_COLUMNS}
        self.tables = {"raw_events": dict(contract), "events": dict(contract)}
        self.on_lookup = None

    def place(self, hour: str, location: str, **parameters: str) -> None:
        self.places[hour] = Partition(hour, location, parameters)

    def partitions(self, table: str, hours: Iterable[str]) -> dict[str, Partition]:
        found = {hour: self.places[hour] for hour in hours if hour in self.places}
        if self.on_lookup is not None:
            self.on_lookup()
        return found

    def all_partitions(self, table: str) -> dict[str, Partition]:
        return dict(self.places)

    def locations(self, table: str, hours: Iterable[str]) -> dict[str, str]:
        return {hour: one.location for hour, one in self.partitions(table, hours).items()}

    def columns(self, table: str) -> dict[str, str]:
        return self.tables[table]


class BucketInMemory:
    """Objects, each with the time it was written; counts what is read of them."""

    transfers = 2

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.reads: list[str] = []
        self.listed: list[str] = []

    def uri(self, key: str) -> str:
        return f"s3://{BUCKET}/{key}"

    def put(self, key: str, content: bytes = b"", at: datetime | None = None) -> str:
        self.objects[key] = (content, at or datetime.now(UTC))
        return key

    def write(self, key: str, content: bytes) -> None:
        self.put(key, content)

    def list_objects(self, prefix: str, *, start_after: str = "") -> Iterator[StoredObject]:
        self.listed.append(prefix)
        for key, (content, at) in sorted(self.objects.items()):
            if key.startswith(prefix) and key > start_after:
                yield StoredObject(key, len(content), at)

    def list_raw(self, hours: Any) -> dict[str, list[StoredObject]]:
        found: dict[str, list[StoredObject]] = {}
        for one in self.list_objects("raw/"):
            hour = layout.datehour_of_raw_key(one.key)
            if hour is not None and hours.first <= hour <= hours.last:
                found.setdefault(hour, []).append(one)
        return found

    def read(self, key: str, last_bytes: int | None = None) -> bytes:
        self.reads.append(key)
        content = self.objects[key][0]
        return content if last_bytes is None else content[-last_bytes:]


class StreamInMemory:
    """A stream that keeps a day, read a few records at a time."""

    def __init__(self, page_records: int = 3) -> None:
        self.records: dict[str, list[Record]] = {SHARD: []}
        self.page_records = page_records
        self.reads: list[tuple[str, datetime, datetime]] = []

    def put(
        self, number: int, at: datetime, redriven: Redriven | None = None, shard_id: str = SHARD
    ) -> Record:
        record = Record(Position(shard_id, number), at, redriven)
        self.records.setdefault(shard_id, []).append(record)
        return record

    def retention(self) -> timedelta:
        return timedelta(hours=24)

    def shards(self) -> list[str]:
        return sorted(self.records)

    def read(self, shard_id: str, start: datetime, end: datetime) -> Iterator[list[Record]]:
        self.reads.append((shard_id, start, end))
        found = [one for one in self.records[shard_id] if start <= one.arrived_at < end]
        for first in range(0, len(found), self.page_records):
            yield found[first : first + self.page_records]


class CountersInMemory:
    """Counts by hour and type; None stands for a table that cannot be read."""

    def __init__(self, counts: Mapping[HourAndType, RealTimeCount] | None = None) -> None:
        self.counted = counts
        self.asked: list[Any] = []

    def counts(self, hours: Any) -> dict[HourAndType, RealTimeCount]:
        self.asked.append(hours)
        if self.counted is None:
            raise CountersError("clickstream-counters: DynamoDB is away")
        return {
            place: one
            for place, one in self.counted.items()
            if hours.first <= place[0] <= hours.last
        }


def parquet(rows: Sequence[Mapping[str, Any]], schema: pa.Schema | None = None) -> bytes:
    """Rows as a Parquet file."""
    sink = BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), sink)
    return sink.getvalue()


def run_checks(
    checks: dg.AssetChecksDefinition,
    resources: Mapping[str, Any],
    *,
    tags: Mapping[str, str] | None = None,
    instance: dg.DagsterInstance | None = None,
    config: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Runs checks alone; returns the evaluations by name, those of blocking ones that fail too.

    Raises whatever kept them from an evaluation.
    """
    definitions = dg.Definitions(
        assets=[dg.AssetSpec(EVENTS), dg.AssetSpec(RAW_HOURS)],
        asset_checks=[checks],
        jobs=[dg.define_asset_job("checks", selection=dg.AssetSelection.checks(checks))],
        resources=dict(resources),
        executor=dg.in_process_executor,
    )
    result = definitions.resolve_job_def("checks").execute_in_process(
        instance=instance, tags=dict(tags or {}), raise_on_error=False, run_config=config
    )
    evaluations = {one.check_name: one for one in result.get_asset_check_evaluations()}
    if not evaluations:
        [failure] = result.get_step_failure_events()
        raise RuntimeError(str(failure.step_failure_data.error))
    return evaluations


def told(evaluation: Any, name: str) -> Any:
    """A number, text or table in a check's metadata."""
    found = evaluation.metadata[name]
    return [dict(one.data) for one in found.records] if hasattr(found, "records") else found.value
