"""Compacting one hour by Athena: the same rows as DuckDB's, for hours one machine cannot take.

Athena's timestamps end at the millisecond, and its writers sort what each of them writes: the files
of an hour do not continue each other.

Belongs here: Athena's statements, as pure text. Running them belongs to
`defs/lake/athena_engine.py`.
"""

from clickstream_platform.core.compaction import EARLIEST_FIRST, SORTED_BY
from lambdas.shared.columns import EVENT_COLUMNS


def unload_sql(raw_table: str, carried_table: str | None, datehour: str, location: str) -> str:
    """The statement that writes an hour to a new generation: deduplicated, compressed, sorted.

    Args:
        raw_table: Table of the archived events.
        carried_table: Table whose live generation of the hour is read too; None if it need not be.
        datehour: The hour, a datehour.
        location: Where the files go, an address that ends in a slash and where nothing lies.
    """
    columns = ", ".join(column.name for column in EVENT_COLUMNS)
    earliest = ", ".join(EARLIEST_FIRST)
    return (
        f"UNLOAD (SELECT {columns} FROM (SELECT {columns}, "  # noqa: S608 - our own names
        f"row_number() OVER (PARTITION BY event_id ORDER BY {earliest}) AS arrival "
        f"FROM ({_arrived_sql(raw_table, carried_table, datehour, columns)})) "
        f"WHERE arrival = 1 ORDER BY {', '.join(SORTED_BY)}) "
        f"TO '{location}' WITH (format = 'PARQUET', compression = 'ZSTD')"
    )


def counts_sql(raw_table: str, carried_table: str | None, datehour: str) -> str:
    """The query of one row: `rows_in` and `duplicates`, counted apart from the rewrite."""
    arrived = _arrived_sql(raw_table, carried_table, datehour, "event_id")
    return (
        "SELECT count(*) AS rows_in, count(*) - count(DISTINCT event_id) AS duplicates "  # noqa: S608
        f"FROM ({arrived})"
    )


def _arrived_sql(raw_table: str, carried_table: str | None, datehour: str, columns: str) -> str:
    tables = [raw_table] if carried_table is None else [raw_table, carried_table]
    return " UNION ALL ".join(
        f"SELECT {columns} FROM {table} WHERE datehour = '{datehour}'"  # noqa: S608
        for table in tables
    )
