"""A lake and a catalog in memory that know when each object was written, and that can lose power.

Belongs here: what retention and reconciliation need of S3 and Glue. Fakes for running whole jobs
belong in `conftest`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from clickstream_platform.core.generations import generation_id, is_older
from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.resources.catalog import Partition, Placement
from lambdas.shared import lake as layout

BUCKET = "clickstream-lake"


class PowerCutError(RuntimeError):
    """The process died here."""


@dataclass
class Power:
    """How many more changes of the stores are made before everything stops; None for ever."""

    left: int | None = None
    used: int = 0

    def spend(self) -> None:
        if self.left is not None:
            if self.left == 0:
                raise PowerCutError
            self.left -= 1
        self.used += 1


@dataclass
class StoredLake:
    """A bucket whose clock is set by hand. S3 tells times in whole seconds."""

    power: Power
    now: datetime = datetime(2026, 3, 1, tzinfo=UTC)
    objects: dict[str, bytes] = field(default_factory=dict)
    written_at: dict[str, datetime] = field(default_factory=dict)
    on_list: list = field(default_factory=list)

    def uri(self, key: str) -> str:
        return f"s3://{BUCKET}/{key}"

    def put(self, key: str, content: bytes = b"12345", at: datetime | None = None) -> str:
        """Stores an object as somebody else would: no power is spent."""
        self.objects[key] = content
        self.written_at[key] = (at or self.now).replace(microsecond=0)
        return key

    def list_objects(self, prefix: str, *, start_after: str = "") -> Iterator[StoredObject]:
        for key in sorted(self.objects):
            if key.startswith(prefix) and key > start_after:
                yield StoredObject(key, len(self.objects[key]), self.written_at[key])
        for act in self.on_list:
            act(prefix)

    def write(self, key: str, content: bytes) -> None:
        self.power.spend()
        self.put(key, content)

    def delete(self, keys: Iterable[str]) -> int:
        deleted = 0
        for key in keys:
            self.power.spend()
            self.objects.pop(key, None)
            deleted += 1
        return deleted


@dataclass
class StoredCatalog:
    """Partitions with their parameters."""

    power: Power
    tables: dict[str, dict[str, Partition]] = field(
        default_factory=lambda: {"raw_events": {}, "events": {}}
    )
    before_partitions: list = field(default_factory=list)
    marts: set[str] = field(default_factory=set)

    def partitions(self, table: str, datehours: Iterable[str]) -> dict[str, Partition]:
        for act in self.before_partitions:
            act(table)
        wanted = set(datehours)
        return {hour: one for hour, one in self.tables[table].items() if hour in wanted}

    def all_partitions(self, table: str) -> dict[str, Partition]:
        return dict(sorted(self.tables[table].items()))

    def place(self, table: str, locations: Mapping[str, str]) -> Placement:
        present = self.tables[table]
        created = moved = 0
        for hour, location in locations.items():
            known = present.get(hour)
            if known is None:
                self.power.spend()
                present[hour] = Partition(hour, location, {})
                created += 1
            elif known.location != location and not is_older(location, known.location):
                self.power.spend()
                present[hour] = replace(known, location=location)
                moved += 1
        return Placement(created, moved, len(locations) - created - moved)

    def annotate(self, table: str, datehours: Iterable[str], notes: Mapping[str, str]) -> int:
        changed = 0
        for hour in datehours:
            known = self.tables[table].get(hour)
            if known is not None and not notes.items() <= known.parameters.items():
                self.power.spend()
                noted = replace(known, parameters={**known.parameters, **notes})
                self.tables[table][hour] = noted
                changed += 1
        return changed

    def locations_below(self, address: str) -> set[str]:
        return {one for one in self.marts if one.startswith(address)}

    def drop(self, table: str, datehours: Iterable[str]) -> int:
        dropped = 0
        for hour in list(datehours):
            if hour in self.tables[table]:
                self.power.spend()
                del self.tables[table][hour]
                dropped += 1
        return dropped


@dataclass
class Stores:
    """A lake and its catalog under one power supply."""

    power: Power = field(default_factory=Power)
    lake: StoredLake = field(init=False)
    catalog: StoredCatalog = field(init=False)

    def __post_init__(self) -> None:
        self.lake = StoredLake(self.power)
        self.catalog = StoredCatalog(self.power)

    def raw(self, hour: str, name: str, at: datetime) -> str:
        """A raw object and its hour's partition, as the processor and the sensor make them."""
        location = self.lake.uri(layout.raw_prefix(hour))
        self.catalog.tables["raw_events"].setdefault(hour, Partition(hour, location, {}))
        return self.lake.put(f"{layout.raw_prefix(hour)}{name}.parquet", at=at)

    def generation(self, hour: str, started: datetime, run: str = "run", suffix: str = "") -> str:
        """The files of a generation that nobody reads yet; returns their prefix."""
        prefix = f"{layout.generation_prefix(hour, generation_id(started, run))}{suffix}"
        self.lake.put(f"{prefix}events-00000.parquet", at=started)
        return prefix

    def live(self, hour: str, started: datetime, run: str = "run", **notes: str) -> str:
        """A generation and the partition that points at it; returns its prefix."""
        prefix = self.generation(hour, started, run)
        self.catalog.tables["events"][hour] = Partition(hour, self.lake.uri(prefix), notes)
        return prefix

    @property
    def state(self) -> tuple[set[str], dict[str, dict[str, Partition]]]:
        """All that outlives a process."""
        tables = {name: dict(table) for name, table in self.catalog.tables.items()}
        return set(self.lake.objects), tables
