"""In-memory fakes of the batch side's resources, passed to `build_defs` as overrides."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clickstream_platform.core.generations import is_older
from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.definitions import build_defs
from clickstream_platform.resources.catalog import Partition, Placement
from clickstream_platform.resources.raw_object_queue import QueueMessage
from clickstream_platform.resources.warehouse import SpiceRefresh
from clickstream_platform.settings import Settings
from lambdas.shared import lake as layout
from lambdas.shared.columns import EVENT_COLUMNS

BUCKET = "clickstream-lake"
ARROW_TYPES = {
    "string": pa.string(),
    "timestamp": pa.timestamp("us"),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "map<string,string>": pa.map_(pa.string(), pa.string()),
}


class FakeLake:
    """A bucket in a dict."""

    def __init__(self) -> None:
        self.bucket = BUCKET
        self.objects: dict[str, bytes] = {}
        self.written_at = datetime(2015, 5, 18, tzinfo=UTC)

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def now(self) -> datetime:
        return datetime.now(UTC)

    def list_raw(self, hours) -> dict[str, list[StoredObject]]:
        found: dict[str, list[StoredObject]] = {}
        for key, content in sorted(self.objects.items()):
            hour = layout.datehour_of_raw_key(key)
            if hour is not None and hours.first <= hour <= hours.last:
                stored = StoredObject(key, len(content), self.written_at)
                found.setdefault(hour, []).append(stored)
        return found

    def list_objects(self, prefix, *, start_after="") -> Iterator[StoredObject]:
        for key, content in sorted(self.objects.items()):
            if key.startswith(prefix) and key > start_after:
                yield StoredObject(key, len(content), self.written_at)

    def read(self, key, last_bytes=None) -> bytes:
        content = self.objects[key]
        return content if last_bytes is None else content[-last_bytes:]

    def download(self, keys, folder: Path) -> list[Path]:
        files = []
        for number, key in enumerate(keys):
            files.append(folder / f"{number}-{key.rsplit('/', 1)[-1]}")
            files[-1].write_bytes(self.objects[key])
        return files

    def write(self, key: str, content: bytes) -> None:
        self.objects[key] = content

    def upload(self, file: Path, key: str) -> None:
        assert key not in self.objects, "a generation is never written over"
        self.objects[key] = file.read_bytes()

    def put_raw(self, datehour: str, name: str, rows: list[dict], schema=None) -> str:
        """Stores rows as the event_processor would."""
        schema = schema or pa.schema(
            [(column.name, ARROW_TYPES[column.hive_type]) for column in EVENT_COLUMNS]
        )
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer)
        key = f"{layout.raw_prefix(datehour)}{name}.parquet"
        self.objects[key] = buffer.getvalue()
        return key

    def table_at(self, location: str) -> pa.Table:
        """The one file below a location."""
        prefix = location.removeprefix(f"s3://{self.bucket}/")
        [key] = [key for key in self.objects if key.startswith(prefix)]
        return pq.read_table(io.BytesIO(self.objects[key]))

    def tables_at(self, location: str) -> list[pa.Table]:
        """The files below a location, in the order of their names."""
        prefix = location.removeprefix(f"s3://{self.bucket}/")
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        return [pq.read_table(io.BytesIO(self.objects[key])) for key in keys]


class FakeCatalog:
    """Partitions in a dict."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, str]] = {"raw_events": {}, "events": {}}
        self.notes: dict[tuple[str, str], dict[str, str]] = {}
        self.places = 0

    def partitions(self, table, datehours) -> dict[str, Partition]:
        present = self.tables[table]
        return {
            hour: Partition(hour, present[hour], self.notes.get((table, hour), {}))
            for hour in set(datehours) & present.keys()
        }

    def all_partitions(self, table) -> dict[str, Partition]:
        return self.partitions(table, self.tables[table])

    def locations(self, table, datehours) -> dict[str, str]:
        return {hour: one.location for hour, one in self.partitions(table, datehours).items()}

    def annotate(self, table, datehours, notes) -> int:
        for hour in set(datehours) & self.tables[table].keys():
            self.notes.setdefault((table, hour), {}).update(notes)
        return len(set(datehours) & self.tables[table].keys())

    def columns(self, table) -> dict[str, str]:
        return {column.name: column.hive_type for column in EVENT_COLUMNS}

    def evolve(self, table, columns) -> list[str]:
        return []

    def place(self, table, locations) -> Placement:
        self.places += 1
        present = self.tables[table]
        late = {hour for hour in locations if is_older(locations[hour], present.get(hour, ""))}
        wanted = {hour: place for hour, place in locations.items() if hour not in late}
        created = len(wanted.keys() - present.keys())
        moved = sum(present.get(hour, place) != place for hour, place in wanted.items())
        present.update(wanted)
        return Placement(created, moved, len(wanted) - created - moved, tuple(sorted(late)))


