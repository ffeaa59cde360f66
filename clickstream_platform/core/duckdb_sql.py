"""Compacting one hour in this process: the statements DuckDB runs, as pure text.

Belongs here: DuckDB's SQL and how much of an hour is sorted at once. Running it belongs to
`defs/lake/duckdb_engine.py`; Athena's SQL for the same result belongs in `athena_sql`.

The hour is sorted in passes, each a range of sessions that fits in memory: an external sort of
everything spills every row and takes half as long again. Rows whose event_id is alone, nearly all,
are never compared with each other: only hashes of the ids are.
"""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import NamedTuple

from clickstream_platform.core.compaction import EARLIEST_FIRST, SORTED_BY
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

    A column that a file lacks reads as NULL: files written before the column was added stay
    readable. A column the contract does not know is left out by the statements built on this one.

    Args:
        files: The files.
        is_small: Whether to hold the rows in memory. Opening a thousand small files takes longer
            than reading them, so they are opened once.
    """
    names = ", ".join(_literal(str(path)) for path in files)
    rows_sql = (
        f"SELECT * FROM read_parquet([{names}], union_by_name = true, hive_partitioning = false)"  # noqa: S608 - paths are quoted
    )
    kind = "TABLE" if is_small else "VIEW"
    return f"CREATE TEMP {kind} arrived AS {contract_sql()} UNION ALL BY NAME {rows_sql}"


def drop_sql(*, is_small: bool) -> list[str]:
    """The statements that undo `arrived_sql`, `suspects_sql` and `repeated_sql`."""
    kind = "TABLE" if is_small else "VIEW"
    return [
        "DROP TABLE IF EXISTS repeated",
        "DROP TABLE IF EXISTS suspects",
        f"DROP {kind} IF EXISTS arrived",
    ]


def suspects_sql() -> str:
    """The statement that makes `suspects`: hashes that more than one row's event_id has.

    Two different ids may have one hash; a suspect is looked at, not condemned.
    """
    return (
        "CREATE TEMP TABLE suspects AS "
        "SELECT hash(event_id) AS id_hash FROM arrived GROUP BY ALL HAVING count(*) > 1"
    )


def repeated_sql() -> str:
    """The statement that makes `repeated`: of each suspected event_id the earliest arrival."""
    return (
        "CREATE TEMP TABLE repeated AS SELECT * FROM "  # noqa: S608
        "(SELECT * FROM arrived WHERE hash(event_id) IN (FROM suspects)) QUALIFY "
        f"row_number() OVER (PARTITION BY event_id ORDER BY {', '.join(EARLIEST_FIRST)}) = 1"
    )


def counts_sql() -> str:
    """The query of one row: rows, suspects, duplicates, rows without a session.

    Duplicates are counted from the identifiers alone, not from the rewrite, so that a mistake in
    the rewrite cannot hide itself.
    """
    suspected = "FROM arrived WHERE hash(event_id) IN (FROM suspects)"
    return (
        "SELECT (SELECT count(*) FROM arrived), (SELECT count(*) FROM suspects), "  # noqa: S608
        f"(SELECT count(*) - count(DISTINCT event_id) {suspected}), "
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


def rewrite_sql(target: Path, condition: str, *, has_suspects: bool) -> str:
    """The statement that writes one pass: deduplicated, sorted, compressed.

    Args:
        target: The file to write.
        condition: Which rows, one of `conditions_of`.
        has_suspects: Whether any event_id may occur twice; then `repeated` holds those to keep.
    """
    columns = ", ".join(
        f"CAST({column.name} AS {_DUCKDB_TYPES[column.hive_type]}) AS {column.name}"
        for column in EVENT_COLUMNS
    )
    rows = f"SELECT * FROM arrived WHERE {condition}"  # noqa: S608
    if has_suspects:
        kept = f"SELECT * FROM repeated WHERE {condition}"  # noqa: S608
        rows = f"{rows} AND hash(event_id) NOT IN (FROM suspects) UNION ALL {kept}"
    return (
        f"COPY (SELECT {columns} FROM ({rows}) ORDER BY {', '.join(SORTED_BY)}) "  # noqa: S608
        f"TO {_literal(str(target))} (FORMAT parquet, COMPRESSION zstd, "
        f"ROW_GROUP_SIZE {_ROW_GROUP_ROWS})"
    )


def _literal(text: str) -> str:
    """A SQL text literal."""
    return "'" + text.replace("'", "''") + "'"
