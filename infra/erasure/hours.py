"""One hour without a person: its raw objects and its compacted generation.

Belongs here: the order of the steps, which crashes and compactions at the same time rely on. What a
file without the person is belongs in `workbench`.

1. The raw objects that hold the person are written again under their keys, or deleted. S3 announces
   that, and Dagster will rebuild the hour, which changes nothing any more. Where the rows were on
   the stream is noted before (`places`), so that no check takes them for lost.
2. Once no raw object holds them a generation is named, and the raw objects are listed again: it
   holds what its name says, all that was written before it. So retention and the checks, which
   compare the two, stay right.
3. The live generation is written again without the person, with the raw events that it lacks, and
   the partition moves there. A compaction that began before the name, and may have read the person
   from the raw objects, is refused from then on, whenever it ends.
4. Where rebuilds read the live generation too, one that began between the name and the move may
   have read the person there. There it is all done once more, under a name after the move.
5. Later, when everything else is done, the other generations are deleted (`old_objects`).

Each step may be repeated, so a process may die anywhere. Readers see the old hour or the new one; a
query that is under way when old files are deleted fails and is never wrong.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from botocore.exceptions import ClientError

from clickstream_platform.core.generations import (
    RAW_EXPIRED,
    generation_id,
    is_older,
    started_at,
)
from clickstream_platform.core.hours import HourRange
from clickstream_platform.core.retention import EXPIRED_MARK
from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.resources.catalog import CatalogResource, Partition
from clickstream_platform.resources.lake import LakeResource, folder_at
from infra.erasure.copies import Copies, Copy
from infra.erasure.errors import ErasureError
from infra.erasure.finding import EVENTS_TABLE
from infra.erasure.places import keep_places
from infra.erasure.record import HourRecord
from infra.erasure.workbench import Workbench
from lambdas.shared import lake as layout

_HOUR = timedelta(hours=1)
_TRIES = 8
_GENERATION_DEPTH = 3  # events/datehour=…/gen=…/
_GONE = {"NoSuchKey", "404"}


class Hours:
    """The hours of one lake.

    Args:
        lake: The lake.
        catalog: The catalog.
        workbench: What knows the person.
        run: A name of this run, part of the generations' names.
        now: The clock; generations are named by it, as those of compaction are by theirs.
    """

    def __init__(
        self,
        lake: LakeResource,
        catalog: CatalogResource,
        workbench: Workbench,
        run: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._lake = lake
        self._catalog = catalog
        self._workbench = workbench
        self._run = run
        self._now = now

    def purge(self, datehour: str, on_found: Callable[[HourRecord], None]) -> None:
        """Makes an hour one without the person, for whoever reads it from now on.

        Args:
            datehour: The hour.
            on_found: Told what there is before anything is changed.

        Raises:
            ErasureError: If the hour keeps changing, or its live files are not there.
            duckdb.Error: If a file cannot be read.
        """
        with self._workbench.room() as room:
            copies = Copies(self._lake, self._workbench, room)
            for _ in range(_TRIES):
                try:
                    if self._purge_once(datehour, copies, on_found):
                        return
                except ClientError as error:
                    # Retention or a rebuild has deleted what was listed: look again.
                    if error.response["Error"]["Code"] not in _GONE:
                        raise
        raise ErasureError(f"hour {datehour} keeps changing: it was begun {_TRIES} times")

    def old_objects(self, datehour: str) -> list[str]:
        """The keys of an hour's files that nobody reads and that may hold the person.

        Generations younger than the one that is read are not among them: a rebuild that began after
        the person had gone is writing them.

        Raises:
            ErasureError: If the files that are read are not there: then nothing may be deleted.
        """
        partition = self._partition(datehour)
        if partition is None:
            return []
        objects = list(self._lake.list_objects(layout.events_prefix(datehour)))
        live = self._prefix(partition)
        if not any(one.key.startswith(live) for one in objects):
            raise ErasureError(f"hour {datehour}: the files of its live generation are not there")
        return [one.key for one in objects if _is_old(one.key, live)]

    def _purge_once(
        self, datehour: str, copies: Copies, on_found: Callable[[HourRecord], None]
    ) -> bool:
        """One go; returns whether the hour is done."""
        started = self._now()
        raw = copies.of(self._raw_objects(datehour))
        partition = self._partition(datehour)
        live = copies.of(self._live_objects(partition))
        on_found(_found(raw, live))
        if dirty := [one for one in raw if one.counts.of_person]:
            self._rewrite(datehour, dirty)
            return False  # nothing may be named before it is certain that nobody reads them
        if partition is None and layout.start_of(datehour) + _HOUR > started:
            return True  # nobody compacts an hour before its end
        prefix = layout.generation_prefix(datehour, generation_id(started, self._run))
        with self._workbench.room() as room:
            for file in self._write(raw, live, room):
                self._lake.upload(file, f"{prefix}{file.name}")
        placement = self._catalog.place(EVENTS_TABLE, {datehour: self._lake.uri(prefix)})
        may_be_read_back = any(one.counts.of_person for one in live) and self._is_expired(datehour)
        return not placement.overtaken and not may_be_read_back

    def _rewrite(self, datehour: str, dirty: Sequence[Copy]) -> None:
        """Takes the person out of raw objects, whose keys and other rows stay as they are."""
        places = self._workbench.places([one.file for one in dirty])
        keep_places(self._lake, layout.raw_prefix(datehour), places)
        for one in dirty:
            if one.counts.of_person == one.counts.rows:
                self._lake.delete([one.key])
                continue
            with self._workbench.room() as room:
                kept = room / "kept.parquet"
                self._workbench.keep(one.file, kept)
                self._lake.upload(kept, one.key)

    def _write(self, raw: Sequence[Copy], live: Sequence[Copy], folder: Path) -> list[Path]:
        """The files of a generation without the person; there is at least one."""
        kept = []
        for number, one in enumerate(live):
            if one.counts.of_person == one.counts.rows:
                continue
            target = folder / f"events-{number:05d}.parquet"
            if one.counts.of_person:
                self._workbench.keep(one.file, target)
            else:
                target.hardlink_to(one.file)
            kept.append(target)
        late = folder / "late.parquet"
        if self._workbench.write_late([one.file for one in raw], kept, late):
            kept.append(late)
        if not kept:
            kept = [folder / "empty.parquet"]
            self._workbench.write_empty(kept[0])
        return kept

    def _raw_objects(self, datehour: str) -> list[StoredObject]:
        return self._lake.list_raw(HourRange(datehour, datehour)).get(datehour, [])

    def _live_objects(self, partition: Partition | None) -> list[StoredObject]:
        if partition is None:
            return []
        objects = [
            one
            for one in self._lake.list_objects(self._prefix(partition))
            if one.size_bytes and not one.key.endswith("/")
        ]
        if not objects and is_expired(partition):
            raise ErasureError(
                f"hour {partition.datehour}: its raw objects have expired and the files of its "
                "live generation are not there"
            )
        return objects

    def _partition(self, datehour: str) -> Partition | None:
        return self._catalog.partitions(EVENTS_TABLE, [datehour]).get(datehour)

    def _is_expired(self, datehour: str) -> bool:
        partition = self._partition(datehour)
        return partition is not None and is_expired(partition)

    def _prefix(self, partition: Partition) -> str:
        return folder_at(self._lake, partition.location)


def is_expired(partition: Partition) -> bool:
    """Whether raw objects of an hour may have been deleted, so that rebuilds read the hour too."""
    return RAW_EXPIRED.items() <= partition.parameters.items()


def _is_old(key: str, live: str) -> bool:
    """Whether a file of an hour is older than the prefix that is read, or of no generation."""
    if key.startswith(live) or key.endswith(f"/{EXPIRED_MARK}"):
        return False
    own = _generation_of(key)
    return started_at(own) is None or is_older(own, _generation_of(live))


def _generation_of(key: str) -> str:
    """The generation's prefix of a file, which may lie in a folder below it."""
    return "/".join(key.split("/")[:_GENERATION_DEPTH]) + "/"


def _found(raw: Sequence[Copy], live: Sequence[Copy]) -> HourRecord:
    dirty = [one.counts for one in raw if one.counts.of_person]
    deleted = sum(one.of_person == one.rows for one in dirty)
    return HourRecord(
        raw_rows=sum(one.of_person for one in dirty),
        raw_objects_rewritten=len(dirty) - deleted,
        raw_objects_deleted=deleted,
        event_rows=sum(one.counts.of_person for one in live),
    )