class FakeQueue:
    """A queue whose messages come again until they are deleted."""

    def __init__(self) -> None:
        self.messages: dict[str, str] = {}
        self.sent = 0
        self.fails_to_delete = False

    def send(self, body: str) -> None:
        self.sent += 1
        self.messages[f"receipt-{self.sent}"] = body

    def announce(self, *keys: str) -> None:
        for key in keys:
            entity = {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 10}}
            record = {"eventName": "ObjectCreated:Put", "s3": entity}
            self.send(json.dumps({"Records": [record]}))

    def receive(self) -> Iterator[QueueMessage]:
        yield from [QueueMessage(receipt, body) for receipt, body in self.messages.items()]

    def delete(self, messages: Sequence[QueueMessage]) -> int:
        if self.fails_to_delete:
            raise ConnectionError("the process died before it deleted anything")
        for message in messages:
            del self.messages[message.receipt]
        return 0


class FakeAthena:
    """Answers every question with the same rows, and remembers the questions."""

    def __init__(self) -> None:
        self.questions: list[str] = []
        self.rows: list[dict[str, str | None]] = []

    def query(self, sql: str) -> list[dict[str, str | None]]:
        self.questions.append(sql)
        return self.rows

    def run(self, sql: str) -> str:
        self.questions.append(sql)
        return f"query-{len(self.questions)}"


class FakeCounters:
    """Has counted nothing."""

    def counts(self, hours) -> dict:
        return {}


class FakeDbt:
    """Builds whatever is selected, and remembers each command."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.fails = False

    def cli(self, args, *, context):
        self.commands.append(list(args))
        if self.fails:
            raise RuntimeError("dbt failed")
        # Dagster wants a parent before its children.
        parents = context.assets_def.asset_deps
        keys = [key for key in TopologicalSorter(parents).static_order() if key in parents]
        built = [key for key in keys if key in context.selected_asset_keys]
        return SimpleNamespace(
            stream=lambda: (dg.MaterializeResult(asset_key=key) for key in built),
            wait=lambda: None,
            target_path=Path("nothing was written"),
        )


class FakeWarehouse:
    """Loads at once, and remembers the ids it was given."""

    def __init__(self) -> None:
        self.ingestions: list[tuple[str, str]] = []

    def refresh(self, data_set: str, ingestion_id: str) -> SpiceRefresh:
        assert (data_set, ingestion_id) not in self.ingestions, "QuickSight takes an id once"
        self.ingestions.append((data_set, ingestion_id))
        return SpiceRefresh(ingestion_id, rows=3, rows_dropped=0, duration_s=0.1)


@dataclass
class Platform:
    """A code location on fakes and an ephemeral instance."""

    instance: dg.DagsterInstance
    lake: FakeLake = field(default_factory=FakeLake)
    queue: FakeQueue = field(default_factory=FakeQueue)
    catalog: FakeCatalog = field(default_factory=FakeCatalog)
    athena: FakeAthena = field(default_factory=FakeAthena)
    counters: FakeCounters = field(default_factory=FakeCounters)
    dbt: FakeDbt = field(default_factory=FakeDbt)
    warehouse: FakeWarehouse = field(default_factory=FakeWarehouse)
    settings: Settings = field(
        default_factory=lambda: Settings(
            lake_bucket=BUCKET,
            first_hour="2015-05-17-00",
            last_hour="2015-05-31-23",
            late_debounce_s=0,
        )
    )
    cursor: str | None = None
    _built: tuple[Settings, dg.RepositoryDefinition] | None = None

    def with_settings(self, **changes) -> "Platform":
        self.settings = self.settings.model_copy(update=changes)
        return self

    @property
    def overrides(self) -> Mapping[str, object]:
        names = ("lake", "queue", "catalog", "athena", "counters", "dbt", "warehouse")
        return {name: getattr(self, name) for name in names}

    @property
    def repository(self) -> dg.RepositoryDefinition:
        if self._built is None or self._built[0] is not self.settings:
            definitions = build_defs(self.settings, self.overrides)
            self._built = (self.settings, definitions.get_repository_def())
        return self._built[1]

    def tick(self) -> list[dg.RunRequest]:
        """One tick of the sensor; its cursor is kept only when the tick succeeds."""
        repository = self.repository
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=repository,
            resources={"lake": self.lake, "queue": self.queue, "catalog": self.catalog},
        )
        with context:
            tick = repository.get_sensor_def("raw_objects").evaluate_tick(context)
        self.cursor = tick.cursor
        return list(tick.run_requests or [])

    def run(
        self,
        tags: Mapping[str, str],
        job: str = "hourly_rollup",
        *,
        raise_on_error=True,
        run_config: Mapping[str, object] | None = None,
    ):
        return self.repository.get_job(job).execute_in_process(
            instance=self.instance,
            tags=dict(tags),
            raise_on_error=raise_on_error,
            run_config=dict(run_config or {}),
        )

    def roll_up(self, tags: Mapping[str, str]) -> None:
        """Rebuilds hours and lets the marts follow."""
        self.run(tags)
        self.run({}, job="marts")


@pytest.fixture
def platform() -> Iterator[Platform]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Platform(instance)


@pytest.fixture
def raw_key():
    """The key of a raw object of an hour."""
    return lambda datehour, name="shard-1-2": f"{layout.raw_prefix(datehour)}{name}.parquet"
