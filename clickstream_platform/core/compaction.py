"""How one hour's raw objects become one sorted file without duplicates.

Belongs here: the SQL that DuckDB runs and the rule that says whether its result may be published.
Moving files and moving the partition belongs to the asset in `defs/lake`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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

# Sequence numbers are decimal strings of different lengths: the longer one is the larger.
_EARLIEST_FIRST = (
    "received_at NULLS LAST, length(sequence_number) NULLS LAST, sequence_number NULLS LAST, "
    "shard_id NULLS LAST, source_file, source_row"
)


class VerificationError(RuntimeError):
    """A compacted hour that does not hold what its raw objects hold; it must not be published."""


@dataclass(frozen=True)
class Counts:
    """Rows of one compaction.

    Attributes:
        rows_in: Rows of the raw objects.
        duplicates: Rows that repeat an event_id, counted apart from the rewriting itself.
        rows_out: Rows of the file that was written.
    """

    rows_in: int
    duplicates: int
    rows_out: int

    def verify(self, datehour: str) -> None:
        """Checks that every row is accounted for.

        Raises:
            VerificationError: If rows in and rows out plus duplicates differ.
        """
        if self.rows_in != self.rows_out + self.duplicates:
            raise VerificationError(
                f"hour {datehour}: {self.rows_in} raw rows, but {self.rows_out} compacted and "
                f"{self.duplicates} duplicates; the hour keeps its present generation"
            )


def contract_sql() -> str:
    """A query of no rows whose columns are the contract's, in order and with their types."""
    columns = ", ".join(
        f"CAST(NULL AS {_DUCKDB_TYPES[column.hive_type]}) AS {column.name}"
        for column in EVENT_COLUMNS
    )
    return f"SELECT {columns}, '' AS source_file, 0 AS source_row WHERE false"


def raw_rows_sql(files: Sequence[Path]) -> str:
    """A query of every row of some raw files, under the contract's columns.

    A column that a file lacks reads as NULL: files written before the column was added stay
    readable. A column the contract does not know is left out by the queries built on this one.
    """
    names = ", ".join(_literal(str(path)) for path in files)
    files_sql = (
        f"read_parquet([{names}], union_by_name = true, hive_partitioning = false, "
        "filename = true, file_row_number = true)"
    )
    columns_sql = "filename AS source_file, file_row_number AS source_row"
    rows_sql = f"SELECT * EXCLUDE (filename, file_row_number), {columns_sql} FROM {files_sql}"  # noqa: S608 - paths are quoted
    return f"{contract_sql()} UNION ALL BY NAME {rows_sql}"


def rewrite_sql(files: Sequence[Path], target: Path) -> str:
    """The statement that writes one hour: deduplicated, sorted, compressed.

    Of the rows of one `event_id` the earliest arrival stays. Sorting by session and time lets
    Parquet's statistics skip row groups for the questions asked most.

    Args:
        files: The hour's raw files.
        target: The file to write.
    """
    columns = ", ".join(
        f"CAST({column.name} AS {_DUCKDB_TYPES[column.hive_type]}) AS {column.name}"
        for column in EVENT_COLUMNS
    )
    return (
        f"COPY (SELECT {columns} FROM ({raw_rows_sql(files)}) "  # noqa: S608 - paths are quoted
        f"QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY {_EARLIEST_FIRST}) = 1 "
        "ORDER BY session_id, event_time, event_id) "
        f"TO {_literal(str(target))} "
        f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP_ROWS})"
    )


def counts_sql(files: Sequence[Path], target: Path) -> str:
    """The query of one row (rows in, duplicates, rows out) that verifies a rewrite.

    Duplicates are counted from the identifiers alone, not from the rewrite, so that a mistake in
    the rewrite cannot hide itself.
    """
    names = ", ".join(_literal(str(path)) for path in files)
    raw = f"read_parquet([{names}], union_by_name = true, hive_partitioning = false)"
    written = f"read_parquet({_literal(str(target))}, hive_partitioning = false)"
    return (
        f"SELECT count(*), count(*) - count(DISTINCT event_id), "  # noqa: S608 - paths are quoted
        f"(SELECT count(*) FROM {written}) FROM {raw}"
    )


def _literal(text: str) -> str:
    """A SQL text literal."""
    return "'" + text.replace("'", "''") + "'"
