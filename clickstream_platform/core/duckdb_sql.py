"""Compacting one hour in this process: the statements DuckDB runs, as pure text.

Belongs here: DuckDB's SQL and how much of an hour is sorted at once. Running it belongs to
`defs/lake/duckdb_engine.py`; Athena's SQL for the same result belongs in `athena_sql`.

The hour is sorted in passes, each a range of sessions that fits in memory: an external sort of
everything spills every row and takes half as long again. Rows whose event_id is alone, nearly all,
are never compared with each other: only hashes of the ids are. Of the others only the columns that
decide are read, and the places of those that go.
"""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import NamedTuple

from clickstream_platform.core.compaction import ARRIVAL_COLUMNS, EARLIEST_FIRST, SORTED_BY
from lambdas.shared.columns import EVENT_COLUMNS, HiveType

# DuckDB's spelling of each catalog type. TIMESTAMP is in microseconds and without a zone, which is
# what Athena expects of a Parquet file below a `timestamp` column.
_DUCKDB_TYPES: dict[HiveType, str] = {
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "map<string,string>": "MAP(VARCHAR, VARCHAR)",
}
_ROW_GROUP_ROWS = 122_880
_SAMPLE_ROWS = 20_000
# A row's place: the file's number, then the row's in it.
_ROW = "_row"
_FILE_BITS = 40


class Portions(NamedTuple):
    """How an hour is divided. The defaults need about 500 MB.

    Attributes:
        file_bytes: Size a compacted file is to have.
        pass_rows: Rows sorted in one pass.
        pass_bytes: Bytes sorted in one pass, as the pages are before compression.
        small_bytes: Files up to this size together are read into memory as a whole.
    """

    file_bytes: int = 128 * 2**20
    pass_rows: int = 1_000_000
    pass_bytes: int = 256 * 2**20
    small_bytes: int = 16 * 2**20

    def passes(self, rows: int, size_bytes: int, uncompressed_bytes: int) -> int:
        """In how many passes an hour is sorted; each writes a file.

        Args:
            rows: Rows of its sources.
            size_bytes: Size of their files. What comes out is rarely larger.
            uncompressed_bytes: Size of their pages before compression.
        """
        return max(
            1,
            ceil(rows / self.pass_rows),
            ceil(size_bytes / self.file_bytes),
            ceil(uncompressed_bytes / self.pass_bytes),
        )


def contract_sql() -> str:
    """A query of no rows whose columns are the contract's, in order and with their types."""
    columns = ", ".join(
        f"CAST(NULL AS {_DUCKDB_TYPES[column.hive_type]}) AS {column.name}"
        for column in EVENT_COLUMNS
    )
    return f"SELECT {columns} WHERE false"


def arrived_sql(files: Sequence[Path], *, is_small: bool) -> str:
    """The statement that makes `arrived`: every row of some files, under the contract's columns.

    Beside them it has the row's place in the files, by which a row is told from one that is alike.

    A column that a file lacks reads as NULL: files written before the column was added stay
    readable. A column the contract does not know is left out by the statements built on this one.

    Args:
        files: The files.
        is_small: Whether to hold the rows in memory. Opening a thousand small files takes longer
            than reading them, so they are opened once.
    """
    names = ", ".join(_literal(str(path)) for path in files)
    rows_sql = (
        f"SELECT *, (file_index::BIGINT << {_FILE_BITS}) + file_row_number AS {_ROW} "  # noqa: S608 - paths are quoted
        f"FROM read_parquet([{names}], union_by_name = true, hive_partitioning = false)"
    )
    kind = "TABLE" if is_small else "VIEW"
    return f"CREATE TEMP {kind} arrived AS {contract_sql()} UNION ALL BY NAME {rows_sql}"


def drop_sql(*, is_small: bool) -> list[str]:
    """The statements that undo `arrived_sql` and `repeats_sql`."""
    kind = "TABLE" if is_small else "VIEW"
    tables = ("repeats", "suspected", "suspects")
    return [*(f"DROP TABLE IF EXISTS {name}" for name in tables), f"DROP {kind} IF EXISTS arrived"]


