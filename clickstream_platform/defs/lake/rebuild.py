"""Rebuilding hours: each written to a new generation, then published in one step.

Belongs here: the order of the steps, which is what readers and crashes rely on. How an hour is
rewritten belongs to the engines, which hours are rebuilt to the asset.

1. The raw objects are listed, after the generation was named: whatever comes later is newer than
   its name, and whoever compares the two (checks, reconciliation, retention) finds that out.
2. An hour is written to a prefix of its own, which nobody reads. A crash leaves files that
   retention removes.
3. Its rows are accounted for; an hour with a row too few or too many is not published.
4. The partitions are moved, a hundred at a time, each as a whole. A crash in between leaves some
   hours in their new generation and the others in their old one, all of them right.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import duckdb

from clickstream_platform.core.compaction import CompactedHour, Sources, VerificationError
from clickstream_platform.core.generations import RAW_EXPIRED
from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.defs.lake.athena_engine import (
    AthenaEngine,
    MovingHourError,
    UnregisteredHourError,
)
from clickstream_platform.defs.lake.duckdb_engine import DuckdbEngine
from clickstream_platform.resources.athena import AthenaQueryError
from clickstream_platform.resources.catalog import CatalogResource
from clickstream_platform.resources.lake import LakeResource
from lambdas.shared import lake as layout

_COMMIT_HOURS = 100  # what Glue takes in one call
# Hours up to this size are compacted two at a time: most of their time goes by in waiting for S3.
_SIDE_BY_SIDE_BYTES = 24 * 2**20
_SIDE_BY_SIDE = 2
# What keeps one hour from being written, and says nothing about the others.
_UNWRITABLE = (
    VerificationError,
    UnregisteredHourError,
    MovingHourError,
    AthenaQueryError,
    duckdb.Error,
)


@dataclass
class Rebuilt:
    """What became of some hours.

    Attributes:
        hours: Those that were published.
        broken: Why each other one keeps its present generation.
        overtaken: Those whose partition lies in a later generation than the one written here.
    """

    hours: list[CompactedHour] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    overtaken: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rebuild:
    """Rebuilds hours of one table.

    Attributes:
        lake: The lake.
        catalog: The catalog.
        table: Table of the compacted events.
        small: The engine of ordinary hours.
        large: The engine of hours that are too large for it.
        large_bytes: Hours whose sources are larger go to the large engine.
    """

    lake: LakeResource
    catalog: CatalogResource
    table: str
    small: DuckdbEngine
    large: AthenaEngine
    large_bytes: int

    def run(self, hours: HourRange, generation: str, report: Callable[[str], None]) -> Rebuilt:
        """Rebuilds every hour of a range that has raw objects, a hundred of the range at a time.

        Args:
            hours: The range.
            generation: The id of the generation to write, named before this call.
            report: Told how far it is, in a few words.

        Returns:
            What became of them.
        """
        rebuilt = Rebuilt()
        for batch in hours.chunks(_COMMIT_HOURS):
            written = self._write(self._sources(batch), generation, rebuilt)
            if written:
                self._commit(written, rebuilt)
                report(f"{batch.first} to {batch.last}: {len(written)} hours are published")
        return rebuilt

    def _sources(self, hours: HourRange) -> list[Sources]:
        """What each hour that has raw objects is made of.

        Only of the hours that are written next: a million raw objects in a month are too many to
        remember, and the list of the last hours would be old by the time they are read.
        """
        # In this order. Retention notes an hour before it deletes the first raw object, so whoever
        # misses an object sees the note.
        raw = self.lake.list_raw(hours)
        present = self.catalog.partitions(self.table, raw)
        found = []
        for hour, objects in sorted(raw.items()):
            partition = present.get(hour)
            is_expired = (
                partition is not None and RAW_EXPIRED.items() <= partition.parameters.items()
            )
            live = self._objects_at(partition.location) if partition and is_expired else ()
            found.append(Sources(hour, tuple(objects), tuple(live)))
        return found

    def _objects_at(self, location: str) -> Iterator[StoredObject]:
        return self.lake.list_objects(location.removeprefix(self.lake.uri("")))

    def _write(
        self, batch: Sequence[Sources], generation: str, rebuilt: Rebuilt
    ) -> list[CompactedHour]:
        """Writes some hours; those that cannot be written are noted."""

        def write(sources: Sources) -> CompactedHour | None:
            prefix = layout.generation_prefix(sources.datehour, generation)
            engine = self.large if sources.size_bytes > self.large_bytes else self.small
            try:
                return engine.compact(sources, prefix)
            except _UNWRITABLE as error:
                rebuilt.broken[sources.datehour] = str(error)
                return None

        light = [one for one in batch if one.size_bytes <= _SIDE_BY_SIDE_BYTES]
        heavy = [one for one in batch if one.size_bytes > _SIDE_BY_SIDE_BYTES]
        with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="compaction") as threads:
            written = [*threads.map(write, light)]
        written += map(write, heavy)
        return sorted((one for one in written if one), key=lambda one: one.datehour)

    def _commit(self, written: Sequence[CompactedHour], rebuilt: Rebuilt) -> None:
        """Publishes hours. Until here readers see the old generations, whatever went wrong."""
        places = {one.datehour: self.lake.uri(one.prefix) for one in written}
        placement = self.catalog.place(self.table, places)
        rebuilt.overtaken += placement.overtaken
        gone = set(placement.overtaken)
        rebuilt.hours += [one for one in written if one.datehour not in gone]
