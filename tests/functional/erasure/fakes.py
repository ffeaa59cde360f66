"""The stores of a platform in memory, and a process that may die after any write.

Belongs here: what stands for S3, Glue, Athena, DynamoDB, dbt and SPICE. Who lives in it belongs in
`world`.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from clickstream_platform.core.generations import is_older
from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.resources.catalog import Partition, Placement
from lambdas.event_processor.store import SCHEMA
from lambdas.shared import lake as layout


class KilledError(Exception):
    """The process died; nothing it tries afterwards happens."""


@dataclass
class Life:
    """A process: how much it has written, and after which write it dies.

    `on_write` is called after each write: what is stored then is what a kill leaves behind.
    """

    dies_after: int | None = None
    on_write: Callable[[], None] = lambda: None
    writes: int = 0
    is_dead: bool = False

    def read(self) -> None:
        if self.is_dead:
            raise KilledError

    def wrote(self) -> None:
        self.writes += 1
        self.on_write()
        if self.writes == self.dies_after:
            self.is_dead = True
            raise KilledError


@dataclass
class Clock:
    """Time goes on by a second with each look at it."""

    at: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {}}, "Call")


@dataclass
class Bucket:
    """Objects with the times they were written at."""

    clock: Clock
    name: str = "lake"
    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)

    def put(self, key: str, content: bytes) -> None:
        self.objects[key] = (content, self.clock.at.replace(microsecond=0))

    def read(self, key: str) -> bytes:
        if key not in self.objects:
            raise refused("NoSuchKey")
        return self.objects[key][0]

    def table(self, key: str) -> pa.Table:
        return _table(self.read(key))

    def keys(self, prefix: str = "") -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))


@lru_cache(maxsize=256)
def _table(content: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(content))


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


class FakeLake:
    """As LakeResource."""

    def __init__(self, store: Bucket, life: Life) -> None:
        self.store, self.life, self.bucket = store, life, store.name

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def list_objects(self, prefix: str) -> Iterator[StoredObject]:
        self.life.read()
        for key in self.store.keys(prefix):
            content, at = self.store.objects[key]
            yield StoredObject(key, len(content), at)

    def list_raw(self, hours) -> dict[str, list[StoredObject]]:
        found: dict[str, list[StoredObject]] = {}
        for one in self.list_objects("raw/"):
            hour = layout.datehour_of_raw_key(one.key)
            if hour is not None and hours.first <= hour <= hours.last:
                found.setdefault(hour, []).append(one)
        return found

    def download(self, keys, folder: Path) -> list[Path]:
        files = []
        for number, key in enumerate(keys):
            files.append(folder / f"{number:06d}-{key.rsplit('/', 1)[-1]}")
            files[-1].write_bytes(self.read(key))
        return files

    def read(self, key: str) -> bytes:
        self.life.read()
        return self.store.read(key)

    def upload(self, file: Path, key: str) -> None:
        self.write(key, file.read_bytes())

    def write(self, key: str, content: bytes) -> None:
        self.life.read()
        self.store.put(key, content)
        self.life.wrote()

    def delete(self, keys) -> int:
        gone = list(keys)
        for key in gone:
            self.life.read()
            if self.store.objects.pop(key, None) is not None:
                self.life.wrote()
        return len(gone)


class FakeS3:
    """S3's conditional calls on the same objects."""

    def __init__(self, store: Bucket, life: Life) -> None:
        self.store, self.life = store, life

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        self.life.read()
        content = self.store.read(Key)
        return {"Body": io.BytesIO(content), "ETag": _etag(content)}

    def put_object(self, Bucket, Key, Body, IfMatch=None, IfNoneMatch=None) -> None:  # noqa: N803
        self.life.read()
        if IfNoneMatch == "*" and Key in self.store.objects:
            raise refused("PreconditionFailed")
        if IfMatch is not None and IfMatch != _etag(self.store.read(Key)):
            raise refused("PreconditionFailed")
        self.store.put(Key, Body)
        self.life.wrote()

    def delete_object(self, Bucket, Key, IfMatch) -> None:  # noqa: N803
        self.life.read()
        if IfMatch != _etag(self.store.read(Key)):
            raise refused("PreconditionFailed")
        del self.store.objects[Key]
        self.life.wrote()