def repeats_sql() -> list[str]:
    """The statements that make `repeats`: the rows that are left out of the hour.

    Two different ids may have one hash: a suspect is looked at, not condemned. Only the columns
    that decide are read of it.
    """
    columns = ", ".join((*ARRIVAL_COLUMNS, _ROW))
    earliest = ", ".join((*EARLIEST_FIRST, _ROW))
    return [
        "CREATE TEMP TABLE suspects AS "
        "SELECT hash(event_id) AS id_hash FROM arrived GROUP BY ALL HAVING count(*) > 1",
        f"CREATE TEMP TABLE suspected AS SELECT {columns} FROM arrived "  # noqa: S608
        "WHERE hash(event_id) IN (FROM suspects)",
        f"CREATE TEMP TABLE repeats AS SELECT {_ROW} FROM suspected "  # noqa: S608
        f"QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY {earliest}) > 1",
    ]


def counts_sql() -> str:
    """The query of one row: rows, those left out, duplicates, rows without a session.

    Duplicates are counted from the identifiers alone, not from the rewrite or the rows it leaves
    out, so that a mistake in these cannot hide itself.
    """
    return (
        "SELECT (SELECT count(*) FROM arrived), (SELECT count(*) FROM repeats), "
        "(SELECT count(*) - count(DISTINCT event_id) FROM suspected), "
        "(SELECT count(*) - count(session_id) FROM arrived)"
    )


def uncompressed_sql(files: Sequence[Path]) -> str:
    """The query of one number: bytes of the files' pages before compression."""
    names = ", ".join(_literal(str(path)) for path in files)
    return f"SELECT sum(total_uncompressed_size) FROM parquet_metadata([{names}])"  # noqa: S608


def sample_sql() -> str:
    """The query of the sessions of some rows, from which the passes are taken."""
    return f"SELECT session_id FROM arrived USING SAMPLE {_SAMPLE_ROWS} ROWS (reservoir, 0)"  # noqa: S608


def conditions_of(sample: Sequence[str | None], count: int, *, has_none: bool) -> list[str]:
    """The rows of each pass, in the order of the sort, as SQL.

    Plain comparisons: the reader of Parquet applies them before it decodes the rest of a row. A
    session is in one pass, however many events it has.

    Args:
        sample: Sessions of some rows.
        count: In how many passes of about equal size.
        has_none: Whether there are rows without a session; they come last.
    """
    # A NUL ends DuckDB's text literals: such a session may be sorted, but not be a bound.
    known = sorted(one for one in sample if one is not None and "\0" not in one)
    if count == 1 or not known:
        return ["true"]
    cuts = {known[len(known) * index // count] for index in range(1, count)}
    firsts = sorted({"", *cuts})
    conditions = [f"session_id >= {_literal(first)}" for first in firsts]
    for index, end in enumerate(firsts[1:]):
        conditions[index] += f" AND session_id < {_literal(end)}"
    return [*conditions, "session_id IS NULL"] if has_none else conditions


def rewrite_sql(target: Path, condition: str, *, has_repeats: bool) -> str:
    """The statement that writes one pass: deduplicated, sorted, compressed.

    Args:
        target: The file to write.
        condition: Which rows, one of `conditions_of`.
        has_repeats: Whether rows are left out, those in `repeats`.
    """
    columns = ", ".join(
        f"CAST({column.name} AS {_DUCKDB_TYPES[column.hive_type]}) AS {column.name}"
        for column in EVENT_COLUMNS
    )
    kept = f" AND {_ROW} NOT IN (FROM repeats)" if has_repeats else ""
    return (
        f"COPY (SELECT {columns} FROM arrived WHERE {condition}{kept} "  # noqa: S608
        f"ORDER BY {', '.join(SORTED_BY)}) "
        f"TO {_literal(str(target))} (FORMAT parquet, COMPRESSION zstd, "
        f"ROW_GROUP_SIZE {_ROW_GROUP_ROWS})"
    )


def _literal(text: str) -> str:
    """A SQL text literal."""
    return "'" + text.replace("'", "''") + "'"
