"""Parquet files without a person.

Belongs here: DuckDB, with what it knows of the person, and the folder it works in. The statements
belong in `clickstream_platform.core.erasure_sql`; which files, and where they go, to whoever asks.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.parquet as pq

from clickstream_platform.core import erasure_sql
from clickstream_platform.core.erasure import Person
from clickstream_platform.core.stream_audit import Position
from lambdas.event_processor.store import SCHEMA

_PREFIX = "clickstream-erasure-"
_THREADS = 2
_PLACE = {"shard_id", "sequence_number"}


class FileCounts(NamedTuple):
    """Rows of a file, and how many of them are the person's."""

    rows: int
    of_person: int


class Workbench:
    """Reads and writes local Parquet files in the light of one person.

    Attributes:
        folder: Where files may be put; it is deleted with everything in it.
    """

    def __init__(self, folder: Path, database: duckdb.DuckDBPyConnection, person: Person) -> None:
        self.folder = folder
        self._database = database
        self._person = person
        for statement in erasure_sql.person_tables_sql(person):
            database.execute(statement)

    @contextmanager
    def room(self) -> Iterator[Path]:
        """An empty folder for one piece of work, deleted after it."""
        room = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            yield room
        finally:
            shutil.rmtree(room)

    def counts(self, files: Sequence[Path]) -> dict[Path, FileCounts]:
        """The rows of each of some files of events.

        Raises:
            duckdb.Error: If one cannot be read.
            pyarrow.ArrowException: The same.
        """
        if not files:
            return {}
        statement = erasure_sql.counts_sql(files, _columns(files), self._person)
        found = self._database.execute(statement).fetchall()
        empty = dict.fromkeys(files, FileCounts(0, 0))
        return empty | {Path(name): FileCounts(*numbers) for name, *numbers in found}

    def places(self, files: Sequence[Path]) -> set[Position]:
        """Where on the stream the person's rows of some files of events were, as far as they say.

        Raises:
            duckdb.Error: If one cannot be read.
            pyarrow.ArrowException: The same.
        """
        columns = _columns(files)
        if not columns >= _PLACE:
            return set()
        statement = (
            f"SELECT DISTINCT shard_id, sequence_number FROM {erasure_sql.files_sql(files)} "  # noqa: S608
            f"WHERE {erasure_sql.event_condition(columns, self._person)} "
            "AND shard_id <> '' AND sequence_number <> ''"
        )
        found = self._database.execute(statement).fetchall()
        return {Position(shard_id, int(number)) for shard_id, number in found}

    def keep(self, file: Path, target: Path) -> None:
        """Writes a file of events without the person's rows."""
        columns = _columns([file])
        self._database.execute(erasure_sql.kept_sql(file, columns, self._person, target))

    def write_late(self, raw: Sequence[Path], kept: Sequence[Path], target: Path) -> bool:
        """Writes the events of raw files that compacted files lack.

        Returns:
            Whether there are any; if not there is no file.
        """
        if not raw:
            return False
        self._database.execute(erasure_sql.late_sql(raw, kept, target))
        if pq.read_metadata(target).num_rows:
            return True
        target.unlink()
        return False

    def write_empty(self, target: Path) -> None:
        """Writes a file of events without any."""
        pq.write_table(SCHEMA.empty_table(), target)

    def is_about_person(self, file: Path) -> bool:
        """Whether a file of a mart has a row about the person.

        Raises:
            duckdb.Error: If it cannot be read.
            pyarrow.ArrowException: The same.
        """
        condition = erasure_sql.mart_condition(_columns([file]), self._person)
        if condition is None:
            return False
        source = erasure_sql.files_sql([file])
        statement = f"SELECT count(*) FROM {source} WHERE {condition}"  # noqa: S608 - see there
        [(count,)] = self._database.execute(statement).fetchall()
        return bool(count)


@contextmanager
def workbench_for(person: Person, memory_limit: str) -> Iterator[Workbench]:
    """A workbench, and nothing left of it afterwards.

    What an erasure that was killed has left on this machine is deleted first.

    Args:
        person: Who is erased.
        memory_limit: What DuckDB may use, as it spells it ("600MB"); beyond it spills to disk.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if not _is_alive(left.name.removeprefix(_PREFIX).partition("-")[0]):
            shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder:
        spill = Path(folder, "spill")
        config = {"memory_limit": memory_limit, "temp_directory": str(spill), "threads": _THREADS}
        with duckdb.connect(config=config) as database:  # type: ignore[arg-type]
            yield Workbench(Path(folder), database, person)


def _columns(files: Sequence[Path]) -> set[str]:
    """The columns that some files have between them."""
    return {name for file in files for name in pq.read_schema(file).names}


def _is_alive(pid: str) -> bool:
    """Whether a process of this number runs; anybody's, to be careful."""
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