def _etag(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()  # noqa: S324 - as S3 does


MARTS = ("page_views_hourly", "sessions")


@dataclass
class Tables:
    """What Glue knows: partitions of the events, and the marts with their versions."""

    partitions: dict[str, dict[str, Partition]] = field(
        default_factory=lambda: {"raw_events": {}, "events": {}}
    )
    marts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    deleted_versions: list[str] = field(default_factory=list)


class FakeCatalog:
    """As CatalogResource."""

    def __init__(self, tables: Tables, life: Life) -> None:
        self.tables, self.life = tables, life

    def partitions(self, table: str, datehours) -> dict[str, Partition]:
        wanted = set(datehours)
        found = self.all_partitions(table)
        return {hour: one for hour, one in found.items() if hour in wanted}

    def all_partitions(self, table: str) -> dict[str, Partition]:
        self.life.read()
        return dict(self.tables.partitions[table])

    def place(self, table: str, locations) -> Placement:
        present = self.all_partitions(table)
        overtaken = []
        for hour, location in locations.items():
            old = present.get(hour, Partition(hour, "", {}))
            if is_older(location, old.location):
                overtaken.append(hour)
            elif old.location != location:
                self.tables.partitions[table][hour] = replace(old, location=location)
                self.life.wrote()
        return Placement(0, len(locations), 0, tuple(overtaken))


class FakeGlue:
    """Glue's calls about whole tables."""

    def __init__(self, tables: Tables, life: Life) -> None:
        self.tables, self.life = tables, life

    def get_paginator(self, operation: str) -> "FakeGlue":
        self.operation = operation
        return self

    def paginate(self, DatabaseName: str, TableName: str = "") -> Iterator[Any]:  # noqa: N803
        self.life.read()
        if self.operation == "get_tables":
            yield {"TableList": [versions[-1]["Table"] for versions in self.tables.marts.values()]}
        else:
            yield {"TableVersions": list(self.tables.marts[TableName])}

    def delete_table_version(self, DatabaseName, TableName, VersionId) -> None:  # noqa: N803
        self.life.read()
        kept = [one for one in self.tables.marts[TableName] if one["VersionId"] != VersionId]
        self.tables.marts[TableName] = kept
        self.tables.deleted_versions.append(VersionId)
        self.life.wrote()


class FakeDynamoDB:
    """Items by table and key."""

    def __init__(self, items: dict[str, dict[str, Any]], life: Life) -> None:
        self.items, self.life = items, life

    def get_paginator(self, operation: str) -> "FakeDynamoDB":
        assert operation == "scan"
        return self

    def paginate(self, TableName: str, **_: Any) -> Iterator[Any]:  # noqa: N803
        self.life.read()
        yield {"Items": list(self.items[TableName].values())}

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        self.life.read()
        for table, requests in RequestItems.items():
            for request in requests:
                [key] = request["DeleteRequest"]["Key"].values()
                if self.items[table].pop(key["S"], None) is not None:
                    self.life.wrote()
        return {}


class FakeAthena:
    """Asks the objects the catalog points at; Athena's words become DuckDB's."""

    database = "clickstream_db"

    def __init__(self, store: Bucket, tables: Tables, life: Life) -> None:
        self.store, self.tables, self.life = store, tables, life
        self.asked: list[str] = []

    def query(self, sql: str) -> list[dict[str, str | None]]:
        self.life.read()
        self.asked.append(sql)
        words = sql.replace("substr(lower(to_hex(sha256(to_utf8(", "left(((sha256((")
        with _database().cursor() as database:
            for name in ("events", "raw_events"):
                database.register(name, self.events(name))
            for name, versions in self.tables.marts.items():
                database.register(name, self._mart(versions[-1]))
            rows = database.execute(words.replace(", 1, 32)", ", 32)"))
            names = [column[0] for column in rows.description]
            return [dict(zip(names, map(_text, row), strict=True)) for row in rows.fetchall()]

    def events(self, table: str) -> pa.Table:
        parts = [SCHEMA.append(pa.field("datehour", pa.string())).empty_table()]
        for hour, partition in sorted(self.tables.partitions[table].items()):
            prefix = partition.location.removeprefix(f"s3://{self.store.name}/")
            for key in self.store.keys(prefix):
                rows = self.store.table(key)
                parts.append(rows.append_column("datehour", [[hour] * len(rows)]))
        return pa.concat_tables(parts, promote_options="default")

    def _mart(self, version: dict[str, Any]) -> pa.Table:
        location = version["Table"]["StorageDescriptor"]["Location"]
        [key] = self.store.keys(location.removeprefix(f"s3://{self.store.name}/"))
        return self.store.table(key)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


class FakeDbt:
    """Builds the marts as dbt does: each to a folder of its own, then the table is swapped."""

    def __init__(self, lake: FakeLake, athena: FakeAthena, tables: Tables) -> None:
        self.lake, self.athena, self.tables = lake, athena, tables
        self.builds = 0

    def rebuild(self, hours) -> None:
        self.builds += 1
        for mart in list(self.tables.marts) or MARTS:
            visitors = self.athena.query(
                "SELECT coalesce(user_id, anonymous_id, session_id) AS visitor_id, "
                "count(*) AS events FROM events GROUP BY ALL ORDER BY 1"
            )
            columns = ["visitor_id", "events"]
            if mart == "page_views_hourly":
                visitors, columns = [{"views": str(sum(int(v["events"]) for v in visitors))}], []
            number = sum(map(len, self.tables.marts.values())) + len(self.tables.deleted_versions)
            folder = f"marts/clickstream_db/{mart}/{number:03d}/"
            self.lake.write(f"{folder}{mart}", parquet(pa.Table.from_pylist(visitors)))
            self.tables.marts.setdefault(mart, []).append(version(mart, folder, columns, number))
            self.lake.life.wrote()


def version(mart: str, folder: str, columns: list[str], number: int) -> dict[str, Any]:
    storage = {"Location": f"s3://lake/{folder}", "Columns": [{"Name": one} for one in columns]}
    return {"VersionId": str(number), "Table": {"Name": mart, "StorageDescriptor": storage}}


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


class FakeWarehouse:
    """Takes each ingestion id once."""

    def __init__(self) -> None:
        self.ingestions: list[tuple[str, str]] = []

    def refresh(self, data_set: str, ingestion_id: str) -> None:
        assert (data_set, ingestion_id) not in self.ingestions
        self.ingestions.append((data_set, ingestion_id))
