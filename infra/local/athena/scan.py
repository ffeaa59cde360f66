"""One Glue table as a DuckDB relation.

Belongs here: from partitions to objects to local files to the SQL that reads them. Does not belong
here: which partitions matter (see `pruning`) and file formats (see `formats`).
"""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb

from infra.local.athena.catalog import Partition, Table
from infra.local.athena.formats import (
    FILE_COLUMN,
    FileFormat,
    format_of,
    reader,
    require_readable,
    source_column,
)
from infra.local.athena.pruning import typed_value
from infra.local.athena.session import Session
from infra.local.athena.sqltext import identifier, identifiers, literal, row, select
from infra.local.athena.storage import ObjectStore, S3Object, as_folder, split_uri
from infra.local.athena.types import Column, duckdb_type

_FEW_LOCATIONS = 8
"""Up to here one listing per location is cheaper than thinking about it."""

_MAX_WASTE = 25
"""A listing of a prefix may meet this many partitions for each one that is wanted."""

Located = tuple[S3Object, tuple[str, ...]]
"""An object and the partition values of its rows."""


class TableScanner:
    """Turns tables into SQL over cached files.

    Args:
        store: Lists the tables' locations.
        directory: Holds the empty Parquet files that declare tables' columns.
    """

    def __init__(self, store: ObjectStore, directory: Path) -> None:
        self._store = store
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def relation(
        self,
        table: Table,
        session: Session,
        partitions: Sequence[Partition] | None = None,
        total_partitions: int = 0,
    ) -> str:
        """Return a SELECT that yields the table's columns, partition keys last.

        The objects are listed and fetched now and held by the session's lease: what happens to the
        table afterwards does not change what the query reads.

        Args:
            table: A table, not a view.
            session: The query; its scanned bytes grow by the objects' sizes.
            partitions: The partitions to read; None for an unpartitioned table.
            total_partitions: How many partitions the table has.

        Raises:
            QueryError: The table cannot be read here, or an object vanished.
        """
        require_readable(table)
        if partitions is None:
            located: list[Located] = [
                (item, ()) for item in self._store.list_location(table.location)
            ]
        else:
            located = self._locate(partitions, total_partitions)
        session.check()
        if not located:
            return _no_rows(table.all_columns)
        session.scanned_bytes += sum(item.size for item, _ in located)
        files = list(self._store.pool.map(session.lease.fetch, (item for item, _ in located)))
        session.check()
        return self._select(table, files, [values for _, values in located], session.cursor)

    def _locate(self, partitions: Sequence[Partition], total: int) -> list[Located]:
        """List the partitions' objects, with one request if most of what it finds is wanted."""
        if not partitions:
            return []
        locations = [as_folder(item.location) for item in partitions]
        shared = _common_prefix(locations)
        worth_it = len(partitions) > _FEW_LOCATIONS and total <= _MAX_WASTE * len(partitions)
        if not worth_it or "/" not in shared.partition("://")[2]:
            listings = self._store.list_locations(locations)
            return [
                (item, partition.values)
                for partition, listing in zip(partitions, listings, strict=True)
                for item in listing
            ]
        bucket, prefix = split_uri(shared)
        scheme = shared.partition("://")[0]
        values_of: dict[str, list[tuple[str, ...]]] = {}
        for location, partition in zip(locations, partitions, strict=True):
            values_of.setdefault(location, []).append(partition.values)
        return [
            (item, values)
            for item in self._store.list_prefix(bucket, prefix)
            for folder in _folders(f"{scheme}://{bucket}/{item.key}")
            for values in values_of.get(folder, ())
        ]

    def _select(
        self,
        table: Table,
        files: Sequence[Path],
        values: Sequence[tuple[str, ...]],
        cursor: duckdb.DuckDBPyConnection,
    ) -> str:
        schema_file = None
        if format_of(table) is FileFormat.PARQUET:
            schema_file = self._schema_file(table, cursor)
        source = reader(table, list(dict.fromkeys(files)), schema_file)
        columns = [
            f"CAST({identifier(source_column(table, item))} AS {duckdb_type(item.type)})"
            f" AS {identifier(item.name)}"
            for item in table.columns
        ]
        keys = table.partition_keys
        if len(set(values)) == 1 and len(set(files)) == len(files):
            constants = dict(zip(keys, map(literal, values[0]), strict=True))
            return select(columns + _typed_keys(constants), source)
        rows = ", ".join(row((str(f), *v)) for f, v in zip(files, values, strict=True))
        names = identifiers([FILE_COLUMN, *(key.name for key in keys)])
        joined = f"JOIN (VALUES {rows}) AS athena_partitions({names})"
        named = {key: identifier(key.name) for key in keys}
        return select(
            columns + _typed_keys(named), f"{source} {joined} USING ({identifier(FILE_COLUMN)})"
        )

    def _schema_file(self, table: Table, cursor: duckdb.DuckDBPyConnection) -> Path:
        """Return an empty Parquet file with the table's columns.

        Read along with the real files, it makes columns they all lack appear as NULL, without
        first asking DuckDB which columns they have.
        """
        declared = _no_rows(table.columns)
        path = self._directory / f"{hashlib.sha256(declared.encode()).hexdigest()[:32]}.parquet"
        if not path.exists():
            partial = path.with_suffix(f".{uuid.uuid4().hex}")
            cursor.execute(f"COPY ({declared}) TO {literal(str(partial))} (FORMAT parquet)")
            partial.replace(path)
        return path


def _typed_keys(sources: Mapping[Column, str]) -> list[str]:
    return [
        f"{typed_value(source, key.type)} AS {identifier(key.name)}"
        for key, source in sources.items()
    ]


def _no_rows(columns: Iterable[Column]) -> str:
    nulls = [f"CAST(NULL AS {duckdb_type(c.type)}) AS {identifier(c.name)}" for c in columns]
    return f"SELECT {', '.join(nulls)} WHERE false"


def _common_prefix(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)  # what these two share, all share
    for position, char in enumerate(first):
        if last[position : position + 1] != char:
            return first[:position]
    return first


def _folders(uri: str) -> Iterable[str]:
    """Yield every folder above an object, innermost first, each with its slash."""
    folder = uri.rpartition("/")[0]
    while not folder.endswith(("/", ":")):
        yield folder + "/"
        folder = folder.rpartition("/")[0]
