"""Compaction in this process, by DuckDB.

Belongs here: moving files and running the statements of `core.duckdb_sql`. When this engine is
chosen and what is published belongs to `events`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow.parquet as pq

from clickstream_platform.core import duckdb_sql
from clickstream_platform.core.compaction import CompactedHour, Counts, Sources
from clickstream_platform.resources.lake import LakeResource

# Within little memory a second thread makes DuckDB slower: it writes in ever smaller portions.
# Hours are compacted side by side instead.
_THREADS = 1


class DuckdbEngine:
    """Compacts hours within a bound of memory.

    Args:
        lake: The lake.
        database: A DuckDB connection of `database_of`.
        portions: How an hour is divided.
    """

    name = "duckdb"

    def __init__(
        self,
        lake: LakeResource,
        database: duckdb.DuckDBPyConnection,
        portions: duckdb_sql.Portions,
    ) -> None:
        self._lake = lake
        self._database = database
        self._portions = portions

    def compact(self, sources: Sources, prefix: str) -> CompactedHour:
        """Writes one hour to a new generation; may be called by several threads at once.

        Args:
            sources: What the hour is made of.
            prefix: The generation's prefix, where nothing lies yet.

        Returns:
            What was written; it takes effect when the hour's partition is moved there.

        Raises:
            VerificationError: If a row is unaccounted for. Nothing is uploaded then.
            duckdb.Error: If a source cannot be read.
        """
        with TemporaryDirectory(prefix="compaction-") as folder:
            incoming, outgoing = Path(folder, "in"), Path(folder, "out")
            incoming.mkdir()
            outgoing.mkdir()
            files = self._lake.download([one.key for one in sources.objects], incoming)
            with self._database.cursor() as cursor:
                rows, duplicates = self._rewrite(cursor, files, outgoing)
            rows_of = {file: pq.read_metadata(file).num_rows for file in outgoing.iterdir()}
            written = sorted(file for file, held in rows_of.items() if held)
            rows_out = sum(rows_of.values())
            counts = Counts(rows, duplicates, rows_out)
            counts.verify(sources.datehour)
            for file in written:
                self._lake.upload(file, f"{prefix}{file.name}")
            size = sum(file.stat().st_size for file in written)
            return CompactedHour(sources, prefix, self.name, counts, len(written), size)

    def _rewrite(
        self, cursor: duckdb.DuckDBPyConnection, files: Sequence[Path], target: Path
    ) -> tuple[int, int]:
        """Writes the files of an hour; returns its rows and its duplicates."""
        size = sum(file.stat().st_size for file in files)
        is_small = size <= self._portions.small_bytes
        cursor.execute(duckdb_sql.arrived_sql(files, is_small=is_small))
        try:
            for statement in duckdb_sql.repeats_sql():
                cursor.execute(statement)
            [(rows, repeats, duplicates, strays)] = cursor.execute(
                duckdb_sql.counts_sql()
            ).fetchall()
            uncompressed = 0 if is_small else _uncompressed(cursor, files)
            count = self._portions.passes(rows, size, uncompressed)
            for number, condition in enumerate(_conditions(cursor, count, has_none=strays > 0)):
                file = target / f"events-{number:05d}.parquet"
                cursor.execute(duckdb_sql.rewrite_sql(file, condition, has_repeats=repeats > 0))
        finally:
            for statement in duckdb_sql.drop_sql(is_small=is_small):
                cursor.execute(statement)
        return rows, duplicates


@contextmanager
def database_of(memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory DuckDB whose memory is bounded and whose clock is UTC.

    Args:
        memory_limit: What it may use, as it spells it ("600MB"); beyond it spills to disk.
    """
    with (
        TemporaryDirectory(prefix="duckdb-") as spill,
        duckdb.connect(
            config={"memory_limit": memory_limit, "temp_directory": spill, "threads": _THREADS}
        ) as database,
    ):
        # A timestamp with a zone is turned into UTC, whatever the machine's zone is.
        database.execute("SET GLOBAL TimeZone = 'UTC'")
        # What is sorted stays sorted. Keeping the order of rows nobody sorted would take the memory
        # of a full row group for every small file.
        database.execute("SET GLOBAL preserve_insertion_order = false")
        yield database


def _uncompressed(cursor: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> int:
    """Bytes of the files' pages before compression."""
    [(total,)] = cursor.execute(duckdb_sql.uncompressed_sql(files)).fetchall()
    return int(total)


def _conditions(cursor: duckdb.DuckDBPyConnection, count: int, *, has_none: bool) -> list[str]:
    """The rows of each pass."""
    sample = cursor.execute(duckdb_sql.sample_sql()).fetchall() if count > 1 else []
    return duckdb_sql.conditions_of([row[0] for row in sample], count, has_none=has_none)
